//! The live objects of many resources in few requests: those of a kind are listed, by namespace, and not asked for one by one.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use kube::core::{DynamicObject, GroupVersionKind};

use super::ArgoCdError;
use super::application::ResourceKey;
use super::objects::Objects;

/// So many objects of a kind in a namespace are asked for by name; of more the namespace is listed, with whatever else it has.
const FEW: usize = 2;
/// A kind that is wanted in more namespaces is listed once for the whole cluster.
const NAMESPACES: usize = 4;
/// So many requests are under way at once.
const AT_ONCE: usize = 8;

/// Resources of one kind.
pub(super) struct Batch<'a> {
    kind: GroupVersionKind,
    /// By namespace and name, with their places in what was asked for: several Applications may name one.
    wanted: BTreeMap<&'a str, BTreeMap<&'a str, Vec<usize>>>,
}

/// An object, and the places of what was asked for that it is.
pub(super) type Live = (Vec<usize>, DynamicObject);

/// The resources by kind, in the order in which the kinds come first.
pub(super) fn batches<'a>(keys: impl IntoIterator<Item = &'a ResourceKey>) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    for (place, key) in keys.into_iter().enumerate() {
        let kind = GroupVersionKind::gvk(&key.group, &key.version, &key.kind);
        let found = batches.iter().position(|batch| batch.kind == kind).unwrap_or_else(|| {
            batches.push(Batch { kind, wanted: BTreeMap::new() });
            batches.len() - 1
        });
        if let Some(batch) = batches.get_mut(found) {
            let here = batch.wanted.entry(&key.namespace).or_default();
            here.entry(&key.name).or_default().push(place);
        }
    }
    batches
}

/// All of them that are there, each by its place.
pub(super) async fn live(
    objects: &Objects,
    keys: &[&ResourceKey],
) -> Result<BTreeMap<usize, DynamicObject>, ArgoCdError> {
    let batches = batches(keys.iter().copied());
    let looks: Vec<_> = batches.iter().map(|batch| batch.look(objects)).collect();
    let found: Vec<Vec<Live>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let each = found
        .into_iter()
        .flatten()
        .flat_map(|(places, object)| places.into_iter().map(move |place| (place, object.clone())));
    Ok(each.collect())
}

impl Batch<'_> {
    /// The kind, for messages.
    pub fn kind(&self) -> &str {
        &self.kind.kind
    }

    /// Those that are there. A kind that is gone again has none.
    pub async fn look(&self, objects: &Objects) -> Result<Vec<Live>, ArgoCdError> {
        if !objects.knows(&self.kind).await? {
            return Ok(Vec::new());
        }
        if self.wanted.len() > NAMESPACES
            && let Some(found) = self.listed(objects, None).await?
        {
            return Ok(found);
        }
        let mut all = Vec::new();
        for (namespace, names) in &self.wanted {
            let listed = if names.len() > FEW { self.listed(objects, Some(namespace)).await? } else { None };
            match listed {
                Some(found) => all.extend(found),
                None => all.extend(self.named(objects, namespace, names).await?),
            }
        }
        Ok(all)
    }

    /// Those of a list; nothing where one may not list.
    async fn listed(
        &self,
        objects: &Objects,
        namespace: Option<&str>,
    ) -> Result<Option<Vec<Live>>, ArgoCdError> {
        let is_wanted = |object: &DynamicObject| self.places(object).is_some();
        match objects.list_those(&self.kind, namespace, is_wanted).await {
            Ok(found) => {
                let with_places = |object: DynamicObject| Some((self.places(&object)?.clone(), object));
                Ok(Some(found.into_iter().filter_map(with_places).collect()))
            }
            // Whoever may not list may be let read each by its name.
            Err(ArgoCdError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn places(&self, object: &DynamicObject) -> Option<&Vec<usize>> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        self.wanted.get(namespace)?.get(object.metadata.name.as_deref()?)
    }

    async fn named(
        &self,
        objects: &Objects,
        namespace: &str,
        names: &BTreeMap<&str, Vec<usize>>,
    ) -> Result<Vec<Live>, ArgoCdError> {
        let looks: Vec<_> = names
            .iter()
            .map(|(name, places)| async move {
                let found = objects.get(&self.kind, Some(namespace), name).await?;
                Ok::<_, ArgoCdError>(found.map(|object| (places.clone(), object)))
            })
            .collect();
        let found: Vec<Option<Live>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

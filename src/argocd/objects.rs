//! Objects in the cluster by kind and name, applied by the server.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures::AsyncBufRead;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::core::{DynamicObject, DynamicResourceScope, GroupVersionKind, TypeMeta};
use kube::discovery::{self, ApiResource, Scope};
use kube::{Client, Resource, ResourceExt};

use super::ArgoCdError;

/// Who manages the fields that we apply.
pub const FIELD_MANAGER: &str = "slipway";
/// So many objects come in one page of a long list.
const PAGE: u32 = 500;

/// What an apply did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there and differed.
    Changed,
    /// It was there as it should be.
    Unchanged,
}

/// Counts of what applies did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Objects that were not there.
    pub created: usize,
    /// Objects that differed.
    pub changed: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
    /// Objects of an earlier bootstrap that nobody wants any more.
    pub removed: usize,
    /// Objects that somebody had changed by hand; they are counted among the changed ones too.
    pub put_right: usize,
    /// The version that was there, where another one came.
    pub from: Option<String>,
}

impl Changes {
    /// Counts one.
    pub fn count(&mut self, change: Change) {
        match change {
            Change::Created => self.created += 1,
            Change::Changed => self.changed += 1,
            Change::Unchanged => self.unchanged += 1,
        }
    }

    /// Whether anything was done.
    pub fn any(&self) -> bool {
        self.created + self.changed + self.removed > 0
    }
}

/// The cluster's objects of any kind; kinds are asked for once.
pub struct Objects {
    client: Client,
    /// Where objects go that say no namespace.
    namespace: String,
    kinds: Mutex<HashMap<GroupVersionKind, (ApiResource, bool)>>,
}

impl Objects {
    /// With a default namespace.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), kinds: Mutex::default() }
    }

    /// Where objects go that say no namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The objects of a kind in the default namespace, as a type of the caller's.
    pub async fn watched<K>(&self, kind: &GroupVersionKind) -> Result<Api<K>, ArgoCdError>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
    {
        let (resource, _) = self.resource(kind).await?;
        Ok(Api::namespaced_with(self.client.clone(), &self.namespace, &resource))
    }

    /// Applies an object by server-side apply and says what that did.
    pub async fn apply(&self, object: &DynamicObject, force: bool) -> Result<Change, ArgoCdError> {
        let name = object.name_any();
        let api = self.api(&kind(object), object.metadata.namespace.as_deref()).await?;
        let before = api.get_opt(&name).await.map_err(ArgoCdError::at("read", label(object)))?;
        let after = Self::applied(&api, object, force, false).await?;
        Ok(match before {
            None => Change::Created,
            Some(before) if content(&before) == content(&after) => Change::Unchanged,
            Some(_) => Change::Changed,
        })
    }

    /// Applies an object over one that was read, or only asks what that would do; returns what it is then.
    pub async fn apply_over(
        &self,
        object: &DynamicObject,
        before: &DynamicObject,
        force: bool,
        dry_run: bool,
    ) -> Result<(Change, DynamicObject), ArgoCdError> {
        let api = self.api(&kind(object), object.metadata.namespace.as_deref()).await?;
        let after = Self::applied(&api, object, force, dry_run).await?;
        let is_same = content(before) == content(&after);
        Ok((if is_same { Change::Unchanged } else { Change::Changed }, after))
    }

    async fn applied(
        api: &Api<DynamicObject>,
        object: &DynamicObject,
        force: bool,
        dry_run: bool,
    ) -> Result<DynamicObject, ArgoCdError> {
        let parameters = PatchParams { force, dry_run, ..PatchParams::apply(FIELD_MANAGER) };
        let after = api.patch(&object.name_any(), &parameters, &Patch::Apply(object)).await;
        after.map_err(ArgoCdError::at("apply", label(object)))
    }

    /// An object, where it is there.
    pub async fn get(
        &self,
        kind: &GroupVersionKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<DynamicObject>, ArgoCdError> {
        let api = self.api(kind, namespace).await?;
        api.get_opt(name).await.map_err(ArgoCdError::at("read", format!("{} {name}", kind.kind)))
    }

    /// All objects of a kind in the default namespace; none where the cluster does not know the kind.
    pub async fn list(&self, kind: &GroupVersionKind) -> Result<Vec<DynamicObject>, ArgoCdError> {
        if !self.knows(kind).await? {
            return Ok(Vec::new());
        }
        self.list_in(kind, &self.namespace).await
    }

    /// All objects of a kind in a namespace.
    pub async fn list_in(
        &self,
        kind: &GroupVersionKind,
        namespace: &str,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        let api = self.api(kind, Some(namespace)).await?;
        Self::items(&api, kind).await
    }

    /// The objects of a kind that are meant, in a namespace or wherever they are. They come in pages, of which no more is kept.
    pub async fn list_those(
        &self,
        kind: &GroupVersionKind,
        namespace: Option<&str>,
        is_meant: impl Fn(&DynamicObject) -> bool,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        let api = match namespace {
            Some(namespace) => self.api(kind, Some(namespace)).await?,
            None => Api::all_with(self.client.clone(), &self.resource(kind).await?.0),
        };
        let mut parameters = ListParams::default().limit(PAGE);
        let mut all = Vec::new();
        loop {
            let list = api.list(&parameters).await.map_err(ArgoCdError::at("list", &kind.kind))?;
            let meant = list.items.into_iter().filter(&is_meant);
            all.extend(meant.map(|item| DynamicObject { types: Some(types(kind)), ..item }));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    async fn items(
        api: &Api<DynamicObject>,
        kind: &GroupVersionKind,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        Self::chosen(api, kind, &ListParams::default()).await
    }

    async fn chosen(
        api: &Api<DynamicObject>,
        kind: &GroupVersionKind,
        parameters: &ListParams,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        let list = api.list(parameters).await;
        let mut items = list.map_err(ArgoCdError::at("list", &kind.kind))?.items;
        for item in &mut items {
            item.types = Some(types(kind));
        }
        Ok(items)
    }

    /// All objects of a kind, wherever they are; none where the cluster does not know the kind.
    pub async fn list_everywhere(&self, kind: &GroupVersionKind) -> Result<Vec<DynamicObject>, ArgoCdError> {
        if !self.knows(kind).await? {
            return Ok(Vec::new());
        }
        let (resource, _) = self.resource(kind).await?;
        Self::items(&Api::all_with(self.client.clone(), &resource), kind).await
    }

    /// All objects of a kind with a label, wherever they are.
    pub async fn list_labelled(
        &self,
        kind: &GroupVersionKind,
        label: &str,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        let (resource, _) = self.resource(kind).await?;
        let api = Api::all_with(self.client.clone(), &resource);
        Self::chosen(&api, kind, &ListParams::default().labels(label)).await
    }

    /// Deletes an object and says whether it was there.
    pub async fn delete(&self, object: &DynamicObject) -> Result<bool, ArgoCdError> {
        let kind = kind(object);
        if !self.knows(&kind).await? {
            return Ok(false);
        }
        let api = self.api(&kind, object.metadata.namespace.as_deref()).await?;
        match api.delete(&object.name_any(), &DeleteParams::background()).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(ArgoCdError::at("delete", label(object))(error)),
        }
    }

    /// Changes an object's metadata, where it is there still.
    pub async fn patch_metadata(
        &self,
        kind: &GroupVersionKind,
        name: &str,
        metadata: serde_json::Value,
    ) -> Result<(), ArgoCdError> {
        self.patch(kind, name, serde_json::json!({ "metadata": metadata })).await
    }

    /// Changes an object by a merge patch, where it is there still.
    pub async fn patch(
        &self,
        kind: &GroupVersionKind,
        name: &str,
        patch: serde_json::Value,
    ) -> Result<(), ArgoCdError> {
        let api = self.api(kind, None).await?;
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch(name, &parameters, &Patch::Merge(&patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(ArgoCdError::at("change", format!("{} {name}", kind.kind))(error)),
        }
    }

    /// Gives an object another `spec`, unless it was changed since it was read.
    pub async fn replace_spec(
        &self,
        object: &DynamicObject,
        spec: serde_json::Value,
    ) -> Result<(), ArgoCdError> {
        let mut object = object.clone();
        if let Some(fields) = object.data.as_object_mut() {
            fields.insert("spec".to_owned(), spec);
        }
        self.replace(&object).await
    }

    /// Puts an object into the place of what was read, unless that was changed since.
    pub async fn replace(&self, object: &DynamicObject) -> Result<(), ArgoCdError> {
        let mut object = object.clone();
        object.metadata.managed_fields = None;
        let api = self.api(&kind(&object), object.metadata.namespace.as_deref()).await?;
        let parameters =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let replaced = api.replace(&object.name_any(), &parameters, &object).await;
        replaced.map(|_| ()).map_err(ArgoCdError::at("replace", label(&object)))
    }

    /// The last lines of a container's log, of its run before where that is `previous`; none where nobody has them.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        lines: i64,
    ) -> Option<String> {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(lines),
            ..LogParams::default()
        };
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        pods.logs(pod, &parameters).await.ok()
    }

    /// What a container writes from now on, each line with its time; from a time on, or with the last lines of before.
    pub async fn log_stream(
        &self,
        (namespace, pod, container): (&str, &str, &str),
        since: Option<Timestamp>,
        lines: i64,
    ) -> Result<impl AsyncBufRead + Unpin + use<>, kube::Error> {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            follow: true,
            timestamps: true,
            tail_lines: since.is_none().then_some(lines),
            since_time: since,
            ..LogParams::default()
        };
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        Ok(Box::pin(pods.log_stream(pod, &parameters).await?))
    }

    /// Whether the cluster knows a kind now.
    pub async fn knows(&self, kind: &GroupVersionKind) -> Result<bool, ArgoCdError> {
        match self.resource(kind).await {
            Ok(_) => Ok(true),
            Err(ArgoCdError::UnknownKind { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn api(
        &self,
        kind: &GroupVersionKind,
        namespace: Option<&str>,
    ) -> Result<Api<DynamicObject>, ArgoCdError> {
        let (resource, namespaced) = self.resource(kind).await?;
        let client = self.client.clone();
        Ok(if namespaced {
            Api::namespaced_with(client, namespace.unwrap_or(&self.namespace), &resource)
        } else {
            Api::all_with(client, &resource)
        })
    }

    async fn resource(&self, kind: &GroupVersionKind) -> Result<(ApiResource, bool), ArgoCdError> {
        if let Some(known) = self.kinds.lock().unwrap_or_else(PoisonError::into_inner).get(kind) {
            return Ok(known.clone());
        }
        let found = discovery::pinned_kind(&self.client, kind).await.map_err(|error| match error {
            // An unknown group answers 404, an unknown kind in a known group is an error of the client's own.
            kube::Error::Discovery(_) => ArgoCdError::UnknownKind { kind: kind.kind.clone() },
            kube::Error::Api(status) if status.code == 404 => {
                ArgoCdError::UnknownKind { kind: kind.kind.clone() }
            }
            other => ArgoCdError::at("discovery", &kind.kind)(other),
        })?;
        let known = (found.0, found.1.scope == Scope::Namespaced);
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.clone(), known.clone());
        Ok(known)
    }
}

/// What an object of a list is: the API server leaves it out of lists of its own kinds.
fn types(kind: &GroupVersionKind) -> TypeMeta {
    TypeMeta { api_version: kind.api_version(), kind: kind.kind.clone() }
}

/// What a person wrote of an object. Its version moves with every word of a controller's too.
fn content(object: &DynamicObject) -> (serde_json::Value, serde_json::Value) {
    let mut data = object.data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.retain(|name, _| name != "status" && name != "operation");
    }
    let metadata = &object.metadata;
    let metadata = serde_json::json!({
        "labels": metadata.labels,
        "annotations": metadata.annotations,
        "finalizers": metadata.finalizers,
    });
    (data, metadata)
}

/// The kind of an object.
pub fn kind(object: &DynamicObject) -> GroupVersionKind {
    let types = object.types.clone().unwrap_or_default();
    GroupVersionKind::try_from(types).unwrap_or_else(|_| GroupVersionKind::gvk("", "", ""))
}

/// Kind and name, for messages.
pub fn label(object: &DynamicObject) -> String {
    format!("{} {}", kind(object).kind, object.name_any())
}

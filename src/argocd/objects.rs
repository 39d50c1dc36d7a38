//! Objects in the cluster by kind and name, applied by the server.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, LogParams, Patch, PatchParams};
use kube::core::{DynamicObject, GroupVersionKind, TypeMeta};
use kube::discovery::{self, ApiResource, Scope};
use kube::{Client, ResourceExt};

use super::ArgoCdError;

/// Who manages the fields that we apply.
pub const FIELD_MANAGER: &str = "slipway";

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Objects that were not there.
    pub created: usize,
    /// Objects that differed.
    pub changed: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
}

impl Changes {
    pub(super) fn count(&mut self, change: Change) {
        match change {
            Change::Created => self.created += 1,
            Change::Changed => self.changed += 1,
            Change::Unchanged => self.unchanged += 1,
        }
    }

    /// Whether anything was done.
    pub fn any(&self) -> bool {
        self.created + self.changed > 0
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

    /// Applies an object by server-side apply and says what that did.
    pub async fn apply(&self, object: &DynamicObject, force: bool) -> Result<Change, ArgoCdError> {
        let name = object.name_any();
        let label = label(object);
        let api = self.api(&kind(object), object.metadata.namespace.as_deref()).await?;
        let before = api.get_opt(&name).await.map_err(ArgoCdError::at("read", &label))?;
        let parameters = PatchParams { force, ..PatchParams::apply(FIELD_MANAGER) };
        let after = api.patch(&name, &parameters, &Patch::Apply(object)).await;
        let after = after.map_err(ArgoCdError::at("apply", &label))?;
        Ok(match before {
            None => Change::Created,
            Some(before) if content(&before) == content(&after) => Change::Unchanged,
            Some(_) => Change::Changed,
        })
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

    async fn items(
        api: &Api<DynamicObject>,
        kind: &GroupVersionKind,
    ) -> Result<Vec<DynamicObject>, ArgoCdError> {
        let list = api.list(&ListParams::default()).await;
        let mut items = list.map_err(ArgoCdError::at("list", &kind.kind))?.items;
        for item in &mut items {
            // The API server leaves it out of lists of its own kinds.
            item.types = Some(TypeMeta { api_version: kind.api_version(), kind: kind.kind.clone() });
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
        let patch = serde_json::json!({ "metadata": metadata });
        let api = self.api(kind, None).await?;
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch(name, &parameters, &Patch::Merge(&patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(ArgoCdError::at("change", format!("{} {name}", kind.kind))(error)),
        }
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

//! Custom resource definitions beside the manifests: kinds that the cluster may not know yet.

use serde_json::Value;

use super::strict;
use crate::gitops::ManifestObject;

/// What a definition among the objects says of a kind.
#[derive(Debug)]
pub(super) enum Defined {
    /// Its schema.
    As(Value),
    /// It is there, without a schema that can be read.
    Somehow,
}

/// Looks for the definition of a kind.
pub(super) fn find(objects: &[ManifestObject], api_version: &str, kind: &str) -> Option<Defined> {
    let (group, version) = api_version.split_once('/')?;
    // A definition is called `PLURAL.GROUP`.
    let is_of_group =
        |object: &&ManifestObject| object.name.strip_suffix(group).is_some_and(|rest| rest.ends_with('.'));
    let definitions =
        objects.iter().filter(|object| object.kind == "CustomResourceDefinition").filter(is_of_group);
    definitions.filter_map(ManifestObject::value).find_map(|definition| {
        let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str);
        if text("/spec/group") != Some(group) || text("/spec/names/kind") != Some(kind) {
            return None;
        }
        let versions = definition.pointer("/spec/versions")?.as_array()?;
        let is_it = |one: &&Value| one.get("name").and_then(Value::as_str) == Some(version);
        let schema = versions.iter().find(is_it)?.pointer("/schema/openAPIV3Schema");
        Some(schema.map_or(Defined::Somehow, |schema| Defined::As(strict::alone(schema.clone(), true))))
    })
}

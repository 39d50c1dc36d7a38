//! Schemas in files: a document of many kinds as an API server publishes it (OpenAPI 2 or 3), or a folder with a file for each.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::found::Found;
use super::strict;
use super::verdict::Kind;
use crate::support::fs;

/// Why schemas cannot be had from a path.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFileError {
    /// Nothing is there, or it cannot be read.
    #[error("the schemas in {path} cannot be read: {cause}; name a file or a folder, or write cluster")]
    Unreadable {
        /// The path as it was said.
        path: String,
        /// Why.
        cause: String,
    },
    /// It is no document of schemas.
    #[error("{path} has no schemas of Kubernetes: {cause}; kubectl get --raw /openapi/v2 gives some")]
    NoSchemas {
        /// The path as it was said.
        path: String,
        /// Why.
        cause: String,
    },
}

/// Schemas of a file or a folder.
#[derive(Debug)]
pub struct FileSchemas {
    /// As it was said.
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A document of many kinds.
    Document(Map<String, Value>),
    /// A folder.
    Folder(PathBuf),
}

impl FileSchemas {
    /// Looks what is there; a relative path is one of `folder`.
    pub fn read(name: &str, folder: &Path) -> Result<Self, SchemaFileError> {
        let path = folder.join(name);
        let unreadable = |cause: String| SchemaFileError::Unreadable { path: name.to_owned(), cause };
        if path.is_dir() {
            return Ok(Self { name: name.to_owned(), place: Place::Folder(path) });
        }
        let text = fs::read_text(&path).map_err(|error| unreadable(error.to_string()))?;
        let none = |cause: String| SchemaFileError::NoSchemas { path: name.to_owned(), cause };
        let document: Value = serde_json::from_str(&text).map_err(|error| none(error.to_string()))?;
        let kinds = schemas(document).ok_or_else(|| none("neither definitions nor components".to_owned()))?;
        Ok(Self { name: name.to_owned(), place: Place::Document(kinds) })
    }

    /// The schema of a kind.
    pub(super) fn find(&self, api_version: &str, kind: &str) -> Found {
        match &self.place {
            Place::Document(schemas) => self.in_document(schemas, api_version, kind),
            Place::Folder(folder) => self.in_folder(folder, api_version, kind),
        }
    }

    fn in_document(&self, schemas: &Map<String, Value>, api_version: &str, kind: &str) -> Found {
        if let Some(name) = named(schemas, api_version, kind) {
            return Found::of(Kind::new(strict::closed(schemas, name)), &self.name);
        }
        let (group, _) = group_and_version(api_version);
        let is_of_group = schemas.values().flat_map(kinds_of).any(|(known, ..)| known == group);
        if is_of_group {
            return Found::Unknown(format!("{} has no {kind} of {api_version}", self.name));
        }
        Found::None(format!("{} has no schema of {api_version} {kind}", self.name))
    }

    fn in_folder(&self, folder: &Path, api_version: &str, kind: &str) -> Found {
        let none = || Found::None(format!("{} has no schema of {api_version} {kind}", self.name));
        // Names of files are made of it.
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ".-/".contains(c));
        if !is_plain(api_version) || !is_plain(kind) || api_version.contains("..") || kind.contains('/') {
            return none();
        }
        let (group, version) = group_and_version(api_version);
        let kind = kind.to_ascii_lowercase();
        let short = group.split('.').next().unwrap_or_default();
        // As kubeconform and its catalogues of custom resources name them.
        let names = if group.is_empty() {
            vec![format!("{kind}-{version}.json")]
        } else {
            vec![
                format!("{kind}-{short}-{version}.json"),
                format!("{kind}-{group}-{version}.json"),
                format!("{group}/{kind}_{version}.json"),
            ]
        };
        let Some(file) = names.iter().map(|name| folder.join(name)).find(|file| file.is_file()) else {
            return none();
        };
        let read = fs::read_text(&file).map_err(|error| error.to_string());
        let schema = read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        // In files of custom resources everything is said that they may hold.
        let kind = schema.and_then(|schema: Value| Kind::new(strict::alone(schema, false)));
        Found::of(kind, &file.display().to_string())
    }
}

/// The types of a document, by their names.
pub(super) fn schemas(document: Value) -> Option<Map<String, Value>> {
    let Value::Object(mut document) = document else { return None };
    let schemas = match document.remove("definitions") {
        Some(definitions) => definitions,
        None => document.get_mut("components")?.get_mut("schemas")?.take(),
    };
    match schemas {
        Value::Object(schemas) => Some(schemas),
        _ => None,
    }
}

/// The name of the type that a kind is of.
pub(super) fn named<'a>(schemas: &'a Map<String, Value>, api_version: &str, kind: &str) -> Option<&'a str> {
    let (group, version) = group_and_version(api_version);
    let is_it = |schema: &Value| kinds_of(schema).any(|known| known == (group, version, kind));
    schemas.iter().find(|(_, schema)| is_it(schema)).map(|(name, _)| name.as_str())
}

/// Group, version and kind of a type.
fn kinds_of(schema: &Value) -> impl Iterator<Item = (&str, &str, &str)> {
    let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
    kinds.into_iter().flatten().filter_map(|kind| {
        let text = |key: &str| kind.get(key).and_then(Value::as_str);
        Some((text("group")?, text("version")?, text("kind")?))
    })
}

pub(super) fn group_and_version(api_version: &str) -> (&str, &str) {
    api_version.rsplit_once('/').unwrap_or(("", api_version))
}

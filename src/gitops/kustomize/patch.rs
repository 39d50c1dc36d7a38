//! Patches, and whether one decides an image.

use std::collections::BTreeMap;

use regex::Regex;

use super::labels::Selectable;
use super::read::join;
use crate::gitops::error::GitOpsError;
use crate::gitops::find::FoundImage;
use crate::gitops::manifest::{ManifestFile, Node};

/// Of these kinds Kustomize knows no schema, so that a list in a patch takes the place of the whole list.
const WITHOUT_SCHEMA: &[&str] = &["Rollout"];

/// A patch of a kustomization: a file's, or written in it.
#[derive(Debug)]
pub(super) struct Patch {
    /// Its file, in the repository.
    pub file: Option<String>,
    /// Its text, and the line before it.
    inline: Option<(String, usize)>,
    /// What it is for; where nothing is said, its own kind and name say it.
    target: Option<Node>,
}

/// Where an image is decided instead.
#[derive(Debug)]
pub(super) struct Hidden {
    pub file: String,
    pub line: usize,
}

/// A container's image, and the names that its workload may be called by.
#[derive(Debug)]
pub(super) struct Workload {
    pub image: FoundImage,
    pub names: Vec<String>,
    pub labels: Selectable,
}

impl Patch {
    /// The patches of a kustomization in all notations.
    pub fn all(root: &Node, folder: &str) -> Vec<Self> {
        let mut patches = Vec::new();
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                // A text alone is a path, or the patch itself.
                let (path, text) = match entry.text() {
                    Some(text) if text.contains('\n') => (None, Some(entry)),
                    Some(_) => (Some(entry), None),
                    None => (entry.get("path"), entry.get("patch")),
                };
                let inline =
                    text.and_then(|node| Some((node.text()?.to_owned(), node.line.saturating_sub(1))));
                let file = path.and_then(|node| join(folder, node.text()?));
                patches.push(Self { file, inline, target: entry.get("target").cloned() });
            }
        }
        patches
    }

    /// Where the patch decides the image of a workload, if it does; `path` is the file that it is written or named in.
    pub fn hides(
        &self,
        path: &str,
        files: &BTreeMap<String, ManifestFile>,
        workload: &Workload,
    ) -> Result<Option<Hidden>, GitOpsError> {
        if self.target.is_some() && !workload.is_selected(self.target.as_ref()) {
            return Ok(None);
        }
        let (file, before) = match (&self.file, &self.inline) {
            (Some(path), _) => match files.get(path) {
                Some(file) => (file.clone(), 0),
                None => return Ok(None),
            },
            (None, Some((text, line))) => {
                let bytes = text.clone().into_bytes();
                (ManifestFile { path: path.to_owned(), mode: String::new(), bytes, link: None }, *line)
            }
            (None, None) => return Ok(None),
        };
        let documents = file.documents().map_err(|error| match error {
            GitOpsError::Manifest { file, line, problem } => {
                GitOpsError::Manifest { file, line: line + before, problem }
            }
            other => other,
        })?;
        let line = documents.iter().find_map(|document| {
            if document.items().is_empty() {
                self.merges(document, workload)
            } else {
                document.items().iter().find_map(|operation| operates(operation, workload))
            }
        });
        Ok(line.map(|line| Hidden { file: file.path, line: line + before }))
    }

    fn merges(&self, document: &Node, workload: &Workload) -> Option<usize> {
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let name = text(document.get("metadata").and_then(|metadata| metadata.get("name")));
        let is_own = text(document.get("kind")) == workload.image.kind && workload.names.contains(&name);
        if self.target.is_none() && !is_own {
            return None;
        }
        let (list, way) =
            workload.image.pointer.get(..workload.image.pointer.len().checked_sub(2)?)?.split_last()?;
        let mut here = document;
        for key in way.iter().chain([list]) {
            // `$patch: replace` and `delete` take away what was there.
            if let Some(directive) = here.get("$patch") {
                return Some(directive.line);
            }
            here = here.get(key)?;
        }
        if WITHOUT_SCHEMA.contains(&workload.image.kind.as_str()) {
            return Some(here.line);
        }
        here.items().iter().find_map(|container| {
            let named = container.get("name").and_then(Node::text) == Some(&workload.image.container);
            match (container.get("$patch"), container.get("image")) {
                (Some(directive), _) if named || container.get("name").is_none() => Some(directive.line),
                (_, Some(image)) if named => Some(image.line),
                _ => None,
            }
        })
    }
}

/// An operation of a JSON patch on the image, or on what it is in.
fn operates(operation: &Node, workload: &Workload) -> Option<usize> {
    let path = operation.get("path")?;
    let text = path.text()?;
    let parts: Vec<String> =
        text.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    // What is added to a list takes nobody's place.
    let is_item = parts.len() + 1 == workload.image.pointer.len();
    if is_item && operation.get("op").and_then(Node::text) == Some("add") {
        return None;
    }
    segments_mean(&parts, workload).then_some(path.line)
}

/// Whether a path, by names, numbers, `*` or `[name=web]`, leads to the image or to what it is in.
pub(super) fn segments_mean(parts: &[String], workload: &Workload) -> bool {
    let pointer = &workload.image.pointer;
    let one = |(part, key): (&String, &String)| {
        part == key
            || (key.parse::<usize>().is_ok()
                && (part == "*" || *part == format!("[name={}]", workload.image.container)))
    };
    parts.len() <= pointer.len() && parts.iter().zip(pointer).all(one)
}

impl Workload {
    /// Whether a selector means it, by all that Kustomize lets one ask for.
    pub fn is_selected(&self, selector: Option<&Node>) -> bool {
        let Some(selector) = selector else { return true };
        let text = |key: &str| selector.get(key).and_then(Node::text).filter(|text| !text.is_empty());
        let matches = |pattern: &str, text: &str| {
            Regex::new(&format!("^(?:{pattern})$")).map_or(pattern == text, |regex| regex.is_match(text))
        };
        let any = |key: &str, known: &[String]| {
            text(key).is_none_or(|pattern| known.iter().any(|one| matches(pattern, one)))
        };
        // The core group has no name.
        let (group, version) =
            self.image.api_version.split_once('/').unwrap_or(("", &self.image.api_version));
        text("kind").is_none_or(|kind| matches(kind, &self.image.kind))
            && any("name", &self.names)
            && any("namespace", self.labels.namespaces())
            && text("group").is_none_or(|pattern| matches(pattern, group))
            && text("version").is_none_or(|pattern| matches(pattern, version))
            && text("labelSelector").is_none_or(|selector| self.labels.have(selector))
            && text("annotationSelector").is_none_or(|selector| self.labels.annotated(selector))
    }
}

//! Patches, and whether one decides an image.

use std::collections::BTreeMap;

use slipway_support::go_regex;

use super::labels::Selectable;
use crate::error::GitOpsError;
use crate::find::FoundImage;
use crate::layout::join;
use crate::manifest::{ManifestFile, Node};

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
    /// The containers of its list by now, in order: patches may put them in another one.
    pub containers: Vec<String>,
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

    /// The line on which its text begins, where it is written in a kustomization.
    pub fn line(&self) -> Option<usize> {
        self.inline.as_ref().map(|(_, before)| before + 1)
    }

    /// Where the patch decides the image of a workload, if it does; `path` is the file that it is written or named in. Where it
    /// does not, the workload has its containers in the order that the patch leaves them in.
    pub fn hides(
        &self,
        path: &str,
        files: &BTreeMap<String, ManifestFile>,
        workload: &mut Workload,
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
        let hidden = |line: usize| Some(Hidden { file: file.path.clone(), line: line + before });
        for document in &documents {
            if document.items().is_empty() && self.is_for(document, workload) {
                if let Some(line) = merges(document, workload) {
                    return Ok(hidden(line));
                }
                workload.merge(document);
            }
            for operation in document.items() {
                if let Some(line) = operates(operation, workload) {
                    return Ok(hidden(line));
                }
                workload.operate(operation);
            }
        }
        Ok(None)
    }

    /// Whether what is merged is for a workload: without a target, its own kind and name say it.
    fn is_for(&self, document: &Node, workload: &Workload) -> bool {
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let name = text(document.get("metadata").and_then(|metadata| metadata.get("name")));
        let is_own = text(document.get("kind")) == workload.image.kind && workload.names.contains(&name);
        self.target.is_some() || is_own
    }
}

/// The line by which what is merged decides the image.
fn merges(document: &Node, workload: &Workload) -> Option<usize> {
    let (list, way) = workload.list().split_last()?;
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
        let directive = container.get("$patch");
        match (container.get("name").and_then(Node::text), directive.and_then(Node::text)) {
            // The whole list.
            (None, Some(_)) => directive.map(|directive| directive.line),
            // Kustomize keeps a container that is to be replaced as it is.
            (Some(name), Some("replace")) if name == workload.image.container => None,
            (Some(name), Some("delete")) if name == workload.image.container => {
                directive.map(|directive| directive.line)
            }
            (Some(name), _) if name == workload.image.container => {
                container.get("image").map(|image| image.line)
            }
            _ => None,
        }
    })
}

/// An operation of a JSON patch on the image, or on what it is in.
fn operates(operation: &Node, workload: &Workload) -> Option<usize> {
    let path = operation.get("path")?;
    let text = path.text()?;
    let parts = pointer(text);
    // What is added to a list takes nobody's place.
    let is_item = parts.len() + 1 == workload.image.pointer.len();
    if is_item && operation.get("op").and_then(Node::text) == Some("add") {
        return None;
    }
    segments_mean(&parts, workload).then_some(path.line)
}

/// The parts of a JSON pointer.
fn pointer(text: &str) -> Vec<String> {
    text.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
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
    /// The way to the list of its containers.
    fn list(&self) -> &[String] {
        let pointer = &self.image.pointer;
        pointer.get(..pointer.len().saturating_sub(2)).unwrap_or_default()
    }

    /// What a merged patch makes of the order: those that it names come first, in its order.
    fn merge(&mut self, document: &Node) {
        let list = self.list().iter().try_fold(document, |here, key| here.get(key));
        let items = list.map(Node::items).unwrap_or_default();
        let name = |item: &Node| item.get("name").and_then(Node::text).map(str::to_owned);
        let named: Vec<String> = items.iter().filter_map(name).collect();
        let is_deleted = |item: &&Node| item.get("$patch").and_then(Node::text) == Some("delete");
        let deleted: Vec<String> = items.iter().filter(is_deleted).filter_map(name).collect();
        let rest = self.containers.iter().filter(|name| !named.contains(name)).cloned();
        self.containers = named.iter().filter(|name| !deleted.contains(name)).cloned().chain(rest).collect();
        self.renumber();
    }

    /// What an operation of a JSON patch makes of the order.
    fn operate(&mut self, operation: &Node) {
        let text = |key: &str| operation.get(key).and_then(Node::text);
        let parts = pointer(text("path").unwrap_or_default());
        let Some((place, _)) = parts.split_last().filter(|(_, list)| *list == self.list()) else { return };
        let name = operation.get("value").and_then(|value| value.get("name")?.text()).unwrap_or_default();
        let index = place.parse::<usize>().ok().filter(|index| *index < self.containers.len());
        match (text("op"), index) {
            (Some("add"), Some(index)) => self.containers.insert(index, name.to_owned()),
            (Some("add"), None) => self.containers.push(name.to_owned()),
            (Some("remove"), Some(index)) => drop(self.containers.remove(index)),
            (Some("replace"), Some(index)) => {
                if let Some(replaced) = self.containers.get_mut(index) {
                    name.clone_into(replaced);
                }
            }
            _ => {}
        }
        self.renumber();
    }

    /// Takes the image's place in its list from the container's.
    pub fn renumber(&mut self) {
        let number = self.containers.iter().position(|name| *name == self.image.container);
        let place = self.image.pointer.iter_mut().rev().nth(1);
        if let (Some(number), Some(place)) = (number, place) {
            *place = number.to_string();
        }
    }

    /// Whether a selector means it, by all that Kustomize lets one ask for.
    pub fn is_selected(&self, selector: Option<&Node>) -> bool {
        let Some(selector) = selector else { return true };
        let text = |key: &str| selector.get(key).and_then(Node::text).filter(|text| !text.is_empty());
        let matches = |pattern: &str, text: &str| {
            go_regex::compile(&format!("^(?:{pattern})$"))
                .map_or(pattern == text, |regex| regex.is_match(text))
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

//! The rules that need nobody's schema.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::kinds;
use super::{Finding, ManifestObject, ManifestRule, identity};
use crate::error::GitOpsError;
use crate::find::objects_of;
use crate::layout::folder_of;
use crate::manifest::{ManifestFile, Node, Value};

/// Who reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Argo CD, as it is.
    Plain,
    /// Kustomize, which may patch it, and reads files of its own that are no objects.
    Kustomized,
}

/// A file with what is to be known of it.
pub(crate) struct Examined<'a> {
    /// The file, as it would be pushed.
    pub file: &'a ManifestFile,
    /// Who reads it.
    pub layout: Layout,
    /// Whether it is edited.
    pub is_edited: bool,
    /// What it was read to.
    pub documents: Result<Vec<Node>, GitOpsError>,
}

/// By this Argo CD leaves a file out.
const SKIPPED: &str = "+argocd:skip-file-rendering";
/// By this Kustomize leaves an object out.
const LOCAL: &str = "config.kubernetes.io/local-config";

/// What is wrong with the files of an application, and their objects.
pub(crate) fn examine(files: Vec<Examined<'_>>) -> (Vec<Finding>, Vec<ManifestObject>) {
    let mut all = Examination::default();
    for examined in files {
        match examined.file.text() {
            Ok(text) if text.contains(SKIPPED) => {}
            _ => all.file(examined),
        }
    }
    all.repeated();
    (all.findings, all.objects)
}

/// The objects of a file, whatever is wrong with it.
pub(crate) fn objects_in(file: &ManifestFile) -> Vec<ManifestObject> {
    let documents = file.documents();
    examine(vec![Examined { file, layout: Layout::Plain, is_edited: false, documents }]).1
}

#[derive(Default)]
struct Examination {
    findings: Vec<Finding>,
    objects: Vec<ManifestObject>,
    /// Which of the objects Argo CD gets as they are.
    plain: Vec<usize>,
}

impl Examination {
    fn find(&mut self, rule: ManifestRule, file: &str, line: usize, problem: impl Into<String>) {
        let file = file.to_owned();
        self.findings.push(Finding { rule, file, line, problem: problem.into(), is_certain: true });
    }

    fn file(&mut self, Examined { file, layout, is_edited, documents }: Examined<'_>) {
        let documents = match documents {
            Ok(documents) => documents,
            Err(GitOpsError::Manifest { file: path, line, problem }) => {
                // Argo CD takes others for something else, and leaves them out.
                let is_said = |word: &&[u8]| file.bytes.windows(word.len()).any(|part| part == *word);
                let is_certain = [&b"apiVersion"[..], b"kind", b"metadata"].iter().all(is_said);
                let rule = ManifestRule::Readable;
                return self.findings.push(Finding { rule, file: path, line, problem, is_certain });
            }
            Err(_) => return,
        };
        let path = &file.path;
        let is_object = |document: &Node| lacking(document).is_none() && document.get("kind").is_some();
        let has_objects = documents.iter().any(is_object);
        for document in documents.into_iter().filter(|document| !document.is_null()) {
            if layout == Layout::Plain {
                let lacking = lacking(&document).or_else(|| {
                    let is_other = document.get("kind").is_none() && document.get("<<").is_none();
                    (has_objects && is_other).then_some("kind")
                });
                if let Some(key) = lacking {
                    let problem =
                        format!("this document has no {key}, and Argo CD would not deploy it; add it");
                    self.find(ManifestRule::Kind, path, document.line, problem);
                    continue;
                }
            }
            if is_edited {
                for (line, key) in repeated_keys(&document) {
                    let problem = format!("{key} is there twice, and one of them is ignored; remove one");
                    self.find(ManifestRule::Keys, path, line, problem);
                }
            }
            self.objects_of(document, path, layout, is_edited);
        }
    }

    fn objects_of(&mut self, document: Node, path: &str, layout: Layout, is_edited: bool) {
        let document = Arc::new(document);
        for (node, api_version, kind) in objects_of(&document) {
            if api_version.is_empty() || kind.is_empty() || is_local(node) {
                continue;
            }
            let (api_version, kind, namespace, name) = identity(node, api_version, kind);
            let line = node.line;
            if let Some(problem) = kinds::misspelt(&api_version, &kind) {
                let mut keys = node.pairs().iter().map(|(key, _)| key);
                let line = keys.find(|key| key.text() == Some("kind")).map_or(line, |key| key.line);
                self.find(ManifestRule::Known, path, line, problem);
            }
            let is_named = !name.is_empty() || node.get("<<").is_some() || has_alias(node);
            if layout == Layout::Plain && !is_named && kind != "List" && kinds::is_own(&api_version, &kind) {
                let problem = format!("this {kind} has no metadata.name; give it one");
                self.find(ManifestRule::Name, path, line, problem);
            }
            let name = metadata(node, "name").unwrap_or_default().to_owned();
            if layout == Layout::Plain && !name.is_empty() {
                self.plain.push(self.objects.len());
            }
            self.objects.push(ManifestObject {
                file: path.to_owned(),
                line,
                api_version,
                kind,
                namespace,
                name,
                is_edited,
                is_whole: layout == Layout::Plain,
                node: node.clone(),
                document: Arc::clone(&document),
            });
        }
    }

    /// Objects that are there twice: the last one wins, and Argo CD warns of it.
    fn repeated(&mut self) {
        let mut seen: BTreeMap<[&str; 4], &ManifestObject> = BTreeMap::new();
        let mut found = Vec::new();
        for object in self.plain.iter().filter_map(|place| self.objects.get(*place)) {
            // Which version of the kind is said makes no other object of it. Files of other folders may be another Application's.
            let group = kinds::group_of(&object.api_version);
            let key = [folder_of(&object.file), group, &object.kind, &object.name];
            let same = |other: &&&ManifestObject| other.namespace == object.namespace;
            match seen.get(&key).filter(same) {
                Some(first) => {
                    let (kind, name) = (&object.kind, &object.name);
                    let problem = format!(
                        "{kind} {name} is in {}:{} already, and Argo CD deploys one of them; remove or rename one",
                        first.file, first.line
                    );
                    found.push(Finding {
                        rule: ManifestRule::Once,
                        file: object.file.clone(),
                        line: object.line,
                        problem,
                        // An Application may take some files of a folder only; and Argo CD itself tells of it.
                        is_certain: false,
                    });
                }
                None => {
                    seen.insert(key, object);
                }
            }
        }
        self.findings.extend(found);
    }
}

/// The key that a document lacks which otherwise looks like an object: values, settings of other programs and the like say
/// nothing of `metadata`.
fn lacking(document: &Node) -> Option<&'static str> {
    let has_metadata = document.get("metadata").is_some_and(|metadata| !metadata.pairs().is_empty());
    if document.get("<<").is_some() {
        return None;
    }
    let is_said = |key: &str| document.get(key).is_some_and(|value| value.text() != Some(""));
    let versions = document.get("apiVersion").and_then(Node::text);
    let is_version = |text: &str| kinds::is_version(text.rsplit('/').next().unwrap_or_default());
    match (is_said("apiVersion"), is_said("kind")) {
        (true, false) => (has_metadata && versions.is_some_and(is_version)).then_some("kind"),
        (false, true) => has_metadata.then_some("apiVersion"),
        _ => None,
    }
}

fn metadata<'a>(object: &'a Node, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get(key)?.text()
}

/// Whether what it is called may be said elsewhere.
fn has_alias(object: &Node) -> bool {
    let is_alias = |node: Option<&Node>| node.is_some_and(|node| matches!(node.value, Value::Alias(_)));
    let metadata = object.get("metadata");
    is_alias(metadata)
        || metadata.is_some_and(|metadata| {
            metadata.get("<<").is_some()
                || is_alias(metadata.get("name"))
                || is_alias(metadata.get("generateName"))
        })
}

fn is_local(object: &Node) -> bool {
    let annotations = object.get("metadata").and_then(|metadata| metadata.get("annotations"));
    annotations.and_then(|annotations| annotations.get(LOCAL)).and_then(Node::text) == Some("true")
}

/// Keys that a mapping has twice, each with the line of the second.
fn repeated_keys(document: &Node) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for node in document.each() {
        let mut seen = HashSet::new();
        let names = node.pairs().iter().map(|(name, _)| name);
        found.extend(names.filter_map(|name| {
            let key = name.text().filter(|key| !seen.insert(*key) && *key != "<<")?;
            Some((name.line, key.to_owned()))
        }));
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests;

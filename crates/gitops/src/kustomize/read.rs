//! A kustomization, as far as it matters for images.

use std::collections::BTreeMap;

use super::patch::{Patch, Workload, segments_mean};
use crate::error::GitOpsError;
use crate::layout::{folder_of, join};
use crate::manifest::{ManifestFile, Node};

/// One kustomization file.
#[derive(Debug)]
pub(super) struct Kustomization {
    file: ManifestFile,
    root: Node,
    /// Its folder.
    pub folder: String,
    /// The files and folders that it builds on, by their paths in the repository.
    pub resources: Vec<String>,
    /// Whether something comes from where we do not look: an address, a chart, a generator.
    pub has_more: bool,
    /// The folders of its components.
    pub components: Vec<String>,
    /// Its patches, in all notations.
    pub patches: Vec<Patch>,
    /// Before every name.
    pub prefix: String,
    /// Behind every name.
    pub suffix: String,
}

/// An image that a kustomization replaces.
#[derive(Debug)]
pub(super) struct Replaced {
    /// The image's name.
    pub name: String,
    /// The name that it gets.
    pub new_name: Option<String>,
    /// The tag that it gets.
    pub tag: Option<String>,
    /// The digest that it gets.
    pub digest: Option<String>,
    /// Whether something is put behind its tag.
    has_suffix: bool,
    /// Where it says so.
    pub file: String,
    /// The line.
    pub line: usize,
}

impl Kustomization {
    pub fn of(file: ManifestFile) -> Result<Self, GitOpsError> {
        let mut documents = file.documents()?.into_iter().filter(|document| !document.is_null());
        let Some(root) = documents.next() else {
            return Err(file.error(1, "this kustomization is empty"));
        };
        let folder = folder_of(&file.path).to_owned();
        let paths = |key: &str| -> Vec<String> {
            let entries = root.get(key).map(Node::items).unwrap_or_default();
            entries.iter().filter_map(|entry| join(&folder, entry.text()?)).collect()
        };
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let resources = [paths("resources"), paths("bases")].concat();
        let written = ["resources", "bases"].map(|key| root.get(key).map_or(0, |list| list.items().len()));
        let others = ["generators", "helmCharts", "helmChartInflationGenerator", "transformers"];
        let has_more = written.iter().sum::<usize>() != resources.len()
            || others.iter().any(|key| root.get(key).is_some_and(|list| !list.items().is_empty()));
        let (components, patches) = (paths("components"), Patch::all(&root, &folder));
        let (prefix, suffix) = (text("namePrefix"), text("nameSuffix"));
        Ok(Self { file, root, folder, resources, has_more, components, patches, prefix, suffix })
    }

    pub fn path(&self) -> &str {
        &self.file.path
    }

    pub fn root(&self) -> &Node {
        &self.root
    }

    pub fn error(&self, line: usize, problem: impl Into<String>) -> GitOpsError {
        self.file.error(line, problem)
    }

    /// Whether it uses a file itself, as a resource or as a patch.
    pub fn uses(&self, path: &str) -> bool {
        self.resources.iter().any(|resource| resource == path)
            || self.patches.iter().any(|patch| patch.file.as_deref() == Some(path))
    }

    /// Whether it builds on the kustomization of a folder.
    pub fn builds_on(&self, folder: &str) -> bool {
        folder != self.folder
            && (self.resources.iter().any(|resource| resource == folder)
                || self.components.iter().any(|component| component == folder))
    }

    /// The images that it replaces, by itself or by a transformer in a file.
    pub fn images(&self, files: &BTreeMap<String, ManifestFile>) -> Result<Vec<Replaced>, GitOpsError> {
        let mut replaced = Vec::new();
        for key in ["images", "imageTags"] {
            let entries = self.root.get(key).map(Node::items).unwrap_or_default();
            replaced.extend(entries.iter().map(|entry| Replaced::of(entry, self.path())));
        }
        for path in transformers(&self.root, &self.folder) {
            let Some(file) = files.get(&path) else { continue };
            for document in file.documents()? {
                if document.get("kind").and_then(Node::text) == Some("ImageTagTransformer")
                    && let Some(entry) = document.get("imageTag")
                {
                    replaced.push(Replaced::of(entry, &path));
                }
            }
        }
        Ok(replaced)
    }

    /// The replacements that write the image, or a part of it.
    pub fn replacements(&self, workload: &Workload) -> Vec<Replacement> {
        let replacements = self.root.get("replacements").map(Node::items).unwrap_or_default();
        let targets =
            replacements.iter().flat_map(|one| one.get("targets").map(Node::items).unwrap_or_default());
        let of_target = |target: &Node| {
            let option = |key: &str| target.get("options").and_then(|options| options.get(key)?.text());
            let before_tag = option("delimiter") == Some(":") && matches!(option("index"), None | Some("0"));
            let fields = target.get("fieldPaths").map(Node::items).unwrap_or_default();
            let is_image =
                |field: &&Node| field.text().is_some_and(|path| segments_mean(&split_field(path), workload));
            let hits = fields.iter().filter(is_image);
            hits.map(|field| Replacement { line: field.line, before_tag }).collect::<Vec<_>>()
        };
        targets.filter(|target| workload.is_selected(target.get("select"))).flat_map(of_target).collect()
    }
}

/// A value from elsewhere that is written into an image.
#[derive(Debug)]
pub(super) struct Replacement {
    /// The line that says so.
    pub line: usize,
    /// Whether it is written before the tag, which stays the manifest's.
    pub before_tag: bool,
}

impl Replaced {
    fn of(entry: &Node, file: &str) -> Self {
        let text = |key: &str| {
            entry.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            name: text("name").unwrap_or_default(),
            new_name: text("newName"),
            tag: text("newTag"),
            digest: text("digest"),
            has_suffix: text("tagSuffix").is_some(),
            file: file.to_owned(),
            line: entry.line,
        }
    }

    /// Whether it gets another tag or digest.
    pub fn has_version(&self) -> bool {
        self.tag.is_some() || self.digest.is_some() || self.has_suffix
    }
}

/// The files that kustomizations name beside their resources: patches and transformers.
pub(crate) fn referenced(file: &ManifestFile) -> Vec<String> {
    let Ok(documents) = file.documents() else { return Vec::new() };
    let folder = folder_of(&file.path);
    let of_document = |root: &Node| {
        let patches = Patch::all(root, folder).into_iter().filter_map(|patch| patch.file);
        patches.chain(transformers(root, folder)).collect::<Vec<_>>()
    };
    documents.iter().flat_map(of_document).collect()
}

fn transformers(root: &Node, folder: &str) -> Vec<String> {
    let entries = root.get("transformers").map(Node::items).unwrap_or_default();
    entries.iter().filter_map(|entry| join(folder, entry.text()?)).collect()
}

/// `spec.template.spec.containers.[name=web].image`; a dot in brackets separates nothing.
fn split_field(path: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for letter in path.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

//! What Argo CD itself sets in a kustomization: `kustomize` of an Application, or of a file beside the kustomization.

use super::patch::Patch;
use crate::error::GitOpsError;
use crate::image::ImageReference;
use crate::layout::{folder_of, join};
use crate::manifest::{ManifestFile, Node};
use slipway_support::address::{Sameness, sameness};

/// What one of them sets in the kustomization of a folder.
#[derive(Debug)]
pub(super) struct Override {
    /// The file that says so.
    pub path: String,
    /// The kustomization's folder.
    pub folder: String,
    /// The names of images that get another tag or digest, each with its line.
    pub images: Vec<(String, usize)>,
    /// What is patched after the kustomization's own patches.
    pub patches: Vec<Patch>,
}

impl Override {
    /// Those of a file beside a kustomization.
    pub fn beside(file: &ManifestFile) -> Result<Vec<Self>, GitOpsError> {
        let folder = folder_of(&file.path);
        let documents = file.documents()?;
        let parameters = documents.iter().filter_map(|document| document.get("kustomize"));
        Ok(parameters.map(|parameters| Self::of(&file.path, folder, parameters)).collect())
    }

    /// Those of the Applications in a file that follow the repository at `address`. What is a template of something else, or no
    /// YAML, has none.
    pub fn of_applications(file: &ManifestFile, address: &str) -> Vec<Self> {
        let documents = file.documents().unwrap_or_default();
        let objects = documents.iter().flat_map(|document| {
            let items =
                document.get("items").filter(|_| document.get("kind").and_then(Node::text) == Some("List"));
            items.map_or(std::slice::from_ref(document), Node::items)
        });
        let sources = objects.filter_map(specification).flat_map(|specification| {
            let many = specification.get("sources").map(Node::items).unwrap_or_default();
            specification.get("source").into_iter().chain(many)
        });
        let of_source = |source: &Node| {
            let text = |key: &str| source.get(key).and_then(Node::text).unwrap_or_default();
            let parameters = source.get("kustomize")?;
            let folder = join("", text("path"))?;
            may_be(text("repoURL"), address).then(|| Self::of(&file.path, &folder, parameters))
        };
        sources.filter_map(of_source).collect()
    }

    fn of(path: &str, folder: &str, parameters: &Node) -> Self {
        let entries = parameters.get("images").map(Node::items).unwrap_or_default();
        let image = |entry: &Node| {
            // `name=new-name:tag`, or the image itself.
            let text = entry.text()?;
            let (name, image) =
                text.split_once('=').map_or((None, text), |(name, image)| (Some(name), image));
            let image = image.parse::<ImageReference>().ok().filter(ImageReference::is_pinned)?;
            Some((name.map_or(image.name, str::to_owned), entry.line))
        };
        Self {
            path: path.to_owned(),
            folder: folder.to_owned(),
            images: entries.iter().filter_map(image).collect(),
            patches: Patch::all(parameters, folder),
        }
    }
}

/// What an Application specifies, or a set of them for each of its own.
pub(crate) fn specification(object: &Node) -> Option<&Node> {
    let text = |key: &str| object.get(key).and_then(Node::text).unwrap_or_default();
    let specification = object.get("spec").filter(|_| text("apiVersion").starts_with("argoproj.io/"))?;
    match text("kind") {
        "Application" => Some(specification),
        "ApplicationSet" => specification.get("template")?.get("spec"),
        _ => None,
    }
}

/// Whether an Application can mean this repository: its address may be a template's, and ours a clone's.
pub(crate) fn may_be(written: &str, address: &str) -> bool {
    let is_elsewhere = |address: &str| address.contains("://") && !address.starts_with("file://");
    let is_scp = |address: &str| address.split('/').next().is_some_and(|start| start.contains(':'));
    let is_here = !is_elsewhere(address) && !is_scp(address);
    written.contains("{{") || is_here || sameness(written, address) != Sameness::Different
}

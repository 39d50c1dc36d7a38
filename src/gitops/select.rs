//! Where the images of an app stand in its manifests, and which of them is meant.

use granit_parser::ScalarStyle;

use super::error::GitOpsError;
use super::image::{ImageReference, ImageTarget};
use super::manifest::{FileIndex, Files, ManifestFile, Node, Value};

/// The way to the pod's specification in each kind that has one.
const POD_SPECIFICATIONS: &[(&str, &[&str])] = &[
    ("Deployment", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    ("Rollout", &["spec", "template", "spec"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
    ("Pod", &["spec"]),
];

/// An image scalar in a file.
#[derive(Debug, Clone)]
pub(super) struct FoundImage {
    /// The index of its file among the files searched.
    pub file: FileIndex,
    /// The workload's kind, as written.
    pub kind: String,
    /// The workload's name.
    pub workload: String,
    /// The container's name.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// The scalar.
    pub scalar: Node,
}

impl FoundImage {
    /// The scalar's text.
    pub fn text(&self) -> &str {
        self.scalar.text().unwrap_or_default()
    }

    /// `Deployment/app-a/web`: unique in a namespace, since init containers share the names of the others.
    pub fn identity(&self) -> String {
        format!("{}/{}/{}", self.kind, self.workload, self.container)
    }

    fn fits(&self, target: &ImageTarget) -> bool {
        workload_fits(target, &self.kind, &self.workload)
            && target.container.as_ref().is_none_or(|container| *container == self.container)
    }
}

/// Something on the way to an image that makes it unsafe to say which bytes decide it.
#[derive(Debug, Clone)]
pub(super) struct Obstacle {
    file: FileIndex,
    kind: String,
    workload: String,
    line: usize,
    problem: &'static str,
}

/// The images of some files, and what stood in the way.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub found: Vec<FoundImage>,
    pub obstacles: Vec<Obstacle>,
}

impl Obstacle {
    /// As an error with file and line.
    pub fn error(&self, files: &Files) -> GitOpsError {
        files[self.file].error(self.line, self.problem)
    }
}

/// Finds every image of the workloads in the file with this index.
pub(super) fn find_images(index: FileIndex, documents: &[Node], images: &mut Images) {
    for document in documents {
        // `kind: List` holds objects of its own.
        if document.get("kind").and_then(Node::text) == Some("List") {
            for item in document.get("items").map(Node::items).unwrap_or_default() {
                find_in_object(index, item, images);
            }
        } else {
            find_in_object(index, document, images);
        }
    }
}

fn find_in_object(file: FileIndex, object: &Node, images: &mut Images) {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let kind = text(object, "kind");
    let workload = object.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default();
    if let Some((merge, _)) = object.pairs().iter().find(|(name, _)| name.text() == Some("<<"))
        && kind.is_empty()
    {
        let problem = "a merge key decides what this object is; write the object out here";
        return images.obstacles.push(Obstacle { file, kind, workload, line: merge.line, problem });
    }
    let Some((_, way)) = POD_SPECIFICATIONS.iter().find(|(name, _)| *name == kind) else { return };
    let obstacle =
        |(line, problem)| Obstacle { file, kind: kind.clone(), workload: workload.clone(), line, problem };
    let pod = match follow(object, way) {
        Ok(Some(pod)) => pod,
        Ok(None) => return,
        Err(stop) => return images.obstacles.push(obstacle(stop)),
    };
    for (list, init) in [("containers", false), ("initContainers", true)] {
        let containers = match step(pod, list) {
            Ok(Some(containers)) => containers,
            Ok(None) => continue,
            Err(stop) => {
                images.obstacles.push(obstacle(stop));
                continue;
            }
        };
        for container in containers.items() {
            let scalar = match step(container, "image") {
                Ok(Some(scalar)) => scalar,
                Ok(None) => continue,
                Err(stop) => {
                    images.obstacles.push(obstacle(stop));
                    continue;
                }
            };
            if scalar.text().is_none() {
                images.obstacles.push(obstacle((scalar.line, NOT_A_SCALAR)));
                continue;
            }
            images.found.push(FoundImage {
                file,
                kind: kind.clone(),
                workload: workload.clone(),
                container: text(container, "name"),
                init,
                scalar: scalar.clone(),
            });
        }
    }
}

const NOT_A_SCALAR: &str =
    "the image is not a plain value; a template has to be rendered before it can be edited";

/// A line, and why the way ends there.
type Stop = (usize, &'static str);

fn follow<'a>(object: &'a Node, way: &[&str]) -> Result<Option<&'a Node>, Stop> {
    let mut here = object;
    for key in way {
        match step(here, key)? {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// The value under `key`, unless it could be another place's as well, or another place's instead.
fn step<'a>(node: &'a Node, key: &str) -> Result<Option<&'a Node>, Stop> {
    if matches!(node.value, Value::Alias(_)) {
        return Err((node.line, "an alias decides the image; write the containers out here"));
    }
    let mut values = node.pairs().iter().filter(|(name, _)| name.text() == Some(key));
    let Some((_, value)) = values.next() else {
        return match node.pairs().iter().find(|(name, _)| name.text() == Some("<<")) {
            Some((merge, _)) => {
                Err((merge.line, "a merge key may decide the image; write the container out here"))
            }
            None => Ok(None),
        };
    };
    if let Some((duplicate, _)) = values.next() {
        return Err((duplicate.line, "the key is there twice; remove one of them"));
    }
    if matches!(value.value, Value::Alias(_)) {
        return Err((value.line, "an alias decides the image; write it out here"));
    }
    Ok(Some(value))
}

/// The one image of `files` that `target` means. Where the target names no container and several are there, the one
/// that already runs `like` (another version of the wanted image) is meant.
pub(super) fn select_image(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<FoundImage, GitOpsError> {
    let mut images = Images::default();
    for (index, file) in files.pairs() {
        find_images(index, &file.documents()?, &mut images);
    }
    let stands_in_the_way =
        images.obstacles.iter().find(|obstacle| workload_fits(target, &obstacle.kind, &obstacle.workload));
    if let Some(obstacle) = stands_in_the_way {
        return Err(obstacle.error(files));
    }
    let fitting: Vec<&FoundImage> = images.found.iter().filter(|image| image.fits(target)).collect();
    let chosen = match (&fitting[..], like) {
        ([], _) => {
            let present: Vec<String> = images.found.iter().map(FoundImage::identity).collect();
            let present = if present.is_empty() { "no containers".to_owned() } else { present.join(", ") };
            let (folder, target) = (folder.to_owned(), target.to_string());
            return Err(GitOpsError::NoImage { folder, target, present });
        }
        ([only], _) => *only,
        (several, Some(like)) if target.container.is_none() => {
            let mut same = several.iter().filter(|image| runs(image, &like.name));
            match (same.next(), same.next()) {
                (Some(only), None) => *only,
                _ => return Err(ambiguous(files, target, several)),
            }
        }
        (several, _) => return Err(ambiguous(files, target, several)),
    };
    check_scalar(&files[chosen.file], &chosen.scalar)?;
    check_kustomize(files.as_slice(), chosen)?;
    Ok(chosen.clone())
}

fn runs(image: &FoundImage, name: &str) -> bool {
    image.text().parse::<ImageReference>().is_ok_and(|current| current.name == name)
}

fn workload_fits(target: &ImageTarget, kind: &str, workload: &str) -> bool {
    target.kind.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        && target.workload.as_ref().is_none_or(|wanted| wanted == workload)
}

fn ambiguous(files: &Files, target: &ImageTarget, images: &[&FoundImage]) -> GitOpsError {
    let describe = |image: &&FoundImage| {
        format!("{} ({}:{})", image.identity(), files[image.file].path, image.scalar.line)
    };
    let matches = images.iter().map(describe).collect::<Vec<_>>().join(", ");
    let example =
        images.first().map(|image| format!("{}/{}", target.app, image.identity())).unwrap_or_default();
    GitOpsError::Ambiguous { target: target.to_string(), matches, example }
}

fn check_scalar(file: &ManifestFile, scalar: &Node) -> Result<(), GitOpsError> {
    let Value::Scalar(text, style) = &scalar.value else { return Ok(()) };
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return Err(file.error(scalar.line, "the image is a block scalar; write it on one line"));
    }
    if text.starts_with("ENC[") {
        return Err(file.error(scalar.line, "the image is encrypted by SOPS; set it with sops"));
    }
    if text.parse::<ImageReference>().is_err() {
        let problem =
            format!("{text:?} is not an image reference; a template has to be rendered before it is edited");
        return Err(file.error(scalar.line, problem));
    }
    Ok(())
}

/// Where Kustomize replaces the image, an edit of the manifest would change nothing in the cluster.
fn check_kustomize(files: &[ManifestFile], chosen: &FoundImage) -> Result<(), GitOpsError> {
    let Ok(current) = chosen.text().parse::<ImageReference>() else { return Ok(()) };
    for file in files.iter().filter(|file| is_kustomization(&file.path)) {
        for document in file.documents()? {
            let entries = document.get("images").map(Node::items).unwrap_or_default();
            let same = |entry: &&Node| entry.get("name").and_then(Node::text) == Some(&*current.name);
            if let Some(entry) = entries.iter().find(same) {
                return Err(
                    file.error(entry.line, "Kustomize replaces this image here; change it in this file")
                );
            }
        }
    }
    Ok(())
}

/// Whether this is the file by which Kustomize knows a folder.
pub(super) fn is_kustomization(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("kustomization.yaml" | "kustomization.yml" | "Kustomization"))
}

//! Where the images of workloads stand in manifests, and what hides some of them.

use std::sync::Arc;

use super::error::GitOpsError;
use super::image::ImageReference;
use super::kustomize::pairs;
use super::manifest::{FileIndex, Files, Node, Value};

/// The way to the pod's specification in each kind that has one.
const POD_SPECIFICATIONS: &[(&str, &[&str])] = &[
    ("Deployment", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("ReplicationController", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    ("Rollout", &["spec", "template", "spec"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
    ("PodTemplate", &["template", "spec"]),
    ("Pod", &["spec"]),
];

/// An image scalar in a file.
#[derive(Debug, Clone)]
pub(super) struct FoundImage {
    /// The index of its file among the files searched.
    pub file: FileIndex,
    /// The workload's kind, as written.
    pub kind: String,
    /// The workload's name, or what it begins with where the cluster makes one up.
    pub workload: String,
    /// Whether the cluster makes up the rest of the name.
    pub generated: bool,
    /// The container's name.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// The way to it in its object: `spec`, `template`, …, `containers`, `0`, `image`.
    pub pointer: Vec<String>,
    /// The scalar.
    pub scalar: Node,
    /// The names of the containers of its list, in order.
    pub siblings: Arc<[String]>,
    /// The object's `apiVersion`.
    pub api_version: String,
    /// Its namespace, empty where it says none.
    pub namespace: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
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

    /// Whether it runs an image of that name.
    pub fn runs(&self, name: &str) -> bool {
        self.text().parse::<ImageReference>().is_ok_and(|current| current.name == name)
    }
}

/// Something on the way to an image that makes it unsafe to say which bytes decide it.
#[derive(Debug, Clone)]
pub(super) struct Obstacle {
    file: FileIndex,
    /// The workload's kind.
    pub kind: String,
    /// The workload's name.
    pub workload: String,
    line: usize,
    problem: &'static str,
}

/// The images of some files, and what stood in the way.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub found: Vec<FoundImage>,
    pub obstacles: Vec<Obstacle>,
    /// Files that cannot be read, and so are left out.
    pub unreadable: Vec<GitOpsError>,
    /// The documents of each file, where they were to be kept.
    trees: Vec<(FileIndex, Vec<Node>)>,
}

impl Obstacle {
    /// As an error with file and line.
    pub fn error(&self, files: &Files) -> GitOpsError {
        files[self.file].error(self.line, self.problem)
    }
}

impl Images {
    /// Finds every image of the workloads in some files. One that cannot be read hides its own only.
    pub fn of(files: &Files) -> Self {
        Self::read(files, false)
    }

    /// The same with what the files were read to: an edit needs it again.
    pub fn keeping_trees(files: &Files) -> Self {
        Self::read(files, true)
    }

    fn read(files: &Files, keeps_trees: bool) -> Self {
        let mut images = Self::default();
        for (index, file) in files.pairs() {
            match file.documents() {
                Ok(documents) => {
                    find_images(index, &documents, &mut images);
                    images.trees.extend(keeps_trees.then_some((index, documents)));
                }
                Err(error) => images.unreadable.push(error),
            }
        }
        images
    }

    /// The documents of a file, where they were kept.
    pub fn tree(&self, file: FileIndex) -> Option<&[Node]> {
        self.trees.iter().find(|(index, _)| *index == file).map(|(_, documents)| &**documents)
    }
}

fn find_images(index: FileIndex, documents: &[Node], images: &mut Images) {
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
    let name = object.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default();
    let prefix = object.get("metadata").map(|metadata| text(metadata, "generateName")).unwrap_or_default();
    let metadata = object.get("metadata");
    let of_metadata =
        |key: &str| metadata.and_then(|metadata| metadata.get(key)).map(pairs).unwrap_or_default();
    let generated = name.is_empty() && !prefix.is_empty();
    let workload = if generated { prefix } else { name };
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
        let siblings: Arc<[String]> =
            containers.items().iter().map(|container| text(container, "name")).collect();
        for (number, container) in containers.items().iter().enumerate() {
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
                generated,
                container: text(container, "name"),
                init,
                pointer: way
                    .iter()
                    .copied()
                    .chain([list])
                    .map(str::to_owned)
                    .chain([number.to_string(), "image".to_owned()])
                    .collect(),
                scalar: scalar.clone(),
                siblings: Arc::clone(&siblings),
                api_version: text(object, "apiVersion"),
                namespace: metadata.map(|metadata| text(metadata, "namespace")).unwrap_or_default(),
                labels: of_metadata("labels"),
                annotations: of_metadata("annotations"),
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

//! Images of objects: of the containers of workloads, and of the kinds that have some elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use super::kinds::{self, LISTS, Place};
use super::{Finder, FoundImage, Role};
use crate::manifest::{Node, Value};
use crate::path::{ImagePath, Reached, Stop, step};
use crate::written::Written;

const NOT_A_SCALAR: &str =
    "the image is not a plain value; a template has to be rendered before it can be edited";

/// More than these objects in each other are a mistake, or an attack.
const DEEPEST: usize = 4;

/// What an item of a typed list need not say: `apiVersion` and `kind`.
#[derive(Clone, Copy, Default)]
pub(super) struct Inherited<'a> {
    api_version: &'a str,
    kind: &'a str,
}

/// Whether a document is one that the cluster could get.
pub(crate) fn is_object(document: &Node) -> bool {
    text(document, "kind").is_some() && text(document, "apiVersion").is_some()
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::text).filter(|text| !text.is_empty())
}

/// The objects that a document holds, where it is a list or a template (of `OpenShift`).
fn held(document: &Node) -> Option<&Node> {
    let kind = text(document, "kind").unwrap_or_default();
    match (kind, kind.strip_suffix("List")) {
        ("Template", _) => document.get("objects"),
        (_, Some(_)) => document.get("items").filter(|items| items.text().is_none()),
        _ => None,
    }
}

/// All that the object says that has a line of a document; where aliases join objects, all that the document does.
pub(super) fn said_around(document: &Node, line: usize) -> String {
    let items = held(document).map(Node::items).unwrap_or_default();
    let items = if items.iter().all(is_alone) { items } else { &[] };
    let around = items.iter().rfind(|item| item.line <= line).unwrap_or(document);
    around.each().filter_map(Node::text).collect::<Vec<_>>().join("\n")
}

/// Whether an object has no alias of what stands in another.
fn is_alone(object: &Node) -> bool {
    let own: HashSet<usize> = object.each().filter_map(|node| node.anchor).collect();
    object.each().all(|node| !matches!(node.value, Value::Alias(anchor) if !own.contains(&anchor)))
}

/// Every object of a document: a list holds objects of its own, and so does a template.
pub(super) fn each<'a>(document: &'a Node, see: &mut dyn FnMut(&'a Node, Inherited<'a>)) {
    let Some(items) = held(document) else { return see(document, Inherited::default()) };
    let kind = text(document, "kind").unwrap_or_default();
    // The items of `kind: DeploymentList` are Deployments, said or not.
    let kind = kind.strip_suffix("List").unwrap_or_default();
    let api_version = if kind.is_empty() { "" } else { text(document, "apiVersion").unwrap_or_default() };
    for item in items.items() {
        see(item, Inherited { api_version, kind });
    }
}

/// Every object of a document, with its `apiVersion` and `kind`, either empty where nothing says it.
pub(crate) fn objects_of(document: &Node) -> Vec<(&Node, String, String)> {
    let mut objects = Vec::new();
    each(document, &mut |object, Inherited { api_version, kind }| {
        let api_version = text(object, "apiVersion").unwrap_or(api_version).to_owned();
        objects.push((object, api_version, text(object, "kind").unwrap_or(kind).to_owned()));
    });
    objects
}

/// An object, as far as all of its images share it.
struct Object<'a> {
    kind: &'a str,
    api_version: &'a str,
    workload: String,
    generated: bool,
    metadata: Option<&'a Node>,
}

impl<'a> Object<'a> {
    fn of(object: &'a Node, inherited: Inherited<'a>) -> Self {
        let metadata = object.get("metadata");
        let of_metadata = |key: &str| metadata.and_then(|metadata| text(metadata, key)).unwrap_or_default();
        let (name, prefix) = (of_metadata("name"), of_metadata("generateName"));
        let generated = name.is_empty() && !prefix.is_empty();
        Self {
            kind: text(object, "kind").unwrap_or(inherited.kind),
            api_version: text(object, "apiVersion").unwrap_or(inherited.api_version),
            workload: if generated { prefix } else { name }.to_owned(),
            generated,
            metadata,
        }
    }
}

impl Finder<'_> {
    pub(super) fn find_in_object(&mut self, object: &Node, inherited: Inherited<'_>) {
        let owner = Object::of(object, inherited);
        let (kind, api_version, workload) = (owner.kind, owner.api_version, owner.workload.as_str());
        if kind.is_empty()
            && let Some((merge, _)) = object.pairs().iter().find(|(name, _)| name.text() == Some("<<"))
        {
            let problem = "a merge key decides what this object is; write the object out here";
            return self.hinder((kind, workload), merge.line, problem);
        }
        match kind {
            "Application" | "ApplicationSet" if api_version.starts_with("argoproj.io/") => {
                self.find_in_application(object, kind, workload);
            }
            "HelmRelease" | "HelmChart" => self.find_in_release(object, kind, workload),
            "ConfigMap" => self.find_in_config_map(object, kind, workload),
            _ => {}
        }
        self.find_at_places(&owner, object, &[], (api_version, kind), 0);
        let own: Vec<&ImagePath> =
            self.rules.kinds.iter().filter(|(name, _)| name == kind).map(|(_, path)| path).collect();
        for path in own {
            self.find_by_rule(&owner, object, path);
        }
    }

    /// Where somebody says that a kind has an image.
    fn find_by_rule(&mut self, owner: &Object<'_>, object: &Node, path: &ImagePath) {
        for way in path.follow(object) {
            match way {
                Ok(way) => {
                    let Some(written) = self.written(&way) else { continue };
                    let is_known =
                        |known: &FoundImage| known.file == self.index && known.written.shares(&written);
                    if !self.images.found.iter().any(is_known) {
                        self.add_written(owner, called(&way), false, way.pointer, written, Arc::default());
                    }
                }
                Err(stop) => self.stop(owner, stop),
            }
        }
    }

    /// What a path leads to in an object.
    pub(super) fn reach_in_object(&mut self, object: &Node, inherited: Inherited<'_>, path: &ImagePath) {
        let owner = Object::of(object, inherited);
        for way in path.follow(object) {
            match way {
                Ok(way) => {
                    if let Some(written) = self.written(&way) {
                        self.add_written(
                            &owner,
                            path.to_string(),
                            false,
                            way.pointer,
                            written,
                            Arc::default(),
                        );
                    }
                }
                Err(stop) => self.stop(&owner, stop),
            }
        }
    }

    fn find_at_places(
        &mut self,
        owner: &Object<'_>,
        object: &Node,
        prefix: &[String],
        (api_version, kind): (&str, &str),
        depth: usize,
    ) {
        let (places, is_known) = kinds::places(api_version, kind);
        for place in places {
            let (Place::Pod(path) | Place::Containers(path) | Place::Image(path) | Place::Object(path)) =
                *place;
            for way in ImagePath::own(path).follow(object) {
                let way = match way {
                    Ok(way) => way,
                    Err(stop) if is_known => {
                        self.stop(owner, stop);
                        continue;
                    }
                    Err(_) => continue,
                };
                let Some(node) = way.node() else { continue };
                let pointer = [prefix, &way.pointer].concat();
                match place {
                    Place::Pod(_) => self.find_in_pod(owner, node, &pointer),
                    Place::Containers(_) => {
                        let init = way.pointer.last().is_some_and(|last| last == "initContainers");
                        self.find_in_containers(owner, node, &pointer, init);
                    }
                    Place::Image(_) => self.add_by_path(owner, &way, pointer),
                    Place::Object(_) if depth < DEEPEST => {
                        let of = |key: &str| text(node, key).unwrap_or_default();
                        self.find_at_places(owner, node, &pointer, (of("apiVersion"), of("kind")), depth + 1);
                    }
                    Place::Object(_) => {}
                }
            }
        }
    }

    fn stop(&mut self, owner: &Object<'_>, (line, problem): Stop) {
        self.hinder((owner.kind, &owner.workload), line, problem);
    }

    fn find_in_pod(&mut self, owner: &Object<'_>, pod: &Node, pointer: &[String]) {
        for (list, init) in LISTS {
            match step(pod, list) {
                Ok(Some(containers)) => {
                    let pointer = [pointer, &[(*list).to_owned()]].concat();
                    self.find_in_containers(owner, containers, &pointer, *init);
                }
                Ok(None) => {}
                Err(stop) => self.stop(owner, stop),
            }
        }
        // What is mounted out of an image.
        let volumes = pod.get("volumes").map(Node::items).unwrap_or_default();
        for (number, volume) in volumes.iter().enumerate() {
            let Some(reference) = volume.get("image").and_then(|image| image.get("reference")) else {
                continue;
            };
            let way = ["volumes", &number.to_string(), "image", "reference"].map(str::to_owned);
            let name = text(volume, "name").unwrap_or_default().to_owned();
            self.add_image(owner, name, false, [pointer, &way].concat(), reference, Arc::default());
        }
    }

    fn find_in_containers(&mut self, owner: &Object<'_>, containers: &Node, pointer: &[String], init: bool) {
        let name = |container: &Node| text(container, "name").unwrap_or_default().to_owned();
        let siblings: Arc<[String]> = containers.items().iter().map(name).collect();
        for (number, container) in containers.items().iter().enumerate() {
            match step(container, "image") {
                Ok(Some(scalar)) => {
                    let pointer = [pointer, &[number.to_string(), "image".to_owned()]].concat();
                    self.add_image(owner, name(container), init, pointer, scalar, Arc::clone(&siblings));
                }
                Ok(None) => {}
                Err(stop) => self.stop(owner, stop),
            }
        }
    }

    fn add_by_path(&mut self, owner: &Object<'_>, way: &Reached<'_>, pointer: Vec<String>) {
        if let Some(scalar) = way.node() {
            self.add_image(owner, called(way), false, pointer, scalar, Arc::default());
        }
    }

    fn add_image(
        &mut self,
        owner: &Object<'_>,
        container: String,
        init: bool,
        pointer: Vec<String>,
        scalar: &Node,
        siblings: Arc<[String]>,
    ) {
        if scalar.text().is_none() {
            return self.stop(owner, (scalar.line, NOT_A_SCALAR));
        }
        let written = Written::Whole { spot: self.spot(scalar), before: String::new() };
        self.add_written(owner, container, init, pointer, written, siblings);
    }

    fn add_written(
        &mut self,
        owner: &Object<'_>,
        container: String,
        init: bool,
        pointer: Vec<String>,
        written: Written,
        siblings: Arc<[String]>,
    ) {
        let of_metadata = |key: &str| owner.metadata.and_then(|metadata| metadata.get(key));
        self.images.found.push(FoundImage {
            file: self.index,
            kind: owner.kind.to_owned(),
            workload: owner.workload.clone(),
            generated: owner.generated,
            container,
            init,
            pointer,
            written,
            role: if self.block.is_some() { Role::Patch } else { Role::Object },
            siblings,
            api_version: owner.api_version.to_owned(),
            namespace: of_metadata("namespace").and_then(Node::text).unwrap_or_default().to_owned(),
            labels: of_metadata("labels").map(Node::texts).unwrap_or_default(),
            annotations: of_metadata("annotations").map(Node::texts).unwrap_or_default(),
        });
    }
}

/// What an image by a path is called: by the name beside it or around it, else by the last key that says more than `spec`.
pub(super) fn called(way: &Reached<'_>) -> String {
    let said = ["name", "algorithmName", "collectorKind"];
    // The object's own name is in its metadata.
    let mut around = way.nodes.iter().skip(1).rev().skip(1).take(2);
    let beside = around.find_map(|node| said.iter().find_map(|key| text(node, key)));
    let by_key = || {
        let mut keys =
            way.pointer.iter().rev().skip(1).filter(|key| key.parse::<usize>().is_err() && *key != "spec");
        keys.next().or(way.pointer.last()).cloned().unwrap_or_default()
    };
    beside.map_or_else(by_key, str::to_owned)
}

//! Images in the values of Helm charts: one value, or registry, repository, tag and digest in values of their own.

use super::{Finder, Level, Role, is_object};
use crate::image::ImageReference;
use crate::layout::{folder_of, within};
use crate::manifest::{Files, Node};
use crate::written::{Parts, Spot, Written};

/// More than these mappings in each other are a mistake, or an attack.
const DEEPEST: usize = 32;

/// The folders of charts among some files.
pub(crate) fn charts(files: &Files) -> Vec<String> {
    let is_chart = |path: &&str| matches!(path.rsplit('/').next(), Some("Chart.yaml" | "Chart.yml"));
    files
        .iter()
        .map(|file| file.path.as_str())
        .filter(is_chart)
        .map(|path| folder_of(path).to_owned())
        .collect()
}

/// Whether a file is one of a chart's templates.
pub(super) fn is_template(charts: &[String], path: &str) -> bool {
    charts.iter().any(|chart| {
        let inside = path.strip_prefix(chart.as_str()).map(|inside| inside.trim_start_matches('/'));
        inside.is_some_and(|inside| inside.starts_with("templates/"))
    })
}

/// Whether a file may hold the values of a chart: by its name, or since it lies in one.
pub(super) fn may_be_values(charts: &[String], path: &str) -> bool {
    let (folder, name) = (folder_of(path), path.rsplit('/').next().unwrap_or_default());
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_ascii_lowercase();
    let is_named = stem.starts_with("values") || stem.ends_with("values") || folder.ends_with("values");
    let is_in_chart = charts.iter().any(|chart| within(folder, chart)) && !is_template(charts, path);
    is_named || is_in_chart && !matches!(stem.as_str(), "chart" | "values.schema")
}

/// Whether a file holds the values of a chart: by its name, or since it lies in one and is no object.
pub(crate) fn is_values(charts: &[String], path: &str, documents: &[Node]) -> bool {
    let mut written = documents.iter().filter(|document| !document.is_null()).peekable();
    may_be_values(charts, path)
        && written.peek().is_some()
        && written.all(|document| !is_object(document) && !document.pairs().is_empty())
}

/// The images in some values, each by its way from their root.
pub(super) struct Value {
    /// What it is called: `image`, `web.image`.
    pub name: String,
    /// The ways to the values that say it.
    pub paths: Vec<String>,
    /// Those values.
    pub parts: ValueParts,
}

/// One value, or several.
pub(super) enum ValueParts {
    Whole(Box<Spot>),
    Parts(Box<Parts>),
}

impl ValueParts {
    pub fn written(self) -> Written {
        match self {
            Self::Whole(spot) => Written::Whole { spot: *spot, before: String::new() },
            Self::Parts(parts) => Written::Parts(parts),
        }
    }
}

const KEYS: [&str; 3] = ["repository", "tag", "digest"];

impl Finder<'_> {
    /// All images in some values.
    pub(super) fn values(&self, root: &Node) -> Vec<Value> {
        let mut found = Vec::new();
        walk(root, &|node| self.spot(node), &mut Vec::new(), &mut found);
        found
    }
}

/// Makes a value of a file of a node.
type ToSpot<'a> = &'a dyn Fn(&Node) -> Spot;

fn walk(node: &Node, spot: ToSpot<'_>, way: &mut Vec<String>, found: &mut Vec<Value>) {
    if way.len() > DEEPEST {
        return;
    }
    let is_split = split(node, spot, way, found);
    for (name, value) in node.pairs() {
        let Some(key) = name.text() else { continue };
        if is_image_key(key) && value.text().is_some() && !is_split {
            single(node, key, value, spot, way, found);
        }
        way.push(key.to_owned());
        walk(value, spot, way, found);
        way.pop();
    }
    for (number, item) in node.items().iter().enumerate() {
        way.push(number.to_string());
        walk(item, spot, way, found);
        way.pop();
    }
}

/// A value of a mapping; none where the key is not there once, or an alias stands there.
fn scalar<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let mut values = node.pairs().iter().filter(|(name, _)| name.text() == Some(key));
    let (_, value) = values.next()?;
    value.text().filter(|_| values.next().is_none())?;
    Some(value)
}

/// `image` and what ends in it.
fn is_image_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("image")
}

/// Whether this mapping tells an image in parts; which is then found.
fn split(node: &Node, spot: ToSpot<'_>, way: &[String], found: &mut Vec<Value>) -> bool {
    let is_image = way.last().is_some_and(|key| is_image_key(key));
    let repository = scalar(node, "repository").map(|value| ("repository", value)).or_else(|| {
        let mut other = ["name", "repo", "image"].into_iter().filter(|_| is_image);
        other.find_map(|key| Some((key, scalar(node, key)?)))
    });
    let tag = scalar(node, "tag").filter(|tag| !tag.is_null());
    let (digest, is_bare) = match (scalar(node, "digest"), scalar(node, "sha")) {
        (Some(digest), _) => (Some(("digest", digest)), false),
        (None, Some(sha)) => (Some(("sha", sha)), true),
        (None, None) => (None, false),
    };
    let digest = digest.filter(|(_, digest)| !digest.is_null());
    let is_one = match repository {
        // A name alone may be anything's.
        Some((key, value)) => {
            looks_like_name(value) && (tag.is_some() || digest.is_some() && (is_image || key == "repository"))
        }
        // The chart has the name.
        None => is_image && (tag.is_some() || digest.is_some_and(|(_, digest)| digest.text() != Some(""))),
    };
    if !is_one {
        return false;
    }
    let registry = scalar(node, "registry").filter(|registry| !registry.is_null() && repository.is_some());
    let named =
        [registry.map(|value| ("registry", value)), repository, tag.map(|value| ("tag", value)), digest];
    let paths = named.iter().flatten().map(|(key, _)| path(way, key)).collect();
    let at = |node: Option<&Node>| node.map(spot);
    let parts = Parts {
        registry: at(registry),
        name: at(repository.map(|(_, value)| value)),
        implied: None,
        tag: at(tag),
        digest: at(digest.map(|(_, value)| value)),
        is_bare,
        keys: KEYS,
    };
    let name = if way.is_empty() { "image".to_owned() } else { way.join(".") };
    found.push(Value { name, paths, parts: ValueParts::Parts(Box::new(parts)) });
    true
}

/// A value that is an image, or one beside which there is a tag.
fn single(node: &Node, key: &str, value: &Node, spot: ToSpot<'_>, way: &[String], found: &mut Vec<Value>) {
    let beside = [format!("{key}Tag"), format!("{key}_tag"), "tag".to_owned(), format!("{key}-tag")];
    let tag = beside.iter().find_map(|tag| Some((tag, scalar(node, tag).filter(|tag| !tag.is_null())?)));
    let parsed = value.text().and_then(|text| text.parse::<ImageReference>().ok());
    match (parsed, tag) {
        (Some(image), Some((tag_key, tag))) if !image.is_pinned() && looks_like_name(value) => {
            let parts =
                Parts { name: Some(spot(value)), tag: Some(spot(tag)), keys: KEYS, ..Parts::default() };
            let paths = vec![path(way, key), path(way, tag_key)];
            found.push(Value { name: path(way, key), paths, parts: ValueParts::Parts(Box::new(parts)) });
        }
        (Some(image), _) if image.is_pinned() => {
            let paths = vec![path(way, key)];
            found.push(Value {
                name: path(way, key),
                paths,
                parts: ValueParts::Whole(Box::new(spot(value))),
            });
        }
        _ => {}
    }
}

fn looks_like_name(value: &Node) -> bool {
    value.text().is_some_and(|text| {
        text.is_empty() || text.parse::<ImageReference>().is_ok_and(|image| !image.is_pinned())
    })
}

fn path(way: &[String], key: &str) -> String {
    if way.is_empty() { key.to_owned() } else { format!("{}.{key}", way.join(".")) }
}

impl Finder<'_> {
    pub(super) fn find_in_values_file(&mut self, document: &Node) {
        let stem = self.stem();
        let values = self.values(document);
        self.add_values(("Values", &stem), values, Level::File);
    }

    pub(super) fn add_values(&mut self, owner: (&str, &str), values: Vec<Value>, level: Level) {
        for Value { name, paths, parts } in values {
            self.add(owner, name, parts.written(), Role::Value { paths, level });
        }
    }

    /// A release of Flux's, or of the controller that k3s has.
    pub(super) fn find_in_release(&mut self, object: &Node, kind: &str, workload: &str) {
        let Some(spec) = object.get("spec") else { return };
        if let Some(values) = spec.get("values").filter(|values| values.text().is_none()) {
            let values = self.values(values);
            self.add_values((kind, workload), values, Level::Application);
        }
        if let Some(block) = spec.get("valuesContent").filter(|block| block.text().is_some()) {
            self.find_in_block((kind, workload), block);
        }
    }

    /// Values that a release takes from a `ConfigMap`.
    pub(super) fn find_in_config_map(&mut self, object: &Node, kind: &str, workload: &str) {
        let data = object.get("data").map(Node::pairs).unwrap_or_default();
        for (key, block) in data {
            let is_values = key.text().is_some_and(|key| key.contains("values") && key.ends_with("yaml"));
            if is_values && block.text().is_some() {
                self.find_in_block((kind, workload), block);
            }
        }
    }

    /// Values that are written as a text.
    pub(super) fn find_in_block(&mut self, owner: (&str, &str), block: &Node) {
        self.within(owner, block, &mut |finder, document| {
            let values = finder.values(document);
            finder.add_values(owner, values, Level::Application);
        });
    }
}

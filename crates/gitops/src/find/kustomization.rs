//! Images in kustomizations: entries of `images`, values of the charts that one renders, and patches.

use super::{Finder, Level, Role, object};
use crate::image::ImageReference;
use crate::layout::folder_of;
use crate::manifest::Node;
use crate::written::{Parts, Written};

const KIND: &str = "Kustomization";
const KEYS: [&str; 3] = ["newName", "newTag", "digest"];

/// The operations of a JSON patch, where a document is one.
pub(super) fn operations(document: &Node) -> Option<&[Node]> {
    let is_operation = |item: &Node| item.get("op").is_some() && item.get("path").is_some();
    let operations = document.items();
    (!operations.is_empty() && operations.iter().all(is_operation)).then_some(operations)
}

impl Finder<'_> {
    pub(super) fn find_in_kustomization(&mut self, root: &Node) {
        let folder = folder_of(&self.file.path).rsplit('/').next().unwrap_or_default().to_owned();
        let owner = (KIND, folder.as_str());
        for key in ["images", "imageTags"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                self.find_in_entry(owner, entry);
            }
        }
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                let text = if entry.text().is_some() { Some(entry) } else { entry.get("patch") };
                if let Some(text) = text.filter(|text| text.text().is_some_and(|text| text.contains('\n'))) {
                    self.within(owner, text, &mut |finder, document| match operations(document) {
                        Some(operations) => finder.find_in_operations(operations),
                        None => object::each(document, &mut |object, of| finder.find_in_object(object, of)),
                    });
                }
            }
        }
        for chart in root.get("helmCharts").map(Node::items).unwrap_or_default() {
            if let Some(values) = chart.get("valuesInline") {
                let values = self.values(values);
                self.add_values(owner, values, Level::Application);
            }
        }
    }

    fn find_in_entry(&mut self, owner: (&str, &str), entry: &Node) {
        let value = |key: &str| entry.get(key).filter(|value| value.text().is_some() && !value.is_null());
        let is_set = |node: Option<&Node>| node.is_some_and(|node| node.text() != Some(""));
        let Some(name) = value("name").and_then(Node::text) else { return };
        let (tag, digest) = (value("newTag"), value("digest"));
        // A name alone leaves the version to what is built on.
        if !is_set(tag) && !is_set(digest) {
            return;
        }
        let at = |node: Option<&Node>| node.map(|node| self.spot(node));
        let parts = Parts {
            name: at(value("newName")),
            implied: Some(name.to_owned()),
            tag: at(tag),
            digest: at(digest),
            keys: KEYS,
            ..Parts::default()
        };
        let container = name.rsplit('/').next().unwrap_or_default().to_owned();
        let role = Role::Kustomization { name: name.to_owned(), line: entry.line };
        self.add(owner, container, Written::Parts(Box::new(parts)), role);
    }

    /// An image that a JSON patch writes.
    pub(super) fn find_in_operations(&mut self, operations: &[Node]) {
        let stem = self.stem();
        for operation in operations {
            let text = |key: &str| operation.get(key).and_then(Node::text);
            let path = text("path").unwrap_or_default();
            let writes = matches!(text("op"), Some("add" | "replace")) && path.ends_with("/image");
            let Some(value) = operation.get("value").filter(|_| writes) else { continue };
            if value.text().is_some_and(|text| text.parse::<ImageReference>().is_ok()) {
                let container = path.trim_start_matches('/').replace('/', ".");
                let written = Written::Whole { spot: self.spot(value), before: String::new() };
                self.add(("Patch", &stem), container, written, Role::Patch);
            }
        }
    }
}

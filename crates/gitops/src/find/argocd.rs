//! Images that Argo CD sets: values and parameters for Helm, and images for Kustomize, in Applications and in the files
//! `.argocd-source….yaml` beside what they are for.

use granit_parser::ScalarStyle;

use super::{Finder, Level, Role};
use crate::image::ImageReference;
use crate::layout::folder_of;
use crate::manifest::{Node, Value};
use crate::written::Written;

impl Finder<'_> {
    pub(super) fn find_in_application(&mut self, object: &Node, kind: &str, workload: &str) {
        for source in sources(object, kind) {
            self.find_in_source((kind, workload), source, Level::Application);
        }
    }

    /// `.argocd-source.yaml` is for every Application of its folder, `.argocd-source-web.yaml` for one.
    pub(super) fn find_in_override(&mut self, document: &Node) {
        let path = self.file.path.clone();
        let name = path.rsplit('/').next().unwrap_or_default().trim_start_matches(".argocd-source");
        let name = name.trim_start_matches('-').trim_end_matches(".yaml");
        let folder = folder_of(&path).rsplit('/').next().unwrap_or_default();
        let workload = if name.is_empty() { folder } else { name };
        self.find_in_source(("Application", workload), document, Level::Beside);
    }

    fn find_in_source(&mut self, owner: (&str, &str), source: &Node, level: Level) {
        if let Some(helm) = source.get("helm") {
            let object = helm.get("valuesObject").filter(|values| !values.pairs().is_empty());
            let block = helm.get("values").filter(|_| object.is_none());
            let parameters = helm.get("parameters").map(Node::items).unwrap_or_default();
            match block.filter(|block| block.text().is_some_and(|text| !text.trim().is_empty())) {
                Some(block) => self.within(owner, block, &mut |finder, document| {
                    finder.add_source(owner, Some(document), parameters, level);
                }),
                None => self.add_source(owner, object, parameters, level),
            }
        }
        let entries = source.get("kustomize").and_then(|kustomize| kustomize.get("images")).map(Node::items);
        for entry in entries.unwrap_or_default() {
            let Some(text) = entry.text() else { continue };
            let (before, image) = match text.split_once('=') {
                Some((name, image)) => (format!("{name}="), image),
                None => (String::new(), text),
            };
            let Some(image) = image.parse::<ImageReference>().ok().filter(ImageReference::is_pinned) else {
                continue;
            };
            let name = if before.is_empty() { image.name.as_str() } else { before.trim_end_matches('=') };
            let container = name.rsplit('/').next().unwrap_or_default().to_owned();
            self.add(owner, container, Written::Whole { spot: self.spot(entry), before }, Role::Argo);
        }
    }

    /// Parameters come after values, and decide where both say something.
    fn add_source(&mut self, owner: (&str, &str), values: Option<&Node>, parameters: &[Node], level: Level) {
        let empty = Node { span: 0..0, line: 1, anchor: None, value: Value::Mapping(Vec::new()) };
        let mut all = values.cloned().unwrap_or(empty);
        for parameter in parameters {
            let name = parameter.get("name").and_then(Node::text);
            if let Some((name, value)) =
                name.zip(parameter.get("value").filter(|value| value.text().is_some()))
            {
                put(&mut all, &parameter_path(name), value);
            }
        }
        let values = self.values(&all);
        self.add_values(owner, values, level);
    }
}

/// The sources of an Application, or of those that a set makes.
pub(super) fn sources<'a>(object: &'a Node, kind: &str) -> Vec<&'a Node> {
    let spec = object.get("spec");
    let spec = match kind {
        "ApplicationSet" => spec.and_then(|spec| spec.get("template")?.get("spec")),
        _ => spec,
    };
    let many = spec.and_then(|spec| spec.get("sources")).map(Node::items).unwrap_or_default();
    spec.and_then(|spec| spec.get("source")).into_iter().chain(many).collect()
}

/// `web.image.tag`, `hosts[0].image`, `a\.b.tag`.
fn parameter_path(name: &str) -> Vec<String> {
    let (mut keys, mut letters) = (vec![String::new()], name.chars());
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => letters.next(),
            '.' | '[' => {
                keys.push(String::new());
                continue;
            }
            ']' => continue,
            letter => Some(letter),
        };
        if let Some(last) = keys.last_mut() {
            last.extend(letter);
        }
    }
    keys
}

/// Puts a value where a parameter sets it.
fn put(root: &mut Node, path: &[String], value: &Node) {
    let Some((first, rest)) = path.split_first() else { return root.clone_from(value) };
    let number = first.parse::<usize>().ok();
    match &mut root.value {
        Value::Sequence(items) => {
            if let Some(item) = number.and_then(|number| items.get_mut(number)) {
                put(item, rest, value);
            }
        }
        Value::Mapping(pairs) => {
            let known = pairs.iter_mut().find(|(name, _)| name.text() == Some(first));
            if let Some((_, known)) = known {
                return put(known, rest, value);
            }
            let at = |value| Node { span: 0..0, line: 1, anchor: None, value };
            let mut new = at(Value::Mapping(Vec::new()));
            put(&mut new, rest, value);
            pairs.push((at(Value::Scalar(first.clone(), ScalarStyle::Plain)), new));
        }
        Value::Scalar(..) | Value::Alias(_) => {
            root.value = Value::Mapping(Vec::new());
            put(root, path, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_parameter_is_a_way_into_the_values() {
        assert_eq!(parameter_path("web.image.tag"), ["web", "image", "tag"]);
        assert_eq!(parameter_path("a\\.b[0].tag"), ["a.b", "0", "tag"]);
    }
}

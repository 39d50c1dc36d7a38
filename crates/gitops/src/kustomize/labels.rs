//! Labels and annotations of a workload, and the selectors of patches that ask for them.

use std::collections::BTreeMap;

use crate::find::FoundImage;
use crate::manifest::Node;

/// What a workload is labelled with: by its file, and by the kustomizations that it has come through.
#[derive(Debug, Clone, Default)]
pub(super) struct Selectable {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    /// Its namespaces, the file's own first: a selector may mean any of them.
    namespaces: Vec<String>,
}

/// Where Kustomize takes an object to be that says nothing.
const DEFAULT_NAMESPACE: &str = "default";

impl Selectable {
    pub fn of(found: &FoundImage) -> Self {
        let namespace = Some(found.namespace.clone()).filter(|namespace| !namespace.is_empty());
        Self {
            labels: found.labels.iter().cloned().collect(),
            annotations: found.annotations.iter().cloned().collect(),
            namespaces: vec![namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())],
        }
    }

    /// What a kustomization gives to all that comes through it, after its patches.
    pub fn take(&mut self, kustomization: &Node) {
        let own =
            |node: Option<&Node>| -> Vec<(String, String)> { node.map(Node::texts).unwrap_or_default() };
        self.labels.extend(own(kustomization.get("commonLabels")));
        let given = kustomization.get("labels").map(Node::items).unwrap_or_default();
        self.labels.extend(given.iter().flat_map(|entry| own(entry.get("pairs"))));
        self.annotations.extend(own(kustomization.get("commonAnnotations")));
        let namespace = kustomization.get("namespace").and_then(Node::text);
        self.namespaces.extend(namespace.filter(|namespace| !namespace.is_empty()).map(str::to_owned));
    }

    /// Its namespaces.
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Whether its labels are as a selector wants them.
    pub fn have(&self, selector: &str) -> bool {
        requirements(selector).iter().all(|requirement| requirement.holds(&self.labels))
    }

    /// Whether its annotations fit a selector.
    pub fn annotated(&self, selector: &str) -> bool {
        requirements(selector).iter().all(|requirement| requirement.holds(&self.annotations))
    }
}

/// One of the requirements of a selector, as Kubernetes writes them.
enum Requirement<'a> {
    Has(&'a str),
    Lacks(&'a str),
    /// One of these values.
    In(&'a str, Vec<&'a str>),
    /// None of these, or no such label at all.
    NotIn(&'a str, Vec<&'a str>),
}

impl Requirement<'_> {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let is_one =
            |name: &str, values: &[&str]| labels.get(name).is_some_and(|value| values.contains(&&**value));
        match self {
            Self::Has(name) => labels.contains_key(*name),
            Self::Lacks(name) => !labels.contains_key(*name),
            Self::In(name, values) => is_one(name, values),
            Self::NotIn(name, values) => !is_one(name, values),
        }
    }
}

/// `a=b, c!=d, e in (f, g), h notin (i), j, !k`.
fn requirements(selector: &str) -> Vec<Requirement<'_>> {
    let mut depth = 0_usize;
    let parts = selector.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(requirement).collect()
}

/// The values in brackets.
fn values(text: &str) -> Option<Vec<&str>> {
    let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inside.split(',').map(str::trim).collect())
}

fn requirement(part: &str) -> Requirement<'_> {
    if let Some((name, value)) = part.split_once("!=") {
        return Requirement::NotIn(name.trim(), vec![value.trim()]);
    }
    if let Some((name, value)) = part.split_once('=') {
        return Requirement::In(name.trim(), vec![value.trim_start_matches('=').trim()]);
    }
    if let Some(name) = part.strip_prefix('!') {
        return Requirement::Lacks(name.trim());
    }
    match part.split_once(char::is_whitespace) {
        Some((name, rest)) => {
            let rest = rest.trim_start();
            let of = |word: &str| rest.strip_prefix(word).and_then(values);
            match (of("in"), of("notin")) {
                (Some(all), _) => Requirement::In(name, all),
                (_, Some(all)) => Requirement::NotIn(name, all),
                _ => Requirement::Has(part),
            }
        }
        None => Requirement::Has(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_kubernetes_writes_them() {
        let given =
            [("app", "web"), ("tier", "front")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let labels = Selectable { labels: given.into(), ..Selectable::default() };
        for selector in [
            "app=web",
            "app==web",
            " app = web , tier != back",
            "app in (web, api)",
            "app in (api,web),tier",
            "tier notin (back)",
            "other notin (x)",
            "other!=x",
            "!other",
            "",
        ] {
            assert!(labels.have(selector), "{selector}");
        }
        for selector in [
            "app=api",
            "app!=web",
            "app in (api)",
            "app notin (web, api)",
            "other",
            "!app",
            "other=x",
            "other in (x)",
        ] {
            assert!(!labels.have(selector), "{selector}");
        }
    }
}

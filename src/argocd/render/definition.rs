//! What an Application says is to be rendered, and at which revisions.

use serde_json::{Value, json};

use crate::argocd::resources::IN_CLUSTER;
use crate::support::address::{Sameness, sameness};

/// Where a change of one repository is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    /// The repository.
    pub(super) repository: &'a str,
    /// Branch, tag or commit of it that is rendered.
    pub(super) revision: &'a str,
    /// The branch that it would come to; nothing where whoever follows the repository is meant.
    pub(super) branch: Option<&'a str>,
}

/// An Application, as far as it decides what is rendered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    /// Its name.
    pub(super) name: String,
    /// Its project in Argo CD.
    pub(super) project: String,
    /// The namespace for what says none.
    pub(super) namespace: String,
    /// Whether it deploys to the cluster that Argo CD is on, as far as it says.
    pub(super) is_here: bool,
    /// What it is made of.
    pub(super) sources: Vec<Value>,
    /// Whether they stand in `sources`, which the repo-server is told.
    pub(super) has_many: bool,
    /// The annotation that says which paths count.
    pub(super) paths: String,
}

impl Definition {
    /// Reads an Application; nothing where it has no source.
    pub(super) fn of(application: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            application.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let spec = application.get("spec")?;
        let many = spec.get("sources").and_then(Value::as_array).filter(|sources| !sources.is_empty());
        let dry = spec.pointer("/sourceHydrator/drySource");
        let sources: Vec<Value> = match (dry, many) {
            // What a hydrator writes is what is rendered of this.
            (Some(dry), _) => vec![dry.clone()],
            (None, Some(many)) => many.clone(),
            (None, None) => spec.get("source").into_iter().cloned().collect(),
        };
        let (server, cluster) = (text("/spec/destination/server"), text("/spec/destination/name"));
        let is_here = server == IN_CLUSTER || (server.is_empty() && ["", "in-cluster"].contains(&&*cluster));
        (!sources.is_empty()).then(|| Self {
            name: text("/metadata/name"),
            project: text("/spec/project"),
            namespace: text("/spec/destination/namespace"),
            is_here,
            sources,
            has_many: many.is_some() && dry.is_none(),
            paths: application
                .pointer("/metadata/annotations")
                .and_then(|all| all.get("argocd.argoproj.io/manifest-generate-paths"))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// Whether one of its sources would be another.
    pub(super) fn follows(&self, at: At<'_>) -> bool {
        self.sources.iter().any(|source| is_moved(source, at))
    }

    /// The branches and tags of the repository that it follows.
    pub(super) fn branches(&self, repository: &str) -> Vec<&str> {
        let here = self.sources.iter().filter(|source| is_of(source, repository));
        here.map(|source| match text(source, "targetRevision") {
            "" => "HEAD",
            revision => revision,
        })
        .collect()
    }

    /// The same with its sources of the repository at the other revision.
    pub(super) fn at(&self, at: At<'_>) -> Self {
        let mut moved = self.clone();
        for source in moved.sources.iter_mut().filter(|source| is_moved(source, at)) {
            if let Some(fields) = source.as_object_mut() {
                fields.insert("targetRevision".to_owned(), Value::from(at.revision));
            }
        }
        moved
    }

    /// The sources by which others find files (`$values/…`), as the repo-server wants them.
    pub(super) fn referred(&self, repository: impl Fn(&str) -> Value) -> Value {
        let named = self.sources.iter().filter(|source| !text(source, "ref").is_empty());
        named
            .map(|source| {
                let target = json!({
                    "repo": repository(text(source, "repoURL")),
                    "targetRevision": text(source, "targetRevision"),
                    "chart": text(source, "chart"),
                });
                (format!("${}", text(source, "ref")), target)
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// A text of a source.
pub(super) fn text<'a>(source: &'a Value, name: &str) -> &'a str {
    source.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_of(source: &Value, repository: &str) -> bool {
    text(source, "chart").is_empty() && sameness(text(source, "repoURL"), repository) == Sameness::Same
}

fn is_moved(source: &Value, at: At<'_>) -> bool {
    let revision = match text(source, "targetRevision") {
        "" => "HEAD",
        revision => revision,
    };
    // Which branch the head of the repository is, nobody has asked.
    let follows = at.branch.is_none_or(|branch| [branch, "HEAD"].contains(&revision) || branch == "HEAD");
    is_of(source, at.repository) && follows
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://git.example/manifests.git";

    fn application(sources: &Value) -> Definition {
        let application = json!({
            "metadata": { "name": "web" },
            "spec": { "project": "default", "destination": { "server": IN_CLUSTER }, "sources": sources },
        });
        Definition::of(&application).unwrap()
    }

    #[test]
    fn only_what_follows_the_branch_is_looked_at_elsewhere() {
        let several = application(&json!([
            { "repoURL": "https://git.example/manifests", "path": "a", "targetRevision": "main", "ref": "values" },
            { "repoURL": URL, "path": "b", "targetRevision": "release-1" },
            { "repoURL": URL, "path": "c" },
            { "repoURL": "https://charts.example", "chart": "web", "targetRevision": "1.0.0" },
        ]));
        let at = At { repository: URL, revision: "change", branch: Some("main") };
        let revisions = |definition: &Definition| -> Vec<String> {
            definition.sources.iter().map(|source| text(source, "targetRevision").to_owned()).collect()
        };
        assert!(several.follows(at) && several.is_here && several.has_many);
        assert_eq!(revisions(&several.at(at)), ["change", "release-1", "change", "1.0.0"]);
        let whoever = At { branch: None, ..at };
        assert_eq!(revisions(&several.at(whoever)), ["change", "change", "change", "1.0.0"]);
        let referred = several.at(at).referred(|url| json!(url));
        assert_eq!(referred["$values"]["targetRevision"], "change");
        assert_eq!(several.branches(URL), ["main", "release-1", "HEAD"]);
    }

    #[test]
    fn of_a_hydrator_what_it_reads_is_rendered() {
        let application = json!({ "metadata": { "name": "web" }, "spec": { "sourceHydrator": {
            "drySource": { "repoURL": URL, "path": "dry", "targetRevision": "main" },
            "syncSource": { "targetBranch": "env/dev", "path": "wet" },
        } } });
        let definition = Definition::of(&application).unwrap();
        assert_eq!((text(&definition.sources[0], "path"), definition.has_many), ("dry", false));
        assert_eq!(Definition::of(&json!({ "spec": {} })), None);
    }
}

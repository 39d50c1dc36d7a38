//! Which Applications render a chart of the repository, and whether an edit of its values shows in any of them.
//!
//! Helm takes the chart's own values, then each file that is named, then values and parameters of the Application: the last one
//! that says a value decides it.

use super::error::GitOpsError;
use super::find::{FoundImage, Level, Role};
use super::kustomize::{may_be, specification};
use super::layout::join;
use super::manifest::{Files, ManifestFile, Node, parse};

/// An Application of the repository that renders a chart.
#[derive(Debug)]
pub(super) struct ChartUser {
    /// The files with its values, the later of which decide.
    files: Vec<String>,
    /// The file that says so.
    path: String,
    /// What it sets itself, each with its line.
    sets: Vec<(String, usize)>,
}

impl ChartUser {
    /// Those in a file, as far as they mean the repository at `address`.
    pub fn all(file: &ManifestFile, address: &str) -> Vec<Self> {
        let documents = file.documents().unwrap_or_default();
        let objects = documents.iter().flat_map(|document| {
            let is_list = document.get("kind").and_then(Node::text) == Some("List");
            let items = document.get("items").filter(|_| is_list);
            items.map_or(std::slice::from_ref(document), Node::items)
        });
        let sources = objects.filter_map(specification).flat_map(|specification| {
            let many = specification.get("sources").map(Node::items).unwrap_or_default();
            specification.get("source").into_iter().chain(many)
        });
        sources.filter_map(|source| Self::of(file, source, address)).collect()
    }

    fn of(file: &ManifestFile, source: &Node, address: &str) -> Option<Self> {
        let text = |key: &str| source.get(key).and_then(Node::text).unwrap_or_default();
        let helm = source.get("helm");
        let chart =
            join("", text("path")).filter(|path| !path.is_empty() && may_be(text("repoURL"), address));
        let mut files: Vec<String> = chart.iter().map(|chart| format!("{chart}/values.yaml")).collect();
        for named in helm.and_then(|helm| helm.get("valueFiles")).map(Node::items).unwrap_or_default() {
            let Some(named) = named.text() else { continue };
            // `$values/a.yaml` begins at the root of another source, which is this repository or not in it.
            let path = match named.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
                Some((_, rest)) => join("", rest),
                None => chart.as_ref().and_then(|chart| join(chart, named)),
            };
            files.extend(path);
        }
        let mut sets = Vec::new();
        if let Some(helm) = helm {
            let values = helm.get("valuesObject").filter(|values| !values.pairs().is_empty());
            match (values, helm.get("values")) {
                (Some(values), _) => leaves(values, "", 0, &mut sets),
                (None, Some(text)) => {
                    let documents = parse(text.text().unwrap_or_default()).unwrap_or_default();
                    let before = text.line.saturating_sub(1);
                    for document in &documents {
                        leaves(document, "", before, &mut sets);
                    }
                }
                (None, None) => {}
            }
            for parameter in helm.get("parameters").map(Node::items).unwrap_or_default() {
                let name = parameter.get("name").and_then(Node::text).unwrap_or_default();
                sets.push((name.to_owned(), parameter.line));
            }
        }
        (!files.is_empty()).then(|| Self { files, path: file.path.clone(), sets })
    }

    /// The same, with the files where they really are.
    pub fn through(mut self, real: impl Fn(&str) -> String) -> Self {
        self.files.iter_mut().for_each(|file| *file = real(file));
        self
    }

    /// Where another value than the one in a file decides; none where that one does.
    fn overrides(&self, file: &str, paths: &[&str], known: &Files) -> Option<(String, usize)> {
        let says = |sets: &[(String, usize)]| {
            sets.iter().find(|(path, _)| paths.contains(&path.as_str())).map(|(_, line)| *line)
        };
        if let Some(line) = says(&self.sets) {
            return Some((self.path.clone(), line));
        }
        let place = self.files.iter().rposition(|one| one == file)?;
        self.files.iter().skip(place + 1).rev().find_map(|later| {
            let later = known.iter().find(|known| known.path == *later)?;
            let mut sets = Vec::new();
            for document in later.documents().ok()? {
                leaves(&document, "", 0, &mut sets);
            }
            Some((later.path.clone(), says(&sets)?))
        })
    }
}

/// The values of a mapping by their ways, each with its line.
fn leaves(node: &Node, way: &str, before: usize, sets: &mut Vec<(String, usize)>) {
    for (key, value) in node.pairs() {
        let Some(key) = key.text() else { continue };
        let way = if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
        match value.text() {
            Some(_) if !value.is_null() => sets.push((way, before + value.line)),
            _ => leaves(value, &way, before, sets),
        }
    }
}

/// Refuses an edit of a file of values that every Application which takes it overrides.
pub(super) fn check(
    users: &[ChartUser],
    file: &ManifestFile,
    found: &FoundImage,
    known: &Files,
) -> Result<(), GitOpsError> {
    let Role::Value { paths, level: Level::File } = &found.role else { return Ok(()) };
    // What tells the version.
    let is_name =
        |path: &&str| matches!(path.rsplit('.').next(), Some("registry" | "repository" | "name" | "repo"));
    let paths: Vec<&str> = paths.iter().map(String::as_str).filter(|path| !is_name(path)).collect();
    let takes = users.iter().filter(|user| user.files.contains(&file.path));
    let overrides: Vec<Option<(String, usize)>> =
        takes.map(|user| user.overrides(&file.path, &paths, known)).collect();
    match overrides.first() {
        Some(Some((path, line))) if overrides.iter().all(Option::is_some) => Err(GitOpsError::Manifest {
            file: path.clone(),
            line: *line,
            problem: format!(
                "Argo CD takes this value and not that of {}; change it in this file",
                file.path
            ),
        }),
        _ => Ok(()),
    }
}

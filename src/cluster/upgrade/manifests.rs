//! Old APIs in the manifests repository: what Argo CD would apply after the upgrade.

use std::collections::BTreeMap;

use serde_json::Value;

use super::removed::old_api;
use crate::cluster::checks::{Finding, Question, kinds};

/// Files that are named of each old API.
const MOST_FILES: usize = 20;

/// Manifests: their paths and texts, or why they are not known.
pub type Manifests = Result<Vec<(String, String)>, String>;

/// One finding an old API, with the files that use it.
pub(super) fn manifests(manifests: &Manifests, target: u32) -> Vec<Finding> {
    let files = match manifests {
        Ok(files) => files,
        Err(why) => {
            let question = Question::new("upgrade.manifests", "manifests use no API that is removed");
            let help = "name a folder with --manifests, or the repository in argocd { repository { url } } of slipway.hcl";
            return vec![question.open(&kinds::MANIFESTS_UNREAD, why, help)];
        }
    };
    let mut used: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (path, text) in files {
        for (version, kind) in apis(text) {
            if old_api(&version, &kind).is_some() {
                let paths = used.entry((version, kind)).or_default();
                if paths.last() != Some(&path.as_str()) {
                    paths.push(path);
                }
            }
        }
    }
    let findings: Vec<Finding> =
        used.iter().filter_map(|((version, kind), paths)| finding(version, kind, paths, target)).collect();
    if findings.is_empty() {
        let question = Question::new("upgrade.manifests", "manifests use no API that is removed");
        return vec![question.pass(format!("none in {} files", files.len()))];
    }
    findings
}

fn finding(version: &str, kind: &str, paths: &[&str], target: u32) -> Option<Finding> {
    let old = old_api(version, kind)?;
    let question = Question::new(
        format!("upgrade.manifests.{version}.{kind}"),
        format!("manifests do without {kind} of {version}"),
    );
    let mut named = paths.iter().take(MOST_FILES).copied().collect::<Vec<_>>().join(", ");
    if paths.len() > MOST_FILES {
        named = format!("{named} and {} more", paths.len() - MOST_FILES);
    }
    let help = if old.instead.is_empty() {
        "nothing takes its place: take these objects out".to_owned()
    } else {
        format!("write {} in its place, and change what that version calls differently", old.instead)
    };
    let finding = if old.is_gone_in(target) {
        question.fail(&kinds::REMOVED_API_IN_MANIFESTS, named, help)
    } else {
        question.warn(&kinds::DEPRECATED_API_IN_MANIFESTS, named, help)
    };
    Some(if old.instead.is_empty() || old.removed.is_none() {
        finding
    } else {
        paths.iter().take(MOST_FILES).fold(finding, |finding, path| {
            finding.command(format!("kubectl convert -f {path} --output-version {}", old.instead))
        })
    })
}

/// The version and kind of every object in a file; what is no YAML, as templates are not, is read by its lines.
fn apis(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match serde_saphyr::from_multiple::<Value>(text) {
        Ok(documents) => documents.iter().for_each(|document| of_value(document, &mut found)),
        Err(_) => of_lines(text, &mut found),
    }
    found
}

fn of_value(value: &Value, found: &mut Vec<(String, String)>) {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) {
        found.push((version, kind));
    }
    for item in value.get("items").and_then(Value::as_array).into_iter().flatten() {
        of_value(item, found);
    }
}

fn of_lines(text: &str, found: &mut Vec<(String, String)>) {
    let (mut version, mut kind) = (None, None);
    for line in text.lines().chain(["---"]) {
        if line.starts_with("---") {
            found.extend(version.take().zip(kind.take()));
        }
        version = value_of(line, "apiVersion:").or(version);
        kind = value_of(line, "kind:").or(kind);
    }
}

fn value_of(line: &str, key: &str) -> Option<String> {
    let rest = line.strip_prefix(key)?;
    let word = rest.split_whitespace().next()?;
    Some(word.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(files: &[(&str, &str)], target: u32) -> Vec<(String, Option<&'static str>)> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let findings = manifests(&Ok(files), target);
        findings.into_iter().map(|finding| (finding.check.id, finding.check.code)).collect()
    }

    const BUDGET: &str = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  name: a\n";
    const SCHEMA: &str = "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\n";

    #[test]
    fn what_the_target_serves_no_more_is_found_once_with_its_files() {
        let files = [("a/pdb.yaml", BUDGET), ("b/pdb.yaml", BUDGET), ("c/fs.yaml", SCHEMA)];
        let found = codes(&files, 31);
        let removed = Some("cluster::removed_api_in_manifests");
        let deprecated = Some("cluster::deprecated_api_in_manifests");
        let schema = "upgrade.manifests.flowcontrol.apiserver.k8s.io/v1beta3.FlowSchema".to_owned();
        let budget = "upgrade.manifests.policy/v1beta1.PodDisruptionBudget".to_owned();
        assert_eq!(found, [(schema.clone(), deprecated), (budget.clone(), removed)]);
        assert_eq!(codes(&files, 32), [(schema, removed), (budget, removed)]);
    }

    #[test]
    fn lists_templates_and_several_documents_are_read() {
        let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}", BUDGET.replace('\n', "\n  "));
        assert_eq!(codes(&[("list.yaml", &list)], 34).len(), 1);
        let template = format!(
            "{{{{- if .Values.x }}}}\n{BUDGET}{{{{ end }}}}\n---\napiVersion: 'v1' # ours\nkind: Service\n"
        );
        assert_eq!(codes(&[("t.yaml", &template)], 34)[0].1, Some("cluster::removed_api_in_manifests"));
        let well = "apiVersion: policy/v1\nkind: PodDisruptionBudget\n";
        assert_eq!(codes(&[("w.yaml", well)], 34), [("upgrade.manifests".to_owned(), None)]);
    }
}

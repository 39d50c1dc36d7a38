//! Old APIs in the cluster: objects that were written by them, and clients that ask for them.

use std::collections::BTreeMap;

use futures::FutureExt;
use kube::Client;
use serde_json::Value;

use super::removed::{OLD_APIS, OldApi};
use super::unasked::Unasked;
use crate::cluster::checks::{Finding, Question, each, kinds};

const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Objects that are named of each old API.
const MOST: usize = 20;

/// One finding an API that the cluster serves now and the target does not: the objects that were applied by it.
pub(super) async fn objects(client: &Client, current: u32, target: u32) -> Result<Vec<Finding>, Unasked> {
    let going = OLD_APIS.iter().filter(|old| old.is_gone_in(target) && !old.is_gone_in(current));
    let asked = each(going, |old| async move { (old, using(client, old).await) }.boxed()).await;
    let mut findings = Vec::new();
    let count = asked.len();
    for (old, names) in asked {
        let names = names?;
        if names.is_empty() {
            continue;
        }
        let question = Question::new(
            format!("upgrade.objects.{}.{}", old.version, old.kind),
            format!("no {} is applied by {}", old.kind, old.version),
        );
        let help = format!("apply them by {} from where they come from", old.instead);
        findings.push(
            question.fail(&kinds::REMOVED_API_IN_OBJECTS, shortened(&names), help).command(format!(
                "kubectl get {}.{} -A -o yaml",
                old.plural,
                group(old.instead)
            )),
        );
    }
    if findings.is_empty() {
        let question = Question::new("upgrade.objects", "no object is applied by an API that is removed");
        findings.push(question.pass(format!("{count} APIs are removed by then")));
    }
    Ok(findings)
}

fn shortened(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST).cloned().collect();
    if names.len() > MOST {
        shown.push(format!("{} more", names.len() - MOST));
    }
    shown.join(", ")
}

fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// The objects that somebody applied by the old version, as they are found by the new one.
async fn using(client: &Client, old: &OldApi) -> Result<Vec<String>, Unasked> {
    let path = format!("/apis/{}/{}", old.instead, old.plural);
    let request = http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
    let list = match client.request::<Value>(request).await {
        Ok(list) => list,
        // There is no such API: then there are no objects of it.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    Ok(items.filter(|item| is_applied_by(item, old.version)).map(named).collect())
}

fn is_applied_by(item: &Value, version: &str) -> bool {
    let metadata = item.get("metadata");
    let managers = metadata.and_then(|metadata| metadata.get("managedFields")).and_then(Value::as_array);
    let by_manager = managers.into_iter().flatten().any(|manager| {
        // The API server itself keeps its own objects, and goes on by the new version when it is upgraded.
        let is_own = manager.get("manager").and_then(Value::as_str)
            == Some("api-priority-and-fairness-config-producer-v1");
        !is_own && manager.get("apiVersion").and_then(Value::as_str) == Some(version)
    });
    let applied = metadata.and_then(|metadata| metadata.get("annotations")?.get(APPLIED)?.as_str());
    let applied: Option<Value> = applied.and_then(|text| serde_json::from_str(text).ok());
    by_manager
        || applied.is_some_and(|object| object.get("apiVersion").and_then(Value::as_str) == Some(version))
}

fn named(item: &Value) -> String {
    let text = |name: &str| item.pointer(&format!("/metadata/{name}")).and_then(Value::as_str);
    let name = text("name").unwrap_or("?");
    text("namespace").map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

/// One finding an old API that clients have asked for since the API server began, as its metrics tell.
pub(super) async fn requests(client: &Client, target: u32) -> Result<Vec<Finding>, Unasked> {
    let request = http::Request::get("/metrics").body(Vec::new()).map_err(kube::Error::HttpError)?;
    let text = client.request_text(request).await?;
    let asked = requested(&text, target);
    if asked.is_empty() {
        let question = Question::new("upgrade.requests", "no client asks for an API that is removed");
        return Ok(vec![question.pass("none since the API server began")]);
    }
    let findings = asked.into_iter().map(|(api, resource, removed)| {
        let question = Question::new(
            format!("upgrade.requests.{api}.{resource}"),
            format!("no client asks for {resource} of {api}"),
        );
        let seen = format!("somebody asks for {resource} of {api}, which is removed in {removed}");
        let help = "find out who in the audit log (annotation `k8s.io/deprecated: true`, `userAgent`), and update that client";
        question.fail(&kinds::REMOVED_API_REQUESTED, seen, help).command(
            "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis",
        )
    });
    Ok(findings.collect())
}

/// Group and version, resource, and the version that removes it, of what the target serves no more.
fn requested(metrics: &str, target: u32) -> Vec<(String, String, String)> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("apiserver_requested_deprecated_apis{"));
    let mut found: Vec<(String, String, String)> = lines
        .filter_map(|line| {
            let (labels, count) = line.split_once('}')?;
            if count.trim() == "0" {
                return None;
            }
            let labels: BTreeMap<&str, &str> = labels
                .split(',')
                .filter_map(|label| label.split_once('='))
                .map(|(name, value)| (name, value.trim_matches('"')))
                .collect();
            let label = |name: &str| labels.get(name).copied().unwrap_or_default();
            let removed = label("removed_release");
            crate::cluster::version::minor(removed).filter(|minor| *minor <= target)?;
            let (group, version) = (label("group"), label("version"));
            let api = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            Some((api, label("resource").to_owned(), removed.to_owned()))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_removed_by_then_and_asked_for_counts() {
        let metrics = "# HELP x\napiserver_requested_deprecated_apis{group=\"policy\",removed_release=\"1.25\",resource=\"\
                       poddisruptionbudgets\",subresource=\"\",version=\"v1beta1\"} 1\n\
                       apiserver_requested_deprecated_apis{group=\"\",removed_release=\"\",resource=\"endpoints\",\
                       subresource=\"\",version=\"v1\"} 1\n\
                       apiserver_requested_deprecated_apis{group=\"x\",removed_release=\"1.40\",resource=\"y\",\
                       subresource=\"\",version=\"v1\"} 1\n";
        let found = requested(metrics, 34);
        let expected = ("policy/v1beta1".to_owned(), "poddisruptionbudgets".to_owned(), "1.25".to_owned());
        assert_eq!(found, [expected]);
        assert_eq!(requested(metrics, 24), []);
    }

    #[test]
    fn an_object_is_of_the_version_that_it_was_applied_by() {
        let by_annotation =
            json!({ "metadata": { "annotations": { APPLIED: "{\"apiVersion\":\"a/v1beta1\"}" } } });
        let by_manager =
            json!({ "metadata": { "managedFields": [{ "manager": "helm", "apiVersion": "a/v1beta1" }] } });
        let neither =
            json!({ "metadata": { "managedFields": [{ "manager": "helm", "apiVersion": "a/v1" }] } });
        assert!(is_applied_by(&by_annotation, "a/v1beta1") && is_applied_by(&by_manager, "a/v1beta1"));
        assert!(!is_applied_by(&neither, "a/v1beta1"));
    }
}

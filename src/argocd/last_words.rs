//! What is said of what does not become green: why its containers do not run, what they said last, and the cluster's own warnings.
//!
//! Nothing of it decides anything. What cannot be asked, such as the log of a node that is gone, is left out.

use std::time::Duration;

use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;

use super::application::{ApplicationStatus, ResourceKey};
use super::objects::Objects;

/// So many lines of a log are shown.
const LINES: i64 = 5;
/// So many pods say something, and so many warnings are shown: what is broken is broken in the same way in each.
const MOST: usize = 5;
/// How long a log is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What keeps the workloads of Applications from running, a line each.
pub(super) async fn last_words(objects: &Objects, applications: &[&ApplicationStatus]) -> Vec<String> {
    let resources: Vec<&ResourceKey> = applications.iter().flat_map(|one| &one.resources).collect();
    let mut namespaces: Vec<&str> = resources.iter().map(|key| key.namespace.as_str()).collect();
    namespaces.retain(|namespace| !namespace.is_empty());
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut told = Vec::new();
    for namespace in namespaces {
        let here: Vec<&str> =
            resources.iter().filter(|key| key.namespace == namespace).map(|key| key.name.as_str()).collect();
        let is_theirs = |name: &str| here.iter().any(|owner| belongs(name, owner));
        let mut pods = Vec::new();
        // Who may not read them is told no less of what else is known.
        let of_kind = async |kind: &str| {
            objects.list_in(&GroupVersionKind::gvk("", "v1", kind), namespace).await.unwrap_or_default()
        };
        for pod in of_kind("Pod").await {
            let troubles = troubles(&pod);
            if !troubles.is_empty() && pod.metadata.name.as_deref().is_some_and(is_theirs) {
                pods.push((pod.metadata.name.clone().unwrap_or_default(), troubles));
            }
        }
        for (pod, troubles) in pods.iter().take(MOST) {
            for Trouble { container, text, has_run } in troubles {
                told.push(format!("pod {pod}: {text}"));
                if let Some(previous) = has_run {
                    let log = objects.log(namespace, pod, container, *previous, LINES);
                    let log = tokio::time::timeout(PATIENCE, log).await.ok().flatten().unwrap_or_default();
                    let lines: Vec<&str> =
                        log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
                    if !lines.is_empty() {
                        told.push(format!("pod {pod}: {container} said last: {}", lines.join(" | ")));
                    }
                }
            }
        }
        if pods.len() > MOST {
            told.push(format!("and {} more pods in {namespace}", pods.len() - MOST));
        }
        let events = of_kind("Event").await;
        told.extend(warnings(&events, is_theirs));
    }
    told
}

/// Whether an object's name is a workload's, or begins as the names do that the workload's controller makes.
fn belongs(name: &str, owner: &str) -> bool {
    name.strip_prefix(owner).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Why a container does not run.
#[derive(Debug, PartialEq, Eq)]
struct Trouble {
    container: String,
    text: String,
    /// Whether it has run at all, and so has a log: that of the run before, or of this one.
    has_run: Option<bool>,
}

/// Why the containers of a pod do not run.
pub(super) fn what_keeps(pod: &DynamicObject) -> Vec<String> {
    troubles(pod).into_iter().map(|trouble| trouble.text).collect()
}

fn troubles(pod: &DynamicObject) -> Vec<Trouble> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = lists.iter().filter_map(|pointer| pod.data.pointer(pointer)?.as_array()).flatten();
    let mut found: Vec<Trouble> = statuses.filter_map(trouble).collect();
    let condition = |condition: &Value| {
        let is = |key: &str, value: &str| condition.get(key).and_then(Value::as_str) == Some(value);
        let message = condition.get("message").and_then(Value::as_str)?;
        (is("type", "PodScheduled") && is("status", "False")).then(|| message.to_owned())
    };
    let conditions = pod.data.pointer("/status/conditions").and_then(Value::as_array);
    found.extend(conditions.into_iter().flatten().filter_map(condition).map(|message| Trouble {
        container: String::new(),
        text: format!("not scheduled: {message}"),
        has_run: None,
    }));
    found
}

fn trouble(status: &Value) -> Option<Trouble> {
    let text =
        |pointer: &str| status.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let container = text("/name").unwrap_or_default().to_owned();
    let ended = |state: &str| {
        let code =
            status.pointer(&format!("{state}/terminated/exitCode"))?.as_i64().filter(|code| *code != 0)?;
        let reason = text(&format!("{state}/terminated/reason")).unwrap_or("Error");
        let message = text(&format!("{state}/terminated/message")).map(|text| format!(": {text}"));
        Some(format!("{container} ended with exit code {code} ({reason}){}", message.unwrap_or_default()))
    };
    let (now, before) = (ended("/state"), ended("/lastState"));
    let has_run = if now.is_some() { Some(false) } else { before.as_ref().map(|_| true) };
    let Some(reason) = text("/state/waiting/reason") else {
        return Some(Trouble { text: now?, container, has_run });
    };
    // What every pod does when it begins.
    if matches!(reason, "ContainerCreating" | "PodInitializing") && before.is_none() {
        return None;
    }
    let image = text("/image").unwrap_or_default();
    let message = text("/state/waiting/message").map(|text| format!(": {text}")).unwrap_or_default();
    let before = before.map(|before| format!("; {before}")).unwrap_or_default();
    Some(Trouble { text: format!("{reason} {image}{message}{before}"), container, has_run })
}

/// The newest warnings about what is theirs, each object's last.
fn warnings(events: &[DynamicObject], is_theirs: impl Fn(&str) -> bool) -> Vec<String> {
    let text = |event: &DynamicObject, pointer: &str| {
        event.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let when = |event: &DynamicObject| {
        let times = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp"];
        times.iter().map(|pointer| text(event, pointer)).find(|time| !time.is_empty()).unwrap_or_default()
    };
    let mut theirs: Vec<&DynamicObject> = events
        .iter()
        .filter(|event| text(event, "/type") == "Warning" && is_theirs(&text(event, "/involvedObject/name")))
        .collect();
    theirs.sort_by_key(|event| std::cmp::Reverse(when(event)));
    let mut told: Vec<(String, String)> = Vec::new();
    for event in theirs {
        let object =
            format!("{}/{}", text(event, "/involvedObject/kind"), text(event, "/involvedObject/name"));
        if told.iter().all(|(known, _)| *known != object) && told.len() < MOST {
            let line = format!("{object}: {}: {}", text(event, "/reason"), text(event, "/message"));
            told.push((object, line));
        }
    }
    told.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    /// The pods of the bed have no logs: their nodes are invented.
    #[tokio::test]
    async fn a_container_that_crashed_is_told_with_its_last_lines() {
        let server = wiremock::MockServer::start().await;
        let answer = async |at: &str, body: wiremock::ResponseTemplate| {
            let asked = wiremock::Mock::given(wiremock::matchers::path(at));
            asked.respond_with(body).mount(&server).await;
        };
        let json = |value: Value| wiremock::ResponseTemplate::new(200).set_body_json(value);
        let resource = |name: &str, kind: &str| json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"] });
        let resources = [resource("pods", "Pod"), resource("events", "Event")];
        let kinds = json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": resources });
        answer("/api/v1", json(kinds)).await;
        let crash = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        let before = json!({ "terminated": { "exitCode": 2, "reason": "Error" } });
        let pod = |name: &str| {
            let status = json!({ "name": "web", "image": "r/web:v2", "state": crash, "lastState": before });
            json!({ "metadata": { "name": name }, "status": { "containerStatuses": [status] } })
        };
        let list = |kind: &str, items: Vec<Value>| json!({ "kind": kind, "apiVersion": "v1", "metadata": {}, "items": items });
        answer("/api/v1/namespaces/shop/pods", json(list("PodList", vec![pod("web-1"), pod("other-1")])))
            .await;
        answer("/api/v1/namespaces/shop/events", json(list("EventList", Vec::new()))).await;
        let log = wiremock::Mock::given(wiremock::matchers::path("/api/v1/namespaces/shop/pods/web-1/log"))
            .and(wiremock::matchers::query_param("previous", "true"))
            .and(wiremock::matchers::query_param("container", "web"));
        let lines = wiremock::ResponseTemplate::new(200).set_body_string("starting\n\npanic: no database\n");
        log.respond_with(lines).mount(&server).await;

        let config = kube::Config::new(server.uri().parse().unwrap());
        let objects = Objects::new(kube::Client::try_from(config).unwrap(), "argocd");
        let application: ApplicationStatus = ApplicationStatus::of(&object(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "web" }, "spec": {},
            "status": { "resources": [
                { "group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web" },
            ] },
        })));
        let told = last_words(&objects, &[&application]).await;
        let crashed = "pod web-1: CrashLoopBackOff r/web:v2; web ended with exit code 2 (Error)";
        assert_eq!(told, [crashed, "pod web-1: web said last: starting | panic: no database"]);
    }

    #[test]
    fn a_container_is_told_with_why_it_waits_and_how_it_ended_before() {
        let pod = object(json!({
            "metadata": { "name": "web-1" },
            "status": { "containerStatuses": [
                { "name": "web", "image": "r/web:v2",
                  "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s" } },
                  "lastState": { "terminated": { "exitCode": 3, "reason": "Error" } } },
                { "name": "new", "image": "r/new:v2", "state": { "waiting": { "reason": "ContainerCreating" } } },
                { "name": "side", "image": "r/side:v2", "state": { "running": {} } },
                { "name": "done", "image": "r/done:v1", "state": { "terminated": { "exitCode": 0 } } },
                { "name": "oom", "image": "r/oom:v1", "state": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } },
            ] },
        }));
        let told: Vec<(String, Option<bool>)> =
            troubles(&pod).into_iter().map(|trouble| (trouble.text, trouble.has_run)).collect();
        let crash = "CrashLoopBackOff r/web:v2: back-off 10s; web ended with exit code 3 (Error)".to_owned();
        let killed = "oom ended with exit code 137 (OOMKilled)".to_owned();
        assert_eq!(told, [(crash, Some(true)), (killed, Some(false))]);
    }

    #[test]
    fn a_pod_that_no_node_takes_says_so() {
        let pod = object(json!({
            "metadata": { "name": "web-1" },
            "status": { "conditions": [
                { "type": "PodScheduled", "status": "False", "message": "0/2 nodes are available: Insufficient cpu." },
            ] },
        }));
        assert_eq!(troubles(&pod)[0].text, "not scheduled: 0/2 nodes are available: Insufficient cpu.");
    }

    #[test]
    fn only_the_last_warning_of_each_object_of_theirs_is_told() {
        let event = |kind: &str, about: &str, time: &str, message: &str| {
            object(json!({
                "metadata": { "name": message }, "type": kind, "reason": "FailedCreate", "message": message,
                "involvedObject": { "kind": "ReplicaSet", "name": about }, "lastTimestamp": time,
            }))
        };
        let events = [
            event("Warning", "web-5d4", "2026-01-01T10:00:00Z", "old"),
            event("Warning", "web-5d4", "2026-01-01T10:00:09Z", "new"),
            event("Normal", "web-5d4", "2026-01-01T10:00:10Z", "well"),
            event("Warning", "website-5d4", "2026-01-01T10:00:10Z", "another's"),
        ];
        assert_eq!(warnings(&events, |name| belongs(name, "web")), ["ReplicaSet/web-5d4: FailedCreate: new"]);
    }
}

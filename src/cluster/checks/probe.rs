//! A pod that is scheduled, runs, and is taken away again: the proof where there are no nodes before there are pods.

use std::time::Duration;

use aws_sdk_eks::types::Cluster;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::time::Instant;

use super::connection::refused;
use super::finding::{Finding, Question};
use super::kinds;

/// A pod that does nothing, from a registry that EKS itself uses.
pub const IMAGE: &str = "public.ecr.aws/eks-distro/kubernetes/pause:3.10";
const NAMESPACE: &str = "default";
const LABEL: &str = "slipway/probe";
const PAUSE: Duration = Duration::from_millis(500);
/// The pod ends by itself after that, where nobody could take it away.
const LIFE: u64 = 900;

/// Has a pod of the image run, waits that long for it at most, and takes it away however that ends.
pub(in crate::cluster) async fn probe(
    client: &Client,
    cluster: &Cluster,
    image: &str,
    timeout: Duration,
) -> Finding {
    let question = Question::new("kubernetes.probe", "a pod is scheduled and runs");
    let pods = Api::<Pod>::namespaced(client.clone(), NAMESPACE);
    sweep(&pods).await;
    let created = match pods.create(&PostParams::default(), &pod(image)).await {
        Ok(created) => created,
        Err(error) => return refused(&question, &error, cluster),
    };
    let guard = Removal { pods: Some(pods.clone()), name: created.name_any() };
    let began = Instant::now();
    let found = loop {
        let seen = match pods.get(&guard.name).await {
            Ok(pod) => look(&pod),
            Err(error) => break refused(&question, &error, cluster),
        };
        let took = began.elapsed();
        match seen {
            Seen::Runs(node) => break question.pass(format!("ran on {node} after {} s", took.as_secs())),
            Seen::Never(why) => {
                break question.fail(&kinds::PROBE_FAILED, why, help_of_image(image)).command(command());
            }
            Seen::NotYet(why) if took >= timeout => {
                break question
                    .fail(
                        &kinds::PROBE_FAILED,
                        format!("{why} after {} s", took.as_secs()),
                        "look at why no node takes it: taints, requests, and with Auto Mode or Karpenter the node pools and their \
                         limits",
                    )
                    .command("kubectl get events -A --field-selector reason=FailedScheduling".to_owned());
            }
            Seen::NotYet(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    guard.remove().await;
    found
}

/// Takes away what probes that were killed have left, once it has ended: others may be at it as well.
async fn sweep(pods: &Api<Pod>) {
    let Ok(left) = pods.list(&ListParams::default().labels(LABEL)).await else { return };
    for pod in left.items {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Failed" | "Succeeded")) {
            let _swept = pods.delete(&pod.name_any(), &gone()).await;
        }
    }
}

fn help_of_image(image: &str) -> String {
    format!(
        "the node does not get {image}: name one that it does with `verify {{ probe_image }}` in slipway.hcl"
    )
}

fn command() -> String {
    "kubectl get events -n default".to_owned()
}

fn gone() -> DeleteParams {
    DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }
}

fn pod(image: &str) -> Pod {
    let pod = json!({
        "metadata": {
            "generateName": "slipway-probe-",
            "labels": { LABEL: "true", "app.kubernetes.io/managed-by": "slipway" },
        },
        "spec": {
            "activeDeadlineSeconds": LIFE,
            "automountServiceAccountToken": false,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65_535, "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "probe",
                "image": image,
                "resources": { "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "memory": "32Mi" } },
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    });
    serde_json::from_value(pod).unwrap_or_default()
}

enum Seen {
    Runs(String),
    NotYet(String),
    Never(String),
}

fn look(pod: &Pod) -> Seen {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let Some(status) = &pod.status else { return Seen::NotYet("it has no status".to_owned()) };
    match status.phase.as_deref() {
        Some("Running" | "Succeeded") => return Seen::Runs(node.unwrap_or_else(|| "?".to_owned())),
        Some("Failed") => {
            return Seen::Never(status.message.clone().unwrap_or_else(|| "the pod failed".to_owned()));
        }
        _ => {}
    }
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let waiting = containers.iter().find_map(|container| container.state.as_ref()?.waiting.as_ref());
    if let Some(waiting) = waiting {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        if ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"].contains(&reason) {
            let on = node.map_or_else(String::new, |node| format!(" on {node}"));
            let message = waiting.message.as_deref().unwrap_or_default();
            return Seen::Never(format!(
                "it was scheduled{on}, and its image does not come: {reason} {message}"
            ));
        }
    }
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let unscheduled =
        conditions.iter().find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    match unscheduled {
        Some(condition) => {
            let message = condition.message.as_deref().unwrap_or("no node takes it");
            Seen::NotYet(format!("not scheduled: {message}"))
        }
        None => Seen::NotYet(format!("it is {}", status.phase.as_deref().unwrap_or("Pending"))),
    }
}

/// Takes the pod away, also where the probe is given up in between.
struct Removal {
    pods: Option<Api<Pod>>,
    name: String,
}

impl Removal {
    async fn remove(mut self) {
        if let Some(pods) = self.pods.take() {
            // Where that fails, the pod ends by itself, and the next probe takes it away.
            let _removed = pods.delete(&self.name, &gone()).await;
        }
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        if let (Some(pods), Ok(runtime)) = (self.pods.take(), tokio::runtime::Handle::try_current()) {
            let name = std::mem::take(&mut self.name);
            runtime.spawn(async move { pods.delete(&name, &gone()).await.map(|_| ()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: &serde_json::Value) -> String {
        let pod = json!({ "spec": { "nodeName": "n1", "containers": [] }, "status": status });
        match look(&serde_json::from_value(pod).unwrap()) {
            Seen::Runs(node) => format!("runs on {node}"),
            Seen::NotYet(why) => format!("not yet: {why}"),
            Seen::Never(why) => format!("never: {why}"),
        }
    }

    #[test]
    fn what_keeps_a_probe_is_told_from_what_ends_it() {
        assert_eq!(seen(&json!({ "phase": "Running" })), "runs on n1");
        let unscheduled = json!({ "phase": "Pending", "conditions": [
            { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/0 nodes are available" },
        ] });
        assert_eq!(seen(&unscheduled), "not yet: not scheduled: 0/0 nodes are available");
        let image = json!({ "phase": "Pending", "containerStatuses": [{
            "name": "probe", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "waiting": { "reason": "ImagePullBackOff", "message": "no route" } },
        }] });
        assert_eq!(
            seen(&image),
            "never: it was scheduled on n1, and its image does not come: ImagePullBackOff no route"
        );
    }
}

//! The Kubernetes API itself: reachable, open to us, with nodes.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Node;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};

use super::finding::Finding;
use crate::support::causes::innermost;

const API: (&str, &str) = ("kubernetes.api", "the API server answers with the cluster's own CA");
const ADMIN: (&str, &str) = ("kubernetes.permissions", "the caller may do everything");
const NODES: (&str, &str) = ("kubernetes.nodes", "enough nodes are ready");

/// What keeps pods away from a node that is Ready. Agents add conditions of their own, of which some are good when they are
/// True, such as `KernelReady`.
const PRESSURES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

/// TLS and `/readyz`, the caller's permissions, ready nodes.
pub(in crate::cluster) async fn kubernetes(client: &Client, min_ready_nodes: usize) -> Vec<Finding> {
    let api = readyz(client).await;
    if api.failed() {
        return vec![api];
    }
    let (permissions, nodes) = futures::join!(permissions(client), nodes(client, min_ready_nodes));
    vec![api, permissions, nodes]
}

async fn readyz(client: &Client) -> Finding {
    let (id, title) = API;
    let request = match http::Request::get("/readyz").body(Vec::new()) {
        Ok(request) => request,
        Err(error) => return Finding::fail(id, title, error.to_string(), ""),
    };
    match client.request_text(request).await {
        Ok(_) => Finding::pass(id, title, "/readyz answers ok"),
        Err(error) => refused(id, title, &error),
    }
}

fn refused(id: &str, title: &str, error: &kube::Error) -> Finding {
    match error {
        // Access entries take a moment to reach a new API server.
        kube::Error::Api(status) if status.code == 401 => Finding::not_yet(
            id,
            title,
            "the API server refuses our token (401)",
            "create an access entry for the identity that AWS knows you by (`aws_eks_access_entry`)",
        ),
        kube::Error::Api(status) if status.code == 403 => Finding::not_yet(
            id,
            title,
            format!("forbidden: {}", status.message),
            "associate AmazonEKSClusterAdminPolicy with the caller's access entry",
        ),
        kube::Error::Api(status) => Finding::not_yet(
            id,
            title,
            format!("status {}: {}", status.code, status.message),
            "a new control plane needs a minute; if it stays, look at its health issues",
        ),
        other => Finding::not_yet(
            id,
            title,
            format!("no connection: {}", innermost(other)),
            "the endpoint has to be reachable from here: check `public_access_cidrs`, VPN and proxies",
        ),
    }
}

async fn permissions(client: &Client) -> Finding {
    let (id, title) = ADMIN;
    let everything = || Some("*".to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: everything(),
                resource: everything(),
                verb: everything(),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    match Api::all(client.clone()).create(&PostParams::default(), &review).await {
        Ok(answer) if answer.status.as_ref().is_some_and(|status| status.allowed) => {
            Finding::pass(id, title, "allowed * on *")
        }
        Ok(_) => Finding::not_yet(
            id,
            title,
            "not allowed * on *: Argo CD's cluster roles could not be installed",
            "associate AmazonEKSClusterAdminPolicy with the caller's access entry",
        ),
        Err(error) => refused(id, title, &error),
    }
}

async fn nodes(client: &Client, min_ready_nodes: usize) -> Finding {
    let (id, title) = NODES;
    let nodes = match Api::<Node>::all(client.clone()).list(&ListParams::default()).await {
        Ok(nodes) => nodes.items,
        Err(error) => return refused(id, title, &error),
    };
    let unfit: Vec<String> = nodes
        .iter()
        .filter_map(|node| {
            unfit(node).map(|why| format!("{} {why}", node.metadata.name.as_deref().unwrap_or("?")))
        })
        .collect();
    let ready = nodes.len() - unfit.len();
    let mut detail = format!("{ready} of {} nodes ready, {min_ready_nodes} wanted", nodes.len());
    if !unfit.is_empty() {
        detail = format!("{detail} ({})", unfit.join(", "));
    }
    if ready < min_ready_nodes {
        Finding::not_yet(
            id,
            title,
            detail,
            "nodes join some two minutes after their group is ACTIVE; if they do not, look at the node role, the \
             subnets' way to the API server and the vpc-cni add-on",
        )
    } else if unfit.is_empty() {
        Finding::pass(id, title, detail)
    } else {
        Finding::warn(id, title, detail, "look at those nodes with `kubectl describe node`")
    }
}

/// Why a node cannot take pods, or nothing.
fn unfit(node: &Node) -> Option<String> {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    let conditions = conditions.unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    if !ready {
        return Some("is not Ready".to_owned());
    }
    let presses = |kind: &str| PRESSURES.contains(&kind);
    if let Some(pressure) =
        conditions.iter().find(|condition| presses(&condition.type_) && condition.status == "True")
    {
        return Some(format!("has {}", pressure.type_));
    }
    let cordoned = node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true);
    cordoned.then(|| "is cordoned".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(conditions: &[(&str, &str)], cordoned: bool) -> Node {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|(kind, status)| serde_json::json!({"type": kind, "status": status}))
            .collect();
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "n"},
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    #[test]
    fn a_node_under_pressure_or_cordoned_does_not_count_as_ready() {
        assert_eq!(unfit(&node(&[("Ready", "True"), ("DiskPressure", "False")], false)), None);
        assert_eq!(unfit(&node(&[("Ready", "False")], false)).unwrap(), "is not Ready");
        assert_eq!(
            unfit(&node(&[("Ready", "True"), ("DiskPressure", "True")], false)).unwrap(),
            "has DiskPressure"
        );
        assert_eq!(unfit(&node(&[("Ready", "True")], true)).unwrap(), "is cordoned");
    }

    #[test]
    fn conditions_of_agents_do_not_count() {
        let monitored = [("Ready", "True"), ("KernelReady", "True"), ("ContainerRuntimeReady", "True")];
        assert_eq!(unfit(&node(&monitored, false)), None);
        assert_eq!(unfit(&node(&[("Ready", "True"), ("FrequentKubeletRestart", "True")], false)), None);
        for pressure in PRESSURES {
            assert_eq!(unfit(&node(&[("Ready", "True"), (pressure, "Unknown")], false)), None);
            let pressed = unfit(&node(&[("Ready", "True"), (pressure, "True")], false));
            assert_eq!(pressed.unwrap(), format!("has {pressure}"));
        }
    }
}

//! Nodes: as many ready as are wanted.

use aws_sdk_eks::types::Cluster;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client};

use super::connection::refused;
use super::finding::{Finding, Question};
use super::kinds;
use super::node_groups::has_auto_mode;

/// What keeps pods away from a node that is Ready. Agents add conditions of their own, of which some are good when they are
/// True, such as `KernelReady`.
const PRESSURES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

pub(super) async fn nodes(client: &Client, cluster: &Cluster, wanted: Option<usize>) -> Finding {
    let question = Question::new("kubernetes.nodes", "enough nodes are ready");
    let on_demand = async { has_auto_mode(cluster) || (wanted.is_none() && has_karpenter(client).await) };
    let all = Api::<Node>::all(client.clone());
    let list = ListParams::default();
    let (nodes, on_demand) = futures::join!(all.list(&list), on_demand);
    match nodes {
        Ok(nodes) => judge(&question, &nodes.items, wanted.unwrap_or(usize::from(!on_demand)), on_demand),
        Err(error) => refused(&question, &error, cluster),
    }
}

/// Whether Karpenter makes nodes when there are pods for them.
async fn has_karpenter(client: &Client) -> bool {
    let request = http::Request::get("/apis/karpenter.sh/v1/nodepools?limit=1").body(Vec::new());
    let Ok(request) = request else { return false };
    let pools = client.request::<serde_json::Value>(request).await;
    pools.is_ok_and(|pools| pools.pointer("/items/0").is_some())
}

fn judge(question: &Question, nodes: &[Node], wanted: usize, on_demand: bool) -> Finding {
    let unfit: Vec<String> = nodes
        .iter()
        .filter_map(|node| {
            unfit(node).map(|why| format!("{} {why}", node.metadata.name.as_deref().unwrap_or("?")))
        })
        .collect();
    let ready = nodes.len() - unfit.len();
    let mut seen = format!("{ready} of {} nodes ready, {wanted} wanted", nodes.len());
    if nodes.is_empty() && on_demand {
        seen = format!("{seen}: they are made when there are pods for them");
    }
    if !unfit.is_empty() {
        seen = format!("{seen} ({})", unfit.join(", "));
    }
    if ready < wanted {
        question
            .not_yet(
                &kinds::TOO_FEW_NODES,
                seen,
                "nodes join some two minutes after their group is ACTIVE; if they do not, look at the node role, the subnets' \
                 way to the API server and the vpc-cni add-on",
            )
            .expected(format!("{wanted} ready nodes"))
            .command("kubectl get nodes -o wide")
    } else if unfit.is_empty() {
        question.pass(seen)
    } else {
        question
            .warn(&kinds::UNFIT_NODES, seen, "look at those nodes with `kubectl describe node`")
            .command("kubectl describe node")
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

    #[test]
    fn nodes_that_are_made_for_pods_are_not_waited_for_unless_they_are_wanted() {
        let question = Question::new("kubernetes.nodes", "enough nodes are ready");
        let without = judge(&question, &[], 0, true);
        assert_eq!(without.check.code, None);
        assert!(without.check.detail.contains("made when there are pods"), "{:?}", without.check);
        let wanted = judge(&question, &[], 2, true);
        assert_eq!(wanted.check.code, Some("cluster::too_few_nodes"));
        assert!(wanted.check.may_pass_later);
    }
}

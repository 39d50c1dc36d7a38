//! What stands in the way of draining nodes: disruption budgets, single replicas, kubelets that are too old.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use super::unasked::Unasked;
use crate::cluster::checks::{Asking, Finding, Question, kinds};
use crate::cluster::version::minor;

/// Minor versions that a kubelet may be older than the API server.
const MOST_SKEW: u32 = 3;
const GROUP: &str = "eks.amazonaws.com/nodegroup";
/// Workloads that are named.
const MOST: usize = 30;

/// One finding for each group of nodes whose kubelets are behind.
pub(super) fn nodes(asking: &Asking<'_>, nodes: &[Node], current: &str, target: &str) -> Vec<Finding> {
    let (Some(plane), Some(to)) = (minor(current), minor(target)) else { return Vec::new() };
    let mut groups: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for node in nodes {
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        let Some(version) = info.map(|info| info.kubelet_version.clone()) else { continue };
        if minor(&version).is_some_and(|kubelet| kubelet < plane) {
            let group = node.labels().get(GROUP).cloned().unwrap_or_default();
            groups.entry((group, version)).or_default().push(node.name_any());
        }
    }
    if groups.is_empty() {
        let question = Question::new("upgrade.nodes", "kubelets are as new as the control plane");
        return vec![question.pass(format!("{} nodes", nodes.len()))];
    }
    groups
        .iter()
        .map(|((group, version), names)| {
            let whose = if group.is_empty() {
                "nodes of no node group".to_owned()
            } else {
                format!("node group {group}")
            };
            let id = if group.is_empty() { "other".to_owned() } else { group.clone() };
            let question =
                Question::new(format!("upgrade.nodes.{id}"), format!("{whose} may stay as old as it is"));
            let seen = format!("{whose}: {} nodes run {version}", names.len());
            let too_old = minor(version).is_some_and(|kubelet| kubelet + MOST_SKEW < to);
            let finding = if too_old {
                let help = format!(
                    "upgrade them to {current} first: with {target} they would be too old for the API server"
                );
                question.fail(&kinds::NODE_SKEW, seen, help)
            } else {
                question.warn(
                    &kinds::NODE_SKEW,
                    seen,
                    format!("upgrade them to {current} before the next upgrades"),
                )
            };
            let finding =
                finding.expected(format!("kubelets at most {MOST_SKEW} minor versions older than {target}"));
            if group.is_empty() {
                finding.command(format!(
                    "kubectl drain {} --ignore-daemonsets --delete-emptydir-data",
                    names.join(" ")
                ))
            } else {
                let arguments = format!("--nodegroup-name {group} --kubernetes-version {current}");
                finding.command(asking.eks_command("update-nodegroup-version", &arguments))
            }
        })
        .collect()
}

/// The nodes of no node group that run Amazon Linux 2.
pub(super) fn old_machines(nodes: &[Node]) -> BTreeSet<String> {
    let is_old = |node: &&Node| {
        let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        info.is_some_and(|info| info.os_image == "Amazon Linux 2") && !node.labels().contains_key(GROUP)
    };
    nodes.iter().filter(is_old).map(ResourceExt::name_any).collect()
}

/// One finding a budget that lets no pod go.
pub(super) async fn budgets(client: &Client) -> Result<Vec<Finding>, Unasked> {
    let budgets = Api::<PodDisruptionBudget>::all(client.clone()).list(&ListParams::default()).await?;
    let findings: Vec<Finding> = budgets.items.iter().filter_map(budget).collect();
    if findings.is_empty() {
        let question = Question::new("upgrade.budgets", "disruption budgets let pods go");
        return Ok(vec![question.pass(format!("{} budgets", budgets.items.len()))]);
    }
    Ok(findings)
}

fn budget(budget: &PodDisruptionBudget) -> Option<Finding> {
    let status = budget.status.as_ref()?;
    if status.disruptions_allowed > 0 || status.expected_pods == 0 {
        return None;
    }
    let (namespace, name) = (budget.namespace().unwrap_or_default(), budget.name_any());
    let question = Question::new(
        format!("upgrade.budget.{namespace}/{name}"),
        format!("disruption budget {namespace}/{name} lets pods go"),
    );
    let seen = format!(
        "allows no disruption: {} of {} pods healthy, {} have to be",
        status.current_healthy, status.expected_pods, status.desired_healthy
    );
    Some(if status.current_healthy < status.desired_healthy {
        question
            .fail(&kinds::BUDGET_BLOCKS, seen, "its pods are not well: mend them first")
            .command(format!("kubectl -n {namespace} get pods"))
    } else {
        question
            .fail(
                &kinds::BUDGET_BLOCKS,
                seen,
                "it wants as many pods as there are: have one more of them, or let it allow one to be away",
            )
            .command(format!(
                "kubectl -n {namespace} patch poddisruptionbudget {name} --type merge -p \
                 '{{\"spec\":{{\"minAvailable\":null,\"maxUnavailable\":1}}}}'"
            ))
    })
}

/// Workloads of one pod, which are away while its node is drained.
pub(super) async fn replicas(client: &Client) -> Result<Finding, Unasked> {
    let list = ListParams::default();
    let deployments = Api::<Deployment>::all(client.clone());
    let sets = Api::<StatefulSet>::all(client.clone());
    let (deployments, sets) = futures::join!(deployments.list(&list), sets.list(&list));
    let (deployments, sets) = (deployments?, sets?);
    let one = |replicas: Option<i32>| replicas.unwrap_or(1) == 1;
    let single = deployments
        .items
        .iter()
        .filter(|found| one(found.spec.as_ref().and_then(|spec| spec.replicas)))
        .map(|found| (found.namespace().unwrap_or_default(), format!("deployment/{}", found.name_any())));
    let single = single.chain(
        sets.items.iter().filter(|found| one(found.spec.as_ref().and_then(|spec| spec.replicas))).map(
            |found| (found.namespace().unwrap_or_default(), format!("statefulset/{}", found.name_any())),
        ),
    );
    let single: Vec<(String, String)> = single.collect();
    let question = Question::new("upgrade.replicas", "every workload has a second pod");
    if single.is_empty() {
        let count = deployments.items.len() + sets.items.len();
        return Ok(question.pass(format!("{count} workloads")));
    }
    let mut names: Vec<String> =
        single.iter().take(MOST).map(|(namespace, name)| format!("{namespace}/{name}")).collect();
    if single.len() > MOST {
        names.push(format!("{} more", single.len() - MOST));
    }
    let help = "have two of each where they bear it, or upgrade when nobody needs them";
    let finding = question.warn(&kinds::SINGLE_REPLICAS, names.join(", "), help);
    Ok(single.iter().take(MOST).fold(finding, |finding, (namespace, name)| {
        finding.command(format!("kubectl -n {namespace} scale {name} --replicas=2"))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(allowed: i32, healthy: i32, desired: i32, expected: i32) -> Option<Finding> {
        let value = json!({
            "metadata": { "namespace": "shop", "name": "web" },
            "status": {
                "disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
            },
        });
        budget(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_budget_blocks_where_it_has_pods_and_lets_none_go() {
        assert!(found(1, 2, 1, 2).is_none());
        assert!(found(0, 0, 0, 0).is_none(), "it has no pods");
        let tight = found(0, 1, 1, 1).unwrap().check;
        assert_eq!(
            (tight.code, tight.id.as_str()),
            (Some("cluster::budget_blocks"), "upgrade.budget.shop/web")
        );
        assert!(tight.commands[0].contains("patch poddisruptionbudget web"), "{tight:?}");
        let ill = found(0, 1, 2, 3).unwrap().check;
        assert!(ill.help.contains("not well"), "{ill:?}");
    }
}

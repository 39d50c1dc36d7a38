//! Managed node groups, Fargate profiles and Auto Mode: what can run pods.

use aws_sdk_eks::types::{Cluster, Nodegroup, NodegroupStatus};

use super::finding::{Finding, Questions, issues};
use crate::cluster::aws::AwsFailure;

const ANY: (&str, &str) = ("compute", "something can run pods");

/// One finding a node group, or one about what else there is.
pub(in crate::cluster) async fn node_groups(
    questions: &Questions<'_>,
    cluster: &Cluster,
    min_ready_nodes: usize,
) -> Vec<Finding> {
    let listed = questions
        .eks
        .list_nodegroups()
        .cluster_name(questions.cluster)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let names = match listed {
        Ok(names) => names,
        Err(error) => {
            let failure = AwsFailure::from(error);
            let required = min_ready_nodes > 0;
            return vec![Finding::unanswered(ANY.0, ANY.1, &failure, "eks:ListNodegroups", required)];
        }
    };
    if names.is_empty() {
        return vec![without_node_groups(questions, cluster, min_ready_nodes).await];
    }
    let mut findings = Vec::new();
    for name in names {
        findings.push(node_group(questions, cluster, &name).await);
    }
    findings
}

async fn node_group(questions: &Questions<'_>, cluster: &Cluster, name: &str) -> Finding {
    let id = format!("nodegroup.{name}");
    let title = format!("node group {name} is ACTIVE");
    let request = questions.eks.describe_nodegroup().cluster_name(questions.cluster).nodegroup_name(name);
    match request.send().await {
        Ok(answer) => match answer.nodegroup() {
            Some(group) => judge(&id, &title, group, cluster.version().unwrap_or_default()),
            None => Finding::not_yet(&id, &title, "the answer holds no node group", "ask again"),
        },
        Err(error) => Finding::unanswered(&id, &title, &error.into(), "eks:DescribeNodegroup", true),
    }
}

fn judge(id: &str, title: &str, group: &Nodegroup, cluster_version: &str) -> Finding {
    let status = group.status().map_or("UNKNOWN", NodegroupStatus::as_str);
    let size = group.scaling_config().map_or_else(String::new, |scaling| {
        format!(
            ", {} of {} to {} nodes wanted",
            scaling.desired_size().unwrap_or_default(),
            scaling.min_size().unwrap_or_default(),
            scaling.max_size().unwrap_or_default()
        )
    });
    let found =
        group.health().and_then(|health| {
            issues(health.issues().iter().map(|issue| {
                (issue.code().map(aws_sdk_eks::types::NodegroupIssueCode::as_str), issue.message())
            }))
        });
    let detail = match &found {
        Some(found) => format!("status is {status} ({found})"),
        None => format!("status is {status}{size}"),
    };
    let repair = "look at the issue and at the Auto Scaling group's activity: instance quota, subnets without free \
                  addresses, the node role's policies";
    match group.status() {
        Some(NodegroupStatus::Active) if found.is_none() => {
            let version = group.version().unwrap_or_default();
            if version.is_empty() || version == cluster_version {
                Finding::pass(id, title, detail)
            } else {
                Finding::warn(
                    id,
                    title,
                    format!("{detail}; nodes run {version}, the control plane {cluster_version}"),
                    "upgrade the node group: kubelets may be up to three minor versions older",
                )
            }
        }
        Some(NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed | NodegroupStatus::Deleting) => {
            Finding::fail(id, title, detail, repair)
        }
        _ => Finding::not_yet(id, title, detail, repair),
    }
}

/// Whether EKS makes nodes itself, when there are pods for them.
pub(in crate::cluster) fn has_auto_mode(cluster: &Cluster) -> bool {
    cluster.compute_config().and_then(aws_sdk_eks::types::ComputeConfigResponse::enabled) == Some(true)
}

async fn without_node_groups(
    questions: &Questions<'_>,
    cluster: &Cluster,
    min_ready_nodes: usize,
) -> Finding {
    if has_auto_mode(cluster) {
        return Finding::pass(ANY.0, ANY.1, "no node groups; EKS Auto Mode is on");
    }
    let profiles = questions.eks.list_fargate_profiles().cluster_name(questions.cluster).send().await;
    match profiles {
        Ok(answer) if !answer.fargate_profile_names().is_empty() => {
            let names = answer.fargate_profile_names().join(", ");
            Finding::pass(ANY.0, ANY.1, format!("no node groups; Fargate profiles: {names}"))
        }
        // Nodes of one's own are known to Kubernetes only, where they are counted.
        _ if min_ready_nodes == 0 => Finding::warn(
            ANY.0,
            ANY.1,
            "no node groups, no Fargate profiles, no Auto Mode",
            "add a node group; nothing runs without one, CoreDNS neither",
        ),
        _ => Finding::warn(
            ANY.0,
            ANY.1,
            "no node groups, no Fargate profiles, no Auto Mode: only self-managed nodes can run pods",
            "add a node group, or bring your own nodes",
        ),
    }
}

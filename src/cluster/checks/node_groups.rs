//! Managed node groups, Fargate profiles and Auto Mode: what can run pods.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Cluster, FargateProfileStatus, Nodegroup, NodegroupIssueCode, NodegroupStatus};

use futures::FutureExt;

use super::each::each;
use super::finding::{Asking, Finding, Question, issues};
use super::kinds;
use super::updates::{Of, last_errors};
use crate::cluster::aws::{AwsFailure, FailureKind};
use crate::cluster::version::minor;

/// One finding a node group and one a Fargate profile, or one about what else there is. `required` says that nodes are wanted.
pub(in crate::cluster) async fn compute(
    asking: &Asking<'_>,
    cluster: &Cluster,
    wanted: &[String],
    required: bool,
) -> Vec<Finding> {
    let any = Question::new("compute", "something can run pods");
    let (groups, profiles) = futures::join!(groups(asking, cluster, wanted), profiles(asking));
    let mut findings = Vec::new();
    let none = matches!((&groups, &profiles), (Ok(groups), Ok(profiles)) if groups.is_empty() && profiles.is_empty());
    match groups {
        Ok(found) => findings.extend(found),
        Err(failure) => findings.push(any.unanswered(&failure, "eks:ListNodegroups", required)),
    }
    match profiles {
        Ok(found) => findings.extend(found),
        Err(failure) => {
            let question = Question::new("fargate", "Fargate profiles are ACTIVE");
            findings.push(question.unanswered(&failure, "eks:ListFargateProfiles", false));
        }
    }
    if none {
        findings.push(without_any(&any, cluster));
    }
    findings
}

async fn groups(
    asking: &Asking<'_>,
    cluster: &Cluster,
    wanted: &[String],
) -> Result<Vec<Finding>, AwsFailure> {
    let pages = asking.eks.list_nodegroups().cluster_name(asking.cluster).into_paginator();
    let listed: Vec<String> = pages.items().send().collect::<Result<_, _>>().await?;
    let names: BTreeSet<String> = listed.into_iter().chain(wanted.iter().cloned()).collect();
    Ok(each(names, |name| async move { node_group(asking, cluster, &name).await }.boxed()).await)
}

async fn node_group(asking: &Asking<'_>, cluster: &Cluster, name: &str) -> Finding {
    let question = Question::new(format!("nodegroup.{name}"), format!("node group {name} is ACTIVE"));
    let request = asking.eks.describe_nodegroup().cluster_name(asking.cluster).nodegroup_name(name);
    let failure = match request.send().await {
        Ok(answer) => match answer.nodegroup() {
            Some(group) => {
                // What EKS could not do to it is told by its updates, not by the group.
                let settled =
                    matches!(group.status(), Some(NodegroupStatus::Active | NodegroupStatus::Creating));
                let errors = if settled { None } else { last_errors(asking, Of::NodeGroup(name)).await };
                let finding = judge(asking, &question, group, cluster.version().unwrap_or_default());
                return match errors {
                    Some(errors) => finding.also(format!("the update: {errors}")),
                    None => finding,
                };
            }
            None => AwsFailure::failed("the answer holds no node group"),
        },
        Err(error) => AwsFailure::from(error),
    };
    if failure.kind == FailureKind::NotFound {
        let help = "add it to the cluster unit, or take it out of `verify { node_groups }` in slipway.hcl";
        return question.fail(&kinds::NODE_GROUP_MISSING, "there is no such node group", help);
    }
    question.unanswered(&failure, "eks:DescribeNodegroup", true)
}

fn judge(asking: &Asking<'_>, question: &Question, group: &Nodegroup, version: &str) -> Finding {
    let status = group.status().map_or("UNKNOWN", NodegroupStatus::as_str);
    let size = group.scaling_config().map_or_else(String::new, |scaling| {
        format!(
            ", {} of {} to {} nodes wanted",
            scaling.desired_size().unwrap_or_default(),
            scaling.min_size().unwrap_or_default(),
            scaling.max_size().unwrap_or_default()
        )
    });
    let listed = group.health().map(aws_sdk_eks::types::NodegroupHealth::issues).unwrap_or_default();
    let found =
        issues(listed.iter().map(|issue| (issue.code().map(NodegroupIssueCode::as_str), issue.message())));
    let seen = match &found {
        Some(found) => format!("status is {status} ({found})"),
        None => format!("status is {status}{size}"),
    };
    let mut ways: Vec<&str> = listed.iter().filter_map(|issue| issue.code()).map(repair).collect();
    ways.dedup();
    let stays = listed.iter().filter_map(|issue| issue.code()).any(stays);
    let help = if ways.is_empty() {
        "look at the Auto Scaling group's activity: instance quota, subnets without free addresses, the node role's policies"
            .to_owned()
    } else {
        ways.join("; ")
    };
    let name = group.nodegroup_name().unwrap_or_default();
    match group.status() {
        Some(NodegroupStatus::Active) if found.is_none() => match behind(group, version) {
            0 => question.pass(seen),
            behind => question
                .warn(
                    &kinds::NODE_GROUP_OLDER,
                    format!(
                        "{seen}; nodes run {}, the control plane {version}",
                        group.version().unwrap_or_default()
                    ),
                    format!("upgrade the node group, which is {behind} minor versions behind"),
                )
                .expected(format!("version {version}"))
                .command(asking.eks_command(
                    "update-nodegroup-version",
                    &format!("--nodegroup-name {name} --kubernetes-version {version}"),
                )),
        },
        Some(NodegroupStatus::Active) => question.warn(&kinds::NODE_GROUP_DEGRADED, seen, help),
        Some(NodegroupStatus::Deleting) => question.fail(
            &kinds::NODE_GROUP_FAILED,
            seen,
            "somebody deletes it: apply the cluster unit again once it is gone",
        ),
        Some(NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed) => {
            question.fail(&kinds::NODE_GROUP_FAILED, seen, help)
        }
        Some(NodegroupStatus::Degraded) if stays => question.fail(&kinds::NODE_GROUP_DEGRADED, seen, help),
        Some(NodegroupStatus::Degraded) => question.not_yet(&kinds::NODE_GROUP_DEGRADED, seen, help),
        _ => question.not_yet(&kinds::NODE_GROUP_NOT_ACTIVE, seen, help),
    }
}

/// How many minor versions its nodes are behind; 0 where that is not known.
fn behind(group: &Nodegroup, version: &str) -> u32 {
    let nodes = group.version().and_then(minor);
    nodes.zip(minor(version)).map_or(0, |(nodes, plane)| plane.saturating_sub(nodes))
}

/// Whether an issue stays until somebody changes something.
fn stays(code: &NodegroupIssueCode) -> bool {
    matches!(
        code,
        NodegroupIssueCode::AccessDenied
            | NodegroupIssueCode::AmiIdNotFound
            | NodegroupIssueCode::AutoScalingGroupNotFound
            | NodegroupIssueCode::AutoScalingGroupInvalidConfiguration
            | NodegroupIssueCode::AutoScalingGroupOptInRequired
            | NodegroupIssueCode::Ec2LaunchTemplateNotFound
            | NodegroupIssueCode::Ec2LaunchTemplateVersionMismatch
            | NodegroupIssueCode::Ec2SecurityGroupNotFound
            | NodegroupIssueCode::Ec2SubnetInvalidConfiguration
            | NodegroupIssueCode::Ec2SubnetMissingIpv6Assignment
            | NodegroupIssueCode::Ec2SubnetNotFound
            | NodegroupIssueCode::IamInstanceProfileNotFound
            | NodegroupIssueCode::IamNodeRoleNotFound
            | NodegroupIssueCode::KubernetesLabelInvalid
    )
}

/// What mends an issue.
fn repair(code: &NodegroupIssueCode) -> &'static str {
    match code {
        NodegroupIssueCode::AsgInstanceLaunchFailures
        | NodegroupIssueCode::InstanceLimitExceeded
        | NodegroupIssueCode::LimitExceeded => {
            "have the instance quota raised, or use instance types and zones that have room"
        }
        NodegroupIssueCode::InsufficientFreeAddresses => {
            "free addresses in its subnets, or give it larger ones"
        }
        NodegroupIssueCode::NodeCreationFailure => {
            "its nodes do not join: look at the subnets' way to the API server (NAT or VPC endpoints), the node role's \
             access entry or aws-auth, its policies, and the user data"
        }
        NodegroupIssueCode::PodEvictionFailure => {
            "pods cannot be evicted: look for disruption budgets that allow none (`slipway verify --for VERSION` names them)"
        }
        NodegroupIssueCode::AccessDenied
        | NodegroupIssueCode::IamNodeRoleNotFound
        | NodegroupIssueCode::IamInstanceProfileNotFound => {
            "give the nodes their role back: AmazonEKSWorkerNodePolicy, AmazonEC2ContainerRegistryPullOnly and the CNI's \
             policy, and the access entry or aws-auth item for it"
        }
        NodegroupIssueCode::Ec2SubnetNotFound
        | NodegroupIssueCode::Ec2SubnetInvalidConfiguration
        | NodegroupIssueCode::Ec2SubnetMissingIpv6Assignment => {
            "bring its subnets back, or make the group anew in others; public ones have to give addresses at launch"
        }
        NodegroupIssueCode::Ec2LaunchTemplateNotFound
        | NodegroupIssueCode::Ec2LaunchTemplateVersionMismatch
        | NodegroupIssueCode::AutoScalingGroupNotFound
        | NodegroupIssueCode::AutoScalingGroupInvalidConfiguration
        | NodegroupIssueCode::Ec2SecurityGroupNotFound => {
            "somebody changed what EKS made for it: set it back, or make the group anew"
        }
        NodegroupIssueCode::AmiIdNotFound => "name a machine image that is there in the launch template",
        NodegroupIssueCode::ClusterUnreachable => {
            "its nodes do not reach the API server: private endpoint, security groups, and the subnets' routes"
        }
        _ => {
            "look at the issue and at the Auto Scaling group's activity: instance quota, subnets without free addresses, \
             the node role's policies"
        }
    }
}

/// Whether EKS makes nodes itself, when there are pods for them.
pub(in crate::cluster) fn has_auto_mode(cluster: &Cluster) -> bool {
    cluster.compute_config().and_then(aws_sdk_eks::types::ComputeConfigResponse::enabled) == Some(true)
}

async fn profiles(asking: &Asking<'_>) -> Result<Vec<Finding>, AwsFailure> {
    let pages = asking.eks.list_fargate_profiles().cluster_name(asking.cluster).into_paginator();
    let names: Vec<String> = pages.items().send().collect::<Result<_, _>>().await?;
    Ok(each(names, |name| async move { profile(asking, &name).await }.boxed()).await)
}

async fn profile(asking: &Asking<'_>, name: &str) -> Finding {
    let question = Question::new(format!("fargate.{name}"), format!("Fargate profile {name} is ACTIVE"));
    let request =
        asking.eks.describe_fargate_profile().cluster_name(asking.cluster).fargate_profile_name(name);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return question.unanswered(&error.into(), "eks:DescribeFargateProfile", false),
    };
    let status = answer.fargate_profile().and_then(|profile| profile.status());
    let seen = format!("status is {}", status.map_or("UNKNOWN", FargateProfileStatus::as_str));
    match status {
        Some(FargateProfileStatus::Active) => question.pass(seen),
        Some(FargateProfileStatus::Creating) => {
            question.not_yet(&kinds::FARGATE_NOT_ACTIVE, seen, "it takes some two minutes")
        }
        _ => question.fail(
            &kinds::FARGATE_NOT_ACTIVE,
            seen,
            "make it anew: its pod execution role and private subnets have to be there",
        ),
    }
}

fn without_any(question: &Question, cluster: &Cluster) -> Finding {
    if has_auto_mode(cluster) {
        return question.pass("no node groups; EKS Auto Mode is on");
    }
    question.warn(
        &kinds::NO_COMPUTE,
        "no node groups, no Fargate profiles, no Auto Mode: only self-managed nodes can run pods",
        "add a node group, or bring your own nodes",
    )
}

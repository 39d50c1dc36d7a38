//! What EKS manages beside the control plane: add-ons, machine images, insights, subnets.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Cluster, Nodegroup};
use futures::FutureExt;

use crate::cluster::aws::AwsFailure;
use crate::cluster::checks::{
    ADDRESSES_OF_AN_UPGRADE, Asking, Finding, Question, best, each, fitting, kinds, of_cluster, open_insights,
};
use crate::cluster::version::minor;

/// From this minor version on EKS makes no machine images of Amazon Linux 2.
const WITHOUT_AMAZON_LINUX_2: u32 = 33;

/// One finding an add-on: does its version fit the target.
pub(super) async fn addons(asking: &Asking<'_>, current: &str, target: &str) -> Vec<Finding> {
    let pages = asking.eks.list_addons().cluster_name(asking.cluster).into_paginator();
    match pages.items().send().collect::<Result<Vec<String>, _>>().await {
        Ok(names) => {
            each(names, |name| async move { addon(asking, &name, current, target).await }.boxed()).await
        }
        Err(error) => {
            let question = Question::new("upgrade.addons", "add-ons fit the target");
            vec![question.unanswered(&error.into(), "eks:ListAddons", true)]
        }
    }
}

async fn addon(asking: &Asking<'_>, name: &str, current: &str, target: &str) -> Finding {
    let question = Question::new(format!("upgrade.addon.{name}"), format!("add-on {name} fits {target}"));
    let described = asking.eks.describe_addon().cluster_name(asking.cluster).addon_name(name).send();
    let (described, for_target, for_current) =
        futures::join!(described, fitting(asking, name, target), fitting(asking, name, current));
    let installed = match described {
        Ok(answer) => answer.addon().and_then(|addon| addon.addon_version()).unwrap_or_default().to_owned(),
        Err(error) => return question.unanswered(&error.into(), "eks:DescribeAddon", true),
    };
    let for_target = match for_target {
        Ok(fitting) => fitting,
        Err(failure) => return question.unanswered(&failure, "eks:DescribeAddonVersions", true),
    };
    if for_target.iter().any(|(version, _)| *version == installed) {
        return question.pass(format!("{installed} fits"));
    }
    let Some(wanted) = best(&for_target) else {
        return question.fail(
            &kinds::ADDON_UNFIT_FOR_TARGET,
            format!("{installed} is installed, and there is no version of {name} for {target}"),
            "wait for one, or bring what the add-on does another way",
        );
    };
    let update = |version: &str| {
        asking.eks_command(
            "update-addon",
            &format!("--addon-name {name} --addon-version {version} --resolve-conflicts PRESERVE"),
        )
    };
    let seen = format!("{installed} is installed, which EKS does not list for {target}");
    // A version for both can be taken before, and then nothing is broken in between.
    let both = for_current.unwrap_or_default();
    let both = for_target.iter().find(|(version, _)| both.iter().any(|(other, _)| other == version));
    let (version, when) = match both {
        Some((version, _)) => (version.as_str(), "before the upgrade: this version fits both"),
        None => (wanted, "right after the control plane was upgraded"),
    };
    question
        .warn(&kinds::ADDON_UNFIT_FOR_TARGET, seen, format!("update it to {version} {when}"))
        .expected(format!("a version for {target}, such as {wanted}"))
        .command(update(version))
}

/// Node groups as EKS describes them; those that cannot be described are told as that.
pub(super) async fn node_groups(asking: &Asking<'_>) -> (Vec<Nodegroup>, Vec<Finding>) {
    let question = Question::new("upgrade.node_groups", "node groups can be upgraded");
    let pages = asking.eks.list_nodegroups().cluster_name(asking.cluster).into_paginator();
    let names = match pages.items().send().collect::<Result<Vec<String>, _>>().await {
        Ok(names) => names,
        Err(error) => {
            return (Vec::new(), vec![question.unanswered(&error.into(), "eks:ListNodegroups", true)]);
        }
    };
    let described = each(names, |name| {
        async move {
            let request = asking.eks.describe_nodegroup().cluster_name(asking.cluster).nodegroup_name(name);
            request.send().await.map(|answer| answer.nodegroup).map_err(AwsFailure::from)
        }
        .boxed()
    });
    let (mut groups, mut findings) = (Vec::new(), Vec::new());
    for described in described.await {
        match described {
            Ok(group) => groups.extend(group),
            Err(failure) if findings.is_empty() => {
                findings.push(question.unanswered(&failure, "eks:DescribeNodegroup", true));
            }
            Err(_) => {}
        }
    }
    (groups, findings)
}

/// Amazon Linux 2 ends: node groups of it get no image for the target. `nodes` are those of no node group that run it.
pub(super) fn machine_images(groups: &[Nodegroup], nodes: &BTreeSet<String>, target: &str) -> Finding {
    let question = Question::new("upgrade.machine_images", "there are machine images for the target");
    let old = |group: &&Nodegroup| group.ami_type().is_some_and(|kind| kind.as_str().starts_with("AL2_"));
    let names: Vec<String> = groups
        .iter()
        .filter(old)
        .map(|group| format!("node group {}", group.nodegroup_name().unwrap_or_default()))
        .chain(nodes.iter().map(|node| format!("node {node}")))
        .collect();
    if names.is_empty() {
        return question.pass("no Amazon Linux 2");
    }
    let help = "make node groups of AL2023 (`ami_type = \"AL2023_x86_64_STANDARD\"`) or Bottlerocket beside them, drain the old \
                ones and take them away: a group cannot change its image type";
    let seen = format!("{} run Amazon Linux 2", names.join(", "));
    if minor(target).is_some_and(|minor| minor >= WITHOUT_AMAZON_LINUX_2) {
        question.fail(&kinds::AMAZON_LINUX_2, seen, help)
    } else {
        question.warn(&kinds::AMAZON_LINUX_2, seen, help)
    }
}

/// One finding an insight that asks for work before an upgrade.
pub(super) async fn insights(asking: &Asking<'_>, target: &str) -> Vec<Finding> {
    let question = Question::new("upgrade.insights", "EKS has no insights against the upgrade");
    let (count, open) = match open_insights(asking).await {
        Ok(found) => found,
        Err(failure) => return vec![question.unanswered(&failure, "eks:ListInsights", false)],
    };
    let about = |version: &Option<String>| version.as_deref().is_none_or(|version| version == target);
    let findings: Vec<Finding> = open
        .iter()
        .filter(|insight| insight.is_about_upgrades && about(&insight.version))
        .map(|insight| {
            let question = Question::new(format!("upgrade.insight.{}", insight.id), insight.name.clone());
            let help = if insight.recommendation.is_empty() {
                "read its recommendation".to_owned()
            } else {
                insight.recommendation.clone()
            };
            let finding = if insight.is_error {
                question.fail(&kinds::INSIGHTS, insight.seen(), help)
            } else {
                question.warn(&kinds::INSIGHTS, insight.seen(), help)
            };
            finding.command(insight.command(asking))
        })
        .collect();
    if findings.is_empty() { vec![question.pass(format!("none of {count}"))] } else { findings }
}

/// EKS puts new network interfaces into the subnets of the cluster.
pub(super) async fn addresses(asking: &Asking<'_>, cluster: &Cluster) -> Option<Finding> {
    let question = Question::new("upgrade.addresses", "the cluster's subnets have room for an upgrade");
    let vpc = cluster.resources_vpc_config().filter(|vpc| !vpc.subnet_ids().is_empty())?;
    let around = match of_cluster(asking, vpc).await {
        Ok(around) => around,
        Err(failure) => return Some(question.unanswered(&failure, "ec2:DescribeSubnets", false)),
    };
    let own = around.iter().filter(|subnet| vpc.subnet_ids().contains(&subnet.id));
    let listed: Vec<String> =
        own.clone().map(|subnet| format!("{}: {} free", subnet.id, subnet.free)).collect();
    let free: u32 = own.map(|subnet| subnet.free).sum();
    Some(if free >= ADDRESSES_OF_AN_UPGRADE {
        question.pass(listed.join(", "))
    } else {
        question
            .fail(
                &kinds::FEW_ADDRESSES,
                listed.join(", "),
                "free addresses in these subnets, or give the cluster others with `update-cluster-config`",
            )
            .expected(format!("at least {ADDRESSES_OF_AN_UPGRADE} free addresses in all"))
            .command(
                asking.eks_command("update-cluster-config", "--resources-vpc-config subnetIds=SUBNET,SUBNET"),
            )
    })
}

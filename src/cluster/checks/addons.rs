//! Add-ons: those that are there are well, and the wanted ones are there.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Addon, AddonStatus};

use super::finding::{Finding, Questions, issues};
use crate::cluster::aws::{AwsFailure, FailureKind};

/// One finding an add-on; `wanted` ones fail where they are missing or not answered.
pub(in crate::cluster) async fn addons(questions: &Questions<'_>, wanted: &[String]) -> Vec<Finding> {
    let listed = questions
        .eks
        .list_addons()
        .cluster_name(questions.cluster)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let mut names: BTreeSet<String> = wanted.iter().cloned().collect();
    let mut findings = Vec::new();
    match listed {
        Ok(listed) => names.extend(listed),
        // Where add-ons are wanted, asking for each of them says it better.
        Err(_) if !wanted.is_empty() => {}
        Err(error) => {
            let failure = AwsFailure::from(error);
            findings.push(Finding::unanswered(
                "addons",
                "add-ons are ACTIVE",
                &failure,
                "eks:ListAddons",
                false,
            ));
        }
    }
    for name in names {
        findings.push(addon(questions, &name, wanted.contains(&name)).await);
    }
    findings
}

async fn addon(questions: &Questions<'_>, name: &str, wanted: bool) -> Finding {
    let id = format!("addon.{name}");
    let title = format!("add-on {name} is ACTIVE");
    let request = questions.eks.describe_addon().cluster_name(questions.cluster).addon_name(name);
    let failure = match request.send().await {
        Ok(answer) => match answer.addon() {
            Some(addon) => return judge(&id, &title, addon, wanted),
            None => return Finding::not_yet(&id, &title, "the answer holds no add-on", "ask again"),
        },
        Err(error) => AwsFailure::from(error),
    };
    if failure.kind == FailureKind::NotFound {
        return Finding::not_yet(
            &id,
            &title,
            "not installed",
            format!("add \"{name}\" to the cluster unit's add-ons, or take it out of `verify {{ addons }}`"),
        );
    }
    Finding::unanswered(&id, &title, &failure, "eks:DescribeAddon", wanted)
}

fn judge(id: &str, title: &str, addon: &Addon, wanted: bool) -> Finding {
    let status = addon.status().map_or("UNKNOWN", AddonStatus::as_str);
    let version = addon.addon_version().unwrap_or("version unknown");
    let found = addon.health().and_then(|health| {
        issues(
            health
                .issues()
                .iter()
                .map(|issue| (issue.code().map(aws_sdk_eks::types::AddonIssueCode::as_str), issue.message())),
        )
    });
    let detail = match &found {
        Some(found) => format!("status is {status} ({found})"),
        None => format!("status is {status}, {version}"),
    };
    let help = "look at the add-on's pods in kube-system; CoreDNS stays DEGRADED until there are nodes";
    match addon.status() {
        Some(AddonStatus::Active) if found.is_none() => Finding::pass(id, title, detail),
        Some(AddonStatus::Active) => Finding::warn(id, title, detail, help),
        Some(AddonStatus::CreateFailed | AddonStatus::DeleteFailed) if wanted => Finding::fail(
            id,
            title,
            detail,
            "conflicts with what is installed already: apply the add-on with `resolve_conflicts_on_create = OVERWRITE`",
        ),
        _ if wanted => Finding::not_yet(id, title, detail, help),
        // Nobody asked for it, so it must not hold the run up.
        _ => Finding::warn(id, title, detail, help),
    }
}

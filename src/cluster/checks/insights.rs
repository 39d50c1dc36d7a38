//! What EKS itself has noticed, and the capabilities that it runs.

use aws_sdk_eks::types::{Category, Insight, InsightStatusValue, InsightSummary};

use futures::FutureExt;

use super::each::each;
use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::AwsFailure;
use crate::cluster::eks::active_argocd;

/// What EKS noticed, and whether it runs an Argo CD of its own (its name).
pub(in crate::cluster) async fn noticed(asking: &Asking<'_>) -> (Vec<Finding>, Option<String>) {
    let (insights, capability) = futures::join!(insights(asking), argocd_capability(asking));
    (vec![insights, capability.0], capability.1)
}

async fn insights(asking: &Asking<'_>) -> Finding {
    let question = Question::new("cluster.insights", "EKS has no insights that ask for work");
    let (count, open) = match open_insights(asking).await {
        Ok(found) => found,
        Err(failure) => return question.unanswered(&failure, "eks:ListInsights", false),
    };
    if open.is_empty() {
        return question.pass(format!("{count} insights pass"));
    }
    let seen: Vec<String> = open.iter().map(Opened::seen).collect();
    let mut help: Vec<String> = open.iter().map(|insight| insight.recommendation.clone()).collect();
    help.retain(|help| !help.is_empty());
    help.dedup();
    let help = if help.is_empty() { "read the recommendation of each".to_owned() } else { help.join("; ") };
    let finding = question.warn(&kinds::INSIGHTS, seen.join("; "), help);
    open.iter().fold(finding, |finding, insight| finding.command(insight.command(asking)))
}

/// An insight that asks for work.
#[derive(Debug)]
pub(in crate::cluster) struct Opened {
    pub(in crate::cluster) id: String,
    pub(in crate::cluster) name: String,
    pub(in crate::cluster) is_error: bool,
    pub(in crate::cluster) reason: String,
    pub(in crate::cluster) recommendation: String,
    /// The objects that it is about: paths of Kubernetes, or ARNs.
    pub(in crate::cluster) resources: Vec<String>,
    /// The version that it is about.
    pub(in crate::cluster) version: Option<String>,
    pub(in crate::cluster) is_about_upgrades: bool,
}

impl Opened {
    /// The insight in a line.
    pub(in crate::cluster) fn seen(&self) -> String {
        let mut seen = self.name.clone();
        if !self.reason.is_empty() {
            seen = format!("{seen} ({})", self.reason.trim_end_matches('.'));
        }
        if !self.resources.is_empty() {
            seen = format!("{seen}: {}", self.resources.join(", "));
        }
        seen
    }

    /// What shows all of it.
    pub(in crate::cluster) fn command(&self, asking: &Asking<'_>) -> String {
        asking.eks_command("describe-insight", &format!("--id {}", self.id))
    }
}

/// How many insights there are, and those that ask for work, each with its details.
pub(in crate::cluster) async fn open_insights(
    asking: &Asking<'_>,
) -> Result<(usize, Vec<Opened>), AwsFailure> {
    let pages = asking.eks.list_insights().cluster_name(asking.cluster).into_paginator();
    let listed: Vec<InsightSummary> = pages.items().send().collect::<Result<_, _>>().await?;
    let count = listed.len();
    let open: Vec<InsightSummary> = listed
        .into_iter()
        .filter(|insight| {
            let status = insight.insight_status().and_then(|status| status.status());
            matches!(status, Some(InsightStatusValue::Error | InsightStatusValue::Warning))
        })
        .collect();
    let described = each(open, |summary| {
        async move {
            let id = summary.id().unwrap_or_default().to_owned();
            let answer = asking.eks.describe_insight().cluster_name(asking.cluster).id(&id).send().await;
            // Who may list them and not describe them is told what the list has.
            opened(&summary, answer.ok().and_then(|answer| answer.insight).as_ref())
        }
        .boxed()
    });
    Ok((count, described.await))
}

fn opened(summary: &InsightSummary, insight: Option<&Insight>) -> Opened {
    let status = summary.insight_status();
    let resources = insight.map(Insight::resources).unwrap_or_default();
    Opened {
        id: summary.id().unwrap_or_default().to_owned(),
        name: summary.name().unwrap_or("unnamed").to_owned(),
        is_error: status.and_then(|status| status.status()) == Some(&InsightStatusValue::Error),
        version: summary.kubernetes_version().map(str::to_owned),
        is_about_upgrades: summary.category() == Some(&Category::UpgradeReadiness),
        reason: status.and_then(|status| status.reason()).unwrap_or_default().to_owned(),
        recommendation: insight.and_then(Insight::recommendation).unwrap_or_default().to_owned(),
        resources: resources
            .iter()
            .filter_map(|resource| resource.kubernetes_resource_uri().or(resource.arn()).map(str::to_owned))
            .collect(),
    }
}

async fn argocd_capability(asking: &Asking<'_>) -> (Finding, Option<String>) {
    let question = Question::new("capability.argocd", "EKS runs no Argo CD of its own");
    match active_argocd(asking.eks, asking.cluster).await {
        Ok(None) => (question.pass("no such capability"), None),
        Ok(Some(name)) => {
            let help = "connect the repository to it; Slipway will not install a second Argo CD beside it";
            let finding = question.warn(&kinds::MANAGED_ARGOCD, format!("capability {name} is ACTIVE"), help);
            (finding, Some(name))
        }
        Err(failure) => (question.unanswered(&failure, "eks:ListCapabilities", false), None),
    }
}

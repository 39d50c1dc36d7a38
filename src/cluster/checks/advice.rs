//! What does not make a cluster unusable, but somebody should know.

use aws_sdk_eks::types::{Cluster, InsightStatusValue};

use super::finding::{Finding, Questions};
use crate::cluster::aws::AwsFailure;
use crate::cluster::eks::active_argocd;

/// Endpoint, logging, encryption, protection, insights, and whether EKS runs an Argo CD of its own (its name).
pub(in crate::cluster) async fn advice(
    questions: &Questions<'_>,
    cluster: &Cluster,
) -> (Vec<Finding>, Option<String>) {
    let mut findings = vec![endpoint(cluster), logging(cluster), encryption(cluster), protection(cluster)];
    findings.push(insights(questions).await);
    let (capability, managed) = argocd_capability(questions).await;
    findings.push(capability);
    (findings, managed)
}

fn endpoint(cluster: &Cluster) -> Finding {
    let (id, title) = ("cluster.endpoint", "the endpoint is not open to everyone");
    let Some(vpc) = cluster.resources_vpc_config() else {
        return Finding::warn(
            id,
            title,
            "the cluster has no VPC configuration",
            "look at it in the EKS console",
        );
    };
    if !vpc.endpoint_public_access() {
        return Finding::pass(id, title, "private only");
    }
    let ranges = vpc.public_access_cidrs().join(", ");
    if vpc.public_access_cidrs().iter().any(|range| range == "0.0.0.0/0" || range == "::/0") {
        return Finding::warn(
            id,
            title,
            format!("public, from {ranges}"),
            "set `public_access_cidrs` to the networks that need it, or use the private endpoint",
        );
    }
    let private = if vpc.endpoint_private_access() { "public and private" } else { "public" };
    Finding::pass(id, title, format!("{private}, from {ranges}"))
}

fn logging(cluster: &Cluster) -> Finding {
    let (id, title) = ("cluster.logging", "the control plane logs audit events");
    let enabled: Vec<&str> = cluster
        .logging()
        .map(aws_sdk_eks::types::Logging::cluster_logging)
        .unwrap_or_default()
        .iter()
        .filter(|setup| setup.enabled() == Some(true))
        .flat_map(aws_sdk_eks::types::LogSetup::types)
        .map(aws_sdk_eks::types::LogType::as_str)
        .collect();
    if enabled.contains(&"audit") {
        Finding::pass(id, title, enabled.join(", "))
    } else {
        let detail = if enabled.is_empty() { "nothing is logged".to_owned() } else { enabled.join(", ") };
        Finding::warn(id, title, detail, "enable the log types `audit` and `authenticator`")
    }
}

fn encryption(cluster: &Cluster) -> Finding {
    let (id, title) = ("cluster.encryption", "secrets are encrypted with a key of one's own");
    if cluster.encryption_config().is_empty() {
        Finding::warn(
            id,
            title,
            "AWS's own key",
            "set `encryption_config` with a KMS key where policy asks for one",
        )
    } else {
        Finding::pass(id, title, "secrets are encrypted with a KMS key")
    }
}

fn protection(cluster: &Cluster) -> Finding {
    let (id, title) = ("cluster.protection", "deletion protection");
    // Off is the ordinary case for a cluster that comes and goes; nothing to warn of.
    let detail = if cluster.deletion_protection() == Some(true) { "on" } else { "off" };
    Finding::pass(id, title, detail)
}

async fn insights(questions: &Questions<'_>) -> Finding {
    let (id, title) = ("cluster.insights", "EKS has no insights that ask for work");
    let listed = questions
        .eks
        .list_insights()
        .cluster_name(questions.cluster)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let insights = match listed {
        Ok(insights) => insights,
        Err(error) => return advisory(id, title, error.into(), "eks:ListInsights"),
    };
    let open: Vec<&str> = insights
        .iter()
        .filter(|insight| {
            let status = insight.insight_status().and_then(|status| status.status());
            matches!(status, Some(InsightStatusValue::Error | InsightStatusValue::Warning))
        })
        .map(|insight| insight.name().unwrap_or("unnamed"))
        .collect();
    if open.is_empty() {
        Finding::pass(id, title, format!("{} insights pass", insights.len()))
    } else {
        Finding::warn(id, title, open.join("; "), "read the recommendation of each with `DescribeInsight`")
    }
}

async fn argocd_capability(questions: &Questions<'_>) -> (Finding, Option<String>) {
    let (id, title) = ("capability.argocd", "EKS runs no Argo CD of its own");
    match active_argocd(questions.eks, questions.cluster).await {
        Ok(None) => (Finding::pass(id, title, "no such capability"), None),
        Ok(Some(name)) => {
            let help = "connect the repository to it; Slipway will not install a second Argo CD beside it";
            let finding = Finding::warn(id, title, format!("capability {name} is ACTIVE"), help);
            (finding, Some(name))
        }
        Err(failure) => (advisory(id, title, failure, "eks:ListCapabilities"), None),
    }
}

/// Advice that cannot be had, for whatever reason, is no reason to fail.
fn advisory(id: &str, title: &str, failure: AwsFailure, permission: &str) -> Finding {
    use crate::cluster::aws::FailureKind;
    let kind = match failure.kind {
        FailureKind::AccessDenied | FailureKind::Expired => failure.kind,
        _ => FailureKind::NotAnswered,
    };
    Finding::unanswered(id, title, &AwsFailure { kind, ..failure }, permission, false)
}

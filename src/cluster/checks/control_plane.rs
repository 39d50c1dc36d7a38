//! The control plane: status, health, version.

use aws_sdk_eks::types::{Cluster, ClusterStatus, SupportType, VersionStatus};

use super::finding::{Finding, Questions, issues};

const STATUS: (&str, &str) = ("cluster.status", "the cluster is ACTIVE");
const HEALTH: (&str, &str) = ("cluster.health", "the cluster has no health issues");
const VERSION: (&str, &str) = ("cluster.version", "the cluster runs the expected version");
const SUPPORT: (&str, &str) = ("cluster.support", "the cluster's version is supported");

/// Status and health, from the description itself.
pub(in crate::cluster) fn control_plane(cluster: &Cluster) -> Vec<Finding> {
    let health =
        cluster.health().and_then(|health| {
            issues(health.issues().iter().map(|issue| {
                (issue.code().map(aws_sdk_eks::types::ClusterIssueCode::as_str), issue.message())
            }))
        });
    let mut findings = vec![status(cluster, health.as_deref())];
    findings.push(match &health {
        None => Finding::pass(HEALTH.0, HEALTH.1, "no issues"),
        Some(found) => Finding::not_yet(
            HEALTH.0,
            HEALTH.1,
            found,
            "repair what the issue names (roles, subnets, security groups, KMS key), EKS notices within minutes",
        ),
    });
    findings
}

fn status(cluster: &Cluster, health: Option<&str>) -> Finding {
    let status = cluster.status().map_or("UNKNOWN", ClusterStatus::as_str);
    let detail = match health {
        Some(issue) => format!("status is {status} ({issue})"),
        None => format!("status is {status}"),
    };
    match cluster.status() {
        Some(ClusterStatus::Active) => Finding::pass(STATUS.0, STATUS.1, detail),
        // The API server serves while AWS replaces parts of it.
        Some(ClusterStatus::Updating) => Finding::not_yet(
            STATUS.0,
            STATUS.1,
            detail,
            "an update is in flight: wait, or look at it with `ListUpdates`",
        ),
        Some(ClusterStatus::Failed | ClusterStatus::Deleting) => Finding::fail(
            STATUS.0,
            STATUS.1,
            detail,
            "this does not mend itself: destroy the unit and apply it again",
        ),
        _ => Finding::not_yet(
            STATUS.0,
            STATUS.1,
            detail,
            "a cluster takes some ten minutes; if it stays, look at its health issues in the EKS console, raise \
             `verify { timeout }` or run again",
        ),
    }
}

/// The version: the expected one, and one that AWS still supports.
pub(in crate::cluster) async fn version(
    questions: &Questions<'_>,
    cluster: &Cluster,
    expected: Option<&str>,
) -> Vec<Finding> {
    let version = cluster.version().unwrap_or_default();
    let mut findings = Vec::new();
    if let Some(expected) = expected {
        findings.push(if version == expected {
            Finding::pass(VERSION.0, VERSION.1, format!("version is {version}"))
        } else {
            Finding::fail(
                VERSION.0,
                VERSION.1,
                format!("version is {version}, expected {expected}"),
                "apply the cluster unit with that version, or change `verify { version }` in slipway.hcl",
            )
        });
    }
    findings.push(support(questions, cluster, version).await);
    findings
}

async fn support(questions: &Questions<'_>, cluster: &Cluster, version: &str) -> Finding {
    let (id, title) = SUPPORT;
    let request = questions.eks.describe_cluster_versions().cluster_versions(version);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            return Finding::unanswered(id, title, &error.into(), "eks:DescribeClusterVersions", false);
        }
    };
    let known = answer.cluster_versions().iter().find(|known| known.cluster_version() == Some(version));
    let Some(known) = known else {
        return Finding::fail(
            id,
            title,
            format!("EKS does not list version {version} any more"),
            "upgrade the cluster one minor version at a time",
        );
    };
    let until = |date: Option<&aws_sdk_eks::primitives::DateTime>| {
        date.map_or_else(String::new, |date| {
            date.fmt(aws_sdk_eks::primitives::DateTimeFormat::DateTime).map_or_else(
                |_| String::new(),
                |date| format!(" until {}", date.split('T').next().unwrap_or_default()),
            )
        })
    };
    match known.version_status() {
        Some(VersionStatus::StandardSupport) => {
            let end = until(known.end_of_standard_support_date());
            Finding::pass(id, title, format!("{version} is in standard support{end}"))
        }
        Some(VersionStatus::ExtendedSupport) => {
            let end = until(known.end_of_extended_support_date());
            let policy = cluster.upgrade_policy().and_then(|policy| policy.support_type());
            let help = if policy == Some(&SupportType::Standard) {
                "EKS upgrades this cluster by itself (upgrade policy STANDARD): upgrade it first"
            } else {
                "extended support costs extra: upgrade to a version in standard support"
            };
            Finding::warn(id, title, format!("{version} is in extended support{end}"), help)
        }
        Some(VersionStatus::Unsupported) => Finding::fail(
            id,
            title,
            format!("{version} is not supported any more"),
            "upgrade the cluster one minor version at a time",
        ),
        other => Finding::warn(
            id,
            title,
            format!("support of {version} is {}", other.map_or("unknown", |status| status.as_str())),
            "look the version up in the EKS release calendar",
        ),
    }
}

//! How long AWS supports the cluster's version.

use aws_sdk_eks::primitives::{DateTime, DateTimeFormat};
use aws_sdk_eks::types::{Cluster, ClusterVersionInformation, SupportType, VersionStatus};

use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::aws::AwsFailure;

/// What an hour of a control plane costs, in US dollars, in standard and in extended support.
pub(in crate::cluster) const HOUR: (&str, &str) = ("0.10", "0.60");

/// Asks EKS about one version; none where it does not list it.
pub(in crate::cluster) async fn describe_version(
    asking: &Asking<'_>,
    version: &str,
) -> Result<Option<ClusterVersionInformation>, AwsFailure> {
    let answer = asking.eks.describe_cluster_versions().cluster_versions(version).send().await?;
    Ok(answer
        .cluster_versions
        .unwrap_or_default()
        .into_iter()
        .find(|known| known.cluster_version() == Some(version)))
}

pub(in crate::cluster) async fn support(asking: &Asking<'_>, cluster: &Cluster) -> Finding {
    let question = Question::new("cluster.support", "the cluster's version is supported");
    let version = cluster.version().unwrap_or_default();
    let next = crate::cluster::version::next(version).unwrap_or_else(|| "the next minor version".to_owned());
    let upgrade = |finding: Finding| {
        finding
            .command(format!("slipway verify --for {next}"))
            .command(asking.eks_command("update-cluster-version", &format!("--kubernetes-version {next}")))
    };
    let known = match describe_version(asking, version).await {
        Ok(known) => known,
        Err(failure) => return question.unanswered(&failure, "eks:DescribeClusterVersions", false),
    };
    let Some(known) = known else {
        return upgrade(question.fail(
            &kinds::UNSUPPORTED,
            format!("EKS does not list version {version} any more"),
            "upgrade the cluster one minor version at a time",
        ));
    };
    match known.version_status() {
        Some(VersionStatus::StandardSupport) => {
            let end = until(known.end_of_standard_support_date());
            question.pass(format!("{version} is in standard support{end}"))
        }
        Some(VersionStatus::ExtendedSupport) => {
            let end = until(known.end_of_extended_support_date());
            let policy = cluster.upgrade_policy().and_then(|policy| policy.support_type());
            let help = if policy == Some(&SupportType::Standard) {
                "EKS upgrades this cluster by itself (upgrade policy STANDARD): upgrade it first".to_owned()
            } else {
                let (standard, extended) = HOUR;
                format!(
                    "extended support costs ${extended} an hour instead of ${standard}: upgrade to a version in standard \
                     support"
                )
            };
            let seen = format!("{version} is in extended support{end}");
            upgrade(question.warn(&kinds::EXTENDED_SUPPORT, seen, help))
        }
        Some(VersionStatus::Unsupported) => upgrade(question.fail(
            &kinds::UNSUPPORTED,
            format!("{version} is not supported any more"),
            "upgrade the cluster one minor version at a time",
        )),
        other => question.warn(
            &kinds::SUPPORT_UNKNOWN,
            format!("support of {version} is {}", other.map_or("unknown", |status| status.as_str())),
            "look it up in the EKS documentation",
        ),
    }
}

fn until(date: Option<&DateTime>) -> String {
    date.and_then(day).map_or_else(String::new, |day| format!(" until {day}"))
}

/// `2026-11-26`.
pub(in crate::cluster) fn day(date: &DateTime) -> Option<String> {
    let text = date.fmt(DateTimeFormat::DateTime).ok()?;
    text.split('T').next().map(str::to_owned)
}

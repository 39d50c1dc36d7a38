//! May the control plane go to that version, and what does staying cost.

use aws_sdk_eks::types::{Cluster, ClusterStatus, ClusterVersionInformation, VersionStatus};

use crate::cluster::aws::AwsFailure;
use crate::cluster::checks::{Asking, Finding, HOUR, Question, day, describe_version, kinds};
use crate::cluster::version::{minor, next};

/// Whether the target is the next minor version, and how long it is supported; how long the current one is; whether nothing else is
/// going on.
pub(super) async fn control_plane(asking: &Asking<'_>, cluster: &Cluster, target: &str) -> Vec<Finding> {
    let current = cluster.version().unwrap_or_default();
    let (of_target, of_current) =
        futures::join!(describe_version(asking, target), describe_version(asking, current));
    vec![
        step(asking, current, target),
        status(cluster),
        target_support(target, of_target),
        current_support(current, of_current),
    ]
}

fn step(asking: &Asking<'_>, current: &str, target: &str) -> Finding {
    let question = Question::new("upgrade.step", "the target is the next minor version");
    let (Some(from), Some(to)) = (minor(current), minor(target)) else {
        return question.open(&kinds::SUPPORT_UNKNOWN, format!("the cluster runs {current:?}"), "");
    };
    if to == from + 1 {
        return question.pass(format!("from {current} to {target}"));
    }
    if to <= from {
        let help = "name a newer version; a control plane never goes back";
        return question
            .fail(&kinds::UPGRADE_NOT_NEWER, format!("the cluster runs {current}"), help)
            .expected(format!("a version before {target}"));
    }
    let steps: Vec<String> = (from + 1..=to).map(|minor| format!("1.{minor}")).collect();
    let first = next(current).unwrap_or_default();
    question
        .fail(
            &kinds::UPGRADE_SKIPS,
            format!("the cluster runs {current}, {} versions before {target}", to - from),
            format!("EKS goes one minor version at a time: {}", steps.join(", then ")),
        )
        .command(format!("slipway verify --for {first}"))
        .command(asking.eks_command("update-cluster-version", &format!("--kubernetes-version {first}")))
}

fn status(cluster: &Cluster) -> Finding {
    let question = Question::new("upgrade.status", "EKS takes an update");
    let status = cluster.status().map_or("UNKNOWN", ClusterStatus::as_str);
    if cluster.status() == Some(&ClusterStatus::Active) {
        return question.pass("the cluster is ACTIVE");
    }
    question.not_yet(
        &kinds::UPDATING,
        format!("status is {status}"),
        "wait until the cluster is ACTIVE; `slipway verify` says what it waits for",
    )
}

type Described = Result<Option<ClusterVersionInformation>, AwsFailure>;

fn target_support(target: &str, described: Described) -> Finding {
    let question = Question::new("upgrade.target", "EKS offers the target");
    let known = match described {
        Ok(known) => known,
        Err(failure) => return question.unanswered(&failure, "eks:DescribeClusterVersions", false),
    };
    let Some(known) = known else {
        let help = "see which there are with `aws eks describe-cluster-versions`";
        return question
            .fail(&kinds::VERSION_UNKNOWN, format!("EKS has no version {target} in this region"), help)
            .command("aws eks describe-cluster-versions --query 'clusterVersions[].[clusterVersion,versionStatus]' --output text");
    };
    match known.version_status() {
        Some(VersionStatus::StandardSupport) => question.pass(dates(target, &known)),
        Some(VersionStatus::ExtendedSupport) => question.warn(
            &kinds::EXTENDED_SUPPORT,
            dates(target, &known),
            "go on to a version in standard support after this one",
        ),
        _ => question.fail(&kinds::UNSUPPORTED, dates(target, &known), "go to a version that is supported"),
    }
}

fn current_support(current: &str, described: Described) -> Finding {
    let question = Question::new("upgrade.support", "what staying costs");
    let known = match described {
        Ok(Some(known)) => known,
        Ok(None) => {
            let help = "upgrade: EKS will do it by itself otherwise";
            return question.warn(&kinds::UNSUPPORTED, format!("EKS does not list {current} any more"), help);
        }
        Err(failure) => return question.unanswered(&failure, "eks:DescribeClusterVersions", false),
    };
    if known.version_status() == Some(&VersionStatus::StandardSupport) {
        return question.pass(dates(current, &known));
    }
    question.warn(&kinds::EXTENDED_SUPPORT, dates(current, &known), "upgrade: each month costs more by that")
}

/// How long a version is supported, and for how much.
fn dates(version: &str, known: &ClusterVersionInformation) -> String {
    let (standard, extended) = HOUR;
    let until = |date: Option<&aws_sdk_eks::primitives::DateTime>| {
        date.and_then(day).map_or_else(String::new, |day| format!(" until {day}"))
    };
    let standard_end = until(known.end_of_standard_support_date());
    let extended_end = until(known.end_of_extended_support_date());
    match known.version_status() {
        Some(VersionStatus::StandardSupport) => format!(
            "{version} is in standard support{standard_end} (${standard} an hour), then in extended support{extended_end} \
             (${extended} an hour, some $365 more a month)"
        ),
        Some(VersionStatus::ExtendedSupport) => format!(
            "{version} is in extended support{extended_end}: ${extended} an hour instead of ${standard}, some $365 more a month"
        ),
        other => format!("{version} is {}", other.map_or("unknown", VersionStatus::as_str)),
    }
}

//! The control plane: status, health, the wanted version.

use aws_sdk_eks::types::{Cluster, ClusterIssueCode, ClusterStatus};

use super::finding::{Asking, Finding, Question, issues};
use super::kinds;

/// Status and health, from the description itself.
pub(in crate::cluster) fn control_plane(asking: &Asking<'_>, cluster: &Cluster) -> Vec<Finding> {
    let found = cluster.health().map(aws_sdk_eks::types::ClusterHealth::issues).unwrap_or_default();
    let health =
        issues(found.iter().map(|issue| (issue.code().map(ClusterIssueCode::as_str), issue.message())));
    let question = Question::new("cluster.health", "the cluster has no health issues");
    let findings = match &health {
        None => question.pass("no issues"),
        Some(seen) => {
            let mut ways: Vec<&str> = found.iter().filter_map(|issue| issue.code()).map(repair).collect();
            ways.dedup();
            question.not_yet(
                &kinds::UNHEALTHY,
                seen,
                format!("{}; EKS notices within minutes", ways.join("; ")),
            )
        }
    };
    vec![status(asking, cluster, health.as_deref()), findings]
}

/// What mends an issue of the control plane.
fn repair(code: &ClusterIssueCode) -> &'static str {
    match code {
        ClusterIssueCode::AccessDenied | ClusterIssueCode::IamRoleNotFound => {
            "give the cluster its role back, with AmazonEKSClusterPolicy and trust in eks.amazonaws.com"
        }
        ClusterIssueCode::Ec2SubnetNotFound | ClusterIssueCode::VpcNotFound => {
            "bring the subnets back, or set others with `update-cluster-config` (apply the cluster unit)"
        }
        ClusterIssueCode::InsufficientFreeAddresses => {
            "free addresses in the cluster's subnets, or give it others with `update-cluster-config`"
        }
        ClusterIssueCode::Ec2SecurityGroupNotFound => "bring the security group back, or set another one",
        ClusterIssueCode::KmsKeyDisabled
        | ClusterIssueCode::KmsKeyMarkedForDeletion
        | ClusterIssueCode::KmsKeyNotFound
        | ClusterIssueCode::KmsGrantRevoked => {
            "enable the KMS key again, cancel its deletion, and give the cluster's role its grant: without it the cluster \
             cannot be brought back"
        }
        ClusterIssueCode::StsRegionalEndpointDisabled => {
            "enable STS in this region, in the account's settings"
        }
        ClusterIssueCode::ResourceLimitExceeded => "have the limit raised by Service Quotas",
        _ => "repair what the issue names (roles, subnets, security groups, KMS key)",
    }
}

fn status(asking: &Asking<'_>, cluster: &Cluster, health: Option<&str>) -> Finding {
    let question = Question::new("cluster.status", "the cluster is ACTIVE");
    let status = cluster.status().map_or("UNKNOWN", ClusterStatus::as_str);
    let detail = match health {
        Some(issue) => format!("status is {status} ({issue})"),
        None => format!("status is {status}"),
    };
    match cluster.status() {
        Some(ClusterStatus::Active) => question.pass(detail),
        // The API server serves while AWS replaces parts of it.
        Some(ClusterStatus::Updating) => question
            .not_yet(&kinds::UPDATING, detail, "an update is in flight: wait; `cluster.updates` says which")
            .command(asking.eks_command("list-updates", "")),
        Some(ClusterStatus::Deleting) => question.fail(
            &kinds::FAILED,
            detail,
            "somebody deletes it: once it is gone apply its unit again",
        ),
        Some(ClusterStatus::Failed) => question.fail(
            &kinds::FAILED,
            detail,
            "this does not mend itself: destroy the unit and apply it again",
        ),
        _ => question.not_yet(
            &kinds::NOT_ACTIVE,
            detail,
            "a cluster takes some ten minutes; if it stays, look at its health issues in the EKS console, raise \
             `verify { timeout }` or run again",
        ),
    }
}

/// Whether it runs the version that is wanted, where one is.
pub(in crate::cluster) fn version(
    asking: &Asking<'_>,
    cluster: &Cluster,
    wanted: Option<&str>,
) -> Option<Finding> {
    let question = Question::new("cluster.version", "the cluster runs the expected version");
    let version = cluster.version().unwrap_or_default();
    let wanted = wanted?;
    let finding = wrong_version(&question, version, wanted);
    let newer =
        finding.failed() && crate::cluster::version::minor(wanted) > crate::cluster::version::minor(version);
    Some(if newer {
        finding
            .command(format!("slipway verify --for {wanted}"))
            .command(asking.eks_command("update-cluster-version", &format!("--kubernetes-version {wanted}")))
    } else {
        finding
    })
}

/// Whether a version is the one that is wanted.
pub(in crate::cluster) fn wrong_version(question: &Question, version: &str, wanted: &str) -> Finding {
    if version == wanted {
        return question.pass(format!("version is {version}"));
    }
    question
        .fail(
            &kinds::WRONG_VERSION,
            format!("version is {version}, expected {wanted}"),
            "apply the cluster unit with that version, or change `verify { version }` in slipway.hcl",
        )
        .expected(format!("version {wanted}"))
}

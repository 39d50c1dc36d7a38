//! Settings of a cluster that policy has a word in: the endpoint, logs, encryption, protection.

use aws_sdk_eks::types::{Cluster, LogSetup, LogType};

use super::finding::{Asking, Finding, Question};
use super::kinds;
use crate::cluster::version::minor;
use crate::project::Verify;

/// Since this minor version EKS encrypts all objects with a key of its own.
const ENCRYPTED_SINCE: u32 = 28;

/// From the description itself: what `verify` wants fails where it is not so, the rest is advice.
pub(in crate::cluster) fn settings(asking: &Asking<'_>, wanted: &Verify, cluster: &Cluster) -> Vec<Finding> {
    vec![
        endpoint(asking, cluster, wanted.private_endpoint),
        logging(asking, cluster, &wanted.logging),
        encryption(cluster, wanted.encryption),
        protection(asking, cluster, wanted.deletion_protection),
    ]
}

fn endpoint(asking: &Asking<'_>, cluster: &Cluster, private_wanted: bool) -> Finding {
    let question = Question::new("cluster.endpoint", "the endpoint is not open to everyone");
    let Some(vpc) = cluster.resources_vpc_config() else {
        return question.pass("no VPC configuration is told");
    };
    if !vpc.endpoint_public_access() {
        return question.pass("private only");
    }
    let ranges = vpc.public_access_cidrs().join(", ");
    if private_wanted {
        return question
            .fail(
                &kinds::ENDPOINT_NOT_PRIVATE,
                format!("public, from {ranges}"),
                "set `endpoint_public_access = false` and `endpoint_private_access = true` in the cluster unit",
            )
            .command(asking.eks_command(
                "update-cluster-config",
                "--resources-vpc-config endpointPublicAccess=false,endpointPrivateAccess=true",
            ));
    }
    if vpc.public_access_cidrs().iter().any(|range| range == "0.0.0.0/0" || range == "::/0") {
        return question
            .warn(
                &kinds::ENDPOINT_OPEN,
                format!("public, from {ranges}"),
                "set `public_access_cidrs` to the networks that need it, or use the private endpoint",
            )
            .command(asking.eks_command(
                "update-cluster-config",
                "--resources-vpc-config publicAccessCidrs=NETWORK/LENGTH",
            ));
    }
    let private = if vpc.endpoint_private_access() { "public and private" } else { "public" };
    question.pass(format!("{private}, from {ranges}"))
}

fn logging(asking: &Asking<'_>, cluster: &Cluster, wanted: &[String]) -> Finding {
    let question = Question::new("cluster.logging", "the control plane logs audit events");
    let setups = cluster.logging().map(aws_sdk_eks::types::Logging::cluster_logging).unwrap_or_default();
    let enabled: Vec<&str> = setups
        .iter()
        .filter(|setup| setup.enabled() == Some(true))
        .flat_map(LogSetup::types)
        .map(LogType::as_str)
        .collect();
    let missing: Vec<&str> =
        if wanted.is_empty() { vec!["audit"] } else { wanted.iter().map(String::as_str).collect() };
    let missing: Vec<&str> = missing.into_iter().filter(|kind| !enabled.contains(kind)).collect();
    if missing.is_empty() {
        return question.pass(enabled.join(", "));
    }
    let seen = if enabled.is_empty() { "nothing is logged".to_owned() } else { enabled.join(", ") };
    let list = missing.iter().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(",");
    let command = asking.eks_command(
        "update-cluster-config",
        &format!("--logging '{{\"clusterLogging\":[{{\"types\":[{list}],\"enabled\":true}}]}}'"),
    );
    let finding = if wanted.is_empty() {
        question.warn(&kinds::NO_AUDIT_LOG, seen, "enable the log types `audit` and `authenticator`")
    } else {
        let help =
            format!("enable {} in `enabled_cluster_log_types` of the cluster unit", missing.join(", "));
        question.fail(&kinds::NO_AUDIT_LOG, seen, help).expected(format!("logs of {}", wanted.join(", ")))
    };
    finding.command(command)
}

fn encryption(cluster: &Cluster, wanted: bool) -> Finding {
    let question = Question::new("cluster.encryption", "secrets are encrypted with a key of one's own");
    if !cluster.encryption_config().is_empty() {
        return question.pass("secrets are encrypted with a KMS key");
    }
    let help = "set `encryption_config` with a KMS key where policy asks for one; it cannot be taken back";
    if wanted {
        return question
            .fail(&kinds::NOT_ENCRYPTED, "AWS's own key", help)
            .expected("a KMS key of one's own");
    }
    if cluster.version().and_then(minor).is_some_and(|minor| minor >= ENCRYPTED_SINCE) {
        return question.pass("AWS's own key");
    }
    question.warn(&kinds::NOT_ENCRYPTED, "AWS's own key", help)
}

fn protection(asking: &Asking<'_>, cluster: &Cluster, wanted: bool) -> Finding {
    let question = Question::new("cluster.protection", "deletion protection");
    match (cluster.deletion_protection() == Some(true), wanted) {
        (true, _) => question.pass("on"),
        // Off is the ordinary case for a cluster that comes and goes; nothing to warn of.
        (false, false) => question.pass("off"),
        (false, true) => question
            .fail(&kinds::NOT_PROTECTED, "off", "set `deletion_protection = true` in the cluster unit")
            .command(asking.eks_command("update-cluster-config", "--deletion-protection")),
    }
}

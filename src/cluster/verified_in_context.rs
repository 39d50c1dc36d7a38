//! What can be asked of a cluster without EKS: its API server, the caller's rights, its nodes, its version.

use std::time::Duration;

use aws_sdk_eks::types::Cluster;
use kube::Client;

use super::checks::{Finding, Question, kinds, kubernetes, probe_pod, wrong_version};
use super::spec::VerifySpec;
use super::version::minor;
use crate::project::Verify;

/// The findings, and the version that the API server says.
pub(super) async fn kubernetes_alone(
    client: &Client,
    endpoint: &str,
    spec: &VerifySpec,
) -> (Vec<Finding>, String) {
    let cluster = described(spec, endpoint);
    let nodes = spec.wanted.min_ready_nodes.map(|nodes| nodes as usize);
    let (mut findings, version) =
        futures::join!(kubernetes(client, &cluster, nodes), client.apiserver_version());
    for finding in &mut findings {
        as_its_user(finding);
    }
    let version = version.map(|info| info.git_version).unwrap_or_default();
    let version = minor(&version).map(|minor| format!("1.{minor}")).unwrap_or_default();
    if let Some(wanted) = spec.wanted.version.as_deref().filter(|_| !version.is_empty()) {
        let question = Question::new("cluster.version", "the cluster runs the expected version");
        findings.insert(0, wrong_version(&question, &version, wanted));
    }
    findings.extend(not_asked(&spec.wanted));
    (findings, version)
}

/// A pod that runs on it.
pub(super) async fn proven_in_context(
    client: &Client,
    endpoint: &str,
    spec: &VerifySpec,
    timeout: Duration,
) -> Finding {
    let mut finding =
        probe_pod(client, &described(spec, endpoint), spec.wanted.probe_image.as_deref(), timeout).await;
    as_its_user(&mut finding);
    finding
}

/// The cluster as far as it is known.
fn described(spec: &VerifySpec, endpoint: &str) -> Cluster {
    Cluster::builder().name(&spec.cluster).endpoint(endpoint).build()
}

/// What is to be done about a refusal is another thing where nobody comes in by EKS.
fn as_its_user(finding: &mut Finding) {
    let help = match finding.check.code {
        Some(code) if code == kinds::TOKEN_REFUSED.code => {
            "log in again as the user of the context, or name another context"
        }
        Some(code) if code == kinds::FORBIDDEN.code || code == kinds::NOT_ADMIN.code => {
            "have the user of the context bound to a role that allows it, such as cluster-admin"
        }
        _ => return,
    };
    help.clone_into(&mut finding.check.help);
}

/// What slipway.hcl wants and only EKS knows: it is never a pass.
fn not_asked(wanted: &Verify) -> Option<Finding> {
    let Verify {
        addons,
        node_groups,
        oidc_provider,
        logging,
        encryption,
        deletion_protection,
        private_endpoint,
        authentication_mode,
        free_addresses,
        ..
    } = wanted;
    let settings = [
        ("addons", !addons.is_empty()),
        ("node_groups", !node_groups.is_empty()),
        ("oidc_provider", *oidc_provider == Some(true)),
        ("logging", !logging.is_empty()),
        ("encryption", *encryption),
        ("deletion_protection", *deletion_protection),
        ("private_endpoint", *private_endpoint),
        ("authentication_mode", authentication_mode.is_some()),
        ("free_addresses", free_addresses.is_some()),
    ];
    let named: Vec<&str> =
        settings.iter().filter(|(_, is_wanted)| *is_wanted).map(|(name, _)| *name).collect();
    if named.is_empty() {
        return None;
    }
    let question = Question::new("cluster.eks", "what EKS knows of the cluster is as wanted");
    let detail = format!("EKS is not asked, since the cluster is reached by a context: {}", named.join(", "));
    Some(question.open(
        &kinds::BY_CONTEXT,
        detail,
        "take `context` out of the block, or these settings out of `verify`",
    ))
}

//! The questions that make a cluster usable or not, one file a subject.

mod access;
mod addons;
mod connection;
mod control_plane;
mod each;
mod finding;
mod identity;
mod insights;
pub mod kinds;
mod kubernetes;
mod network;
mod node_groups;
mod nodes;
mod probe;
mod settings;
mod support;
mod updates;

use std::time::Duration;

use aws_sdk_eks::types::{Cluster, ClusterStatus};

pub(super) use self::addons::{best, fitting};
pub(super) use self::connection::{hides_others, no_client, refused};
pub(super) use self::control_plane::wrong_version;
pub(super) use self::each::each;
pub(super) use self::finding::{Asking, Finding, Question};
pub use self::finding::{Check, CheckStatus};
pub(super) use self::insights::open_insights;
pub use self::kinds::Kind;
pub(super) use self::kubernetes::{api as api_question, kubernetes};
pub(super) use self::network::{ADDRESSES_OF_AN_UPGRADE, of_cluster};
pub(super) use self::support::{HOUR, day, describe_version};
pub(super) use self::updates::updates;

use self::access::access;
use self::addons::{Wanted, addons};
use self::control_plane::{control_plane, version};
use self::identity::identity;
use self::insights::noticed;
use self::network::network;
use self::node_groups::{compute, has_auto_mode};
use self::settings::settings;
use self::support::support;
use super::eks::ClusterFacts;
use super::kube::client_of;
use crate::project::Verify;

/// Whether the control plane is there: before, what is behind it has no answer.
pub(super) fn serves(cluster: &Cluster) -> bool {
    matches!(cluster.status(), Some(ClusterStatus::Active | ClusterStatus::Updating))
}

/// The checks that decide, all at once. Those after the control plane's are asked once it is there.
pub(super) async fn essentials(asking: &Asking<'_>, wanted: &Verify, cluster: &Cluster) -> Vec<Finding> {
    let mut findings = control_plane(asking, cluster);
    if !serves(cluster) {
        return findings;
    }
    let nodes_wanted = wanted.min_ready_nodes != Some(0);
    let of_addons = Wanted {
        names: &wanted.addons,
        version: cluster.version().unwrap_or_default(),
        nodes_come: nodes_wanted || has_auto_mode(cluster),
    };
    let client = client_of(asking.aws, &ClusterFacts::of(cluster, asking.region));
    let kubernetes = async {
        match client {
            Ok(client) => {
                kubernetes(&client, cluster, wanted.min_ready_nodes.map(|nodes| nodes as usize)).await
            }
            Err(error) => vec![no_client(&kubernetes::api(), &error)],
        }
    };
    let (support, compute, addons, identity, access, kubernetes) = futures::join!(
        Box::pin(support(asking, cluster)),
        Box::pin(compute(asking, cluster, &wanted.node_groups, nodes_wanted && !has_auto_mode(cluster))),
        Box::pin(addons(asking, of_addons)),
        Box::pin(identity(asking, cluster, wanted.oidc_provider)),
        Box::pin(access(asking, cluster, wanted.authentication_mode.as_deref())),
        Box::pin(kubernetes),
    );
    let (entries, access) = access;
    findings.extend(version(asking, cluster, wanted.version.as_deref()));
    findings.push(support);
    findings.extend(compute.into_iter().chain(addons).chain(identity));
    findings.push(entries);
    findings.extend(kubernetes.into_iter().map(|finding| access.explain(asking, finding)));
    findings
}

/// Has a pod run on the cluster, of an image of AWS's own where none is named.
pub(super) async fn probe_pod(
    client: &kube::Client,
    cluster: &Cluster,
    image: Option<&str>,
    timeout: Duration,
) -> Finding {
    probe::probe(client, cluster, image.unwrap_or(probe::IMAGE), timeout).await
}

/// The same with a client of its own.
pub(super) async fn prove(
    asking: &Asking<'_>,
    cluster: &Cluster,
    image: Option<&str>,
    timeout: Duration,
) -> Finding {
    match client_of(asking.aws, &ClusterFacts::of(cluster, asking.region)) {
        Ok(client) => probe_pod(&client, cluster, image, timeout).await,
        Err(error) => no_client(&kubernetes::api(), &error),
    }
}

/// What somebody should know as well, and the name of the Argo CD that EKS runs on the cluster, where it does.
pub(super) async fn advice(
    asking: &Asking<'_>,
    wanted: &Verify,
    cluster: &Cluster,
) -> (Vec<Finding>, Option<String>) {
    let mut findings = settings(asking, wanted, cluster);
    let (network, updates, noticed) = futures::join!(
        Box::pin(network(asking, cluster, wanted.free_addresses)),
        Box::pin(updates(asking)),
        Box::pin(noticed(asking)),
    );
    findings.extend(network);
    findings.push(updates);
    findings.extend(noticed.0);
    (findings, noticed.1)
}

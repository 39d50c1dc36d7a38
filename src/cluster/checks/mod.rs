//! The questions that make a cluster usable or not, one file a subject.

mod addons;
mod advice;
mod control_plane;
mod finding;
mod identity;
mod kubernetes;
mod node_groups;

use aws_config::SdkConfig;
use aws_sdk_eks::types::{Cluster, ClusterStatus};

pub(super) use self::advice::advice;
pub use self::finding::{Check, CheckStatus};
pub(super) use self::finding::{Finding, Questions};

use self::addons::addons;
use self::control_plane::{control_plane, version};
use self::identity::identity;
use self::kubernetes::kubernetes;
use self::node_groups::{has_auto_mode, node_groups};
use super::eks::ClusterFacts;
use super::kube::client_of;
use super::spec::VerifySpec;

/// The checks that decide. Those after the control plane's are asked once it is there: before, they have no answer.
pub(super) async fn essentials(
    questions: &Questions<'_>,
    spec: &VerifySpec,
    aws: &SdkConfig,
    cluster: &Cluster,
    region: &str,
) -> Vec<Finding> {
    let mut findings = control_plane(cluster);
    let serving = matches!(cluster.status(), Some(ClusterStatus::Active | ClusterStatus::Updating));
    if !serving {
        return findings;
    }
    let nodes = nodes_wanted(spec, cluster);
    let client = client_of(aws, &ClusterFacts::of(cluster, region));
    let kubernetes = async {
        match client {
            Ok(client) => kubernetes(&client, nodes).await,
            Err(error) => vec![Finding::no_client(&error)],
        }
    };
    let (version, groups, addons, identity, kubernetes) = futures::join!(
        version(questions, cluster, spec.version.as_deref()),
        node_groups(questions, cluster, nodes),
        addons(questions, &spec.addons),
        identity(questions, aws, cluster, spec.oidc_provider),
        kubernetes,
    );
    findings.extend(version.into_iter().chain(groups).chain(addons).chain(identity).chain(kubernetes));
    findings
}

fn nodes_wanted(spec: &VerifySpec, cluster: &Cluster) -> usize {
    spec.min_ready_nodes.unwrap_or_else(|| usize::from(!has_auto_mode(cluster)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_mode_starts_without_nodes_unless_some_are_asked_for() {
        let cluster = |auto: bool| {
            let compute = aws_sdk_eks::types::ComputeConfigResponse::builder().enabled(auto).build();
            Cluster::builder().compute_config(compute).build()
        };
        let mut spec = VerifySpec::new("dev");
        assert_eq!(nodes_wanted(&spec, &cluster(true)), 0);
        assert_eq!(nodes_wanted(&spec, &cluster(false)), 1);
        assert_eq!(nodes_wanted(&spec, &Cluster::builder().build()), 1);
        spec.min_ready_nodes = Some(2);
        assert_eq!(nodes_wanted(&spec, &cluster(true)), 2);
    }
}

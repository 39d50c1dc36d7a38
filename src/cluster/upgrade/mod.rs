//! Is a cluster ready for the next version: what would break, and what would hold the upgrade up, each with what mends it.

mod control_plane;
mod manifests;
mod objects;
mod parts;
mod removed;
mod unasked;
mod workloads;

use aws_config::SdkConfig;
use aws_sdk_eks::types::Cluster;
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use kube::api::{Api, ListParams};
use tokio::time::Instant;

pub use self::manifests::Manifests;

use self::unasked::Unasked;
use super::ClusterError;
use super::checks::{Asking, Finding, Question, api_question, no_client, refused, updates};
use super::eks::{ClusterFacts, describe_cluster, region};
use super::kube::client_of;
use super::verify::Verification;
use super::version::minor;

/// Asks all that an upgrade of cluster `name` to version `target` depends on. `manifests` are those of its repository.
pub async fn readiness(
    aws: &SdkConfig,
    name: &str,
    target: &str,
    manifests: &Manifests,
) -> Result<Verification, ClusterError> {
    let started = Instant::now();
    let region = region(aws)?;
    let eks = aws_sdk_eks::Client::new(aws);
    let asking = Asking { aws, eks: &eks, cluster: name, region: &region };
    let cluster = describe_cluster(&eks, name, &region).await?;
    let findings = Box::pin(findings(&asking, &cluster, target, manifests)).await;
    Ok(Verification {
        cluster: ClusterFacts::of(&cluster, &region),
        target: Some(target.to_owned()),
        checks: findings.into_iter().map(|finding| finding.check).collect(),
        managed_argocd: None,
        waited: started.elapsed(),
    })
}

async fn findings(
    asking: &Asking<'_>,
    cluster: &Cluster,
    target: &str,
    manifests: &Manifests,
) -> Vec<Finding> {
    let current = cluster.version().unwrap_or_default();
    let inside = Box::pin(inside(asking, cluster, target));
    let (mut findings, updates, addons, groups, insights, addresses, inside) = futures::join!(
        Box::pin(control_plane::control_plane(asking, cluster, target)),
        Box::pin(updates(asking)),
        Box::pin(parts::addons(asking, current, target)),
        Box::pin(parts::node_groups(asking)),
        Box::pin(parts::insights(asking, target)),
        Box::pin(parts::addresses(asking, cluster)),
        inside,
    );
    let (groups, unknown) = groups;
    let nodes = inside.as_ref().map(|inside| inside.nodes.as_slice()).unwrap_or_default();
    findings.push(updates);
    findings.extend(addresses);
    findings.extend(addons);
    findings.extend(unknown);
    findings.push(parts::machine_images(&groups, &workloads::old_machines(nodes), target));
    findings.extend(match inside {
        Ok(inside) => inside.findings,
        Err(finding) => vec![*finding],
    });
    findings.extend(manifests::manifests(manifests, minor(target).unwrap_or_default()));
    findings.extend(insights);
    findings
}

/// What the cluster itself says.
struct Inside {
    nodes: Vec<Node>,
    findings: Vec<Finding>,
}

/// Asks the cluster itself; where there is no way into it, why.
async fn inside(asking: &Asking<'_>, cluster: &Cluster, target: &str) -> Result<Inside, Box<Finding>> {
    let client = client_of(asking.aws, &ClusterFacts::of(cluster, asking.region));
    let client: Client = client.map_err(|error| Box::new(no_client(&api_question(), &error)))?;
    let current = cluster.version().unwrap_or_default();
    let (from, to) = (minor(current).unwrap_or_default(), minor(target).unwrap_or_default());
    let api = Api::<Node>::all(client.clone());
    let list = ListParams::default();
    let (nodes, objects, requests, budgets, replicas) = futures::join!(
        api.list(&list),
        objects::objects(&client, from, to),
        objects::requests(&client, to),
        workloads::budgets(&client),
        workloads::replicas(&client),
    );
    let nodes = match nodes {
        Ok(nodes) => nodes.items,
        Err(error) if super::checks::hides_others(&error) => {
            return Err(Box::new(refused(&api_question(), &error, cluster)));
        }
        Err(error) => {
            let question = Question::new("upgrade.nodes", "kubelets are as new as the control plane");
            return Err(Box::new(refused(&question, &error, cluster)));
        }
    };
    let told = |answer: Result<Vec<Finding>, Unasked>, id: &str, title: &str| {
        answer.unwrap_or_else(|error| vec![refused(&Question::new(id, title), &error.0, cluster)])
    };
    let mut findings = workloads::nodes(asking, &nodes, current, target);
    findings.extend(told(objects, "upgrade.objects", "no object is applied by an API that is removed"));
    findings.extend(told(requests, "upgrade.requests", "no client asks for an API that is removed"));
    findings.extend(told(budgets, "upgrade.budgets", "disruption budgets let pods go"));
    let replicas = replicas.map(|finding| vec![finding]);
    findings.extend(told(replicas, "upgrade.replicas", "every workload has a second pod"));
    Ok(Inside { nodes, findings })
}

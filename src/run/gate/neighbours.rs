//! The other clusters that an Argo CD deploys to, as they are now.

use super::context::{GateError, Neighbour};
use crate::argocd::{Access, OUTPUT_PREFIX, OtherCluster};
use crate::cluster::{self, ClusterError, load_aws};
use crate::engine::Session;
use crate::hcl::value::Value;
use crate::project::{ArgoCd, Cluster, Registered};
use crate::run::unit_loader::UnitLoader;
use crate::terragrunt::outputs::Outputs;

/// How each is reached; `units` knows outputs, and is needed where one of them has a unit. One whose unit was never applied,
/// or that is gone, is not known now.
pub async fn others(
    argocd: &ArgoCd,
    neighbours: &[Neighbour],
    units: Option<(&UnitLoader, Session<'_>)>,
) -> Result<Vec<OtherCluster>, GateError> {
    let mut found = Vec::new();
    for registered in &argocd.clusters {
        let neighbour = neighbours.iter().find(|(cluster, _)| cluster.label == registered.label);
        let access = match neighbour {
            Some((cluster, unit)) => {
                let outputs = match (unit, units) {
                    (Some(unit), Some((loader, session))) => Some(loader.outputs(unit, session).await?),
                    _ => None,
                };
                access(registered, cluster, outputs.as_deref()).await?
            }
            None => None,
        };
        found.push(OtherCluster { label: registered.label.clone(), access });
    }
    Ok(found)
}

async fn access(
    registered: &Registered,
    cluster: &Cluster,
    outputs: Option<&Outputs>,
) -> Result<Option<Access>, GateError> {
    let is_not_applied = cluster.unit.is_some() && outputs.is_none_or(Outputs::is_empty);
    let whereabouts = match cluster.whereabouts(outputs) {
        Ok(whereabouts) => whereabouts,
        Err(_) if is_not_applied => return Ok(None),
        Err(diagnostic) => return Err(GateError::Block(diagnostic)),
    };
    let Some(name) = whereabouts.name else { return Ok(None) };
    let aws = load_aws(whereabouts.region.as_deref()).await;
    let facts = match cluster::describe(&aws, &name).await {
        Ok(facts) => facts,
        Err(ClusterError::ClusterNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // While its control plane is being made there is nothing to reach.
    if facts.endpoint.is_empty() || facts.certificate_authority.is_empty() {
        return Ok(None);
    }
    let Registered { role_arn, labels, namespaces, project, .. } = registered.clone();
    Ok(Some(Access {
        name: facts.name,
        server: facts.endpoint,
        certificate_authority: facts.certificate_authority,
        role_arn,
        namespaces,
        project,
        labels,
        annotations: outputs.map(annotations).unwrap_or_default().into_iter().collect(),
    }))
}

/// Outputs as annotations: only plain, public texts. What is sensitive has no place there.
pub(super) fn annotations(outputs: &Outputs) -> Vec<(String, String)> {
    let texts = outputs.iter().filter_map(|(name, value)| {
        let Value::String(text) = value else { return None };
        Some((format!("{OUTPUT_PREFIX}{name}"), text.to_string()))
    });
    texts.collect()
}

//! Which cluster a command means, with what slipway.hcl says of it.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::error::CommandError;
use super::options::Tools;
use super::workspace::Workspace;
use crate::argocd::OtherCluster;
use crate::cluster::aws_of;
use crate::engine::{Session, Unwatched};
use crate::estate::expand_for;
use crate::project::{ArgoCd, Cluster, ResolvedCluster};
use crate::run::gate::{self, Neighbour};
use crate::support::interrupt::channel;

/// A cluster and the way to its AWS.
pub struct Target {
    /// What slipway.hcl says of it.
    pub cluster: ResolvedCluster,
    /// Credentials and region.
    pub aws: SdkConfig,
}

impl Target {
    /// The cluster of that label, or the only one there is.
    ///
    /// Where its block uses outputs of its unit they are read from the state, which takes an engine.
    pub async fn find(
        workspace: &Workspace,
        label: Option<&str>,
        tools: &Tools,
    ) -> Result<Self, CommandError> {
        let cluster = choose(workspace, label)?;
        let resolved = match cluster.resolve(None) {
            Ok(resolved) => resolved,
            Err(_) => with_outputs(workspace, cluster, tools).await?,
        };
        let aws = aws_of(&resolved).await;
        Ok(Self { cluster: resolved, aws })
    }
}

impl Target {
    /// Its argocd block.
    pub fn argocd(&self) -> Result<&ArgoCd, CommandError> {
        self.cluster.argocd.as_ref().ok_or_else(|| {
            let message = format!("cluster \"{}\" has no argocd block", self.cluster.label);
            let add = "write into it, in slipway.hcl: argocd { repository { url = \"https://…\" } root { path = \"…\" } }";
            CommandError::usage(message, add)
        })
    }
}

/// The other clusters of the file, each with the folder of its unit.
pub(super) fn neighbours(workspace: &Workspace, cluster: &Cluster) -> Vec<Neighbour> {
    let clusters = workspace.project.clusters.iter();
    let others = clusters.filter(|other| other.label != cluster.label);
    others.map(|other| (other.clone(), workspace.project.unit_dir(other))).collect()
}

/// How the other clusters are reached that the Argo CD of one deploys to; it takes an engine to read their units' outputs.
pub async fn other_clusters(
    workspace: &Workspace,
    label: &str,
    argocd: &ArgoCd,
    tools: &Tools,
) -> Result<Vec<OtherCluster>, CommandError> {
    if argocd.clusters.is_empty() {
        return Ok(Vec::new());
    }
    let neighbours = neighbours(workspace, choose(workspace, Some(label))?);
    let is_meant = |other: &Cluster| argocd.clusters.iter().any(|one| one.label == other.label);
    let found = if neighbours.iter().any(|(other, unit)| unit.is_some() && is_meant(other)) {
        let loader =
            workspace.loader(workspace.engine(tools, false)?, workspace.reader_for_work("output", tools)?);
        let (_interruptor, interrupts) = channel();
        let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
        gate::others(argocd, &neighbours, Some((&loader, session))).await
    } else {
        gate::others(argocd, &neighbours, None).await
    };
    found.map_err(|error| {
        let advice = error.advice();
        CommandError::failed(error, advice)
    })
}

/// The cluster of that label, or the only one.
pub fn choose<'a>(workspace: &'a Workspace, label: Option<&str>) -> Result<&'a Cluster, CommandError> {
    let clusters = &workspace.project.clusters;
    let labels = || clusters.iter().map(|cluster| cluster.label.as_str()).collect::<Vec<_>>().join(", ");
    match (label, clusters.as_slice()) {
        (Some(label), _) => workspace.project.cluster(label).ok_or_else(|| {
            if clusters.is_empty() {
                return none(workspace);
            }
            let message = format!("slipway.hcl has no cluster \"{label}\"");
            // People know their clusters by the names of EKS, and commands take labels.
            let named = |cluster: &&Cluster| {
                cluster.whereabouts(None).is_ok_and(|found| found.name.as_deref() == Some(label))
            };
            let help = match clusters.iter().find(named) {
                Some(cluster) => format!(
                    "\"{label}\" is what EKS calls cluster \"{0}\": name it by its label, {0}",
                    cluster.label
                ),
                None => format!("commands take the labels of its blocks: it has {}", labels()),
            };
            CommandError::usage(message, help)
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(none(workspace)),
        (None, _) => {
            Err(CommandError::usage("there are several clusters", format!("name one of {}", labels())))
        }
    }
}

/// That there is no cluster to mean, and what would make one.
fn none(workspace: &Workspace) -> CommandError {
    let message = match &workspace.project.file {
        Some(file) => format!("{} has no cluster", file.display()),
        None => format!("there is no slipway.hcl in {} or above it", workspace.working_dir.display()),
    };
    let block =
        "cluster \"dev\" { unit = \"dev/cluster\" name = outputs.cluster_name region = \"eu-west-1\" }";
    CommandError::usage(message, format!("write one with a block such as: {block}"))
}

async fn with_outputs(
    workspace: &Workspace,
    cluster: &Cluster,
    tools: &Tools,
) -> Result<ResolvedCluster, CommandError> {
    let engine = workspace.engine(tools, false)?;
    let reader = workspace.reader_for_work("output", tools)?;
    let loader = workspace.loader(engine, reader);
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    let Some(dir) = workspace.project.unit_dir(cluster) else {
        let error = cluster.resolve(None).err();
        return Err(CommandError::Configuration(error.map(|error| *error).into_iter().collect()));
    };
    let reader = loader.reader();
    if !reader.is_file(&reader.unit_file(&dir)) {
        // A stack may make it that is not generated.
        expand_for(&dir, reader, &*workspace.stack_sources(reader))?;
    }
    if let Some(missing) = workspace.project.missing_cluster_unit(cluster, loader.reader()) {
        return Err(CommandError::Configuration(vec![missing]));
    }
    let outputs = loader.outputs(&dir, session).await;
    let outputs = outputs.map_err(|error| CommandError::failed(&error, error.advice()))?;
    cluster
        .resolve(Some(&Arc::unwrap_or_clone(outputs)))
        .map_err(|error| CommandError::Configuration(vec![*error]))
}

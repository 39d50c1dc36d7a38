//! What all gates of a cluster share: the cluster with the outputs of its unit, and how their work ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use kube::Client;

use super::greens::Greens;
use crate::argocd::ArgoCdError;
use crate::cluster::{self, ClusterError, aws_of};
use crate::gitops::GitOpsError;
use crate::hcl::diagnostic::Diagnostic;
use crate::project::{ArgoCd, Cluster, ResolvedCluster};
use crate::run::event::Outcome;
use crate::run::node::Reporter;
use crate::run::unit_loader::{UnitLoader, WorkError};
use crate::support::address::Address;
use crate::support::git::short;
use crate::support::interrupt::Stop;
use crate::terragrunt::outputs::Outputs;

/// Another cluster of the file, with the folder of the unit that makes it.
pub type Neighbour = (Cluster, Option<PathBuf>);

/// A cluster as its gates see it.
pub struct GateContext {
    /// Its block in `slipway.hcl`.
    pub cluster: Cluster,
    /// The folder of the unit that makes it; none where it comes from elsewhere.
    pub unit: Option<PathBuf>,
    /// The other clusters of the file.
    pub neighbours: Vec<Neighbour>,
    /// Where the unit's outputs come from.
    pub loader: Arc<UnitLoader>,
    /// How long each of its gates may wait, where the command line says so.
    pub timeout: Option<Duration>,
    /// At which commits clusters of the run are green.
    pub greens: Arc<Greens>,
}

/// Why a gate could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The outputs of the cluster's unit could not be read.
    #[error(transparent)]
    Outputs(#[from] WorkError),
    /// The cluster's block cannot be evaluated.
    #[error("{0}")]
    Block(Box<Diagnostic>),
    /// AWS or the cluster did not answer.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Argo CD cannot be installed, or its applications do not become green.
    #[error(transparent)]
    ArgoCd(#[from] ArgoCdError),
    /// What has to go first cannot be reached.
    #[error("{message}")]
    Gone {
        /// Why not.
        message: String,
        /// The unit that makes the cluster; none where it comes from elsewhere.
        unit: Option<PathBuf>,
    },
    /// The manifests repository cannot be read.
    #[error(transparent)]
    Repository(Box<GitOpsError>),
    /// Another cluster, which this one waits for, cannot be looked at.
    #[error("whether {label} is green cannot be told: {cause}")]
    Before {
        /// The other cluster.
        label: String,
        /// Why.
        cause: Box<GateError>,
    },
    /// What another cluster is green at is not in what this one follows.
    #[error(
        "{branch} of {repository} does not have {}, at which {label} is green", short(.commit)
    )]
    NotPromoted {
        /// The branch that this one follows.
        branch: String,
        /// Of which repository.
        repository: Address,
        /// The commit.
        commit: String,
        /// The other cluster.
        label: String,
    },
}

impl GateError {
    /// As it is told on the way down of a cluster.
    pub(super) fn on_the_way_down(self, cluster: &Cluster) -> Self {
        match self {
            Self::Cluster(ClusterError::NoEndpoint { .. } | ClusterError::BadConnectionData { .. })
            | Self::ArgoCd(ArgoCdError::Unreachable(_)) => {
                Self::Gone { message: self.to_string(), unit: cluster.unit.clone() }
            }
            other => other,
        }
    }

    /// The way out of it, where it is known.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Outputs(error) => error.advice(),
            Self::Block(diagnostic) => diagnostic.help.clone(),
            Self::Gone { unit, .. } => Some(around(unit.as_deref())),
            Self::Before { cause, .. } => cause.advice(),
            Self::NotPromoted { branch, commit, .. } => Some(format!(
                "merge {} into {branch}, or let both clusters follow one branch; then go on with the run",
                short(commit)
            )),
            Self::Cluster(_) | Self::ArgoCd(_) | Self::Repository(_) => None,
        }
    }
}

/// The way round a cluster that does not answer any more. Other clusters of the run are no part of it.
fn around(unit: Option<&Path>) -> String {
    let unit = unit.map(|unit| format!(" {}", unit.display())).unwrap_or_default();
    format!(
        "where the cluster is gone for good, `slipway destroy{unit}` takes it down without asking it, and `slipway resume` goes on with \
         the rest; load balancers and disks that its applications made outside of it stay, so look for them"
    )
}

impl GateContext {
    /// The outputs of its unit; none where it has no unit.
    pub(super) async fn outputs(&self, reporter: &Reporter) -> Result<Arc<Outputs>, GateError> {
        match &self.unit {
            Some(unit) => Ok(self.loader.outputs(unit, reporter.session()).await?),
            None => Ok(Arc::default()),
        }
    }

    /// The cluster with the outputs of its unit, and the way to its AWS.
    pub(super) async fn resolve(
        &self,
        reporter: &Reporter,
    ) -> Result<(ResolvedCluster, SdkConfig), GateError> {
        let outputs = self.outputs(reporter).await?;
        let cluster = self.cluster.resolve(Some(&outputs)).map_err(GateError::Block)?;
        let aws = aws_of(&cluster).await;
        Ok((cluster, aws))
    }
}

/// A cluster that can be worked on, with the Argo CD that it is to have.
pub(super) struct WithArgoCd {
    pub argocd: ArgoCd,
    pub client: Client,
}

impl GateContext {
    /// Comes to a cluster with an Argo CD; where there is none, what is to be said of that.
    pub(super) async fn with_argocd(
        &self,
        reporter: &Reporter,
    ) -> Result<Result<WithArgoCd, Option<String>>, GateError> {
        let not_there = || Ok(Err(Some("the cluster is not there".to_owned())));
        if self.unit.is_some() && self.outputs(reporter).await?.is_empty() {
            return not_there();
        }
        let (cluster, aws) = self.resolve(reporter).await?;
        let Some(argocd) = cluster.argocd.clone() else { return Ok(Err(None)) };
        match cluster::reach(&aws, &cluster).await {
            Ok(client) => Ok(Ok(WithArgoCd { argocd, client })),
            Err(ClusterError::ClusterNotFound { .. }) => not_there(),
            Err(error) => Err(error.into()),
        }
    }
}

/// Runs what a gate does until it ends or a person asks to stop: waiting holds nothing that could break.
pub(super) async fn until_stopped(
    reporter: &Reporter,
    step: Stop,
    work: impl Future<Output = Result<Outcome, GateError>>,
) -> Outcome {
    tokio::select! {
        // On the heap: what the SDKs keep while they wait is tens of kilobytes.
        outcome = Box::pin(work) => match outcome {
            Ok(outcome) => outcome,
            Err(GateError::Outputs(error)) if error.is_interrupt() => Outcome::Interrupted,
            Err(error) => Outcome::Failed { message: error.to_string(), advice: error.advice() },
        },
        () = reporter.interrupts().reached(step) => Outcome::Interrupted,
    }
}

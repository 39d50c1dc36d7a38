//! Gates: steps of the graph that are no unit, one cluster each.

pub mod argocd;
mod history;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::SdkConfig;

pub use self::history::History;
pub use verify::{VerifyGate, verify_spec};

use self::argocd::{ApplicationsGate, BootstrapGate, UninstallGate};
use super::assemble::{ClusterGates, GateSpec, SpecIndex};
use super::event::Outcome;
use super::node::{Reporter, Work};
use super::workshop::{WorkError, Workshop};
use crate::argocd::ArgoCdError;
use crate::cluster::{ClusterError, load_aws};
use crate::estate::{Cluster, ResolvedCluster};
use crate::gitops::GitOpsError;
use crate::hcl::diagnostic::Diagnostic;
use crate::support::interrupt::Stop;

/// A cluster as its gates see it.
pub struct GateContext {
    /// Its block in `slipway.hcl`.
    pub cluster: Cluster,
    /// The folder of the unit that makes it.
    pub unit: PathBuf,
    /// Where the unit's outputs come from.
    pub workshop: Arc<Workshop>,
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
    /// The manifests repository cannot be read.
    #[error(transparent)]
    Repository(Box<GitOpsError>),
}

impl GateError {
    fn advice(&self) -> Option<String> {
        match self {
            Self::Outputs(error) => error.advice(),
            Self::Block(diagnostic) => diagnostic.help.clone(),
            Self::Cluster(_) | Self::ArgoCd(_) | Self::Repository(_) => None,
        }
    }
}

/// The gates of a cluster on the way up; `unit` is its unit's place in the run.
pub fn up(unit: SpecIndex, context: GateContext, cache: &Path) -> ClusterGates {
    let (verify, argocd) = context.cluster.gate_names();
    let context = Arc::new(context);
    let gate = |name: String, work: Arc<dyn Work>| GateSpec { name, work };
    let verify = gate(verify, Arc::new(VerifyGate(Arc::clone(&context))));
    let argocd = argocd.map(|(argocd, applications)| {
        let bootstrap = BootstrapGate { context: Arc::clone(&context), cache: cache.to_owned() };
        (gate(argocd, Arc::new(bootstrap)), gate(applications, Arc::new(ApplicationsGate(context))))
    });
    ClusterGates { unit, verify, argocd }
}

/// The gate of a cluster on the way down, where it has an Argo CD.
pub fn down(context: GateContext, cache: &Path) -> Option<GateSpec> {
    let name = format!("argocd {}", context.cluster.label);
    let wanted = context.cluster.has_argocd();
    let work = UninstallGate { context: Arc::new(context), cache: cache.to_owned() };
    wanted.then(|| GateSpec { name, work: Arc::new(work) })
}

impl GateContext {
    /// The cluster with the outputs of its unit, and the way to its AWS.
    async fn resolve(&self, reporter: &Reporter) -> Result<(ResolvedCluster, SdkConfig), GateError> {
        let outputs = self.workshop.outputs(&self.unit, reporter.session()).await?;
        let cluster = self.cluster.resolve(Some(&outputs)).map_err(GateError::Block)?;
        let aws = load_aws(cluster.region.as_deref()).await;
        Ok((cluster, aws))
    }
}

/// Runs what a gate does until it ends or a person asks to stop: waiting holds nothing that could break.
async fn until_stopped(
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

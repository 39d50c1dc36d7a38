//! What a command is told on its way here, by arguments, variables or another program: plain values, no flags.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::project::EngineChoice;
use crate::report::kind::ReportKind;

/// Where a command was started, and what holds for all that it reads.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// The folder to work in, instead of the one it was started in.
    pub dir: Option<PathBuf>,
    /// The configuration file, instead of the slipway.hcl that is found upwards.
    pub config: Option<PathBuf>,
    /// Whether nothing of the repository is trusted.
    pub untrusted: bool,
    /// Features that are set, each as `name=value`.
    pub features: Vec<String>,
    /// Experiments of Terragrunt's that are turned on.
    pub experiments: Vec<String>,
}

/// Which programs run units.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// The engine, where it is not left to slipway.hcl.
    pub engine: Option<EngineChoice>,
    /// The tofu or terraform to use.
    pub tf_path: Option<PathBuf>,
    /// Whether units share the processes of providers, where it is not left to slipway.hcl.
    pub share_providers: Option<bool>,
}

/// What a look for drift takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Units, and the applications of their clusters.
    #[default]
    Everything,
    /// Units only.
    Units,
}

/// How a run goes about its units.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// How many units run at once.
    pub parallelism: Option<NonZeroUsize>,
    /// Whether the first failure ends it; where nobody says so, slipway.hcl does.
    pub fail_fast: Option<bool>,
    /// How long a unit may take.
    pub unit_timeout: Option<Duration>,
    /// How long each gate of a cluster may wait.
    pub gate_timeout: Option<Duration>,
    /// Bytes that a unit is expected to take of the memory.
    pub unit_memory: Option<u64>,
    /// Bytes that the modules and providers may take that are kept.
    pub cache_size: Option<u64>,
    /// Whether a state's bucket is created where it is missing.
    pub backend_bootstrap: bool,
    /// Whether plans are priced.
    pub cost: bool,
    /// Whether what stacks have generated is taken as it is.
    pub keep_generated: bool,
    /// What a look for drift takes in.
    pub scope: Scope,
    /// With which machines it is shared.
    pub shared: Option<Sharing>,
    /// Which programs.
    pub tools: Tools,
    /// Which reports are written.
    pub reports: ReportFiles,
}

/// A run that machines share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Where they leave word for each other, such as `s3://acme-runs/nightly`.
    pub address: String,
    /// How long one of them may give no sign of life.
    pub lease: Duration,
}

/// The files that are to tell of a run.
#[derive(Clone, Debug, Default)]
pub struct ReportFiles {
    /// Each with what it is.
    pub files: Vec<(ReportKind, PathBuf)>,
    /// Whether a run was told of in them; whoever holds them has the same answer.
    pub told: Arc<AtomicBool>,
}

//! The flags of a run that machines share.

use std::time::Duration;

use clap::Args;

use super::global::{EngineArgs, time};
use crate::launch::{RunOptions, Sharing};

/// How long a machine may give no sign of life where nobody says otherwise.
const LEASE: Duration = Duration::from_mins(1);

/// Who else takes part.
#[derive(Args, Clone, Debug)]
pub struct SharedArgs {
    /// Share the run with other machines, each started so or by `slipway join`: its address in a bucket, such as `s3://acme-runs/nightly`
    #[arg(long, value_name = "ADDRESS", env = "SLIPWAY_SHARED")]
    shared: Option<String>,

    /// How long a machine may give no sign of life before another one goes on with its units [default: 1m]
    #[arg(long, value_name = "TIME", env = "SLIPWAY_LEASE", value_parser = time)]
    lease: Option<Duration>,
}

impl SharedArgs {
    /// What they say, beside the flags of every run.
    pub fn options(&self, engine: &EngineArgs) -> RunOptions {
        let lease = self.lease.unwrap_or(LEASE);
        let shared = self.shared.clone().map(|address| Sharing { address, lease });
        RunOptions { shared, ..engine.options() }
    }
}

//! What a usable cluster is to have.

use std::time::Duration;

use crate::project::Verify;

/// How long what may still come is waited for, unless slipway.hcl says otherwise.
const PATIENCE: Duration = Duration::from_mins(20);

/// What a usable cluster is to have, and how it is asked.
#[derive(Debug, Clone)]
pub struct VerifySpec {
    /// Name of the cluster; its region is that of the SDK configuration.
    pub cluster: String,
    /// What it is to have.
    pub wanted: Verify,
    /// How long to wait for what may still come; zero asks once.
    pub timeout: Duration,
    /// First pause between two rounds; each is half as long again as the one before, up to 15 s.
    pub poll: Duration,
}

impl VerifySpec {
    /// What is wanted of a cluster, waited for as long as that says.
    pub fn new(cluster: impl Into<String>, wanted: Verify) -> Self {
        let timeout = wanted.timeout.unwrap_or(PATIENCE);
        Self { cluster: cluster.into(), wanted, timeout, poll: Duration::from_secs(1) }
    }
}

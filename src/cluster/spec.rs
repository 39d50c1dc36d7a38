//! What a usable cluster is to have.

use std::time::Duration;

use crate::project::{KubeContext, ResolvedCluster, Verify};

/// How long what may still come is waited for, unless slipway.hcl says otherwise.
const PATIENCE: Duration = Duration::from_mins(20);

/// What a usable cluster is to have, and how it is asked.
#[derive(Debug, Clone)]
pub struct VerifySpec {
    /// Name of the cluster; its region is that of the SDK configuration.
    pub cluster: String,
    /// The context that it is reached by; EKS is asked where there is none.
    pub context: Option<KubeContext>,
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
        Self { cluster: cluster.into(), context: None, wanted, timeout, poll: Duration::from_secs(1) }
    }

    /// What slipway.hcl wants of a cluster.
    pub fn of(cluster: &ResolvedCluster) -> Self {
        let spec = Self::new(&cluster.name, cluster.verify.clone());
        Self { context: cluster.context.clone(), ..spec }
    }
}

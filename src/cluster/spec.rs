//! What a usable cluster is to have.

use std::time::Duration;

/// What a usable cluster is to have.
#[derive(Debug, Clone)]
pub struct VerifySpec {
    /// Name of the cluster; its region is that of the SDK configuration.
    pub cluster: String,
    /// Kubernetes version that it is to run, `1.33`; `None` takes any that AWS supports.
    pub version: Option<String>,
    /// Nodes that are to be Ready, without pressure and not cordoned; `None` wants one, and none where Auto Mode makes nodes
    /// when there are pods for them.
    pub min_ready_nodes: Option<usize>,
    /// Add-ons that are to be there and ACTIVE.
    pub addons: Vec<String>,
    /// Whether IAM is to trust the cluster's OIDC issuer; `None` wants it unless pod identities are in use.
    pub oidc_provider: Option<bool>,
    /// How long to wait for what may still come; zero asks once.
    pub timeout: Duration,
    /// First pause between two rounds; each is half as long again as the one before, up to 15 s.
    pub poll: Duration,
}

impl VerifySpec {
    /// The defaults for a cluster: any supported version, one node but for Auto Mode, 20 minutes.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
            version: None,
            min_ready_nodes: None,
            addons: Vec::new(),
            oidc_provider: None,
            timeout: Duration::from_mins(20),
            poll: Duration::from_secs(1),
        }
    }
}

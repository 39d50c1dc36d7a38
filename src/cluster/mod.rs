//! Is an EKS cluster usable: EKS, IAM and the Kubernetes API, with a token minted here.
//!
//! [`load_aws`] finds credentials, [`verify`] answers with a list of [`Check`]s, [`connect`] gives a Kubernetes
//! client. No AWS CLI and no kubeconfig is involved: endpoint and CA come from `DescribeCluster`, the token from
//! [`token`].

pub mod aws;
mod caller;
pub mod checks;
mod context;
mod ec2;
mod eks;
mod error;
mod fleet;
pub(crate) mod iam;
pub mod kube;
pub mod kubeconfig;
mod let_in;
mod nodes;
pub mod patience;
mod query;
mod spec;
pub mod token;
mod upgrade;
mod verified_in_context;
mod verify;
mod version;

pub use aws::{load_aws, look_at_aws};
pub use caller::{Caller, caller, credentials_are_set_up};
pub use checks::{Check, CheckStatus, Kind};
pub use context::{argocd_of_eks, aws_of, reach};
pub use eks::{ClusterFacts, describe, managed_argocd};
pub use error::ClusterError;
pub use fleet::{FoundCluster, Places, Unlisted, discover};
pub use kube::{Connection, connect};
pub use nodes::platforms;
pub use spec::VerifySpec;
pub use upgrade::{Manifests, readiness};
pub use verify::{ProgressFn, Verification, verify};

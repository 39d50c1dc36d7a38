//! What can go wrong with Argo CD.

use std::time::Duration;

use crate::support::address::Address;
use crate::support::causes::innermost;

/// An error of Argo CD or of the cluster under it. Every message names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ArgoCdError {
    /// An Application could not be compared with what it follows.
    #[error("{application} could not be compared with Git: {error}")]
    NotCompared {
        /// The Application.
        application: String,
        /// What Argo CD says.
        error: String,
    },
    /// The install manifest could not be had.
    #[error(
        "the install manifest {origin} could not be read: {cause}; name a file or an address in argocd {{ manifest }}"
    )]
    Manifest {
        /// The file or address.
        origin: Address,
        /// Why.
        cause: String,
    },
    /// The install manifest is not the one that was pinned.
    #[error(
        "the install manifest {origin} has SHA-256 {found}, and slipway.hcl pins {wanted}; look at what has changed before pinning it anew"
    )]
    Checksum {
        /// The file or address.
        origin: Address,
        /// What it has.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// EKS runs an Argo CD of its own.
    #[error(
        "EKS runs the Argo CD \"{name}\" on this cluster itself; take the argocd block out of slipway.hcl, two of them would fight"
    )]
    Managed {
        /// The capability's name.
        name: String,
    },
    /// Someone else manages a field that is to be applied.
    #[error(
        "{object} has fields that someone else manages: {cause}; look at them, and take them over with --force"
    )]
    Conflict {
        /// Kind and name.
        object: String,
        /// The fields and their managers, in the cluster's own words.
        cause: String,
    },
    /// The cluster does not serve a kind.
    #[error("the cluster does not know the kind {kind}; install what defines it first")]
    UnknownKind {
        /// The kind.
        kind: String,
    },
    /// Other namespaces have Applications too, which would lose their definition.
    #[error("there are Applications in other namespaces as well ({}); delete those first, removing Argo CD's definitions would take them along", .applications.join(", "))]
    Elsewhere {
        /// Each as `namespace/name`.
        applications: Vec<String>,
    },
    /// The cluster refused an object.
    #[error("the cluster refused {action} of {object}: {cause}")]
    Refused {
        /// `apply`, `delete`, ….
        action: &'static str,
        /// Kind and name.
        object: String,
        /// Its own words.
        cause: String,
    },
    /// The cluster did not answer.
    #[error("the cluster did not answer: {0}; check the network and `slipway verify`")]
    Unreachable(String),
    /// Argo CD is not installed.
    #[error("there is no Argo CD in the namespace {namespace}; install it with `slipway argocd bootstrap`")]
    NotInstalled {
        /// Where it was looked for.
        namespace: String,
    },
    /// Something did not come in time.
    #[error("after {} s still waiting for {}", .after.as_secs(), .reasons.join("; "))]
    Timeout {
        /// How long it was waited for.
        after: Duration,
        /// What is missing, each with its reason.
        reasons: Vec<String>,
    },
}

impl ArgoCdError {
    /// From an error of the client, at an action on an object.
    pub(super) fn at(action: &'static str, object: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let object = object.into();
        move |error| match error {
            kube::Error::Api(status) if action == "apply" && status.code == 409 => {
                Self::Conflict { object, cause: status.message.clone() }
            }
            kube::Error::Api(status) => {
                Self::Refused { action, object, cause: format!("{} ({})", status.message, status.code) }
            }
            other => Self::Unreachable(innermost(&other)),
        }
    }
}

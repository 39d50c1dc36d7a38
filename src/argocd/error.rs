//! What can go wrong with Argo CD.

use std::time::Duration;

use super::application::ApplicationStatus;
use crate::hcl::suggest;
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
    /// The same of several objects.
    #[error(
        "nothing was changed: {} objects have fields that someone else manages: {}; look at them, and take them over with --force",
        .objects.len(), .objects.join("; ")
    )]
    Conflicts {
        /// Each with its fields and their managers, in the cluster's own words.
        objects: Vec<String>,
    },
    /// The Argo CD in the namespace is somebody else's.
    #[error(
        "nothing was changed: the Argo CD in the namespace {namespace} was installed by {by}, and is not taken over unasked; {way_out}"
    )]
    NotOurs {
        /// The namespace.
        namespace: String,
        /// Who installed it.
        by: String,
        /// What to do.
        way_out: &'static str,
    },
    /// There is another Argo CD on the cluster.
    #[error(
        "nothing was changed: there is an Argo CD on this cluster already, in {}; two of them would fight over what is there once for the whole cluster; name that namespace in argocd {{ namespace }}, remove it, or install a second one with --force all the same", .others.join(", ")
    )]
    Another {
        /// Namespaces, each with who installed what is there.
        others: Vec<String>,
    },
    /// Nobody would send what is to be said to the forge.
    #[error(
        "{location}: the install manifest {origin} has no notifications controller, so nobody would set statuses; take one of a flavor that has it (standard, ha), or leave notifications out"
    )]
    NoNotifications {
        /// Where they are asked for.
        location: String,
        /// The manifest.
        origin: Address,
    },
    /// Statuses cannot be set on the forge.
    #[error("{location}: statuses of commits cannot be set: {cause}")]
    NoStatuses {
        /// Where they are asked for.
        location: String,
        /// Why, and the way out.
        cause: String,
    },
    /// Somebody else says who is notified.
    #[error(
        "nothing was changed: {by} keeps `subscriptions` in the ConfigMap argocd-notifications-cm, which is not taken over; add this line to it: {}", .ours.trim_end()
    )]
    Subscriptions {
        /// Who, as the API server knows them.
        by: String,
        /// What has to be in it.
        ours: String,
    },
    /// A newer one is there.
    #[error(
        "nothing was changed: Argo CD {from} is there, and {to} is older, which may not read what the newer one wrote; name {from} or a newer one as version in slipway.hcl, or go back all the same with `slipway argocd bootstrap --allow-downgrade`"
    )]
    Downgrade {
        /// What is there.
        from: String,
        /// What was to come.
        to: String,
    },
    /// There is no such Application.
    #[error("Argo CD has no Application {application} in {namespace}{}", near(application, known))]
    NoApplication {
        /// What was asked for.
        application: String,
        /// Where it was looked for.
        namespace: String,
        /// Those that are there, as far as they are known.
        known: Vec<String>,
    },
    /// An operation is asked for or runs already.
    #[error(
        "{application} is being synced already; wait until that has ended, or end it with `slipway argocd wait --end-old-syncs`"
    )]
    Busy {
        /// The Application.
        application: String,
    },
    /// A sync that was asked for has failed.
    #[error("{application} was not synced: {message}")]
    SyncFailed {
        /// The Application.
        application: String,
        /// What Argo CD says.
        message: String,
    },
    /// What is gone back to would not stay.
    #[error(
        "{application} is synced with Git by itself, which would take that back at once; go back in Git (`slipway image rollback`, or a revert), or turn automated sync off"
    )]
    TakenBack {
        /// The Application.
        application: String,
    },
    /// There is nothing to go back to.
    #[error("{application} has not synced that; its history has {}", if .known.is_empty() { "nothing".to_owned() } else { .known.join(", ") })]
    NoHistory {
        /// The Application.
        application: String,
        /// The numbers of its history.
        known: Vec<String>,
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
    /// No repo-server runs.
    #[error(
        "no repo-server of Argo CD's is ready in the namespace {namespace}; look at its pods, or install Argo CD with `slipway argocd bootstrap`"
    )]
    NoRepoServer {
        /// Where it was looked for.
        namespace: String,
    },
    /// The repo-server did not answer.
    #[error(
        "Argo CD's repo-server ({pod}) could not be asked: {cause}; it is reached through the API server, which needs the right to create pods/portforward"
    )]
    RepoServer {
        /// Its pod.
        pod: String,
        /// Why.
        cause: String,
    },
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

/// The name that was probably meant.
fn near(name: &str, known: &[String]) -> String {
    let near = suggest::nearest(name, known.iter().map(String::as_str));
    near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"))
}

/// What is said of a cluster that may answer the next time.
pub(super) fn did_not_answer(cause: &str) -> String {
    format!("the cluster did not answer: {cause}")
}

impl ArgoCdError {
    /// There is no Application of that name among those that are there.
    pub(super) fn no_application<'a>(
        name: &str,
        namespace: &str,
        known: impl Iterator<Item = &'a ApplicationStatus>,
    ) -> Self {
        Self::NoApplication {
            application: name.to_owned(),
            namespace: namespace.to_owned(),
            known: known.map(|one| one.name.clone()).collect(),
        }
    }

    /// From an error of the client, at an action on an object.
    pub(super) fn at(action: &'static str, object: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let object = object.into();
        move |error| match error {
            kube::Error::Api(status) if matches!(action, "apply" | "replace") && status.code == 409 => {
                Self::Conflict { object, cause: status.message.clone() }
            }
            // It is busy, or one behind it: no answer to what was asked.
            kube::Error::Api(status)
                if matches!(action, "change" | "discovery" | "list" | "read")
                    && matches!(status.code, 429 | 500 | 502..=504) =>
            {
                Self::Unreachable(format!("{} ({})", status.message, status.code))
            }
            kube::Error::Api(status) => {
                Self::Refused { action, object, cause: format!("{} ({})", status.message, status.code) }
            }
            other => Self::Unreachable(innermost(&other)),
        }
    }
}

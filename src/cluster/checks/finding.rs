//! The answer to one question about a cluster, and whether waiting may change it.

use aws_sdk_eks::Client;

use crate::cluster::ClusterError;
use crate::cluster::aws::{AwsFailure, FailureKind};

/// The answer to one question about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable name for machines: `cluster.status`, `addon.coredns`, …
    pub id: String,
    /// The question in words.
    pub title: String,
    /// The answer.
    pub status: CheckStatus,
    /// What was found.
    pub detail: String,
    /// What to do about it; empty where there is nothing to do.
    pub help: String,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// As it should be.
    Pass,
    /// Usable, but somebody should look at it.
    Warn,
    /// Not usable.
    Fail,
    /// The endpoint does not know the question (an emulator) or does not let this caller ask: never a pass.
    NotAnswered,
}

impl CheckStatus {
    /// `pass`, `warn`, `fail` or `not answered`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::NotAnswered => "not answered",
        }
    }
}

/// A check, and whether waiting may still change it.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Finding {
    pub(in crate::cluster) check: Check,
    /// The failure may go away by itself: something is being created, updated or started.
    pub(in crate::cluster) may_pass_later: bool,
}

impl Finding {
    pub(super) fn new(id: &str, title: &str, status: CheckStatus, detail: impl Into<String>) -> Self {
        Self {
            check: Check {
                id: id.to_owned(),
                title: title.to_owned(),
                status,
                detail: detail.into(),
                help: String::new(),
            },
            may_pass_later: false,
        }
    }

    pub(super) fn pass(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(id, title, CheckStatus::Pass, detail)
    }

    pub(super) fn warn(id: &str, title: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(id, title, CheckStatus::Warn, detail).help(help)
    }

    pub(super) fn fail(id: &str, title: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(id, title, CheckStatus::Fail, detail).help(help)
    }

    /// A failure that waiting may cure.
    pub(super) fn not_yet(id: &str, title: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        let mut finding = Self::fail(id, title, detail, help);
        finding.may_pass_later = true;
        finding
    }

    /// AWS gave no answer to the question. `required` says that the configuration wants one.
    pub(super) fn unanswered(
        id: &str,
        title: &str,
        failure: &AwsFailure,
        permission: &str,
        required: bool,
    ) -> Self {
        let help = match failure.kind {
            FailureKind::AccessDenied => format!("allow {permission} to the caller"),
            FailureKind::Expired => "the credentials have expired: log in again".to_owned(),
            FailureKind::NotAnswered if required => {
                "the configuration asks for this; use an endpoint that knows it, or take it out of slipway.hcl"
                    .to_owned()
            }
            _ => String::new(),
        };
        // An error of the moment; a refusal and a missing operation stay.
        let passing = matches!(failure.kind, FailureKind::Failed | FailureKind::Unreachable);
        if required || passing {
            let mut finding = Self::fail(id, title, &failure.detail, help);
            finding.may_pass_later = passing;
            finding
        } else {
            Self::new(id, title, CheckStatus::NotAnswered, &failure.detail).help(help)
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.check.help = help.into();
        self
    }

    /// The cluster says it serves, and there is nothing to connect to.
    pub(in crate::cluster) fn no_client(error: &ClusterError) -> Self {
        Self::not_yet(
            "kubernetes.api",
            "the API server answers with the cluster's own CA",
            error.to_string(),
            "",
        )
    }

    #[cfg(test)]
    pub(in crate::cluster) fn for_test(status: CheckStatus, may_pass_later: bool) -> Self {
        let mut finding = Self::new("id", "title", status, "detail");
        finding.may_pass_later = may_pass_later;
        finding
    }

    pub(in crate::cluster) fn failed(&self) -> bool {
        self.check.status == CheckStatus::Fail
    }
}

/// What the checks ask with.
pub(in crate::cluster) struct Questions<'a> {
    pub(in crate::cluster) eks: &'a Client,
    pub(in crate::cluster) cluster: &'a str,
}

/// "CODE: message; CODE: message" of health issues, or nothing.
pub(super) fn issues<'a>(issues: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Option<String> {
    let lines: Vec<String> = issues
        .map(|(code, message)| format!("{}: {}", code.unwrap_or("issue"), message.unwrap_or("no message")))
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

//! The answer to one question about a cluster, and whether waiting may change it.

use aws_sdk_eks::Client;

use super::kinds::{self, Kind};
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
    /// What was seen.
    pub detail: String,
    /// What to do about it; empty where there is nothing to do.
    pub help: String,
    /// The stable code of what was found, `cluster::addon_missing`; none of a pass.
    pub code: Option<&'static str>,
    /// What was expected; empty of a pass.
    pub expected: String,
    /// Why it matters; empty of a pass.
    pub why: &'static str,
    /// Commands that mend it, in the order in which they are to be run.
    pub commands: Vec<String>,
    /// Whether the failure may go away by itself: something is being created, updated or started.
    pub may_pass_later: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// As it should be.
    Pass,
    /// Usable, but somebody should look at it.
    Warn,
    /// The endpoint does not know the question (an emulator) or does not let this caller ask: never a pass.
    NotAnswered,
    /// Not usable.
    Fail,
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

/// One question: its stable name, and how it reads.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Question {
    id: String,
    title: String,
}

impl Question {
    pub(in crate::cluster) fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into() }
    }

    pub(in crate::cluster) fn pass(&self, detail: impl Into<String>) -> Finding {
        Finding {
            check: Check {
                id: self.id.clone(),
                title: self.title.clone(),
                status: CheckStatus::Pass,
                detail: detail.into(),
                help: String::new(),
                code: None,
                expected: String::new(),
                why: "",
                commands: Vec::new(),
                may_pass_later: false,
            },
        }
    }

    fn found(&self, status: CheckStatus, kind: &'static Kind, detail: impl Into<String>) -> Finding {
        let mut finding = self.pass(detail);
        finding.check.status = status;
        finding.check.code = Some(kind.code);
        kind.expected.clone_into(&mut finding.check.expected);
        finding.check.why = kind.why;
        finding
    }

    pub(in crate::cluster) fn warn(
        &self,
        kind: &'static Kind,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.found(CheckStatus::Warn, kind, detail).help(help)
    }

    pub(in crate::cluster) fn fail(
        &self,
        kind: &'static Kind,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.found(CheckStatus::Fail, kind, detail).help(help)
    }

    /// A failure that waiting may cure.
    pub(in crate::cluster) fn not_yet(
        &self,
        kind: &'static Kind,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let mut finding = self.fail(kind, detail, help);
        finding.check.may_pass_later = true;
        finding
    }

    /// Nobody answered, which is no fault of the cluster's.
    pub(in crate::cluster) fn open(
        &self,
        kind: &'static Kind,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.found(CheckStatus::NotAnswered, kind, detail).help(help)
    }

    /// AWS gave no answer to the question. `required` says that the cluster cannot be called usable without one.
    pub(in crate::cluster) fn unanswered(
        &self,
        failure: &AwsFailure,
        permission: &str,
        required: bool,
    ) -> Finding {
        let (kind, help) = reason(failure, permission, required);
        // An error of the moment; a refusal and a missing operation stay.
        let passes = failure.passes();
        let mut finding = if required {
            self.fail(kind, &failure.detail, help)
        } else {
            self.open(kind, &failure.detail, help)
        };
        finding.check.may_pass_later = required && passes;
        finding
    }
}

fn reason(failure: &AwsFailure, permission: &str, required: bool) -> (&'static Kind, String) {
    match failure.kind {
        FailureKind::AccessDenied => (&kinds::NOT_ALLOWED, format!("allow {permission} to the caller")),
        FailureKind::Expired => {
            (&kinds::CREDENTIALS_EXPIRED, "the credentials have expired: log in again".to_owned())
        }
        FailureKind::NoCredentials => {
            (&kinds::CREDENTIALS_EXPIRED, "the credentials are gone: log in again".to_owned())
        }
        FailureKind::Throttled => (
            &kinds::THROTTLED,
            format!(
                "run it again in a minute; {permission} is limited for the whole account and region: see who else asks \
                 (controllers, pipelines), ask fewer clusters at once (`-j`), or have the limit raised by Service Quotas"
            ),
        ),
        FailureKind::Unreachable => (
            &kinds::AWS_UNREACHABLE,
            "check the network, proxies and AWS_ENDPOINT_URL, and run it again".to_owned(),
        ),
        FailureKind::NotAnswered if required => (
            &kinds::NOT_ANSWERED,
            "the configuration asks for this; use an endpoint that knows it, or take it out of slipway.hcl"
                .to_owned(),
        ),
        FailureKind::NotAnswered => (&kinds::NOT_ANSWERED, String::new()),
        FailureKind::NotFound | FailureKind::Failed => {
            (&kinds::AWS_FAILED, "run it again; if it stays, look at the AWS status of the region".to_owned())
        }
    }
}

/// A check that is being made.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Finding {
    pub(in crate::cluster) check: Check,
}

impl Finding {
    pub(in crate::cluster) fn help(mut self, help: impl Into<String>) -> Self {
        self.check.help = help.into();
        self
    }

    /// With something more that was seen.
    pub(in crate::cluster) fn also(mut self, seen: impl std::fmt::Display) -> Self {
        self.check.detail = format!("{}; {seen}", self.check.detail);
        self
    }

    pub(in crate::cluster) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.check.expected = expected.into();
        self
    }

    pub(in crate::cluster) fn command(mut self, command: impl Into<String>) -> Self {
        self.check.commands.push(command.into());
        self
    }

    #[cfg(test)]
    pub(in crate::cluster) fn for_test(status: CheckStatus, may_pass_later: bool) -> Self {
        let mut finding = Question::new("id", "title").found(status, &kinds::NOT_ACTIVE, "detail");
        finding.check.may_pass_later = may_pass_later;
        finding
    }

    pub(in crate::cluster) fn failed(&self) -> bool {
        self.check.status == CheckStatus::Fail
    }
}

/// What the checks ask with.
pub(in crate::cluster) struct Asking<'a> {
    pub(in crate::cluster) aws: &'a aws_config::SdkConfig,
    pub(in crate::cluster) eks: &'a Client,
    pub(in crate::cluster) cluster: &'a str,
    pub(in crate::cluster) region: &'a str,
}

impl Asking<'_> {
    /// A command of the AWS CLI on this cluster; `arguments` begin with the operation.
    pub(in crate::cluster) fn eks_command(&self, operation: &str, arguments: &str) -> String {
        let name = if matches!(
            operation,
            "describe-cluster"
                | "update-cluster-config"
                | "update-cluster-version"
                | "describe-update"
                | "list-updates"
        ) {
            "--name"
        } else {
            "--cluster-name"
        };
        let rest = if arguments.is_empty() { String::new() } else { format!(" {arguments}") };
        format!("aws eks {operation} {name} {}{rest} --region {}", self.cluster, self.region)
    }
}

/// "CODE: message; CODE: message" of health issues, or nothing.
pub(super) fn issues<'a>(issues: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Option<String> {
    let lines: Vec<String> = issues
        .map(|(code, message)| format!("{}: {}", code.unwrap_or("issue"), message.unwrap_or("no message")))
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

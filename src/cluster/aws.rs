//! The AWS SDK's configuration, and what its errors mean to a person.

use std::error::Error;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_eks::config::http::HttpResponse;
use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};

use super::ClusterError;
use crate::cluster::patience::Patience;
use crate::support::causes::{causes, innermost};
use crate::support::shown::one_line;

/// The SDK's configuration for one region; `None` takes the region of the environment or profile.
///
/// Credentials and `AWS_ENDPOINT_URL` come from the environment as with every AWS tool. Waiting is bounded by
/// [`Patience::Work`], so that a dead endpoint is an error and not a silence.
pub async fn load_aws(region: Option<&str>) -> SdkConfig {
    load(region, Patience::Work).await
}

/// Credentials and region for a look: whether there is an answer at all is the question, and it is told in some seconds.
pub async fn look_at_aws(region: Option<&str>) -> SdkConfig {
    load(region, Patience::Look).await
}

async fn load(region: Option<&str>, patience: Patience) -> SdkConfig {
    install_tls_provider();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(patience.timeouts())
        .retry_config(patience.attempts());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// Make aws-lc-rs the process's TLS provider. With two providers linked in, the first TLS connection panics unless
/// one was chosen; a second call changes nothing.
pub fn install_tls_provider() {
    // An error only says that a provider was chosen before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Kinds of failure that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The endpoint has no such operation, as emulators have not: nothing was learnt.
    NotAnswered,
    /// The caller is not known or not allowed.
    AccessDenied,
    /// The caller was known, and the credentials have ended.
    Expired,
    /// The resource does not exist.
    NotFound,
    /// There were too many requests, from whomever; asking again helps.
    Throttled,
    /// Nobody answered in time.
    Unreachable,
    /// There was nothing to sign with.
    NoCredentials,
    /// Any other answer.
    Failed,
}

/// An SDK error, sorted and reduced to the sentence that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsFailure {
    pub(super) kind: FailureKind,
    pub(super) detail: String,
}

impl AwsFailure {
    /// An answer that is none.
    pub(super) fn failed(detail: &str) -> Self {
        Self { kind: FailureKind::Failed, detail: detail.to_owned() }
    }

    /// An error that came as an answer.
    pub(super) fn of_answer(status: Option<u16>, code: Option<String>, message: Option<String>) -> Self {
        let kind = kind_of_answer(status, code.as_deref());
        let detail = match (kind, code, message) {
            (FailureKind::NotAnswered, _, _) => {
                format!("not answered by this endpoint (status {})", status.unwrap_or_default())
            }
            (_, Some(code), Some(message)) => format!("{code}: {message}"),
            (_, Some(code), None) => code,
            (_, None, Some(message)) => message,
            (_, None, None) => {
                format!("status {} without an error that the SDK knows", status.unwrap_or_default())
            }
        };
        Self { kind, detail: one_line(&detail) }
    }

    /// The sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether asking again later may bring an answer.
    pub(super) fn passes(&self) -> bool {
        matches!(self.kind, FailureKind::Failed | FailureKind::Throttled | FailureKind::Unreachable)
    }

    /// As the error of `operation`, where there is no going on without its answer.
    pub(crate) fn into_error(self, operation: &'static str, permission: &str, region: &str) -> ClusterError {
        let Self { kind, detail } = self;
        match kind {
            FailureKind::Unreachable => {
                ClusterError::AwsUnreachable { operation, region: region.to_owned(), detail }
            }
            FailureKind::NoCredentials => {
                ClusterError::NoCredentials { detail: one_line(&detail).trim_end_matches('.').to_owned() }
            }
            FailureKind::Expired => ClusterError::Expired { detail },
            FailureKind::AccessDenied => {
                ClusterError::AccessDenied { operation, permission: permission.to_owned(), detail }
            }
            FailureKind::Throttled => {
                ClusterError::Throttled { operation, region: region.to_owned(), detail }
            }
            FailureKind::NotAnswered | FailureKind::NotFound | FailureKind::Failed => {
                ClusterError::Aws { operation, detail }
            }
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for AwsFailure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        let message = error.message().map(str::to_owned);
        let kind = match &error {
            SdkError::TimeoutError(_) => Some(FailureKind::Unreachable),
            _ if caused_by_credentials(&error) => Some(FailureKind::NoCredentials),
            SdkError::DispatchFailure(_) => Some(FailureKind::Unreachable),
            _ => None,
        };
        let told = code.is_some() || message.is_some() || status.is_some_and(|status| status >= 400);
        if kind.is_none() && told {
            return Self::of_answer(status, code, message);
        }
        Self { kind: kind.unwrap_or(FailureKind::Failed), detail: innermost(&error) }
    }
}

fn kind_of_answer(status: Option<u16>, code: Option<&str>) -> FailureKind {
    match (status, code) {
        (_, Some("ResourceNotFoundException" | "NoSuchEntity" | "NoSuchEntityException")) => FailureKind::NotFound,
        // EC2 names what is not there: `InvalidGroup.NotFound`.
        (_, Some(code)) if code.ends_with(".NotFound") => FailureKind::NotFound,
        (
            _,
            Some(
                "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "TooManyRequestsException"
                | "SlowDown",
            ),
        )
        | (Some(429), _) => FailureKind::Throttled,
        (_, Some("UnknownOperationException" | "UnknownOperation" | "NotImplemented"))
        // A 404 without a name is a page of HTML: the emulator has no such path; AWS would have named the error.
        | (Some(404 | 405 | 501), _) => FailureKind::NotAnswered,
        (_, Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired")) => FailureKind::Expired,
        (
            _,
            Some(
                "AccessDenied"
                | "AccessDeniedException"
                | "AuthFailure"
                | "UnauthorizedOperation"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "UnauthorizedException",
            ),
        )
        | (Some(401 | 403), _) => FailureKind::AccessDenied,
        _ => FailureKind::Failed,
    }
}

fn caused_by_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).iter().any(|cause| cause.is::<CredentialsError>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_the_operation_has_not_answered() {
        assert_eq!(kind_of_answer(Some(404), None), FailureKind::NotAnswered);
        assert_eq!(kind_of_answer(Some(501), Some("InternalFailure")), FailureKind::NotAnswered);
        assert_eq!(kind_of_answer(Some(400), Some("UnknownOperationException")), FailureKind::NotAnswered);
    }

    #[test]
    fn what_does_not_exist_is_told_from_what_is_not_answered() {
        assert_eq!(kind_of_answer(Some(404), Some("ResourceNotFoundException")), FailureKind::NotFound);
    }

    #[test]
    fn unknown_and_forbidden_callers_are_access_denied() {
        assert_eq!(kind_of_answer(Some(403), Some("UnrecognizedClientException")), FailureKind::AccessDenied);
        assert_eq!(kind_of_answer(Some(403), None), FailureKind::AccessDenied);
    }

    #[test]
    fn credentials_that_have_ended_are_told_from_those_that_are_refused() {
        assert_eq!(kind_of_answer(Some(403), Some("ExpiredToken")), FailureKind::Expired);
        assert_eq!(kind_of_answer(Some(400), Some("ExpiredTokenException")), FailureKind::Expired);
    }

    #[test]
    fn throttling_is_told_from_failing_and_refusing() {
        assert_eq!(kind_of_answer(Some(400), Some("ThrottlingException")), FailureKind::Throttled);
        assert_eq!(kind_of_answer(Some(503), Some("RequestLimitExceeded")), FailureKind::Throttled);
        assert_eq!(kind_of_answer(Some(429), None), FailureKind::Throttled);
        assert_eq!(kind_of_answer(Some(400), Some("InvalidGroup.NotFound")), FailureKind::NotFound);
    }

    #[test]
    fn a_server_error_is_a_failure() {
        assert_eq!(kind_of_answer(Some(500), Some("ServerException")), FailureKind::Failed);
    }
}

//! The S3 backend as its configuration describes it, for what is asked of S3 without the tool.

use std::collections::HashMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::Mutex;

use super::EngineError;
use crate::cluster::patience::Patience;
use crate::hcl::value::Value;
use crate::support::causes::{causes, innermost};
use crate::support::shown::one_line;
use crate::terragrunt::config::RemoteState;

/// Settings that give the backend another identity than the environment's: then only the tool can act as it.
const OTHER_IDENTITY: &[&str] = &[
    "access_key",
    "assume_role",
    "assume_role_with_web_identity",
    "role_arn",
    "secret_key",
    "shared_credentials_file",
    "shared_credentials_files",
    "sse_customer_key",
    "token",
];

/// Where a state is kept in S3.
pub struct S3Backend {
    /// The bucket.
    pub bucket: String,
    /// The object.
    pub key: Option<String>,
    /// The bucket's region.
    pub region: String,
    endpoint: Option<String>,
    path_style: bool,
    profile: Option<String>,
    identity: Option<Credentials>,
}

/// The clients of a run, one for each way to S3.
///
/// Making one asks for credentials, which with SSO or a role takes requests of its own: once a run, not once a
/// unit.
#[derive(Debug, Default)]
pub struct S3Clients {
    made: Mutex<HashMap<Way, Client>>,
    patience: Patience,
}

/// What tells two clients apart: region, endpoint, profile, whose key, and whether buckets go into the path.
type Way = (String, Option<String>, Option<String>, Option<String>, bool);

impl S3Clients {
    /// For whoever only looks whether there is an answer.
    pub fn with_patience(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    /// A client for a backend. Waiting is bounded: a network that is down is told in seconds, not after minutes.
    pub async fn client(&self, backend: &S3Backend) -> Client {
        let S3Backend { region, endpoint, path_style, profile, identity, .. } = backend;
        let key = identity.as_ref().map(|identity| identity.access_key_id().to_owned());
        let way = (region.clone(), endpoint.clone(), profile.clone(), key, *path_style);
        // Held while one is made: whoever comes second waits for the same client.
        let mut clients = self.made.lock().await;
        if let Some(client) = clients.get(&way) {
            return client.clone();
        }
        let shared = load(backend, endpoint.as_deref(), self.patience).await;
        let path_style = *path_style || shared.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(path_style).build();
        let client = Client::from_conf(config);
        clients.insert(way, client.clone());
        client
    }
}

/// The SDK's settings for a service beside a backend: its region, profile and identity.
pub async fn load(backend: &S3Backend, endpoint: Option<&str>, patience: Patience) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(backend.region.clone()))
        .timeout_config(patience.timeouts())
        .retry_config(patience.attempts());
    if let Some(profile) = &backend.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(identity) = &backend.identity {
        loader = loader.credentials_provider(identity.clone());
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

impl S3Backend {
    /// The setting that gives a backend another identity than the environment's, where there is one.
    pub fn other_identity(remote_state: &RemoteState) -> Option<&'static str> {
        let config = remote_state.config.as_fields()?;
        OTHER_IDENTITY.iter().find(|name| config.contains_key(**name)).copied()
    }

    /// What tells the way to it from that to another one: endpoint and profile.
    pub fn way(&self) -> (Option<&str>, Option<&str>) {
        (self.endpoint.as_deref(), self.profile.as_deref())
    }

    /// The backend of a unit, where it is S3 with the identity of the environment.
    pub fn of(remote_state: &RemoteState) -> Option<Self> {
        let config = remote_state.config.as_fields()?;
        if remote_state.backend != "s3" || Self::other_identity(remote_state).is_some() {
            return None;
        }
        let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| config.get(name).and_then(Value::as_bool).unwrap_or(false);
        // `endpoints { s3 }` is today's place, `endpoint` the older one.
        let endpoint = config.get("endpoints").and_then(|all| all.get("s3")).and_then(Value::as_str);
        Some(Self {
            bucket: text("bucket")?,
            key: text("key"),
            region: text("region").unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint: endpoint.map(str::to_owned).or_else(|| text("endpoint")),
            path_style: flag("use_path_style") || flag("force_path_style"),
            profile: text("profile"),
            identity: None,
        })
    }

    /// This backend, seen with the credentials of a role.
    #[must_use]
    pub fn acting_as(mut self, identity: Option<&Credentials>) -> Self {
        self.identity = identity.cloned();
        self
    }

    /// A bucket that is named by its address, with the identity of the environment or of a profile.
    pub fn of_bucket(bucket: &str, region: &str, endpoint: Option<&str>, profile: Option<&str>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: None,
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            path_style: endpoint.is_some(),
            profile: profile.map(str::to_owned),
            identity: None,
        }
    }

    /// What an error of S3 means for the run.
    pub fn refused<E>(&self, error: &SdkError<E, HttpResponse>) -> EngineError
    where
        E: ProvideErrorMetadata + 'static,
        SdkError<E, HttpResponse>: std::error::Error,
    {
        let told = error.as_service_error().and_then(|error| Some((error.code()?, error.message())));
        // No credentials at all come as a failure to send.
        let none = causes(error).into_iter().find_map(|cause| cause.downcast_ref::<CredentialsError>());
        let advice = match error {
            _ if none.is_some() => "log in, or set AWS_PROFILE",
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                "AWS does not answer: check the network, the region and AWS_ENDPOINT_URL"
            }
            SdkError::ConstructionFailure(_) => "check the credentials: log in again, or check AWS_PROFILE",
            _ => "check the credentials and the permissions on the bucket",
        };
        // The context of the SDK's errors goes on for paragraphs; the first part says it.
        let cause = match (told, none) {
            (Some((code, Some(message))), _) => format!("{code}: {message}"),
            (Some((code, None)), _) => code.to_owned(),
            // The last place that was looked into says why it has none, and there were others.
            (None, Some(CredentialsError::CredentialsNotLoaded(_))) => {
                "there are no AWS credentials".to_owned()
            }
            (None, Some(_)) => {
                let why = one_line(&innermost(error));
                format!("there are no AWS credentials: {}", why.trim_end_matches('.'))
            }
            (None, None) => match error.raw_response().map(|answer| answer.status().as_u16()) {
                // An answer to a HEAD has no body to say why.
                Some(403) => "access is denied (403)".to_owned(),
                Some(301) => "it is in another region (301)".to_owned(),
                Some(status) if status >= 400 => format!("the answer is {status}, without a reason"),
                // The layers before it say nothing: "dispatch failure", "io error", "client error".
                _ => innermost(error).trim_end_matches('.').to_owned(),
            },
        };
        EngineError::Bucket { bucket: self.bucket.clone(), cause, advice: advice.to_owned() }
    }
}

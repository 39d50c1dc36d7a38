//! The S3 bucket that keeps the states: looked at once, created only where that was asked for.
//!
//! Asking before the tool does turns minutes of retries into a message of one line: the bucket is not there,
//! AWS does not answer, the credentials are not accepted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use tokio::sync::OnceCell;

use super::EngineError;
use crate::hcl::value::Value;
use crate::terragrunt::config::RemoteState;

/// The buckets of one run.
#[derive(Debug, Default)]
pub struct StateBuckets {
    /// Whether one that is missing may be created.
    create: bool,
    seen: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

/// What has been found, or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// The state is not in a bucket that we know how to look at.
    NotS3,
    /// It is there.
    Ready,
}

impl StateBuckets {
    /// `create` comes from `--backend-bootstrap`.
    pub fn new(create: bool) -> Self {
        Self { create, seen: Mutex::default() }
    }

    /// Whether buckets may be created.
    pub fn may_create(&self) -> bool {
        self.create
    }

    /// Makes sure that a unit's bucket can be used; asks once a bucket and run.
    pub async fn ensure(&self, remote_state: &RemoteState) -> Result<Bucket, EngineError> {
        let Some(target) = Target::of(remote_state) else { return Ok(Bucket::NotS3) };
        if remote_state.disable_init {
            return Ok(Bucket::Ready);
        }
        let cell = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(target.bucket.clone()).or_default())
        };
        cell.get_or_try_init(|| target.ensure(self.create)).await?;
        Ok(Bucket::Ready)
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a setting of the backend")]
struct Target {
    bucket: String,
    region: String,
    endpoint: Option<String>,
    path_style: bool,
    profile: Option<String>,
    kms_key: Option<String>,
    skip_versioning: bool,
    skip_encryption: bool,
    skip_public_access: bool,
}

impl Target {
    fn of(remote_state: &RemoteState) -> Option<Self> {
        if remote_state.backend != "s3" {
            return None;
        }
        let config = &remote_state.config;
        let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| config.get(name).and_then(Value::as_bool).unwrap_or(false);
        // `endpoints { s3 }` is today's place, `endpoint` the older one.
        let endpoint = config.get("endpoints").and_then(|all| all.get("s3")).and_then(Value::as_str);
        Some(Self {
            bucket: text("bucket")?,
            region: text("region").unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint: endpoint.map(str::to_owned).or_else(|| text("endpoint")),
            path_style: flag("use_path_style") || flag("force_path_style"),
            profile: text("profile"),
            kms_key: text("kms_key_id"),
            skip_versioning: flag("skip_bucket_versioning"),
            skip_encryption: flag("skip_bucket_ssencryption"),
            skip_public_access: flag("skip_bucket_public_access_blocking"),
        })
    }

    async fn ensure(&self, create: bool) -> Result<(), EngineError> {
        let client = self.client().await;
        let Err(error) = client.head_bucket().bucket(&self.bucket).send().await else { return Ok(()) };
        if !is_missing(&error) {
            return Err(self.refused(&error));
        }
        if !create {
            return Err(EngineError::BucketMissing { bucket: self.bucket.clone() });
        }
        self.create(&client).await
    }

    async fn client(&self) -> Client {
        // Bounded: a network that is down is told in seconds, not after the default retries.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(20))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .timeout_config(timeouts);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let shared = loader.load().await;
        let path_style = self.path_style || shared.endpoint_url().is_some();
        Client::from_conf(aws_sdk_s3::config::Builder::from(&shared).force_path_style(path_style).build())
    }

    async fn create(&self, client: &Client) -> Result<(), EngineError> {
        let mut request = client.create_bucket().bucket(&self.bucket);
        // S3 refuses a location constraint for its first region.
        if self.region != "us-east-1" {
            let constraint = BucketLocationConstraint::from(self.region.as_str());
            let configuration = CreateBucketConfiguration::builder().location_constraint(constraint).build();
            request = request.create_bucket_configuration(configuration);
        }
        request.send().await.map_err(|error| self.refused(&error))?;
        if !self.skip_versioning {
            let versioning =
                VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            let request = client.put_bucket_versioning().bucket(&self.bucket);
            request
                .versioning_configuration(versioning)
                .send()
                .await
                .map_err(|error| self.refused(&error))?;
        }
        if !self.skip_encryption {
            let encryption = self.encryption().map_err(|error| self.refused_because(error.to_string()))?;
            let request = client.put_bucket_encryption().bucket(&self.bucket);
            let request = request.server_side_encryption_configuration(encryption);
            request.send().await.map_err(|error| self.refused(&error))?;
        }
        if !self.skip_public_access {
            let block = PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .block_public_policy(true)
                .ignore_public_acls(true)
                .restrict_public_buckets(true)
                .build();
            let request = client.put_public_access_block().bucket(&self.bucket);
            let request = request.public_access_block_configuration(block);
            request.send().await.map_err(|error| self.refused(&error))?;
        }
        Ok(())
    }

    fn encryption(&self) -> Result<ServerSideEncryptionConfiguration, aws_sdk_s3::error::BuildError> {
        let algorithm =
            if self.kms_key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(self.kms_key.clone())
            .build()?;
        let rule =
            ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
        ServerSideEncryptionConfiguration::builder().rules(rule).build()
    }

    fn refused<E, R>(&self, error: &SdkError<E, R>) -> EngineError
    where
        SdkError<E, R>: std::error::Error,
    {
        let advice = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                "AWS does not answer: check the network, the region and AWS_ENDPOINT_URL"
            }
            SdkError::ConstructionFailure(_) => "check the credentials: log in again, or check AWS_PROFILE",
            _ => "check the credentials and the permissions on the bucket",
        };
        let cause = DisplayErrorContext(error).to_string();
        // The context of the SDK's errors goes on for paragraphs; the first part says it.
        let cause = cause.split(" (").next().unwrap_or(&cause).to_owned();
        EngineError::Bucket { bucket: self.bucket.clone(), cause, advice: advice.to_owned() }
    }

    fn refused_because(&self, cause: String) -> EngineError {
        let advice = "check the remote_state block".to_owned();
        EngineError::Bucket { bucket: self.bucket.clone(), cause, advice }
    }
}

fn is_missing(error: &SdkError<aws_sdk_s3::operation::head_bucket::HeadBucketError>) -> bool {
    match error {
        SdkError::ServiceError(service) => {
            service.err().is_not_found() || service.raw().status().as_u16() == 404
        }
        _ => false,
    }
}

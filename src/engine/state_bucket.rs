//! The S3 bucket that keeps the states: looked at once, created only where that was asked for.
//!
//! Asking before the tool does turns minutes of retries into a message of one line: the bucket is not there,
//! AWS does not answer, the credentials are not accepted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use tokio::sync::OnceCell;

use super::EngineError;
use super::s3::{S3Backend, S3Clients};
use crate::hcl::value::Value;
use crate::terragrunt::config::RemoteState;

/// The buckets of one run.
#[derive(Debug, Default)]
pub struct StateBuckets {
    /// Whether one that is missing may be created.
    create: bool,
    seen: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

impl StateBuckets {
    /// `create` comes from `--backend-bootstrap`.
    pub fn new(create: bool) -> Self {
        Self { create, seen: Mutex::default() }
    }

    /// Makes sure that a unit's bucket can be used; asks once a bucket and run.
    ///
    /// `identity` are the credentials of the unit's role, where it has one.
    pub async fn ensure(
        &self,
        remote_state: &RemoteState,
        clients: &S3Clients,
        identity: Option<&Credentials>,
    ) -> Result<(), EngineError> {
        let Some(mut target) = Target::of(remote_state) else { return Ok(()) };
        target.backend = target.backend.acting_as(identity);
        if remote_state.disable_init {
            return Ok(());
        }
        let cell = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(target.backend.bucket.clone()).or_default())
        };
        cell.get_or_try_init(|| target.ensure(self.create, clients)).await.copied()
    }
}

/// Asks for a bucket: whether it is there, and may be used.
pub(super) async fn look(backend: &S3Backend, clients: &S3Clients) -> Result<(), EngineError> {
    let client = clients.client(backend).await;
    let bucket = &backend.bucket;
    match client.head_bucket().bucket(bucket).send().await {
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Err(EngineError::BucketMissing { bucket: bucket.clone() }),
        Err(error) => Err(backend.refused(&error)),
    }
}

struct Target {
    backend: S3Backend,
    kms_key: Option<String>,
    skip_versioning: bool,
    skip_encryption: bool,
    skip_public_access: bool,
}

impl Target {
    fn of(remote_state: &RemoteState) -> Option<Self> {
        let backend = S3Backend::of(remote_state)?;
        let config = &remote_state.config;
        let flag = |name: &str| config.get(name).and_then(Value::as_bool).unwrap_or(false);
        Some(Self {
            backend,
            kms_key: config.get("kms_key_id").and_then(Value::as_str).map(str::to_owned),
            skip_versioning: flag("skip_bucket_versioning"),
            skip_encryption: flag("skip_bucket_ssencryption"),
            skip_public_access: flag("skip_bucket_public_access_blocking"),
        })
    }

    async fn ensure(&self, create: bool, clients: &S3Clients) -> Result<(), EngineError> {
        match look(&self.backend, clients).await {
            Err(EngineError::BucketMissing { .. }) if create => {
                self.create(&clients.client(&self.backend).await).await
            }
            looked => looked,
        }
    }

    async fn create(&self, client: &Client) -> Result<(), EngineError> {
        let mut request = client.create_bucket().bucket(&self.backend.bucket);
        // S3 refuses a location constraint for its first region.
        if self.backend.region != "us-east-1" {
            let constraint = BucketLocationConstraint::from(self.backend.region.as_str());
            let configuration = CreateBucketConfiguration::builder().location_constraint(constraint).build();
            request = request.create_bucket_configuration(configuration);
        }
        request.send().await.map_err(|error| self.backend.refused(&error))?;
        if !self.skip_versioning {
            let versioning =
                VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            let request = client.put_bucket_versioning().bucket(&self.backend.bucket);
            request
                .versioning_configuration(versioning)
                .send()
                .await
                .map_err(|error| self.backend.refused(&error))?;
        }
        if !self.skip_encryption {
            let encryption = self.encryption().map_err(|error| self.refused_because(error.to_string()))?;
            let request = client.put_bucket_encryption().bucket(&self.backend.bucket);
            let request = request.server_side_encryption_configuration(encryption);
            request.send().await.map_err(|error| self.backend.refused(&error))?;
        }
        if !self.skip_public_access {
            let block = PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .block_public_policy(true)
                .ignore_public_acls(true)
                .restrict_public_buckets(true)
                .build();
            let request = client.put_public_access_block().bucket(&self.backend.bucket);
            let request = request.public_access_block_configuration(block);
            request.send().await.map_err(|error| self.backend.refused(&error))?;
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

    fn refused_because(&self, cause: String) -> EngineError {
        let advice = "check the remote_state block".to_owned();
        EngineError::Bucket { bucket: self.backend.bucket.clone(), cause, advice }
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

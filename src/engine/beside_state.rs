//! Small objects beside a state in S3: the tool's own lock file, and the locks of runs.
//!
//! S3 writes an object only where none is there (`If-None-Match: *`) or only over the one that was read (`If-Match`), so
//! of several who want the same lock one gets it.

use std::sync::Arc;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

use super::EngineError;
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
use crate::terragrunt::config::UnitConfig;

/// The ways to S3 and the roles of a run.
#[derive(Debug, Default)]
pub struct BesideStates {
    clients: Arc<S3Clients>,
    roles: Roles,
}

/// Where a unit's state is in S3.
pub struct StateAddress {
    backend: S3Backend,
    key: String,
}

/// An object as it was read.
pub struct Object {
    /// What it holds.
    pub body: Vec<u8>,
    /// Its `ETag`, which tells it from what is written after it.
    pub etag: String,
}

/// Over what an object is written.
#[derive(Clone, Copy)]
pub enum Over<'a> {
    /// Nothing: none may be there.
    Nothing,
    /// The object with that `ETag` and no other.
    Object(&'a str),
}

impl StateAddress {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.backend.bucket
    }

    fn beside(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.key)
    }
}

impl BesideStates {
    /// Where a unit's state is; none where that is not in S3, or where only the tool can get at it.
    pub async fn address(&self, config: &UnitConfig) -> Result<Option<StateAddress>, EngineError> {
        let Some(backend) = config.remote_state.as_ref().and_then(S3Backend::of) else { return Ok(None) };
        let Some(key) = backend.key.clone() else { return Ok(None) };
        // The states of workspaces have other keys.
        if std::env::var_os("TF_WORKSPACE").is_some() {
            return Ok(None);
        }
        let identity = self.roles.credentials(config).await?;
        Ok(Some(StateAddress { backend: backend.acting_as(identity.as_ref()), key }))
    }

    /// Reads the object; none where it, or the bucket, is not there.
    pub async fn read(&self, address: &StateAddress, suffix: &str) -> Result<Option<Object>, EngineError> {
        let client = self.clients.client(&address.backend).await;
        let request = client.get_object().bucket(address.bucket()).key(address.beside(suffix));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if has_code(&error, &["NoSuchKey", "NoSuchBucket"]) => return Ok(None),
            Err(error) => return Err(address.backend.refused(&error)),
        };
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        let body = answer.body.collect().await.map_err(|error| EngineError::Answer {
            command: format!("reading {} from {}", address.beside(suffix), address.bucket()),
            cause: error.to_string(),
        })?;
        Ok(Some(Object { body: body.into_bytes().into(), etag }))
    }

    /// Writes the object and returns its `ETag`; none where another one is there.
    pub async fn write(
        &self,
        address: &StateAddress,
        suffix: &str,
        body: &[u8],
        over: Over<'_>,
    ) -> Result<Option<String>, EngineError> {
        let client = self.clients.client(&address.backend).await;
        let request = client
            .put_object()
            .bucket(address.bucket())
            .key(address.beside(suffix))
            .content_type("application/json")
            .body(ByteStream::from(body.to_vec()));
        let request = match over {
            Over::Nothing => request.if_none_match("*"),
            Over::Object(etag) => request.if_match(etag),
        };
        match request.send().await {
            Ok(answer) => Ok(Some(answer.e_tag().unwrap_or_default().to_owned())),
            // 409: another one is being written at this moment; 404: what was to be replaced is gone.
            Err(error)
                if has_code(&error, &["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"]) =>
            {
                Ok(None)
            }
            Err(error) => Err(address.backend.refused(&error)),
        }
    }

    /// Removes the object with that `ETag`; another one stays.
    pub async fn remove(&self, address: &StateAddress, suffix: &str, etag: &str) -> Result<(), EngineError> {
        let client = self.clients.client(&address.backend).await;
        let request =
            client.delete_object().bucket(address.bucket()).key(address.beside(suffix)).if_match(etag);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if has_code(&error, &["PreconditionFailed", "NoSuchKey", "NoSuchBucket"]) => Ok(()),
            Err(error) => Err(address.backend.refused(&error)),
        }
    }
}

fn has_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, codes: &[&str]) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| codes.contains(&code))
}

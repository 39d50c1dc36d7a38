//! Small objects beside a state in S3: the tool's own lock file, and the locks of runs.

use std::sync::Arc;

use super::EngineError;
use super::role::Roles;
use super::s3::{S3Backend, S3Clients};
pub use super::s3_object::{Object, Over};
use super::s3_object::{Place, has_code};
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
        let place = Place { client: &client, backend: &address.backend };
        place.read(&address.beside(suffix), &["NoSuchKey", "NoSuchBucket"]).await
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
        let place = Place { client: &client, backend: &address.backend };
        place.write(&address.beside(suffix), body.to_vec(), over).await
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

//! The table in `DynamoDB` that locks states in S3, where a `remote_state` names one: looked at once, created only where
//! that was asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, SseSpecification,
    TableStatus, Tag,
};
use tokio::sync::OnceCell;

use super::EngineError;
use super::s3::{S3Backend, load};
use crate::cluster::patience::Patience;
use crate::hcl::value::Value;
use crate::terragrunt::config::RemoteState;

/// The attribute that both tools lock by.
const KEY: &str = "LockID";
/// AWS takes some seconds; after this it is not coming.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(500);

/// The lock tables of one run.
#[derive(Debug, Default)]
pub struct LockTables {
    /// Whether one that is missing may be created.
    create: bool,
    seen: Mutex<HashMap<Place, Arc<OnceCell<()>>>>,
}

/// Region and name.
type Place = (String, String);

impl LockTables {
    /// `create` comes from `--backend-bootstrap`.
    pub fn new(create: bool) -> Self {
        Self { create, seen: Mutex::default() }
    }

    /// Makes sure that a unit's lock table is there; asks once a table and run.
    ///
    /// `identity` are the credentials of the unit's role, where it has one.
    pub async fn ensure(
        &self,
        remote_state: &RemoteState,
        identity: Option<&Credentials>,
    ) -> Result<(), EngineError> {
        let Some(mut table) = LockTable::of(remote_state) else { return Ok(()) };
        table.backend = table.backend.acting_as(identity);
        let cell = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry((table.backend.region.clone(), table.name.clone())).or_default())
        };
        cell.get_or_try_init(|| table.ensure(self.create)).await.copied()
    }
}

/// A table that units lock their states by.
pub(super) struct LockTable {
    pub(super) backend: S3Backend,
    /// Its name.
    pub(super) name: String,
    endpoint: Option<String>,
    encrypted: bool,
    tags: Vec<(String, String)>,
}

impl LockTable {
    /// The table that a `remote_state` names.
    pub(super) fn of(remote_state: &RemoteState) -> Option<Self> {
        let backend = S3Backend::of(remote_state).filter(|_| !remote_state.disable_init)?;
        let config = &remote_state.config;
        let text = |name: &str| config.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let endpoint = config.get("endpoints").and_then(|all| all.get("dynamodb")).and_then(Value::as_str);
        let tags = config.get("dynamodb_table_tags").and_then(Value::as_fields);
        let tags = tags.into_iter().flatten();
        Some(Self {
            // Its older name is `lock_table`.
            name: text("dynamodb_table").or_else(|| text("lock_table"))?.to_owned(),
            endpoint: endpoint.or_else(|| text("dynamodb_endpoint")).map(str::to_owned),
            encrypted: config.get("enable_lock_table_ssencryption").and_then(Value::as_bool).unwrap_or(false),
            tags: tags
                .filter_map(|(key, value)| Some(((**key).to_owned(), value.as_str()?.to_owned())))
                .collect(),
            backend,
        })
    }

    /// Asks for it: whether it is there. An error where it is not, or nobody says.
    pub(super) async fn look(&self, patience: Patience) -> Result<(), EngineError> {
        let client = self.client(patience).await;
        match self.status(&client).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(EngineError::TableMissing { table: self.name.clone() }),
            Err(cause) => Err(self.refused(&cause)),
        }
    }

    async fn client(&self, patience: Patience) -> Client {
        Client::new(&load(&self.backend, self.endpoint.as_deref(), patience).await)
    }

    async fn ensure(&self, create: bool) -> Result<(), EngineError> {
        let client = self.client(Patience::Work).await;
        match self.status(&client).await {
            Ok(Some(TableStatus::Active | TableStatus::Updating)) => Ok(()),
            Ok(Some(_)) => self.wait(&client).await,
            Ok(None) if create => {
                self.create(&client).await?;
                self.wait(&client).await
            }
            Ok(None) => Err(EngineError::TableMissing { table: self.name.clone() }),
            // To lock does not take the permission to look; whoever may do no more goes on.
            Err(_) if !create => Ok(()),
            Err(cause) => Err(self.refused(&cause)),
        }
    }

    /// None where there is no such table.
    async fn status(&self, client: &Client) -> Result<Option<TableStatus>, String> {
        let answer = match client.describe_table().table_name(&self.name).send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(service)) if service.err().is_resource_not_found_exception() => {
                return Ok(None);
            }
            Err(error) => return Err(DisplayErrorContext(error).to_string()),
        };
        // A table without a status is one that is not ready.
        let status = answer.table().and_then(|table| table.table_status().cloned());
        Ok(Some(status.unwrap_or(TableStatus::Creating)))
    }

    async fn create(&self, client: &Client) -> Result<(), EngineError> {
        let refused = |error: BuildError| self.refused(&error.to_string());
        let attribute = AttributeDefinition::builder()
            .attribute_name(KEY)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(refused)?;
        let key = KeySchemaElement::builder()
            .attribute_name(KEY)
            .key_type(KeyType::Hash)
            .build()
            .map_err(refused)?;
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
        let tags = self.tags.iter().map(tag).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let request = client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute)
            .key_schema(key)
            .set_sse_specification(self.encrypted.then(|| SseSpecification::builder().enabled(true).build()))
            .set_tags((!tags.is_empty()).then_some(tags));
        match request.send().await {
            Ok(_) => Ok(()),
            // Another run has come first, and creates the same.
            Err(SdkError::ServiceError(service)) if service.err().is_resource_in_use_exception() => Ok(()),
            Err(error) => Err(self.refused(&DisplayErrorContext(error).to_string())),
        }
    }

    async fn wait(&self, client: &Client) -> Result<(), EngineError> {
        let active = async {
            loop {
                match self.status(client).await {
                    Ok(Some(TableStatus::Active)) => return Ok(()),
                    Ok(_) => tokio::time::sleep(PAUSE).await,
                    Err(cause) => return Err(self.refused(&cause)),
                }
            }
        };
        let late = || self.refused(&format!("it is not active after {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, active).await.unwrap_or_else(|_| Err(late()))
    }

    fn refused(&self, cause: &str) -> EngineError {
        // The context of the SDK's errors goes on for paragraphs; the first part says it.
        let cause = cause.split(" (").next().unwrap_or(cause).to_owned();
        EngineError::Table { table: self.name.clone(), cause }
    }
}

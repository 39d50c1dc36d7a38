//! Where machines leave word for each other.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

/// Small objects under one address, each with a key.
///
/// What is written is seen by whoever asks after the write was answered.
#[async_trait]
pub trait Store: Send + Sync {
    /// The address, as people write it.
    fn address(&self) -> &str;

    /// Writes an object where none of that key is there; false where one is.
    async fn create(&self, key: &str, body: Vec<u8>) -> Result<bool, StoreError>;

    /// Writes an object over whatever is there.
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), StoreError>;

    /// Reads an object; none where it is not there.
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All keys, each with what is known of its object without reading it.
    async fn list(&self) -> Result<BTreeMap<String, Mark>, StoreError>;
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Another one when it was written anew.
    pub version: String,
    /// When it was written, by the store's clock.
    pub written: Timestamp,
}

/// Why there is no word to be left or had.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{address}: {cause}")]
pub struct StoreError {
    /// The store's.
    pub address: String,
    /// What it says.
    pub cause: String,
    /// The way out, where one is known.
    pub advice: Option<String>,
}

impl StoreError {
    /// Something under an address that cannot be understood.
    pub fn strange(address: &str, cause: impl std::fmt::Display) -> Self {
        Self { address: address.to_owned(), cause: cause.to_string(), advice: None }
    }
}

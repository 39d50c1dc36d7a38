//! The store in a bucket of S3.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;
use url::Url;

use super::store::{Mark, Store, StoreError};
use crate::engine::EngineError;
use crate::engine::s3::{S3Backend, S3Clients};
use crate::engine::s3_object::{Over, Place};

/// The region where none is named.
const REGION: &str = "us-east-1";

/// All objects of a bucket whose keys begin alike.
pub struct Bucket {
    address: String,
    backend: S3Backend,
    client: Client,
    prefix: String,
}

impl Bucket {
    /// The one of a run, at `s3://BUCKET/PREFIX`, with `?region=`, `endpoint=` and `profile=` where they are not the environment's.
    pub async fn at(address: &str) -> Result<Self, StoreError> {
        let bucket = Self::below(address).await?;
        if bucket.prefix.is_empty() {
            return Err(refused(address, "it names no run in the bucket"));
        }
        Ok(bucket)
    }

    /// The one of all that is below an address, which may be the bucket's.
    pub async fn below(address: &str) -> Result<Self, StoreError> {
        let refused = |cause: String| refused(address, cause);
        let url = Url::parse(address).map_err(|error| refused(error.to_string()))?;
        if url.scheme() != "s3" {
            return Err(refused("runs are shared in buckets of S3".to_owned()));
        }
        let bucket = url.host_str().filter(|host| !host.is_empty());
        let bucket = bucket.ok_or_else(|| refused("it names no bucket".to_owned()))?;
        let prefix = url.path().trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let (mut region, mut endpoint, mut profile) = (None, None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "region" => region = Some(value.into_owned()),
                "endpoint" => endpoint = Some(value.into_owned()),
                "profile" => profile = Some(value.into_owned()),
                other => return Err(refused(format!("it has {other:?}, which means nothing here"))),
            }
        }
        let of_environment = || std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION"));
        let region = region.or_else(|| of_environment().ok()).unwrap_or_else(|| REGION.to_owned());
        let backend = S3Backend::of_bucket(bucket, &region, endpoint.as_deref(), profile.as_deref());
        let client = S3Clients::default().client(&backend).await;
        Ok(Self { address: address.to_owned(), client, prefix, backend })
    }

    /// The address of what is below a key.
    pub fn address_of(&self, key: &str) -> String {
        let (address, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let address = format!("{}/{key}", address.trim_end_matches('/'));
        let address = address.trim_end_matches('/');
        if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn place(&self) -> Place<'_> {
        Place { client: &self.client, backend: &self.backend }
    }

    fn refused(&self, error: &EngineError) -> StoreError {
        StoreError { address: self.address.clone(), cause: error.to_string(), advice: error.advice() }
    }
}

fn refused(address: &str, cause: impl Into<String>) -> StoreError {
    StoreError {
        address: address.to_owned(),
        cause: cause.into(),
        advice: Some("write it like s3://acme-runs/2026-11-30/nightly".to_owned()),
    }
}

#[async_trait]
impl Store for Bucket {
    fn address(&self) -> &str {
        &self.address
    }

    async fn create(&self, key: &str, body: Vec<u8>) -> Result<bool, StoreError> {
        let written = self.place().write(&self.key(key), body, Over::Nothing).await;
        written.map(|etag| etag.is_some()).map_err(|error| self.refused(&error))
    }

    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let written = self.place().write(&self.key(key), body, Over::Anything).await;
        written.map(drop).map_err(|error| self.refused(&error))
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.place().read(&self.key(key), &["NoSuchKey"]).await;
        read.map(|object| object.map(|object| object.body)).map_err(|error| self.refused(&error))
    }

    async fn list(&self) -> Result<BTreeMap<String, Mark>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.backend.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.refused(&self.backend.refused(&error)))?;
            for object in page.contents() {
                if let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) {
                    let written = object.last_modified().map_or(0, DateTime::secs);
                    let written = Timestamp::from_second(written).unwrap_or_default();
                    let version = object.e_tag().unwrap_or_default().to_owned();
                    keys.insert(key.to_owned(), Mark { version, written });
                }
            }
        }
        Ok(keys)
    }
}

//! The store in a bucket of S3.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use url::Url;

use super::store::{Store, StoreError};
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
    /// The one at `s3://BUCKET/PREFIX`, with `?region=`, `endpoint=` and `profile=` where they are not the environment's.
    pub async fn at(address: &str) -> Result<Self, StoreError> {
        let refused = |cause: String| StoreError {
            address: address.to_owned(),
            cause,
            advice: Some("write it like s3://acme-runs/2026-11-30/nightly".to_owned()),
        };
        let url = Url::parse(address).map_err(|error| refused(error.to_string()))?;
        if url.scheme() != "s3" {
            return Err(refused("runs are shared in buckets of S3".to_owned()));
        }
        let bucket = url.host_str().filter(|host| !host.is_empty());
        let bucket = bucket.ok_or_else(|| refused("it names no bucket".to_owned()))?;
        let prefix = url.path().trim_matches('/');
        if prefix.is_empty() {
            return Err(refused("it names no run in the bucket".to_owned()));
        }
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
        Ok(Self { address: address.to_owned(), client, prefix: format!("{prefix}/"), backend })
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

    async fn list(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.backend.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.refused(&self.backend.refused(&error)))?;
            for object in page.contents() {
                if let Some(key) = object.key().and_then(|key| key.strip_prefix(&self.prefix)) {
                    keys.insert(key.to_owned(), object.e_tag().unwrap_or_default().to_owned());
                }
            }
        }
        Ok(keys)
    }
}

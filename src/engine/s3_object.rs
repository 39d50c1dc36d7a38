//! Small objects in S3 that several may want to write.
//!
//! S3 writes an object only where none is there (`If-None-Match: *`) or only over the one that was read (`If-Match`), so
//! of several who want the same one gets it.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

use super::EngineError;
use super::s3::S3Backend;

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
    /// Whatever is there.
    Anything,
}

/// A bucket, and the way to it.
pub struct Place<'p> {
    /// Who asks.
    pub client: &'p Client,
    /// Which bucket.
    pub backend: &'p S3Backend,
}

impl Place<'_> {
    /// Reads an object; none where the answer is one of the codes that say that it is missing.
    pub async fn read(&self, key: &str, missing: &[&str]) -> Result<Option<Object>, EngineError> {
        let answer = match self.client.get_object().bucket(&self.backend.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if has_code(&error, missing) => return Ok(None),
            Err(error) => return Err(self.backend.refused(&error)),
        };
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        let body = answer.body.collect().await.map_err(|error| EngineError::Answer {
            command: format!("reading {key} from {}", self.backend.bucket),
            cause: error.to_string(),
        })?;
        Ok(Some(Object { body: body.into_bytes().into(), etag }))
    }

    /// Writes an object and returns its `ETag`; none where another one is there.
    pub async fn write(
        &self,
        key: &str,
        body: Vec<u8>,
        over: Over<'_>,
    ) -> Result<Option<String>, EngineError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.backend.bucket)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(body));
        let request = match over {
            Over::Nothing => request.if_none_match("*"),
            Over::Object(etag) => request.if_match(etag),
            Over::Anything => request,
        };
        match request.send().await {
            Ok(answer) => Ok(Some(answer.e_tag().unwrap_or_default().to_owned())),
            // 409: another one is being written at this moment; 404: what was to be replaced is gone.
            Err(error)
                if has_code(&error, &["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"]) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.backend.refused(&error)),
        }
    }
}

/// Whether an error has one of these codes.
pub(super) fn has_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, codes: &[&str]) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| codes.contains(&code))
}

//! Modules in buckets: one object that is an archive, or all objects under a prefix.

use std::io::Write;
use std::path::{Path, PathBuf};

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;

use super::SourceError;
use super::address::S3Place;
use super::archive::{MOST_BYTES, MOST_FILE, MOST_FILES};
use crate::engine::EngineError;
use crate::engine::s3::{S3Backend, S3Clients};
use crate::support::confined::Root;
use crate::support::fs::FileError;
use crate::support::web::WebError;

/// What a bucket gave.
pub(super) enum Object {
    /// It is what it was before.
    Unchanged,
    /// A file, and the mark of its content.
    File(PathBuf, Option<String>),
    /// A folder of files.
    Folder(PathBuf),
    /// There is nothing by that name.
    Nothing,
}

/// Gets an object unless it still is the one of `etag`; where there is none, all that lies under it.
pub(super) async fn get(
    clients: &S3Clients,
    place: &S3Place,
    etag: Option<&str>,
    scratch: &Path,
) -> Result<Object, SourceError> {
    let S3Place { bucket, key, region, endpoint, profile, version, .. } = place;
    let way = S3Backend::of_bucket(bucket, region, endpoint.as_deref(), profile.as_deref());
    let client = clients.client(&way).await;
    let request = client.get_object().bucket(bucket).key(key).set_version_id(version.clone());
    match request.set_if_none_match(etag.map(str::to_owned)).send().await {
        Ok(object) => {
            let file = scratch.join("object");
            let mark = object.e_tag().map(str::to_owned);
            let name = format!("s3://{bucket}/{key}");
            save(object.body, &file, scratch, &name, &mut Allowance { bytes: MOST_FILE, most: MOST_FILE })
                .await?;
            return Ok(Object::File(file, mark));
        }
        Err(error) if status(&error) == Some(304) => return Ok(Object::Unchanged),
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {}
        Err(error) => return Err(refused(&way, place, &error)),
    }
    let prefix = format!("{}/", key.trim_end_matches('/'));
    let folder = scratch.join("tree");
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(&prefix).into_paginator().send();
    let name = format!("s3://{bucket}/{prefix}");
    let refuse = |cause: String| SourceError::Archive { name: name.clone(), cause };
    let mut left = Allowance { bytes: MOST_BYTES, most: MOST_BYTES };
    let mut found = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refused(&way, place, &error))?;
        for key in page.contents().iter().filter_map(|object| object.key()).filter(|key| !key.ends_with('/'))
        {
            let below = Path::new(key.strip_prefix(&prefix).unwrap_or(key));
            if below.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
                return Err(refuse(format!("its object {key:?} leads out of it")));
            }
            found += 1;
            if found > MOST_FILES {
                return Err(refuse(format!("it holds more than {MOST_FILES} objects")));
            }
            let object = client.get_object().bucket(bucket).key(key).send().await;
            let object = object.map_err(|error| refused(&way, place, &error))?;
            save(object.body, &folder.join(below), scratch, &format!("s3://{bucket}/{key}"), &mut left)
                .await?;
        }
    }
    Ok(if found > 0 { Object::Folder(folder) } else { Object::Nothing })
}

/// How many more bytes may come, of how many.
struct Allowance {
    bytes: u64,
    most: u64,
}

/// Writes what comes into a file as it comes.
async fn save(
    mut body: ByteStream,
    file: &Path,
    scratch: &Path,
    name: &str,
    left: &mut Allowance,
) -> Result<(), SourceError> {
    let mut output = Root::at(scratch)?.create_new(file)?;
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|error| WebError::Unreachable { url: name.into(), cause: error.to_string() })?;
        left.bytes = left.bytes.checked_sub(chunk.len() as u64).ok_or_else(|| WebError::Answer {
            url: name.into(),
            cause: format!("it is larger than {} GiB", left.most >> 30),
        })?;
        output.write_all(&chunk).map_err(FileError::on("write", file))?;
    }
    Ok(())
}

fn status<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn refused<E>(
    way: &S3Backend,
    place: &S3Place,
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> SourceError
where
    E: ProvideErrorMetadata + 'static,
    SdkError<E, aws_sdk_s3::config::http::HttpResponse>: std::error::Error,
{
    match (error, way.refused(error)) {
        (SdkError::DispatchFailure(_) | SdkError::TimeoutError(_), _)
            if !DisplayErrorContext(error).to_string().contains("Credentials") =>
        {
            WebError::Unreachable {
                url: format!("s3://{}/{}", place.bucket, place.key).into(),
                cause: DisplayErrorContext(error)
                    .to_string()
                    .split(" (")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            }
            .into()
        }
        (_, EngineError::Bucket { bucket, cause, advice }) => SourceError::Bucket { bucket, cause, advice },
        (_, other) => SourceError::Bucket {
            bucket: place.bucket.clone(),
            cause: other.to_string(),
            advice: other.advice().unwrap_or_default(),
        },
    }
}

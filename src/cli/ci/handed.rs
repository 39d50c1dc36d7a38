//! Where sealed plans lie between the job that makes them and the one that opens them: a file, or an object of S3.

use crate::launch::{CommandError, Workspace};
use crate::run::shared::{Bucket, Store};
use crate::support::confined::PRIVATE;
use crate::support::fs::{FileError, read_regular};

/// How an address begins that is no file's.
const S3: &str = "s3://";

/// Such a place.
pub(super) enum Handed<'a> {
    /// A file, from the working folder.
    File(&'a str),
    /// An object below an address, by its last name.
    Object(Box<Bucket>, String),
}

impl<'a> Handed<'a> {
    /// The place that somebody has named.
    pub(super) async fn at(place: &'a str) -> Result<Self, CommandError> {
        if !place.starts_with(S3) {
            return Ok(Self::File(place));
        }
        let (address, query) = place.split_once('?').map_or((place, None), |(one, two)| (one, Some(two)));
        let found =
            address.rsplit_once('/').filter(|(above, name)| above.len() > S3.len() && !name.is_empty());
        let Some((above, name)) = found else {
            return Err(CommandError::usage(
                format!("{place} names no object"),
                "write it like s3://acme-plans/pull-7/dev.sealed",
            ));
        };
        let above = query.map_or_else(|| above.to_owned(), |query| format!("{above}?{query}"));
        Ok(Self::Object(Box::new(Bucket::below(&above).await?), name.to_owned()))
    }

    /// Puts what was sealed there, over what is there.
    pub(super) async fn put(&self, workspace: &Workspace, sealed: Vec<u8>) -> Result<(), CommandError> {
        match self {
            Self::File(file) => Ok(workspace.named(file.as_ref())?.write(&sealed, PRIVATE)?),
            Self::Object(bucket, key) => Ok(bucket.put(key, sealed).await?),
        }
    }

    /// What lies there; none where nothing does.
    pub(super) async fn take(&self, workspace: &Workspace) -> Result<Option<Vec<u8>>, CommandError> {
        match self {
            Self::File(file) => {
                let file = workspace.working_dir.join(file);
                match read_regular(&file) {
                    Ok(sealed) => Ok(Some(sealed)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(FileError::on("read", &file)(error).into()),
                }
            }
            Self::Object(bucket, key) => Ok(bucket.read(key).await?),
        }
    }
}

//! Where states are kept, and which others lie there.

use std::path::{Path, PathBuf};

use super::s3::{S3Backend, S3Clients};
use crate::hcl::value::Value;
use crate::terragrunt::config::RemoteState;

/// The place of one state, where it can be told without the tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatePlace {
    /// An object in S3.
    Object {
        /// The bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
    /// A file on this machine, absolute.
    File(PathBuf),
}

impl std::fmt::Display for StatePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Where a unit's state is.
pub fn place_of(state: &RemoteState) -> Option<StatePlace> {
    match state.backend.as_str() {
        "s3" => {
            let S3Backend { bucket, key, .. } = S3Backend::of(state)?;
            Some(StatePlace::Object { bucket, key: key? })
        }
        "local" => {
            let path = state.config.get("path").and_then(Value::as_str).map(PathBuf::from)?;
            path.is_absolute().then_some(StatePlace::File(path))
        }
        _ => None,
    }
}

/// The states of the bucket that `state` is in, by one request: at most a thousand. None where it cannot be asked.
pub async fn beside_in_s3(state: &RemoteState) -> Option<Vec<StatePlace>> {
    let backend = S3Backend::of(state)?;
    let client = S3Clients::default().client(&backend).await;
    let listed = client.list_objects_v2().bucket(&backend.bucket).send().await.ok()?;
    let keys = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    let states = keys.filter(|key| is_state(Path::new(key)));
    Some(states.map(|key| StatePlace::Object { bucket: backend.bucket.clone(), key }).collect())
}

/// The state files under a folder.
pub fn beside_in_folder(folder: &Path) -> Vec<StatePlace> {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).build().flatten();
    let files = walk.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    files.map(ignore::DirEntry::into_path).filter(|path| is_state(path)).map(StatePlace::File).collect()
}

fn is_state(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tfstate")
}

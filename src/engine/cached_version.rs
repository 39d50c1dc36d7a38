//! Whether Terragrunt would copy a unit's own folder into its cache again: it does where a file in it has changed since.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::EngineError;
use super::copied_files::CopiedFiles;
use super::tool::LOCK_FILE;
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_text};
use crate::terragrunt::config::UnitConfig;

/// What Terragrunt notes beside what it has copied.
const NOTE: &str = ".terragrunt-source-version";

/// Whether `folder` of the cache holds what is in the folder of a unit without a source. Where it cannot be told it does not.
pub fn is_current(config: &UnitConfig, folder: &Path) -> bool {
    let noted = read_text(&folder.join(NOTE)).ok();
    noted.is_some_and(|noted| version(config).is_ok_and(|version| version == noted.trim()))
}

/// The digest of the files' paths and times, in the order in which Terragrunt meets them.
fn version(config: &UnitConfig) -> Result<String, EngineError> {
    let terraform = config.terraform.as_ref();
    let include = terraform.map(|terraform| terraform.include_in_copy.as_slice()).unwrap_or_default();
    let exclude = terraform.map(|terraform| terraform.exclude_from_copy.as_slice()).unwrap_or_default();
    let files = CopiedFiles::new(&config.dir, include, exclude)?.files()?;
    let counted = files.iter().filter(|below| below.file_name().is_none_or(|name| name != LOCK_FILE));
    let noted: Result<Vec<String>, FileError> = counted
        .map(|below| {
            let path = config.dir.join(below);
            let metadata = path.symlink_metadata().map_err(FileError::on("read", &path))?;
            let changed = metadata.mtime() * 1_000_000 + metadata.mtime_nsec() / 1_000;
            Ok(format!("{}:{changed}", path.display()))
        })
        .collect();
    Ok(sha256(noted?.concat().as_bytes()))
}

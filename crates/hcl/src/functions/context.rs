//! What functions know of where they are called, and what they give.

use std::path::{Path, PathBuf};

use super::super::scope::CallError;
use super::super::value::Value;

/// What functions may know of the place they are called from.
pub struct FunctionContext<'a> {
    /// The folder that relative paths start from.
    pub base_dir: PathBuf,
    /// Where a file or folder really is, for those that would be copied from elsewhere first.
    pub on_disk: &'a dyn Fn(PathBuf) -> Result<PathBuf, CallError>,
    /// Told of each file that is read, by its absolute path.
    pub on_read: &'a dyn Fn(&Path),
}

/// What a function gives.
pub(super) type Called<T = Value> = Result<T, CallError>;

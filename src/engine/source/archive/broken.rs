//! When an archive is no module: that it cannot be unpacked, or holds too much.

use crate::engine::source::SourceError;

/// No module has more files and folders than this.
pub(in crate::engine::source) const MOST_FILES: usize = 100_000;

/// It cannot be unpacked, and why.
pub(super) fn broken(name: &str, cause: &str) -> SourceError {
    SourceError::Archive { name: name.to_owned(), cause: cause.to_owned() }
}

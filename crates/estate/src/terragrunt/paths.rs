//! Paths of Terragrunt's own files.

use std::path::{Path, PathBuf};

pub use slipway_support::paths::{clean, folder, join, relative};
pub use slipway_support::unit_name::{UNIT_FILE, UNIT_FILE_JSON};

/// The configuration of the unit in `dir`: the JSON one where there is one, as Terragrunt reads it, else the
/// `terragrunt.hcl`, which need not be there.
pub fn unit_file(dir: &Path) -> PathBuf {
    let json = dir.join(UNIT_FILE_JSON);
    if json.is_file() { json } else { dir.join(UNIT_FILE) }
}

/// Whether a path is that of a unit's configuration, by its name.
pub fn is_unit_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == UNIT_FILE || name == UNIT_FILE_JSON)
}

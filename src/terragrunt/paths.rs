//! Paths of Terragrunt's own files.

use std::path::{Path, PathBuf};

pub use crate::support::paths::{clean, folder, join, relative};

/// The name of a unit's configuration file.
pub const UNIT_FILE: &str = "terragrunt.hcl";

/// The same in HCL's JSON syntax.
pub const UNIT_FILE_JSON: &str = "terragrunt.hcl.json";

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

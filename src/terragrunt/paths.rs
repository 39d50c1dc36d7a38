//! Paths of Terragrunt's own files.

use std::path::{Path, PathBuf};

pub use crate::support::paths::{clean, folder, join, relative};

/// The name of a unit's configuration file.
pub const UNIT_FILE: &str = "terragrunt.hcl";

/// The file that `path`, seen from the folder `base`, means as a configuration: a folder stands for the
/// `terragrunt.hcl` in it.
pub fn configuration_file(base: &Path, path: &str) -> PathBuf {
    let target = join(base, path);
    if target.is_dir() { target.join(UNIT_FILE) } else { target }
}

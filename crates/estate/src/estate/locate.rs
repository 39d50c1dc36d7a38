//! The folder that a PATH argument means.

use std::path::{Path, PathBuf};

use super::discover::behind_links;
use crate::terragrunt::paths;
use slipway_hcl::diagnostic::Diagnostic;

/// The folder for a PATH argument, absolute: relative to `working_dir`, else looked for under the estate's
/// root (`dev` is `live/dev`); the working folder where none is given.
pub fn locate(
    working_dir: &Path,
    estate_root: &Path,
    path: Option<&Path>,
) -> Result<PathBuf, Box<Diagnostic>> {
    let Some(path) = path else { return Ok(paths::clean(working_dir)) };
    let mut here = paths::join(working_dir, path);
    // Over a link from outside, a unit is still the one that the estate has.
    if !here.starts_with(estate_root) && here.exists() {
        let inside = behind_links(estate_root, &here);
        here = if inside.starts_with(estate_root) { inside } else { here };
    }
    if here.is_dir() {
        return Ok(here);
    }
    // A unit's file means its folder.
    if here.is_file() {
        return Ok(paths::folder(&here).to_path_buf());
    }
    let under_root = paths::join(estate_root, path);
    if under_root.is_dir() {
        return Ok(under_root);
    }
    let shown = paths::relative(working_dir, estate_root);
    let message = format!("there is no folder {} here, nor under {}", path.display(), shown.display());
    Err(Box::new(Diagnostic::error("estate::no_folder", message).help("`slipway find` lists the units")))
}

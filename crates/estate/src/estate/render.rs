//! Every unit of a tree, evaluated.

use std::path::{Path, PathBuf};

use super::walk::unit_files;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::outputs::OutputSource;
use crate::terragrunt::{Reader, paths};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::{parallel, path_text};

/// How many units are evaluated before they are shown: what bounds the memory.
const PORTION: usize = 256;

/// One unit of a tree.
pub struct Rendered<'a> {
    /// Its folder, relative to the one that paths are shown from.
    pub path: &'a str,
    /// Its folder, absolute.
    pub dir: &'a Path,
    /// The unit, where it can be shown; also where single values are missing.
    pub config: Option<UnitConfig>,
    /// Everything that is wrong with it.
    pub errors: Vec<Diagnostic>,
}

/// Evaluates every unit under `root` (absolute) with the outputs that `outputs` knows, else with mocks. `view` is
/// called for several units at once, and what it makes of them goes to `show` in the order of their paths, which are
/// relative to `base`. What is evaluated is in memory a portion at a time. Returns what is wrong with the tree itself;
/// `show` may end it all by an error.
pub fn render_all<T: Send, E>(
    root: &Path,
    base: &Path,
    reader: &Reader,
    outputs: &(dyn OutputSource + Sync),
    view: impl Fn(Rendered<'_>) -> T + Sync,
    mut show: impl FnMut(Vec<T>) -> Result<(), E>,
) -> Result<Vec<Diagnostic>, E> {
    let (files, diagnostics) = unit_files(root, reader);
    let mut units: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|file| (path_text::in_json(&paths::relative(base, paths::folder(&file))), file))
        .collect();
    units.sort_by(|a, b| a.0.cmp(&b.0));
    for portion in units.chunks(PORTION) {
        show(parallel::map(portion, |(path, file)| {
            let (config, errors) = reader.render(file, outputs);
            view(Rendered { path, dir: paths::folder(file), config, errors })
        }))?;
    }
    Ok(diagnostics)
}

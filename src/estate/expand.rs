//! The stacks of an estate, followed without being generated.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::discover::stack_files;
use crate::hcl::diagnostic::{Diagnostic, Severity};
use crate::terragrunt::stack::{Expansion, Fetch, Kind, STACK_DIR, expand};
use crate::terragrunt::{Reader, paths};

/// What becomes of a stack that waits for values of another, such as one in a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templates {
    /// It is passed over with a warning.
    PassedOver,
    /// It is an error, as it is for Terragrunt.
    Refused,
}

/// Follows every stack under `root` (absolute); from then on `reader` sees what they would generate. What was
/// generated before is not followed by itself: it comes out of the stack above it.
pub fn expand_stacks(
    root: &Path,
    reader: &Reader,
    fetch: &dyn Fetch,
    templates: Templates,
) -> (Vec<Expansion>, Vec<Diagnostic>) {
    let (files, mut diagnostics) = stack_files(root);
    // By folders, so that a stack comes before those that it generates.
    let mut expansions: Vec<Expansion> = Vec::new();
    let mut done: BTreeSet<PathBuf> = BTreeSet::new();
    for file in files {
        let dir = paths::folder(&file);
        let left_over = |above: &PathBuf| dir.starts_with(above.join(STACK_DIR));
        if done.contains(dir) || done.iter().any(left_over) {
            continue;
        }
        match expand(reader, &file, fetch) {
            Ok(expansion) => {
                done.insert(dir.to_path_buf());
                let generated = expansion.generated.iter();
                let stacks = generated.filter(|generated| generated.block.kind == Kind::Stack);
                done.extend(stacks.map(|generated| generated.dir().to_path_buf()));
                diagnostics.extend(expansion.warnings.iter().cloned());
                expansions.push(expansion);
            }
            Err(errors) => {
                let template =
                    errors.iter().all(|error| !error.is_error() || error.code == "stack::no_values");
                if template && templates == Templates::PassedOver {
                    diagnostics.extend(errors.into_iter().take(1).map(|error| Diagnostic {
                        severity: Severity::Warning,
                        message: format!("{} is passed over: {}", file.display(), error.message),
                        ..error
                    }));
                } else {
                    diagnostics.extend(errors);
                }
            }
        }
    }
    (expansions, diagnostics)
}

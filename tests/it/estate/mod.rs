//! The estate of this repository and others, read by the library, and by Terragrunt where it is installed.

mod catalogue;
mod filters;
mod hostile;
mod language;
mod large;
mod listed_again;
mod live;
mod nothing;
mod page;
mod same_as_terragrunt;

use std::path::{Path, PathBuf};

use slipway::hcl::diagnostic::Diagnostic;

/// The root of this repository.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a folder of plain files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != ".terragrunt-cache" && name != ".terraform" {
                copy(&entry.path(), &to.join(name));
            }
        } else {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn told(diagnostics: &[Diagnostic]) -> String {
    let tell = |diagnostic: &Diagnostic| {
        format!("{diagnostic}\n  {}", diagnostic.help.as_deref().unwrap_or_default())
    };
    diagnostics.iter().map(tell).collect::<Vec<_>>().join("\n")
}

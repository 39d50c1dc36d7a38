//! What tests of several subjects need: a bed, an estate, and the program.

pub mod bed;
pub mod browser;
pub mod commits;
pub mod estate;
pub mod forge;
pub mod manifests;
pub mod providers;
pub mod registry;
pub mod schemas;
pub mod secrets;
pub mod shown;
pub mod skipped;
pub mod slipway;
pub mod stopping;
pub mod terminal;
pub mod tokens;

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program that `make setup` installs.
pub fn tool(name: &str) -> PathBuf {
    let path = root().join(".tools/bin").join(name);
    assert!(path.exists(), "{} is missing; run `make setup`", path.display());
    path
}

/// A real Terragrunt, where the machine has one on PATH.
pub fn terragrunt() -> Option<PathBuf> {
    on_path("terragrunt")
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The tools that plan and apply: OpenTofu always, Terraform where the machine has one.
pub fn terraforms() -> Vec<PathBuf> {
    std::iter::once(tool("tofu")).chain(on_path("terraform")).collect()
}

/// A program that a step of `emulator/setup` installs when it is named, or that is on PATH; not everyone has it.
pub fn program(name: &str) -> Option<PathBuf> {
    let installed = root().join(".tools/bin").join(name);
    if installed.is_file() { Some(installed) } else { on_path(name) }
}

//! `slipway version`: which Slipway this is.

use std::collections::BTreeMap;

use clap::Args;

use super::exit::Exit;
use crate::launch::CommandError;
use crate::ui::{Format, Ui};

/// The versions of what `--format json` and `--log-format json` write, by the names of their files under `schemas/`.
const SCHEMAS: &[(&str, u32)] = &[
    ("argocd-diff", 1),
    ("argocd-history", 1),
    ("argocd-status", 1),
    ("argocd-tree", 1),
    ("audit", 1),
    ("cache-list", 1),
    ("cache-prune", 1),
    ("ci-overlaps", 1),
    ("doctor", 1),
    ("explain", 1),
    ("find", 1),
    ("graph", 1),
    ("image-check", 1),
    ("image-diff", 1),
    ("image-freeze", 1),
    ("image-history", 1),
    ("image-list", 1),
    ("image-set", 1),
    ("init", 1),
    ("kubeconfig", 1),
    ("log", 1),
    ("output", 1),
    ("render", 1),
    ("run", 1),
    ("run-dry", 1),
    ("runs", 1),
    ("runs-shared", 1),
    ("stack-clean", 1),
    ("stack-generate", 1),
    ("state-move", 1),
    ("token", 1),
    ("validate", 1),
    ("verify", 1),
    ("verify-all", 1),
    ("version", 1),
];

/// Print the version; `slipway doctor` tells those of the tools
#[derive(Args, Clone, Debug)]
pub struct VersionArgs {}

/// Prints it.
pub fn cmd_version(ui: Ui, _args: &VersionArgs) -> Result<Exit, CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    match ui.format() {
        Format::Json => {
            let schemas: BTreeMap<&str, u32> = SCHEMAS.iter().copied().collect();
            ui.json(&serde_json::json!({ "version": version, "schemas": schemas }))?;
        }
        Format::Text => ui.answer(&format!("slipway {version}"))?,
    }
    Ok(Exit::Done)
}

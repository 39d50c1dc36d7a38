//! `slipway version`: which Slipway this is.

use clap::Args;

use super::exit::{CliError, Exit};
use super::global::Format;
use super::ui::Ui;

/// Print the version; `slipway doctor` tells those of the tools
#[derive(Args, Clone, Debug)]
pub struct VersionArgs {}

/// Prints it.
pub fn cmd_version(ui: Ui, _args: &VersionArgs) -> Result<Exit, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    match ui.format() {
        Format::Json => ui.json(&serde_json::json!({ "version": version }))?,
        Format::Text => ui.answer(&format!("slipway {version}"))?,
    }
    Ok(Exit::Done)
}

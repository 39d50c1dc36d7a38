//! `slipway render`: a unit as it evaluates.

use std::path::PathBuf;

use clap::Args;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::{render_hcl, render_json};
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::paths::unit_file;

/// Show a unit with everything evaluated: as HCL that can be read again, or as JSON with Terragrunt's keys
///
/// Reads no state: where the unit uses outputs of others, their mocks stand in.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// The unit, by default the one you stand in
    unit: Option<PathBuf>,

    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

/// Shows.
pub fn cmd_render(ui: Ui, global: &Global, args: &RenderArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let dir = workspace.locate(args.unit.as_deref())?;
    let file = unit_file(&dir);
    if !file.is_file() {
        let missing = Diagnostic::error("estate::no_unit", format!("{} is no unit", dir.display()))
            .help("name a folder that holds a terragrunt.hcl; `slipway find` lists them");
        return Err(CliError::Configuration(vec![missing]));
    }
    let config = workspace.reader("render").evaluate(&file, &NoOutputs)?;
    match ui.format() {
        Format::Json => ui.json(&render_json(&config, args.reveal))?,
        Format::Text => ui.answer(&render_hcl(&config, args.reveal))?,
    }
    Ok(Exit::Done)
}

//! `slipway render`: a unit as it evaluates.

use std::path::PathBuf;

use clap::Args;

use super::exit::{CliError, Exit};
use super::global::{Format, Global};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::engine::local_states::LocalStates;
use crate::estate::{render_hcl, render_json, upstream_errors};
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::{Reader, ReaderOptions};

/// Show a unit with everything evaluated: as HCL that can be read again, or as JSON with Terragrunt's keys
///
/// Outputs of other units are read where their state is a file on this machine. Where it is not, their mocks stand
/// in, and what rests on an output without a mock is left empty, as Terragrunt shows it; a warning says so.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// The unit, by default the one you stand in; one that a stack would generate need not be generated
    unit: Option<PathBuf>,

    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

/// Shows.
pub fn cmd_render(ui: Ui, global: &Global, args: &RenderArgs) -> Result<Exit, CliError> {
    let workspace = Workspace::open(global)?;
    let options = workspace.reader_options("render");
    let reader = Reader::new(ReaderOptions { terraform_cli_args: vec!["render".to_owned()], ..options });
    let dir = workspace.locate_unit(args.unit.as_deref(), &reader)?;
    let file = reader.unit_file(&dir);
    if !reader.is_file(&file) {
        let missing = Diagnostic::error("estate::no_unit", format!("{} is no unit", dir.display()))
            .help("name a folder that holds a terragrunt.hcl; `slipway find` lists them");
        return Err(CliError::Configuration(vec![missing]));
    }
    let upstream = upstream_errors(&reader, &dir);
    if !upstream.is_empty() {
        return Err(CliError::Configuration(upstream));
    }
    let (config, errors) = reader.render(&file, &LocalStates(&reader));
    if let Some(config) = config {
        ui.diagnostics(&config.warnings);
        match ui.format() {
            Format::Json => ui.json(&render_json(&config, args.reveal))?,
            Format::Text => ui.answer(&render_hcl(&config, args.reveal))?,
        }
    }
    if !errors.is_empty() {
        return Err(CliError::Configuration(errors));
    }
    Ok(Exit::Done)
}

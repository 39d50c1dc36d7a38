//! `slipway man`: the manual page.

use clap::{Args, CommandFactory};

use super::exit::{CliError, Exit};
use super::ui::Ui;

/// Print the manual page in roff; read it with `slipway man | man -l -`
#[derive(Args, Clone, Debug)]
pub struct ManArgs {}

/// Prints the page.
pub fn cmd_man(ui: Ui, _args: &ManArgs) -> Result<Exit, CliError> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(super::Cli::command()).render(&mut page);
    rendered.map_err(|error| CliError::failed(format!("could not print: {error}"), None))?;
    ui.raw(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

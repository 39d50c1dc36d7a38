//! `slipway completions`: completion scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::{CliError, Exit};
use super::ui::Ui;

/// Print a completion script for a shell
///
/// For bash: `slipway completions bash > /etc/bash_completion.d/slipway`
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn cmd_completions(ui: Ui, args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "slipway", &mut script);
    ui.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

//! `slipway completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use super::complete;
use super::exit::Exit;
use crate::launch::CommandError;
use crate::ui::Ui;

/// Print a completion script for a shell
///
/// It asks slipway itself for what may come next: commands and flags, and this estate's units, runs, clusters, applications and revisions. For bash: `slipway completions bash > /etc/bash_completion.d/slipway`; for zsh, as a file `_slipway` in a folder of `fpath`; for fish: `slipway completions fish > ~/.config/fish/completions/slipway.fish`
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn cmd_completions(ui: Ui, args: &CompletionsArgs) -> Result<Exit, CommandError> {
    let script = complete::script(args.shell);
    let script = script.map_err(|error| CommandError::failed(format!("could not print: {error}"), None))?;
    ui.raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

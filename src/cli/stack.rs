//! `slipway stack`: what `terragrunt.stack.hcl` files make, written to disk and taken away again.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::global::Global;
use crate::estate::{clean_stacks, generated_folders, state_files};
use crate::hcl::diagnostic::Diagnostic;
use crate::launch::{CommandError, Workspace, counted, expand, write_generated};
use crate::project::Needs;
use crate::terragrunt::paths;
use crate::ui::{Format, Ui};

/// Generate units and stacks from terragrunt.stack.hcl files
#[derive(Args, Clone, Debug)]
pub struct StackArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    Generate(GenerateArgs),
    Clean(CleanArgs),
}

/// Write what every stack under a folder makes, as Terragrunt writes it
///
/// Writes everything or, where anything is wrong, nothing.
#[derive(Args, Clone, Debug)]
struct GenerateArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,
}

/// Delete every .terragrunt-stack folder under a folder
#[derive(Args, Clone, Debug)]
struct CleanArgs {
    /// A folder, here or under the estate's root
    path: Option<PathBuf>,

    /// Delete state files too
    #[arg(long, env = "SLIPWAY_YES")]
    yes: bool,
}

/// Generates or cleans.
pub fn cmd_stack(ui: Ui, global: &Global, args: &StackArgs) -> Result<Exit, CommandError> {
    let (Command::Generate(GenerateArgs { path, .. }) | Command::Clean(CleanArgs { path, .. })) =
        &args.command;
    let workspace = Workspace::open_for(ui, &global.invocation(), path.as_deref(), Needs::ESTATE)?;
    match &args.command {
        Command::Generate(args) => generate_all(ui, &workspace, args),
        Command::Clean(args) => clean(ui, &workspace, args),
    }
}

fn generate_all(ui: Ui, workspace: &Workspace, args: &GenerateArgs) -> Result<Exit, CommandError> {
    let root = workspace.locate(args.path.as_deref())?;
    let (expansions, diagnostics) = expand(workspace, &root);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CommandError::Configuration(diagnostics));
    }
    if expansions.is_empty() {
        ui.say(&format!("there is no terragrunt.stack.hcl under {}", root.display()));
    }
    let changes = write_generated(ui, &expansions, &diagnostics)?;
    match ui.format() {
        Format::Text => ui.answer(&counted(&expansions, changes))?,
        Format::Json => ui.json(&json!({
            "stacks": expansions.iter().flat_map(|expansion| &expansion.stacks).map(|stack| {
                shown(workspace, &stack.dir)
            }).collect::<Vec<_>>(),
            "generated": expansions.iter().flat_map(|expansion| &expansion.generated).map(|generated| json!({
                "type": generated.block.kind.name(),
                "name": generated.block.address(),
                "path": shown(workspace, generated.dir()),
                "source": shown(workspace, &generated.source),
            })).collect::<Vec<_>>(),
            "files": {"written": changes.written, "removed": changes.removed, "kept": changes.kept},
        }))?,
    }
    Ok(Exit::Done)
}

fn shown(workspace: &Workspace, path: &Path) -> String {
    paths::relative(&workspace.working_dir, path).display().to_string()
}

fn clean(ui: Ui, workspace: &Workspace, args: &CleanArgs) -> Result<Exit, CommandError> {
    let root = workspace.locate(args.path.as_deref())?;
    let folders = generated_folders(&root);
    let states = state_files(&folders);
    if let Some(first) = states.first().filter(|_| !args.yes) {
        return Err(CommandError::refused(
            format!("{} state files would be deleted, such as {}", states.len(), shown(workspace, first)),
            "destroy what they stand for, or pass --yes to forget it",
        ));
    }
    clean_stacks(&root, &folders)?;
    match ui.format() {
        Format::Text => {
            let lines = folders.iter().map(|folder| format!("deleted {}\n", shown(workspace, folder)));
            ui.answer(&lines.collect::<String>())?;
        }
        Format::Json => {
            let paths: Vec<String> = folders.iter().map(|folder| shown(workspace, folder)).collect();
            ui.json(&json!({"deleted": paths}))?;
        }
    }
    Ok(Exit::Done)
}

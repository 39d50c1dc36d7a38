//! `slipway stack`: what `terragrunt.stack.hcl` files make, written to disk and taken away again.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{CliError, Exit};
use super::global::{Format, Global, StackGeneration};
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::{Needs, Templates, clean_stacks, expand_stacks, generated_folders, state_files};
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::paths;
use crate::terragrunt::stack::{Changes, Expansion, generate, left_over, stale};

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
pub fn cmd_stack(ui: Ui, global: &Global, args: &StackArgs) -> Result<Exit, CliError> {
    let (Command::Generate(GenerateArgs { path, .. }) | Command::Clean(CleanArgs { path, .. })) =
        &args.command;
    let workspace = Workspace::open_for(global, path.as_deref(), Needs::ESTATE)?;
    match &args.command {
        Command::Generate(args) => generate_all(ui, &workspace, args),
        Command::Clean(args) => clean(ui, &workspace, args),
    }
}

/// Before a run: the same, with a word only where something changed. With `--no-stack-generate` nothing is
/// written, but what is stale is told.
pub fn generate_first(
    ui: Ui,
    workspace: &Workspace,
    path: Option<&Path>,
    how: StackGeneration,
) -> Result<(), CliError> {
    let root = workspace.locate(path)?;
    let (expansions, diagnostics) = expand(workspace, &root);
    if how.no_stack_generate {
        ui.diagnostics(stale_ones(&expansions));
        return Ok(());
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CliError::Configuration(diagnostics));
    }
    let changes = write(ui, &expansions, &diagnostics)?;
    if changes.written + changes.removed > 0 {
        ui.say(&told(&expansions, changes));
    }
    Ok(())
}

/// A warning for each stack whose generated folders are not what its file says now.
pub fn stale_ones(expansions: &[Expansion]) -> Vec<Diagnostic> {
    let each = expansions.iter().filter_map(|expansion| {
        let stack = expansion.stacks.first()?;
        let path = stale(expansion, &stack.dir)?;
        let message = format!(
            "what was generated from {} is stale: {} differs",
            stack.file.display(),
            paths::relative(&stack.dir, &path).display()
        );
        Some(Diagnostic::warning("stack::stale", message).help("run `slipway stack generate`"))
    });
    each.collect()
}

fn expand(workspace: &Workspace, root: &Path) -> (Vec<Expansion>, Vec<Diagnostic>) {
    // A reader of its own: the one of the command reads what was written.
    let reader = workspace.reader("generate");
    expand_stacks(root, &reader, &*workspace.stack_sources(&reader), Templates::Refused)
}

fn write(ui: Ui, expansions: &[Expansion], warnings: &[Diagnostic]) -> Result<Changes, CliError> {
    ui.diagnostics(warnings.iter().cloned());
    let mut all = Changes::default();
    for expansion in expansions {
        let Some(stack) = expansion.stacks.first() else { continue };
        let changes = generate(expansion, &stack.dir)?;
        all.written += changes.written;
        all.removed += changes.removed;
        all.kept += changes.kept;
        ui.diagnostics(left_over(expansion, &stack.dir));
    }
    Ok(all)
}

fn told(expansions: &[Expansion], changes: Changes) -> String {
    let units: usize = expansions.iter().map(|expansion| expansion.units().count()).sum();
    let stacks: usize = expansions.iter().map(|expansion| expansion.stacks.len()).sum();
    let Changes { written, removed, kept } = changes;
    format!("{stacks} stacks, {units} units: {written} files written, {removed} removed, {kept} as they were")
}

fn generate_all(ui: Ui, workspace: &Workspace, args: &GenerateArgs) -> Result<Exit, CliError> {
    let root = workspace.locate(args.path.as_deref())?;
    let (expansions, diagnostics) = expand(workspace, &root);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CliError::Configuration(diagnostics));
    }
    if expansions.is_empty() {
        ui.say(&format!("there is no terragrunt.stack.hcl under {}", root.display()));
    }
    let changes = write(ui, &expansions, &diagnostics)?;
    match ui.format() {
        Format::Text => ui.answer(&told(&expansions, changes))?,
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

fn clean(ui: Ui, workspace: &Workspace, args: &CleanArgs) -> Result<Exit, CliError> {
    let root = workspace.locate(args.path.as_deref())?;
    let folders = generated_folders(&root);
    let states = state_files(&folders);
    if let Some(first) = states.first().filter(|_| !args.yes) {
        return Err(CliError::refused(
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

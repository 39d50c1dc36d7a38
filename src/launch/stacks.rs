//! Stacks before a run: what they make is on disk before anyone reads the units.

use std::path::Path;

use super::error::CommandError;
use super::workspace::Workspace;
use crate::estate::{Estate, Templates, expand_stacks};
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::stack::{Changes, Expansion, generate, left_over, stale};
use crate::terragrunt::{Reader, paths};
use crate::ui::Ui;

/// Generates what stacks under a PATH make before a run reads it, with a word only where something changed. Where what
/// was generated is kept, nothing is written, but what is stale is told.
pub fn generate_first(
    ui: Ui,
    workspace: &Workspace,
    path: Option<&Path>,
    keep_generated: bool,
) -> Result<(), CommandError> {
    let root = workspace.locate(path)?;
    let (expansions, diagnostics) = expand(workspace, &root);
    if keep_generated {
        ui.diagnostics(stale_ones(&expansions));
        return Ok(());
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CommandError::Configuration(diagnostics));
    }
    let changes = write_generated(ui, &expansions, &diagnostics)?;
    if changes.written + changes.removed > 0 {
        ui.say(&counted(&expansions, changes));
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

/// What the stacks under a folder make, and what is wrong with them.
pub fn expand(workspace: &Workspace, root: &Path) -> (Vec<Expansion>, Vec<Diagnostic>) {
    // A reader of its own: the one of the command reads what was written.
    let reader = workspace.reader("generate");
    expand_stacks(root, &reader, &*workspace.stack_sources(&reader), Templates::Refused)
}

/// The whole estate with what its stacks make, of which nothing is written: `reader` sees it from then on.
pub fn whole(workspace: &Workspace, reader: &Reader) -> (Estate, Vec<Expansion>) {
    let root = &workspace.project.estate_root;
    let sources = workspace.stack_sources(reader);
    let (expansions, diagnostics) = expand_stacks(root, reader, &*sources, Templates::PassedOver);
    let mut estate = Estate::discover_expanded(root, reader, &expansions);
    estate.diagnostics.splice(0..0, diagnostics);
    (estate, expansions)
}

/// Writes it; warnings are told.
pub fn write_generated(
    ui: Ui,
    expansions: &[Expansion],
    warnings: &[Diagnostic],
) -> Result<Changes, CommandError> {
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

/// One line on what was generated.
pub fn counted(expansions: &[Expansion], changes: Changes) -> String {
    let units: usize = expansions.iter().map(|expansion| expansion.units().count()).sum();
    let stacks: usize = expansions.iter().map(|expansion| expansion.stacks.len()).sum();
    let Changes { written, removed, kept } = changes;
    format!("{stacks} stacks, {units} units: {written} files written, {removed} removed, {kept} as they were")
}

//! Units that their own `exclude` blocks leave out of a command.

use std::collections::BTreeSet;

use super::workspace::Workspace;
use crate::estate::{Estate, UnitIndex};
use crate::ui::Ui;

/// Takes out the units that their `exclude` blocks leave out of a command of Terraform, such as `plan`, with what they take
/// along, and says which.
///
/// As in Terragrunt 1.1: a unit takes along what it depends on itself and no further, also where another unit needs that;
/// and in its own folder only `no_run` keeps it from being run.
pub fn leave_out(
    ui: Ui,
    workspace: &Workspace,
    estate: &Estate,
    selected: &mut BTreeSet<UnitIndex>,
    command: &str,
) {
    let is_alone = |dir| selected.len() == 1 && estate.root == dir;
    let mut left_out = BTreeSet::new();
    for index in selected.iter().copied() {
        let unit = estate.unit(index);
        let Some(exclude) = &unit.outline.exclude else { continue };
        if is_alone(unit.dir.as_path()) {
            left_out.extend(exclude.leaves_out_alone(command).then_some(index));
        } else if exclude.leaves_out(command) {
            left_out.insert(index);
            if exclude.exclude_dependencies.unwrap_or_default() {
                left_out.extend(unit.dependencies.iter().map(|edge| edge.to));
            }
        }
    }
    for index in left_out.intersection(&*selected) {
        ui.say(&format!("left out by an exclude block: {}", workspace.name(&estate.unit(*index).dir)));
    }
    selected.retain(|unit| !left_out.contains(unit));
}

//! What is destroyed must not be what others stand on that stay.

use std::sync::Arc;

use super::agree::{Dependent, dependents, with_resources};
use super::error::CommandError;
use super::options::Tools;
use super::select::Selection;
use super::workspace::Workspace;
use crate::support::interrupt::channel;
use crate::support::signals::attach;
use crate::terragrunt::Reader;

/// More dependents than this are told by their number.
const MOST_NAMED: usize = 5;

/// Refuses to destroy what a unit stands on that was filtered out, that is protected, or that still has resources.
pub async fn refuse(
    workspace: &Workspace,
    selection: &Selection,
    reader: &Arc<Reader>,
    tools: &Tools,
) -> Result<(), CommandError> {
    refuse_filtered_out(selection)?;
    let dependents = dependents(workspace, selection, reader);
    refuse_protected(&dependents)?;
    if dependents.is_empty() {
        return Ok(());
    }
    let engine = workspace.engine(tools, false)?;
    let loader = workspace.loader(engine, Arc::clone(reader));
    let (interruptor, interrupts) = channel();
    let _attached = attach(interruptor);
    let asked = with_resources(&dependents, &loader, &interrupts).await;
    let standing: Vec<String> =
        asked.into_iter().filter_map(|(dependent, has)| objection(dependent, has)).collect();
    if standing.is_empty() {
        return Ok(());
    }
    let mut message = standing.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    if standing.len() > MOST_NAMED {
        message = format!("{message}; and {} more", standing.len() - MOST_NAMED);
    }
    Err(CommandError::refused(
        message,
        "nothing was touched; destroy what depends on it first or as well, or pass --leave-dependents",
    ))
}

/// That a unit stands on what would go; none where it has nothing that could.
fn objection(dependent: &Dependent, has_resources: Option<bool>) -> Option<String> {
    let has = match has_resources {
        Some(false) => return None,
        Some(true) => "still has resources",
        None => "may have resources (its state could not be read)",
    };
    Some(format!("{} stays and {has}: it depends on {}", dependent.name, dependent.on.join(", ")))
}

/// What `prevent_destroy` protects must not lose what it stands on either.
fn refuse_protected(dependents: &[Dependent]) -> Result<(), CommandError> {
    let Some(dependent) = dependents.iter().find(|dependent| dependent.protected) else { return Ok(()) };
    let on = dependent.on.join(", ");
    Err(CommandError::refused(
        format!("prevent_destroy protects {}, which depends on {on}", dependent.name),
        "nothing was touched; remove prevent_destroy from it, or pass --leave-dependents",
    ))
}

/// What a filter left out is not asked for its state: the filter may have been a slip.
fn refuse_filtered_out(selection: &Selection) -> Result<(), CommandError> {
    if selection.dependents.is_empty() {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("{} would lose what they depend on: they were filtered out", selection.dependents.join(", ")),
        "nothing was touched; select them as well, as in --filter '...vpc', or pass --leave-dependents where they \
         are gone already",
    ))
}

//! Destroys what is no longer in the tree, as the files of its last commit say.

use std::path::{Path, PathBuf};

use super::{RemovedUnits, Search, find, unexplained, within};
use crate::estate::Graph;
use crate::launch::agree::{self, Consent};
use crate::launch::begin::refuse_protected;
use crate::launch::conclusion::Conclusion;
use crate::launch::error::CommandError;
use crate::launch::execute::{execute, refuse_unattended};
use crate::launch::options::RunOptions;
use crate::launch::prepared::PreparedRun;
use crate::launch::select::Selection;
use crate::launch::workspace::Workspace;
use crate::project::EngineChoice;
use crate::run::command::Command;
use crate::run::plans::Plans;
use crate::support::git::short;
use crate::ui::Ui;

/// A destruction of what is no longer in the tree.
pub struct DestroyRemoved<'a> {
    /// The folder that it is for, which need not be there any more; the whole estate where none is named.
    pub path: Option<&'a Path>,
    /// Who agrees to it.
    pub consent: Consent,
    /// How the runs go about their units.
    pub options: RunOptions,
}

/// Destroys it, a commit at a time: as the files of that commit say.
pub async fn destroy_removed(
    ui: Ui,
    workspace: &Workspace,
    mut wanted: DestroyRemoved<'_>,
) -> Result<Conclusion, CommandError> {
    refuse_unattended(ui, Command::DestroyRemoved, wanted.consent)?;
    // Only our own engine can work on files that stand for others.
    wanted.options.tools.engine = Some(EngineChoice::Native);
    let engine = workspace.engine(&wanted.options.tools, false)?;
    let within = within(workspace, wanted.path)?;
    let search = Search { within: within.clone(), exec: true, ..Search::default() };
    let removals = find(workspace, &engine, &search).await.map_err(|error| {
        CommandError::usage(error.to_string(), "removed units are found in the history of a Git repository")
    })?;
    for removal in &removals {
        for unit in &removal.unknown {
            let (name, commit) = (removal.estate.name(*unit), short(&removal.commit));
            ui.say(&format!("{name} (last in {commit}) is left alone: its state cannot be read"));
        }
    }
    if within.is_none() {
        for place in unexplained(workspace, &removals).await {
            ui.say(&format!("{place} is left alone: no unit and no history explains this state"));
        }
    }
    let mut conclusion = None;
    for removal in removals.into_iter().filter(|removal| !removal.orphans.is_empty()) {
        ui.say(&format!(
            "last in commit {}, and still with resources: {}",
            short(&removal.commit),
            removal.names().join(", ")
        ));
        let ended = destroy_those_of(ui, workspace, &wanted, within.as_deref(), removal).await?;
        let goes_on = ended.is_done();
        conclusion = Some(ended);
        if !goes_on {
            // What went before it stands on what comes after.
            break;
        }
    }
    if conclusion.is_none() {
        ui.say("no unit that is no longer in the tree has resources");
    }
    Ok(conclusion.unwrap_or_default())
}

async fn destroy_those_of(
    ui: Ui,
    workspace: &Workspace,
    wanted: &DestroyRemoved<'_>,
    within: Option<&Path>,
    removal: RemovedUnits,
) -> Result<Conclusion, CommandError> {
    let mut request = workspace.request(None, &wanted.options)?;
    let root = &workspace.project.estate_root;
    let dirs: Vec<PathBuf> =
        removal.orphans.iter().map(|unit| root.join(&removal.estate.unit(*unit).path)).collect();
    let asked_for = within.unwrap_or(root);
    let word = agree::word(asked_for, root, &dirs);
    request.path = asked_for.to_owned();
    let workspace = workspace.with_root(&removal.root);
    let graph = Graph::build(&removal.estate)?;
    let RemovedUnits { reader, estate, orphans, stands_for, snapshot: _snapshot, .. } = removal;
    let selection = Selection { estate, graph, selected: orphans, dependents: Vec::new() };
    refuse_protected(&workspace, &selection)?;
    let run = PreparedRun {
        command: Command::DestroyRemoved,
        consent: wanted.consent,
        word: Some(word),
        stands_for: Some(stands_for),
        plans: Plans::default(),
        options: &wanted.options,
        request,
        past: None,
    };
    execute(ui, &workspace, &selection, reader, run).await
}

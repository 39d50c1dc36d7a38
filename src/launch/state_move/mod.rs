//! States that go along with units: to the folder that a unit has now, or to the backend.
//!
//! A state is pulled where the files of an earlier commit say, kept on this machine, pushed to where the files say now, pulled there
//! once more and compared; only then is it emptied where it was. Wherever that is cut off, the same command goes on with it. All of it is
//! the tool's work, with its locks: each push is refused where the state has changed since it was pulled.

mod backends;
mod carry;
mod recognised;

use std::path::{Path, PathBuf};

use super::agree::{Consent, typed};
use super::error::CommandError;
use super::options::{Invocation, RunOptions};
use super::removed::{in_repository, within};
use super::workspace::Workspace;
use crate::project::{EngineChoice, Needs};
use crate::support::git::changes::commit_of;
use crate::support::git::removed::removed;
use crate::support::git::short;
use crate::support::interrupt::{Stop, channel};
use crate::support::shown;
use crate::support::signals::attach;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON, folder, join};
use crate::ui::Ui;

pub use self::carry::Moved;

/// What is to be moved.
pub struct StateMove<'a> {
    /// The folder that the unit had, and the one that it has; none for all that have moved.
    pub unit: Option<(&'a Path, &'a Path)>,
    /// The commit at which the states were where they are; none for the last one that had a unit in its folder.
    pub at: Option<&'a str>,
    /// Who agrees to it.
    pub consent: Consent,
    /// Whether it is only told what would be moved.
    pub dry_run: bool,
    /// Which programs, and with which settings.
    pub options: RunOptions,
}

/// A unit, and where its state goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    /// The folder that it had, from the root of the estate.
    from: PathBuf,
    /// The commit that had it there.
    commit: String,
    /// The folder that it has, absolute.
    to: PathBuf,
}

/// What came of it; each pair by itself.
#[derive(Debug, Default)]
pub struct Moves {
    /// Those that were moved, or would be.
    pub moved: Vec<Moved>,
    /// Whether somebody said no.
    pub declined: bool,
    /// Whether somebody wished to stop before all of them.
    pub interrupted: bool,
}

/// Moves states.
pub async fn move_states(
    ui: Ui,
    invocation: &Invocation,
    mut wanted: StateMove<'_>,
) -> Result<Moves, CommandError> {
    let unattended = !wanted.dry_run && !wanted.consent.is_given() && !ui.is_interactive();
    if unattended {
        return Err(CommandError::refused(
            "it moves states, and there is nobody to ask",
            "look at it with --dry-run, and pass --yes",
        ));
    }
    // Only our own engine can work on files that stand for others.
    wanted.options.tools.engine = Some(EngineChoice::Native);
    let workspace = Workspace::open(ui, invocation, Needs::ENGINE)?;
    workspace.look_at_home()?;
    let engine = workspace.engine(&wanted.options.tools, wanted.options.backend_bootstrap)?;
    let pairs = match wanted.unit {
        Some((from, to)) => vec![named(&workspace, from, to, wanted.at)?],
        None => match wanted.at {
            Some(at) => backends::of_others(&workspace, &engine, at).await?,
            None => recognised::recognised(ui, &workspace, &engine).await?,
        },
    };
    if pairs.is_empty() {
        ui.say("no unit has moved whose state is left behind");
        return Ok(Moves::default());
    }
    let what = |pair: &Pair| {
        let (from, to) = (pair.from.to_string_lossy(), workspace.name(&pair.to));
        format!("{} (as of {}) -> {}", shown::name(&from), short(&pair.commit), shown::name(&to))
    };
    let (interruptor, interrupts) = channel();
    let _attached = attach(interruptor);
    if wanted.dry_run || !wanted.consent.is_given() {
        for pair in &pairs {
            ui.say(&what(pair));
        }
    }
    if wanted.dry_run {
        let moved = pairs.iter().map(|pair| Moved::not_yet(&workspace, pair)).collect();
        return Ok(Moves { moved, ..Moves::default() });
    }
    if !wanted.consent.is_given() {
        ui.prompt("move the states? [y]es or no: ");
        if !typed(&interrupts).is_some_and(|answer| ["y", "yes"].contains(&answer.trim())) {
            return Ok(Moves { declined: true, ..Moves::default() });
        }
    }
    let mut carrier = carry::Carrier::new(ui, &workspace, &engine, &interrupts)?;
    let mut moves = Moves::default();
    for pair in &pairs {
        // One that was begun is brought to its end.
        if interrupts.step() > Stop::None {
            moves.interrupted = true;
            break;
        }
        moves.moved.push(Box::pin(carrier.carry(pair)).await?);
    }
    Ok(moves)
}

/// The pair that somebody names.
fn named(workspace: &Workspace, from: &Path, to: &Path, at: Option<&str>) -> Result<Pair, CommandError> {
    let root = &workspace.project.estate_root;
    let not_in_git = |error: crate::support::git::GitError| {
        CommandError::usage(error.to_string(), "the history of the repository says where the state is")
    };
    let (repository, way) = in_repository(root).map_err(not_in_git)?;
    let reader = workspace.reader("plan");
    let to = workspace.locate_unit(Some(to), &reader)?;
    if !reader.is_file(&reader.unit_file(&to)) {
        return Err(CommandError::usage(
            format!("{} is no unit", to.display()),
            "name the folder that the unit has now, with its terragrunt.hcl",
        ));
    }
    let before = within(workspace, Some(from))?.unwrap_or_else(|| root.clone());
    let below = before.strip_prefix(root).unwrap_or(&before).to_path_buf();
    if let Some(at) = at {
        let commit = commit_of(&repository, at).map_err(not_in_git)?;
        return Ok(Pair { from: below, commit, to });
    }
    let name = below.display();
    if [UNIT_FILE, UNIT_FILE_JSON].iter().any(|file| before.join(file).exists()) {
        return Err(CommandError::refused(
            format!("{name} is still a unit here, and would make all anew without its state"),
            "remove its folder first, as `git mv` does; or say --at COMMIT for a unit whose backend has changed",
        ));
    }
    let gone = removed(&repository, &way, &[UNIT_FILE, UNIT_FILE_JSON], None).map_err(not_in_git)?;
    let last = gone.into_iter().find(|one| folder(&one.path) == join(&way, &below));
    let last = last.ok_or_else(|| {
        CommandError::usage(
            format!("no commit before this one had a unit in {name}"),
            "name the folder that it had; in a shallow clone, fetch more of the history",
        )
    })?;
    Ok(Pair { from: below, commit: last.last, to })
}

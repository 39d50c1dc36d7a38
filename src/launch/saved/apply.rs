//! Plans of a folder, applied: exactly those, and only where nothing has changed that they were made on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::PLAN_AGAIN;
use super::handed::lay_out;
use super::signature::{Trust, trusted};
use crate::engine::plan::folder::{SavedError, SavedFolder};
use crate::engine::plan::left_out::LeftOut;
use crate::engine::plan::manifest::Manifest;
use crate::launch::agree::Consent;
use crate::launch::conclusion::Conclusion;
use crate::launch::error::CommandError;
use crate::launch::execute::{execute, refuse_unattended};
use crate::launch::options::RunOptions;
use crate::launch::prepared::PreparedRun;
use crate::launch::select::Selection;
use crate::launch::shared::refuse_alone;
use crate::launch::stacks;
use crate::launch::workspace::Workspace;
use crate::run::command::Command;
use crate::run::event::Request;
use crate::run::plans::Plans;
use crate::run::saved::{Basis, SavedPlans, SavedUnit};
use crate::run::shared::record::StartPlans;
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_regular};
use crate::support::git::{self, short};
use crate::support::paths::join;
use crate::support::secret::Secret;
use crate::ui::Ui;

/// Saved plans that are to be applied.
pub struct SavedApply<'a> {
    /// Their folder.
    pub folder: &'a Path,
    /// Who agrees to it.
    pub consent: Consent,
    /// Whose they have to be.
    pub trust: &'a Trust,
    /// Whether one whose basis has changed is made anew, and applied where it means the same.
    pub replan: bool,
    /// How the run goes about its units.
    pub options: &'a RunOptions,
    /// What they are sealed with for the other machines of a run; without it these need the folder themselves.
    pub key: Option<&'a Secret>,
}

/// Applies the plans of a folder, and nothing else.
pub async fn apply_saved(
    ui: Ui,
    workspace: Workspace,
    saved: SavedApply<'_>,
) -> Result<Conclusion, CommandError> {
    let SavedApply { folder: path, consent, trust, replan, options, key } = saved;
    refuse_unattended(ui, Command::ApplySaved, consent)?;
    let folder = SavedFolder::open(path).map_err(|error| match error {
        SavedError::File(error) => error.into(),
        error => CommandError::refused(error.to_string(), PLAN_AGAIN),
    })?;
    let signer = trusted(&folder, &workspace, trust)?;
    let manifest = &folder.manifest;
    refuse_provisional(manifest)?;
    tell_other_tree(ui, &workspace, manifest);
    refuse_other_engine(&workspace, manifest, options)?;
    let request = Request {
        features: manifest.features.clone(),
        experiments: manifest.experiments.clone(),
        saved_plans: Some(path.to_owned()),
        ..workspace.request(None, options)?
    };
    let workspace = workspace.with_settings_of(&request)?;
    stacks::generate_first(ui, &workspace, None, options.keep_generated)?;
    match (changed_file(&workspace, manifest)?, replan) {
        (None, _) => {}
        (Some(changed), true) => {
            ui.say(&format!("{changed} after the plans were made; what it belongs to is planned anew"));
        }
        (Some(changed), false) => {
            return Err(CommandError::refused(
                format!("{changed} after the plans were made"),
                "nothing was touched; put it back, pass --replan to apply what means the same, or save the plans anew with `slipway plan --out`",
            ));
        }
    }

    let reader = workspace.reader("plan");
    let names: Vec<&str> = manifest.units.iter().map(|unit| unit.name.as_str()).collect();
    let selection = workspace.select_named(ui, &names, &reader)?;
    let by = signer.or_else(|| manifest.user.clone()).map_or(String::new(), |by| format!(" by {by}"));
    let origin = format!("saved{by} at {}", manifest.created.strftime("%Y-%m-%d %H:%M UTC"));
    let left_out = Arc::new(left_out(&workspace, &folder, &selection));
    let units = manifest.units.iter().map(|unit| {
        let saved = SavedUnit {
            content: folder.plan(&unit.plan).unwrap_or_default().to_vec(),
            summary: unit.summary.clone(),
            basis: Basis { fingerprint: unit.fingerprint.clone(), state: unit.state.clone() },
            left_out: Arc::clone(&left_out),
            renewed: OnceLock::new(),
        };
        (unit.name.clone(), saved)
    });
    let digest = sha256(&folder.manifest_bytes);
    let saved = SavedPlans { origin, manifest: digest.clone(), units: units.collect(), replan };
    let plans = Plans { saved: Some(Arc::new(saved)), ..Plans::default() };
    refuse_alone(Command::ApplySaved, options, consent, &plans, (&selection, &reader))?;
    if let Some(sharing) = &options.shared {
        let plans = StartPlans { manifest: digest, replan };
        Box::pin(lay_out(ui, &sharing.address, (&folder, &plans), key)).await?;
    }
    let run = PreparedRun {
        command: Command::ApplySaved,
        consent,
        plans,
        options,
        request,
        past: None,
        word: None,
        stands_for: None,
    };
    let conclusion = execute(ui, &workspace, &selection, reader, run).await?;
    let waiting: BTreeSet<&str> = manifest.later.iter().map(|unit| unit.name.as_str()).collect();
    if conclusion.is_done() && !waiting.is_empty() {
        let waiting: Vec<&str> = waiting.into_iter().collect();
        ui.say(&format!("now to be planned, since what they depend on is applied: {}", waiting.join(", ")));
    }
    Ok(conclusion)
}

/// What was left out of the digests when the plans were made, and the folder of the plans, which has come since.
fn left_out(workspace: &Workspace, folder: &SavedFolder, selection: &Selection) -> LeftOut {
    let manifest = &folder.manifest;
    let root = &workspace.project.estate_root;
    let units = selection.estate.units.iter().map(|unit| unit.dir.clone());
    let later = manifest.later.iter().map(|unit| join(root, &unit.name));
    let states = manifest.states.iter().map(|state| join(&workspace.project.dir, state));
    LeftOut::new(units.chain(later), states).with_place(&workspace.project.dir).with_folder(&folder.path)
}

fn refuse_provisional(manifest: &Manifest) -> Result<(), CommandError> {
    match manifest.units.iter().find(|unit| !unit.mocked.is_empty()) {
        Some(unit) => Err(CommandError::refused(
            format!("mock outputs of {} went into the plan of {}", unit.mocked.join(", "), unit.name),
            "apply what it depends on first, then plan it again",
        )),
        None => Ok(()),
    }
}

/// A merge, a squash or a rebase leaves the content as it was, which is what the plans are held to.
fn tell_other_tree(ui: Ui, workspace: &Workspace, manifest: &Manifest) {
    let dir = &workspace.project.dir;
    let now = git::head_commit(dir).ok();
    if now != manifest.commit {
        let named = |commit: &Option<String>| {
            commit.as_deref().map_or("no commit".to_owned(), |commit| format!("commit {}", short(commit)))
        };
        ui.say(&format!(
            "the plans were made at {}, and this is {}: they are held to what they were made of",
            named(&manifest.commit),
            named(&now)
        ));
    }
    if !manifest.dirty && git::is_dirty(dir).unwrap_or_default() {
        ui.say("the working tree has changes that it did not have when the plans were made; none in what they read");
    }
}

fn refuse_other_engine(
    workspace: &Workspace,
    manifest: &Manifest,
    options: &RunOptions,
) -> Result<(), CommandError> {
    let now = workspace.engine_name(&options.tools)?;
    if now == manifest.engine {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("the plans were made with the {} engine, and this is the {now} engine", manifest.engine),
        format!("pass --engine {}", manifest.engine),
    ))
}

/// The first file that was read to make the plans and is not what it was, in words. It is looked for before any of
/// them is read as configuration.
fn changed_file(workspace: &Workspace, manifest: &Manifest) -> Result<Option<String>, CommandError> {
    for (file, digest) in &manifest.files {
        let how = match read_regular(&workspace.project.dir.join(file)) {
            Ok(content) if sha256(&content) == *digest => continue,
            Ok(_) => "was changed",
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is gone",
            Err(error) => return Err(FileError::on("read", file)(error).into()),
        };
        return Ok(Some(format!("{} {how}", file.display())));
    }
    Ok(None)
}

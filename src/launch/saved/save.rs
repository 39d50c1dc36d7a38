//! Plans on their way into a folder: what they were made on goes with them, and what rests on mocks stays out.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::signature::{Signing, not_signed};
use crate::engine::plan::folder::{self, SavedError, plan_path};
use crate::engine::plan::manifest::{LaterUnit, Manifest, PlannedUnit, VERSION};
use crate::engine::plan::signature::Signer;
use crate::launch::error::CommandError;
use crate::launch::options::RunOptions;
use crate::launch::workspace::Workspace;
use crate::run::event::NodeInfo;
use crate::run::plans::{Keeper, Kept};
use crate::support::confined::Named;
use crate::support::digest::sha256;
use crate::support::environment::variable;
use crate::support::fs::{FileError, read_regular};
use crate::support::git;
use crate::ui::Ui;

/// Plans on their way into a folder.
pub struct Saving<'w> {
    workspace: &'w Workspace,
    out: Named,
    signer: Option<Signer>,
    /// As they were before anything ran: a first `init` writes lock files.
    commit: Option<String>,
    dirty: bool,
}

impl<'w> Saving<'w> {
    /// Refuses what could not be saved before anything is planned for it.
    pub fn begin(workspace: &'w Workspace, out: &Path, signing: &Signing) -> Result<Self, CommandError> {
        let out = workspace.named(out)?;
        folder::refuse_used(&out).map_err(|error| match error {
            SavedError::File(error) => error.into(),
            error => CommandError::usage(error.to_string(), "name a folder that is not there yet"),
        })?;
        let signer = signing.signer(workspace)?;
        let dir = &workspace.project.dir;
        let (commit, dirty) = (git::head_commit(dir).ok(), git::is_dirty(dir).unwrap_or_default());
        Ok(Self { workspace, out, signer, commit, dirty })
    }

    /// Saves what was kept, but for what rests on mocks and what depends on that.
    pub fn save(self, ui: Ui, options: &RunOptions, keeper: &Keeper) -> Result<(), CommandError> {
        let Self { workspace, out, signer, commit, dirty } = self;
        let request = workspace.request(None, options)?;
        let mut kept = keeper.take();
        let order = keeper.order();
        let later = later(&order, &kept);
        let is_later = |name: &str| later.iter().any(|unit| unit.name == name);
        let (mut units, mut plans, mut files) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for node in order.iter().filter(|node| !is_later(&node.name)) {
            let Some(Kept { file, summary, mocked, basis: Some(basis), files: read }) =
                kept.remove(&node.name)
            else {
                continue;
            };
            let content = read_regular(&file).map_err(FileError::on("read", &file))?;
            files.extend(read);
            units.push(PlannedUnit {
                name: node.name.clone(),
                after: node.after.clone(),
                plan: plan_path(&node.name),
                sha256: sha256(&content),
                summary,
                mocked,
                fingerprint: basis.fingerprint,
                state: basis.state,
            });
            plans.insert(plan_path(&node.name), content);
        }
        let manifest = Manifest {
            version: VERSION,
            slipway: env!("CARGO_PKG_VERSION").to_owned(),
            created: Timestamp::now(),
            user: user(),
            commit,
            dirty,
            engine: workspace.engine_name(&options.tools)?,
            signer: signer.as_ref().map(|signer| signer.fingerprint.clone()),
            features: request.features,
            experiments: request.experiments,
            files,
            states: keeper.states(),
            units,
            later,
        };
        let sign = |file: &Path| signer.as_ref().map_or(Ok(()), |signer| signer.sign(file));
        folder::write(&out, &manifest, &plans, sign).map_err(|error| match error {
            SavedError::Signature(error) => not_signed(&error),
            SavedError::File(error) => error.into(),
            error => CommandError::failed(error, None),
        })?;
        tell(ui, &out.path(), &manifest);
        Ok(())
    }
}

/// Who runs this; containers often have no `USER`.
fn user() -> Option<String> {
    let of_system = || nix::unistd::User::from_uid(nix::unistd::getuid()).ok()?.map(|user| user.name);
    variable("USER").or_else(of_system)
}

/// The units that rest on mocks, or have no plan since their failure is ignored, and all that depend on them: they are
/// planned when what they wait for is applied.
fn later(order: &[NodeInfo], kept: &BTreeMap<String, Kept>) -> Vec<LaterUnit> {
    let mut later: Vec<LaterUnit> = Vec::new();
    for node in order {
        let waits_for = |name: &&String| later.iter().any(|unit| unit.name == **name);
        let rests_on_mocks = kept.get(&node.name).is_none_or(|kept| kept.basis.is_none());
        let after: Vec<String> = if rests_on_mocks {
            node.after.clone()
        } else {
            node.after.iter().filter(waits_for).cloned().collect()
        };
        if rests_on_mocks || !after.is_empty() {
            later.push(LaterUnit { name: node.name.clone(), after });
        }
    }
    later
}

fn tell(ui: Ui, out: &Path, manifest: &Manifest) {
    let signed = manifest.signer.as_deref().map_or("unsigned".to_owned(), |key| format!("signed with {key}"));
    let count = manifest.units.len();
    ui.say(&format!("saved the plans of {count} units in {}, {signed}", out.display()));
    for unit in &manifest.later {
        let after =
            if unit.after.is_empty() { "what it depends on".to_owned() } else { unit.after.join(", ") };
        ui.say(&format!("  {} is not among them: plan it when {after} is applied", unit.name));
    }
    ui.say(&format!("apply them: slipway apply {}", out.display()));
}

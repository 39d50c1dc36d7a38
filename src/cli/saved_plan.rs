//! Plans in a folder: `slipway plan --out DIR` writes it, `slipway apply DIR` takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use super::agree::Consent;
use super::carry_out::{carry_out, refuse_unattended};
use super::exit::{CliError, Exit};
use super::global::{EngineArgs, Global};
use super::run::Run;
use super::stack;
use super::ui::Ui;
use super::workspace::{Selection, Workspace};
use crate::engine::plan::folder::{self, SavedError, SavedFolder, plan_path};
use crate::engine::plan::left_out::LeftOut;
use crate::engine::plan::manifest::{LaterUnit, Manifest, PlannedUnit, VERSION};
use crate::engine::plan::signature::{self, SignatureError, Signer};
use crate::run::command::Command;
use crate::run::event::{NodeInfo, Request};
use crate::run::plans::{Keeper, Kept, Plans};
use crate::run::saved::{SavedPlans, SavedUnit};
use crate::support::confined::Named;
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_regular};
use crate::support::git::{self, short};

/// The way out of most refusals.
const PLAN_AGAIN: &str = "nothing was touched; save the plans anew with `slipway plan --out`";

/// How saved plans are signed.
#[derive(Args, Clone, Debug)]
pub struct SigningArgs {
    /// Sign the saved plans with this SSH key [default: the one that git signs with, where gpg.format is ssh]
    #[arg(long, value_name = "KEY", env = "SLIPWAY_SIGN_WITH")]
    sign_with: Option<PathBuf>,

    /// Save the plans unsigned, although git is configured to sign with an SSH key
    #[arg(long, env = "SLIPWAY_NO_SIGN", conflicts_with = "sign_with")]
    no_sign: bool,
}

/// Whose saved plans are applied.
#[derive(Args, Clone, Debug)]
pub struct TrustArgs {
    /// Apply saved plans only with a signature of someone on this list, which ssh-keygen reads [default for signed ones: git's gpg.ssh.allowedSignersFile]
    #[arg(long, value_name = "FILE", env = "SLIPWAY_ALLOWED_SIGNERS")]
    allowed_signers: Option<PathBuf>,

    /// Refuse saved plans that are not signed by an allowed signer
    #[arg(long, env = "SLIPWAY_REQUIRE_SIGNATURE")]
    require_signature: bool,
}

impl TrustArgs {
    /// Whether anything is asked of signatures on the command line itself: a variable may be set for all commands.
    pub fn is_used(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some();
        self.allowed_signers.is_some() && !set("SLIPWAY_ALLOWED_SIGNERS")
            || self.require_signature && !set("SLIPWAY_REQUIRE_SIGNATURE")
    }
}

/// Plans on their way into a folder.
pub struct Saving {
    workspace: Workspace,
    out: Named,
    signer: Option<Signer>,
    /// As they were before anything ran: a first `init` writes lock files.
    commit: Option<String>,
    dirty: bool,
}

impl Saving {
    /// Refuses what could not be saved before anything is planned for it.
    pub fn begin(workspace: Workspace, out: &Path, signing: &SigningArgs) -> Result<Self, CliError> {
        let out = workspace.named(out)?;
        folder::refuse_used(&out).map_err(|error| match error {
            SavedError::File(error) => error.into(),
            error => CliError::usage(error.to_string(), "name a folder that is not there yet"),
        })?;
        let named = signing.sign_with.as_ref().map(|key| workspace.working_dir.join(key));
        let signer = if signing.no_sign {
            None
        } else {
            Signer::find(named.as_deref(), &workspace.project.dir).map_err(|error| not_signed(&error))?
        };
        let dir = &workspace.project.dir;
        let (commit, dirty) = (git::head_commit(dir).ok(), git::is_dirty(dir).unwrap_or_default());
        Ok(Self { workspace, out, signer, commit, dirty })
    }

    /// The folder that paths are seen from.
    pub fn project_dir(&self) -> PathBuf {
        self.workspace.project.dir.clone()
    }

    /// Saves what was kept, but for what rests on mocks and what depends on that.
    pub fn save(self, ui: Ui, global: &Global, engine: &EngineArgs, keeper: &Keeper) -> Result<(), CliError> {
        let Self { workspace, out, signer, commit, dirty } = self;
        let request = workspace.request(None, global, engine)?;
        let mut kept = keeper.take();
        let order = keeper.order();
        let later = later(&order, &kept);
        let is_later = |name: &str| later.iter().any(|unit| unit.name == name);
        let (mut units, mut plans, mut files) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for node in order.iter().filter(|node| !is_later(&node.name)) {
            let Some(Kept { file, summary, mocked, basis: Some(basis) }) = kept.remove(&node.name) else {
                continue;
            };
            let content = read_regular(&file).map_err(FileError::on("read", &file))?;
            files.extend(basis.files);
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
            engine: workspace.engine_name(&engine.tools)?,
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
            error => CliError::failed(error, None),
        })?;
        tell(ui, &out.path(), &manifest);
        Ok(())
    }
}

/// Who runs this; containers often have no `USER`.
fn user() -> Option<String> {
    let of_system = || nix::unistd::User::from_uid(nix::unistd::getuid()).ok()?.map(|user| user.name);
    std::env::var("USER").ok().filter(|name| !name.is_empty()).or_else(of_system)
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

fn not_signed(error: &SignatureError) -> CliError {
    CliError::failed(
        error,
        Some("name a key with --sign-with, or save the plans unsigned with --no-sign".to_owned()),
    )
}

/// Applies the plans of a folder, and nothing else.
pub async fn apply(
    ui: Ui,
    global: &Global,
    workspace: Workspace,
    path: &Path,
    consent: Consent,
    trust: &TrustArgs,
    engine: &EngineArgs,
) -> Result<Exit, CliError> {
    refuse_unattended(global, Command::ApplySaved, consent)?;
    let folder = SavedFolder::open(path).map_err(|error| match error {
        SavedError::File(error) => error.into(),
        error => CliError::refused(error.to_string(), PLAN_AGAIN),
    })?;
    let signer = trusted(&folder, &workspace, trust)?;
    let manifest = &folder.manifest;
    refuse_provisional(manifest)?;
    refuse_other_tree(ui, &workspace, manifest)?;
    refuse_other_engine(&workspace, manifest, engine)?;
    let request = Request {
        features: manifest.features.clone(),
        experiments: manifest.experiments.clone(),
        saved_plans: Some(path.to_owned()),
        ..workspace.request(None, global, engine)?
    };
    let workspace = workspace.with_settings_of(&request)?;
    stack::generate_first(ui, &workspace, None, engine.stacks)?;
    refuse_changed_files(&workspace, manifest)?;

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
            fingerprint: unit.fingerprint.clone(),
            state: unit.state.clone(),
            left_out: Arc::clone(&left_out),
        };
        (unit.name.clone(), saved)
    });
    let saved = SavedPlans { origin, units: units.collect() };
    let run = Run {
        command: Command::ApplySaved,
        consent,
        plans: Plans { saved: Some(Arc::new(saved)), ..Plans::default() },
        engine,
        request,
        past: None,
        word: None,
        stands_for: None,
    };
    let exit = carry_out(ui, global, &workspace, &selection, reader, run).await?.exit;
    let waiting: BTreeSet<&str> = manifest.later.iter().map(|unit| unit.name.as_str()).collect();
    if exit == Exit::Done && !waiting.is_empty() {
        let waiting: Vec<&str> = waiting.into_iter().collect();
        ui.say(&format!("now to be planned, since what they depend on is applied: {}", waiting.join(", ")));
    }
    Ok(exit)
}

/// What was left out of the digests when the plans were made, and the folder of the plans, which has come since.
fn left_out(workspace: &Workspace, folder: &SavedFolder, selection: &Selection) -> LeftOut {
    let manifest = &folder.manifest;
    let root = &workspace.project.estate_root;
    let units = selection.estate.units.iter().map(|unit| unit.dir.clone());
    let later = manifest.later.iter().map(|unit| crate::support::paths::join(root, &unit.name));
    let states =
        manifest.states.iter().map(|state| crate::support::paths::join(&workspace.project.dir, state));
    LeftOut::new(units.chain(later), states).with_folder(&folder.path)
}

/// Who signed, as far as that is asked for or can be known.
fn trusted(
    folder: &SavedFolder,
    workspace: &Workspace,
    trust: &TrustArgs,
) -> Result<Option<String>, CliError> {
    let named = trust.allowed_signers.as_ref().map(|list| workspace.working_dir.join(list));
    let required = trust.require_signature || named.is_some();
    if let Some(list) = named.as_ref().filter(|list| !list.is_file()) {
        let message = format!("there is no list of allowed signers at {}", list.display());
        return Err(CliError::usage(message, "name one with --allowed-signers"));
    }
    if !folder.is_signed {
        if required {
            return Err(CliError::refused("the plans are not signed", PLAN_AGAIN));
        }
        return Ok(None);
    }
    let allowed = named.or_else(|| signature::allowed_signers_of_git(&workspace.project.dir));
    let expected = folder.manifest.signer.as_deref();
    let signed = signature::verify(&folder.manifest_bytes, &folder.signature(), allowed.as_deref(), expected);
    let signed = signed.map_err(|error| match error {
        SignatureError::Program { .. } => CliError::failed(error, Some("install OpenSSH".to_owned())),
        error => CliError::refused(error.to_string(), PLAN_AGAIN),
    })?;
    if required && signed.by.is_none() {
        return Err(CliError::refused(
            format!("the plans are signed with {}, and no list says whose key that is", signed.fingerprint),
            "name a list of allowed signers with --allowed-signers, or in git's gpg.ssh.allowedSignersFile",
        ));
    }
    Ok(Some(signed.by.unwrap_or(signed.fingerprint)))
}

fn refuse_provisional(manifest: &Manifest) -> Result<(), CliError> {
    match manifest.units.iter().find(|unit| !unit.mocked.is_empty()) {
        Some(unit) => Err(CliError::refused(
            format!("mock outputs of {} went into the plan of {}", unit.mocked.join(", "), unit.name),
            "apply what it depends on first, then plan it again",
        )),
        None => Ok(()),
    }
}

fn refuse_other_tree(ui: Ui, workspace: &Workspace, manifest: &Manifest) -> Result<(), CliError> {
    let dir = &workspace.project.dir;
    let now = git::head_commit(dir).ok();
    if now != manifest.commit {
        let named = |commit: &Option<String>| {
            commit.as_deref().map_or("no commit".to_owned(), |commit| format!("commit {}", short(commit)))
        };
        return Err(CliError::refused(
            format!("the plans were made at {}, and this is {}", named(&manifest.commit), named(&now)),
            "check out the commit they were made at, or save the plans anew",
        ));
    }
    if !manifest.dirty && git::is_dirty(dir).unwrap_or_default() {
        ui.say("the working tree has changes that it did not have when the plans were made; none in what they read");
    }
    Ok(())
}

fn refuse_other_engine(
    workspace: &Workspace,
    manifest: &Manifest,
    engine: &EngineArgs,
) -> Result<(), CliError> {
    let now = workspace.engine_name(&engine.tools)?;
    if now == manifest.engine {
        return Ok(());
    }
    Err(CliError::refused(
        format!("the plans were made with the {} engine, and this is the {now} engine", manifest.engine),
        format!("pass --engine {}", manifest.engine),
    ))
}

/// What was read to make the plans has to be there, byte for byte, before any of it is read as configuration.
fn refuse_changed_files(workspace: &Workspace, manifest: &Manifest) -> Result<(), CliError> {
    for (file, digest) in &manifest.files {
        let reason = match read_regular(&workspace.project.dir.join(file)) {
            Ok(content) if sha256(&content) == *digest => continue,
            Ok(_) => "was changed",
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is gone",
            Err(error) => return Err(FileError::on("read", file)(error).into()),
        };
        return Err(CliError::refused(
            format!("{} {reason} after the plans were made", file.display()),
            "nothing was touched; put it back, or save the plans anew with `slipway plan --out`",
        ));
    }
    Ok(())
}

//! `slipway unlock`: look at the lock on a unit's state, and release one that was left behind.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::global::{Global, ToolArgs};
use crate::engine::beside_state::BesideStates;
use crate::engine::state_lock::{self, Found, StateLock};
use crate::engine::{Session, Unwatched};
use crate::launch::{CommandError, Workspace};
use crate::project::Needs;
use crate::support::interrupt::channel;
use crate::support::work_folder::{self, WorkFolder};
use crate::ui::Ui;

/// Show the lock on a unit's state, or release it
///
/// Without a lock ID it only shows who holds the lock and since when. With the ID of a lock that was left behind, it releases that lock and no other. It refuses as long as a tool of a run on this machine works on the unit.
#[derive(Args, Clone, Debug)]
pub struct UnlockArgs {
    /// The unit, here or under the estate's root
    unit: PathBuf,

    /// The ID of the lock to release
    lock_id: Option<String>,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Shows or releases.
pub async fn cmd_unlock(ui: Ui, global: &Global, args: &UnlockArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open_for(ui, &global.invocation(), Some(&args.unit), Needs::ENGINE)?;
    let reader = workspace.reader("plan");
    let dir = workspace.locate_unit(Some(&args.unit), &reader)?;
    if !reader.is_file(&reader.unit_file(&dir)) {
        return Err(CommandError::usage(
            format!("{} is no unit", dir.display()),
            "name a folder with a terragrunt.hcl",
        ));
    }
    let engine = workspace.engine(&args.tools.tools(), false)?;
    let loader = workspace.loader(engine, reader);
    let unit = loader.name(&dir);
    let folder = work_folder::of_unit(workspace.home()?, &unit);
    // Held until we are done: no run of this machine begins to work on the unit meanwhile.
    let Some(place) = WorkFolder::take(workspace.home()?, &folder, "slipway unlock")? else {
        let who = WorkFolder::holder(&folder).unwrap_or_else(|| "another run".to_owned());
        return Err(CommandError::refused(
            format!("a tool still works on {unit} ({who})"),
            "its lock is no leftover: wait until it has ended, or stop it",
        ));
    };
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: Some(&place) };
    let job = match loader.bare_job(&dir).await {
        Some(job) => job,
        None => {
            loader.job(&dir, session).await.map_err(|error| CommandError::failed(&error, error.advice()))?
        }
    };
    let found = state_lock::find(workspace.home()?, &job, &BesideStates::default()).await?;
    let lock = match (found, &args.lock_id) {
        (Found::Lock(lock), _) => lock,
        (Found::Debris(note), _) => {
            let _gone = state_lock::remove_debris(&note);
            ui.say(&format!("{unit} is not locked: no process held the lock that {} noted", note.display()));
            return Ok(Exit::Done);
        }
        // Only the tool can see the locks of other backends.
        (Found::Nothing, Some(id)) if !is_readable(&job.config) => {
            StateLock { id: id.clone(), who: None, created: None, operation: None, process: None }
        }
        (Found::Nothing, _) => {
            ui.say(&format!("{unit} is not locked"));
            return Ok(Exit::Done);
        }
    };
    let Some(id) = &args.lock_id else {
        ui.answer(&described(&unit, &lock))?;
        return Ok(Exit::Done);
    };
    if *id != lock.id {
        return Err(CommandError::refused(
            format!("the lock on {unit} is {}, not {id}: somebody has taken it since", lock.id),
            format!("look at it with `slipway unlock {unit}`"),
        ));
    }
    if let Some(process) = lock.process {
        return Err(CommandError::refused(
            format!("process {process} of this machine holds the lock on {unit}"),
            "it is no leftover: wait until that has ended, or stop it",
        ));
    }
    loader.engine().force_unlock(&job, id, session).await?;
    ui.say(&format!("released lock {id} on {unit}"));
    Ok(Exit::Done)
}

/// Whether its locks can be seen without the tool.
fn is_readable(config: &crate::terragrunt::config::UnitConfig) -> bool {
    let Some(state) = &config.remote_state else { return true };
    let dynamo = || state.config.get("dynamodb_table").is_some();
    state.backend == "local" || (state.backend == "s3" && !dynamo())
}

fn described(unit: &str, lock: &StateLock) -> String {
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    format!(
        "unit     {unit}\nlock     {}\nby       {}\nsince    {}\nfor      {}\nrelease  slipway unlock {unit} {}\n",
        lock.id,
        or_unknown(&lock.who),
        or_unknown(&lock.created),
        or_unknown(&lock.operation),
        lock.id
    )
}

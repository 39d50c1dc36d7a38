//! Taking part in a run by its address, and stopping it.

use std::sync::Arc;

use super::agree::Consent;
use super::begin::needs;
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::execute::{execute, refuse_unattended};
use super::options::{Invocation, RunOptions, Scope, Sharing, Tools};
use super::prepared::PreparedRun;
use super::saved::{SavedApply, Trust, apply_saved, bring};
use super::shared::refuse_alone;
use super::stacks;
use super::workspace::Workspace;
use crate::project::EngineChoice;
use crate::run::command::Command;
use crate::run::event::Request;
use crate::run::plans::Plans;
use crate::run::shared::record::Machine;
use crate::run::shared::{Board, Bucket, Observer};
use crate::support::secret::Secret;
use crate::ui::Ui;

/// A part in a run that is to be taken.
pub struct Joining<'a> {
    /// The run's address.
    pub address: &'a str,
    /// Who agrees to it.
    pub consent: Consent,
    /// How it goes about the units that are taken here.
    pub options: RunOptions,
    /// Whose the plans have to be, where it applies saved ones.
    pub trust: &'a Trust,
    /// Whether somebody asks for that here, so that there have to be some.
    pub wants_trust: bool,
    /// What opens them.
    pub key: Option<&'a Secret>,
}

/// Takes part in the run at an address, with what it was asked for.
pub async fn join(ui: Ui, invocation: &Invocation, joining: Joining<'_>) -> Result<Conclusion, CommandError> {
    let Joining { address, consent, options, trust, wants_trust, key } = joining;
    let store = Bucket::at(address).await?;
    let Some(start) = Board::start(&store).await? else {
        return Err(CommandError::usage(
            format!("no run has begun at {address}"),
            format!("begin it: slipway apply --shared {address}"),
        ));
    };
    let Some(command) = Command::named(&start.command) else {
        return Err(CommandError::refused(
            format!(
                "the run at {address} is a `slipway {}`, which this version does not know",
                start.command
            ),
            "take part with the version that began it",
        ));
    };
    let command = command.of_saved_plans(start.plans.is_some());
    refuse_unattended(ui, command, consent)?;
    let workspace = Workspace::open(ui, invocation, needs(command))?;
    workspace.look_at_home()?;
    let options = RunOptions {
        shared: Some(Sharing { address: address.to_owned(), lease: start.lease() }),
        scope: if start.has_gates() { Scope::Everything } else { Scope::Units },
        tools: Tools { engine: EngineChoice::named(&start.engine), ..options.tools.clone() },
        ..options
    };
    if let Some(plans) = &start.plans {
        let brought = bring(&store, plans, key).await?;
        let (folder, replan) = (brought.folder(), plans.replan);
        let saved = SavedApply { folder: &folder, consent, trust, replan, options: &options, key };
        return Box::pin(apply_saved(ui, workspace, saved)).await;
    }
    if wants_trust {
        return Err(CommandError::usage(
            format!("the run at {address} applies no saved plans whose signature could be checked"),
            "leave --require-signature and --allowed-signers out",
        ));
    }
    let request = Request {
        path: workspace.project.dir.join(&start.path),
        features: start.features.clone(),
        experiments: start.experiments.clone(),
        ..workspace.request(None, &options)?
    };
    let workspace = workspace.with_settings_of(&request)?;
    stacks::generate_first(ui, &workspace, Some(&request.path), options.keep_generated)?;
    let reader = workspace.reader_for_work(command.mode().command(), &options.tools)?;
    let selection = workspace.select_named(ui, &start.units(), &reader)?;
    let plans = Plans::default();
    refuse_alone(command, &options, consent, &plans, (&selection, &reader))?;
    let run = PreparedRun {
        command,
        consent,
        word: None,
        stands_for: None,
        plans,
        options: &options,
        request,
        past: None,
    };
    execute(ui, &workspace, &selection, reader, run).await
}

/// What looks at the run at an address.
pub async fn observer(address: &str) -> Result<Observer, CommandError> {
    let store = Arc::new(Bucket::at(address).await?);
    Observer::of(store).await?.ok_or_else(|| no_run_at(address))
}

fn no_run_at(address: &str) -> CommandError {
    CommandError::usage(
        format!("no run has begun at {address}"),
        "name the address of one: slipway runs --shared s3://BUCKET lists them",
    )
}

/// Asks all machines of the run at an address to begin nothing more.
pub async fn cancel(ui: Ui, address: &str) -> Result<(), CommandError> {
    let store = Bucket::at(address).await?;
    let start = Board::start(&store).await?.ok_or_else(|| no_run_at(address))?;
    Board::cancel(&store, &Machine::ours()).await?;
    ui.say(&format!("run {}: its machines begin nothing more; what they work on, they finish", start.run));
    Ok(())
}

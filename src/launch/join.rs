//! Taking part in a run by its address, and stopping it.

use std::sync::Arc;

use super::agree::Consent;
use super::begin::needs;
use super::conclusion::Conclusion;
use super::error::CommandError;
use super::execute::{execute, refuse_unattended};
use super::options::{Invocation, RunOptions, Scope, Sharing, Tools};
use super::prepared::PreparedRun;
use super::shared::refuse_alone;
use super::stacks;
use super::workspace::Workspace;
use crate::project::EngineChoice;
use crate::run::command::Command;
use crate::run::event::Request;
use crate::run::plans::Plans;
use crate::run::shared::record::Machine;
use crate::run::shared::{Board, Bucket, Observer};
use crate::ui::Ui;

/// Takes part in the run at an address, with what it was asked for.
pub async fn join(
    ui: Ui,
    invocation: &Invocation,
    address: &str,
    consent: Consent,
    options: RunOptions,
) -> Result<Conclusion, CommandError> {
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
    refuse_unattended(ui, command, consent)?;
    let workspace = Workspace::open(ui, invocation, needs(command))?;
    workspace.look_at_home()?;
    let options = RunOptions {
        shared: Some(Sharing { address: address.to_owned(), lease: start.lease() }),
        scope: if start.has_gates() { Scope::Everything } else { Scope::Units },
        tools: Tools { engine: EngineChoice::named(&start.engine), ..options.tools.clone() },
        ..options
    };
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

//! `slipway image`: images in the manifests repository. One file a command; what they share is in [`bumping`] and [`repository`].

mod bumping;
mod changing;
mod check;
mod checking;
mod diff;
mod freeze;
mod history;
mod holding;
mod list;
mod listed;
mod listing;
mod login;
mod origin;
mod promote;
mod recovery;
mod rehearsing;
mod repository;
mod request;
mod rollback;
mod set;
mod table;
mod telling;
mod wording;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::global::Global;
use crate::launch::CommandError;
use crate::ui::Ui;

pub(super) use self::history::change;
pub(super) use self::repository::{MANIFESTS, RepositoryArgs, failed, open};

/// Set, list, roll back, freeze and promote images in the manifests
#[derive(Args, Clone, Debug)]
pub struct ImageArgs {
    #[command(subcommand)]
    command: ImageCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ImageCommand {
    /// Set images: all of them in one commit, pushed; waits for the cluster with --wait
    Set(set::SetArgs),
    /// List the images of all applications
    List(list::ListArgs),
    /// Hold manifests to rules and schemas, as they are before a change is pushed
    Check(check::CheckArgs),
    /// Show what was done to an application's images
    History(history::HistoryArgs),
    /// Take a bump back, or go back to what ran before, and hold later bumps until --unfreeze
    Rollback(rollback::RollbackArgs),
    /// Give one environment the image that another runs
    Promote(promote::PromoteArgs),
    /// Hold an application's images until that is lifted, or list what is held
    Freeze(freeze::FreezeArgs),
    /// Compare the images of two environments
    Diff(diff::DiffArgs),
}

/// Does what was asked.
pub async fn cmd_image(ui: Ui, global: &Global, args: &ImageArgs) -> Result<Exit, CommandError> {
    match &args.command {
        ImageCommand::Set(args) => Box::pin(set::set(ui, global, args)).await?,
        ImageCommand::List(args) => list::list(ui, global, args).await?,
        ImageCommand::Check(args) => return Box::pin(check::check(ui, global, args)).await,
        ImageCommand::History(args) => history::show_history(ui, global, args).await?,
        ImageCommand::Rollback(args) => Box::pin(rollback::take_back(ui, global, args)).await?,
        ImageCommand::Promote(args) => Box::pin(promote::carry_over(ui, global, args)).await?,
        ImageCommand::Freeze(args) => freeze::hold(ui, global, args).await?,
        ImageCommand::Diff(args) => return diff::diff(ui, global, args).await,
    }
    Ok(Exit::Done)
}

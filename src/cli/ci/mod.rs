//! `slipway ci`: the pipeline of an estate, and what its jobs do.

mod comment;
mod durations;
mod fetch;
mod handed;
mod job;
mod left;
mod open;
mod overlaps;
mod seal;
mod shards;
mod status;
mod write;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::global::Global;
use crate::estate::{Estate, Graph};
use crate::launch::{CommandError, Workspace, whole, working_dir};
use crate::pipeline::{Pipeline, PipelineError};
use crate::run::home::HOME;
use crate::support::git;
use crate::terragrunt::Reader;
use crate::terragrunt::stack::Expansion;
use crate::ui::Ui;

/// Write the pipeline of the estate, and do what its jobs do
#[derive(Args, Clone, Debug)]
pub struct CiArgs {
    #[command(subcommand)]
    command: CiCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum CiCommand {
    #[command(name = "github")]
    GitHub(write::GitHubArgs),
    #[command(name = "gitlab")]
    GitLab(write::GitLabArgs),
    #[command(name = "argo-workflows")]
    ArgoWorkflows(write::ArgoWorkflowsArgs),
    Atlantis(write::AtlantisArgs),
    Shards(shards::ShardsArgs),
    Seal(seal::SealArgs),
    Open(open::OpenArgs),
    Fetch(fetch::FetchArgs),
    Comment(comment::CommentArgs),
    Status(status::StatusArgs),
    Durations(durations::DurationsArgs),
    Overlaps(overlaps::OverlapsArgs),
}

/// Does it.
pub async fn cmd_ci(ui: Ui, global: &Global, args: &CiArgs) -> Result<Exit, CommandError> {
    match &args.command {
        CiCommand::GitHub(args) => write::cmd_github(ui, global, args),
        CiCommand::GitLab(args) => write::cmd_gitlab(ui, global, args),
        CiCommand::ArgoWorkflows(args) => write::cmd_argo_workflows(ui, global, args),
        CiCommand::Atlantis(args) => write::cmd_atlantis(ui, global, args),
        CiCommand::Shards(args) => shards::cmd_shards(ui, global, args),
        CiCommand::Seal(args) => seal::cmd_seal(ui, global, args).await,
        CiCommand::Open(args) => open::cmd_open(ui, global, args).await,
        CiCommand::Fetch(args) => fetch::cmd_fetch(ui, global, args).await,
        CiCommand::Comment(args) => comment::cmd_comment(ui, global, args).await,
        CiCommand::Status(args) => status::cmd_status(ui, global, args).await,
        CiCommand::Durations(args) => durations::cmd_durations(ui, global, args).await,
        CiCommand::Overlaps(args) => overlaps::cmd_overlaps(ui, global, args).await,
    }
}

/// A folder that plans are brought into: one that is not there yet, or is empty.
fn new_folder(global: &Global, named: &Path) -> Result<PathBuf, CommandError> {
    let folder = working_dir(&global.invocation())?.join(named);
    if std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("{} holds something already", folder.display());
        return Err(CommandError::usage(message, "name a new folder"));
    }
    Ok(folder)
}

/// What a pipeline is made from.
struct Whole {
    pipeline: Pipeline,
    estate: Estate,
    /// What stacks of it make from folders of the repository.
    expansions: Vec<Expansion>,
}

/// The pipeline of the whole estate, whatever folder one stands in; units of stacks are those that its jobs generate.
fn pipeline(workspace: &Workspace, reader: &Reader) -> Result<Whole, CommandError> {
    if let Some(missing) = &workspace.project.missing_root {
        return Err(CommandError::Configuration(vec![(**missing).clone()]));
    }
    let (estate, mut expansions) = whole(workspace, reader);
    if estate.has_errors() {
        return Err(CommandError::Configuration(estate.diagnostics));
    }
    let graph = Graph::build(&estate)?;
    let dir = &workspace.project.dir;
    let repository = git::top_of(dir).unwrap_or(dir);
    let pipeline = Pipeline::of(&workspace.project, &estate, &graph, repository)?;
    // What was fetched lies in a folder of ours.
    let home = dir.join(HOME);
    for expansion in &mut expansions {
        expansion.generated.retain(|generated| !generated.source.starts_with(&home));
    }
    Ok(Whole { pipeline, estate, expansions })
}

impl From<PipelineError> for CommandError {
    fn from(error: PipelineError) -> Self {
        let help = error.advice();
        Self::usage(error.to_string(), help)
    }
}

//! `slipway argocd refresh | sync | rollback | history | diff | tree | logs`: one application, or some.

use std::path::PathBuf;

use clap::Args;
use console::style;
use serde_json::json;

use super::{ClusterArg, Duration, failed, kept, reach, seconds, table};
use crate::argocd::{self, Branch, LogLine, SyncSpec, Tailed};
use crate::cli::exit::Exit;
use crate::cli::global::ToolArgs;
use crate::launch::{CommandError, Workspace};
use crate::support::counted::plural;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// How long a comparison is waited for, and a sync.
const COMPARED: Duration = Duration::from_mins(1);
const SYNCED: Duration = Duration::from_mins(5);

/// Which cluster, where the positional arguments are applications.
#[derive(Args, Clone, Debug)]
pub(super) struct OnCluster {
    /// The cluster's label in slipway.hcl, by default the only one
    #[arg(long, value_name = "LABEL", env = "SLIPWAY_CLUSTER")]
    cluster: Option<String>,

    #[command(flatten)]
    tools: ToolArgs,
}

impl OnCluster {
    pub(super) fn cluster(&self) -> ClusterArg {
        ClusterArg { cluster: self.cluster.clone(), tools: self.tools.clone() }
    }
}

/// `slipway argocd refresh`.
#[derive(Args, Clone, Debug)]
pub(super) struct RefreshArgs {
    /// The applications, by default all
    #[arg(value_name = "APP")]
    applications: Vec<String>,

    /// Render the manifests anew, too
    #[arg(long)]
    hard: bool,

    /// How long to wait, in seconds [default: 60]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    #[command(flatten)]
    on: OnCluster,
}

/// `slipway argocd sync`.
#[derive(Args, Clone, Debug)]
pub(super) struct SyncArgs {
    /// The applications
    #[arg(required = true, value_name = "APP")]
    applications: Vec<String>,

    /// Delete what is gone from Git
    #[arg(long)]
    prune: bool,

    /// A branch, tag or commit in the place of the one that is followed
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,

    /// How long to wait for each, in seconds [default: 300]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    #[command(flatten)]
    on: OnCluster,
}

/// `slipway argocd rollback`.
#[derive(Args, Clone, Debug)]
pub(super) struct RollbackArgs {
    /// The application
    #[arg(value_name = "APP")]
    application: String,

    /// A number of `slipway argocd history`, by default the one before the last
    #[arg(long, value_name = "ID")]
    to: Option<i64>,

    /// How long to wait, in seconds [default: 300]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    #[command(flatten)]
    on: OnCluster,
}

/// One application.
#[derive(Args, Clone, Debug)]
pub(super) struct OneArgs {
    /// The application
    #[arg(value_name = "APP")]
    application: String,

    #[command(flatten)]
    on: OnCluster,
}

/// `slipway argocd diff`.
#[derive(Args, Clone, Debug)]
pub(super) struct DiffArgs {
    /// The applications, by default all
    #[arg(value_name = "APP")]
    pub(super) applications: Vec<String>,

    /// Show instead what the cluster would get of a branch, tag or commit of the manifests repository
    #[arg(long, value_name = "REVISION")]
    pub(super) revision: Option<String>,

    /// Exit with 2 where that would be something else
    #[arg(long, requires = "revision")]
    pub(super) detailed_exitcode: bool,

    /// Write a comment for a pull request
    #[arg(long, value_name = "FILE", requires = "revision")]
    pub(super) report_markdown: Option<PathBuf>,

    #[command(flatten)]
    pub(super) on: OnCluster,
}

/// `slipway argocd logs`.
#[derive(Args, Clone, Debug)]
pub(super) struct LogsArgs {
    /// The application
    #[arg(value_name = "APP")]
    application: String,

    /// This container only
    #[arg(long, value_name = "NAME")]
    container: Option<String>,

    /// Of the run before, where a container was started again
    #[arg(long)]
    previous: bool,

    /// How many lines of each
    #[arg(long, value_name = "N", default_value_t = 20)]
    tail: u32,

    /// Go on with what they write, until the pods have ended
    #[arg(short = 'f', long, conflicts_with = "previous")]
    follow: bool,

    #[command(flatten)]
    on: OnCluster,
}

pub(super) async fn refresh(ui: Ui, workspace: &Workspace, args: &RefreshArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let timeout = seconds(args.timeout).unwrap_or(COMPARED);
    let refreshed = argocd::refresh(client, &argocd.namespace, &args.applications, args.hard, timeout).await;
    ui.answer(&table(&refreshed.map_err(failed)?))?;
    Ok(Exit::Done)
}

pub(super) async fn sync(ui: Ui, workspace: &Workspace, args: &SyncArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let spec = SyncSpec { prune: args.prune, revision: args.revision.clone() };
    let timeout = seconds(args.timeout).unwrap_or(SYNCED);
    let progress = move |line: String| ui.say(&line);
    for name in &args.applications {
        let synced = argocd::sync(client.clone(), &argocd.namespace, name, &spec, timeout, &progress).await;
        let synced = synced.map_err(failed)?;
        ui.answer(&format!("{} synced at {}", shown::name(name), listed(&synced.facts.syncs)))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn rollback(
    ui: Ui,
    workspace: &Workspace,
    args: &RollbackArgs,
) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let timeout = seconds(args.timeout).unwrap_or(SYNCED);
    let progress = move |line: String| ui.say(&line);
    let (name, namespace) = (&args.application, &argocd.namespace);
    let synced = argocd::rollback(client, namespace, name, args.to, timeout, &progress).await;
    let synced = synced.map_err(failed)?;
    ui.answer(&format!("{} is back at {}", shown::name(name), listed(&synced.facts.syncs)))?;
    Ok(Exit::Done)
}

/// Revisions as people know them.
fn listed(revisions: &[String]) -> String {
    revisions.iter().map(|revision| short(revision)).collect::<Vec<_>>().join(", ")
}

pub(super) async fn history(ui: Ui, workspace: &Workspace, args: &OneArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let synced = argocd::synced(client, &argocd.namespace, &args.application).await.map_err(failed)?;
    if ui.format() == Format::Json {
        ui.json(&json!({ "application": args.application, "history": synced }))?;
        return Ok(Exit::Done);
    }
    let line = |one: &argocd::Synced| {
        format!("{:>4}  {}  {}  {}\n", one.id, one.deployed, listed(&one.revisions), shown::name(&one.by))
    };
    let lines: String = synced.iter().map(line).collect();
    ui.answer(if lines.is_empty() { "nothing was synced yet" } else { &lines })?;
    Ok(Exit::Done)
}

pub(super) async fn diff(ui: Ui, workspace: &Workspace, args: &DiffArgs) -> Result<Exit, CommandError> {
    if let Some(revision) = &args.revision {
        return super::preview::preview(ui, workspace, args, revision).await;
    }
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let of = argocd::status_of(client.clone(), &argocd.namespace, &args.applications).await;
    let applications = of.map_err(failed)?;
    let drift = argocd::drift(client, &applications).await.map_err(failed)?;
    let mut lines = String::new();
    for application in &applications {
        for resource in &application.out_of_sync {
            let line = format!("{}: {resource} is not as Git says", application.name);
            lines = format!("{lines}~ {}\n", shown::name(&line));
        }
    }
    lines.push_str(&kept(&drift));
    if lines.is_empty() {
        ui.answer("nothing differs")?;
        return Ok(Exit::Done);
    }
    ui.answer(&lines)?;
    Ok(Exit::Drifted)
}

pub(super) async fn tree(ui: Ui, workspace: &Workspace, args: &OneArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let branches = argocd::tree(client, &argocd.namespace, &args.application).await.map_err(failed)?;
    if ui.format() == Format::Json {
        ui.json(&json!({ "application": args.application, "resources": branches }))?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{}\n", shown::name(&args.application));
    grow(&branches, "", &mut text);
    ui.answer(&text)?;
    Ok(Exit::Done)
}

fn grow(branches: &[Branch], indent: &str, text: &mut String) {
    for (number, branch) in branches.iter().enumerate() {
        let is_last = number + 1 == branches.len();
        let (knee, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let place = if indent.is_empty() && !branch.namespace.is_empty() {
            format!(" in {}", branch.namespace)
        } else {
            String::new()
        };
        let said = [branch.sync.as_str(), branch.state.as_str()].join(" ");
        let line = format!("{}/{}{place}  {}", branch.kind, branch.name, said.trim());
        *text = format!("{text}{indent}{knee}{}\n", shown::name(line.trim_end()));
        grow(&branch.children, &format!("{indent}{below}"), text);
    }
}

pub(super) async fn logs(ui: Ui, workspace: &Workspace, args: &LogsArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let (name, container) = (&args.application, args.container.as_deref());
    let nothing = || {
        let what = container.map_or("no pods".to_owned(), |name| format!("no container {name}"));
        CommandError::failed(format!("{name} has {what}"), None)
    };
    if args.follow {
        let tell = |line: LogLine<'_>| {
            let head = shown::name(&format!("{}/{}", line.pod, line.container)).to_string();
            ui.answer(&format!("{}  {}\n", style(head).bold(), shown::one_line(line.text)))
        };
        let lines = i64::from(args.tail);
        let tailed = argocd::follow_logs(client, &argocd.namespace, name, container, lines, &tell);
        let Tailed { containers, untold } = tailed.await.map_err(failed)??;
        return match (containers, untold) {
            (0, _) => Err(nothing()),
            (_, 0) => Ok(Exit::Done),
            (_, untold) => {
                let of = plural(untold, "container");
                Err(CommandError::failed(format!("of {untold} {of} their nodes have no log"), None))
            }
        };
    }
    let logs = argocd::logs(client, &argocd.namespace, name, container, args.previous, i64::from(args.tail));
    let logs = logs.await.map_err(failed)?;
    if logs.is_empty() {
        return Err(nothing());
    }
    let mut text = String::new();
    for log in &logs {
        let head = shown::name(&format!("{}/{} {}", log.namespace, log.pod, log.container)).to_string();
        text = format!("{text}{}\n", style(head).bold());
        match &log.text {
            Some(lines) => {
                for line in lines.lines() {
                    text = format!("{text}  {}\n", shown::one_line(line));
                }
            }
            None => text.push_str("  its node has no log of it\n"),
        }
    }
    ui.answer(&text)?;
    Ok(if logs.iter().all(|log| log.text.is_none()) { Exit::Failed } else { Exit::Done })
}

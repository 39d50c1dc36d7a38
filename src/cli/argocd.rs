//! `slipway argocd`: Argo CD on a cluster.

use std::time::Duration;

use clap::{Args, Subcommand};
use console::style;
use serde_json::json;

use super::exit::Exit;
use super::follow::wait_for_tip;
use super::global::{Global, ToolArgs};
use crate::argocd::{self, ApplicationStatus};
use crate::cluster::{connect, managed_argocd};
use crate::launch::{CommandError, Target, Workspace};
use crate::project::{ArgoCd, Needs};
use crate::run::gate::argocd::{AVAILABLE, bootstrap_spec, installed, remove};
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Install, watch and remove Argo CD on a cluster
#[derive(Args, Clone, Debug)]
pub struct ArgocdArgs {
    #[command(subcommand)]
    command: ArgocdCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ArgocdCommand {
    /// Install Argo CD and connect the manifests repository; a second time changes nothing
    Bootstrap(BootstrapArgs),
    /// Show the applications: what they follow, and whether they are green
    Status(ClusterArg),
    /// Wait until all applications are Synced and Healthy at the tip of the manifests repository
    Wait(WaitArgs),
    /// Remove the applications, then Argo CD
    Uninstall(UninstallArgs),
}

/// Which cluster.
#[derive(Args, Clone, Debug)]
struct ClusterArg {
    /// The cluster's label in slipway.hcl, by default the only one
    cluster: Option<String>,

    #[command(flatten)]
    tools: ToolArgs,
}

/// `slipway argocd bootstrap`.
#[derive(Args, Clone, Debug)]
struct BootstrapArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    /// Take over fields that someone else manages
    #[arg(long)]
    force: bool,
}

/// `slipway argocd wait`.
#[derive(Args, Clone, Debug)]
struct WaitArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    /// How long to wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

/// `slipway argocd uninstall`.
#[derive(Args, Clone, Debug)]
struct UninstallArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    /// Ask nobody
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,
}

/// Does what was asked.
pub async fn cmd_argocd(ui: Ui, global: &Global, args: &ArgocdArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::CLUSTERS)?;
    match &args.command {
        ArgocdCommand::Bootstrap(args) => bootstrap(ui, &workspace, args).await,
        ArgocdCommand::Status(args) => status(ui, &workspace, args).await,
        ArgocdCommand::Wait(args) => wait(ui, &workspace, args).await,
        ArgocdCommand::Uninstall(args) => uninstall(ui, &workspace, args).await,
    }
}

/// A cluster that is to have an Argo CD, and the way to it.
async fn reach(
    workspace: &Workspace,
    args: &ClusterArg,
) -> Result<(Target, ArgoCd, kube::Client), CommandError> {
    let target = Target::find(workspace, args.cluster.as_deref(), &args.tools.tools()).await?;
    let argocd = target.argocd()?.clone();
    let connection = connect(&target.aws, &target.cluster.name).await;
    let connection = connection.map_err(|error| CommandError::failed(error, None))?;
    Ok((target, argocd, connection.client))
}

async fn bootstrap(ui: Ui, workspace: &Workspace, args: &BootstrapArgs) -> Result<Exit, CommandError> {
    let (target, argocd, client) = reach(workspace, &args.cluster).await?;
    let managed = managed_argocd(&target.aws, &target.cluster.name).await;
    if let Some(name) = managed.map_err(|error| CommandError::failed(error, None))? {
        return Err(failed(argocd::ArgoCdError::Managed { name }));
    }
    workspace.home()?;
    let cache = workspace.argocd_cache();
    let spec = bootstrap_spec(&target.cluster, &argocd, None, cache).await;
    let mut spec = spec.map_err(|error| CommandError::failed(error, None))?;
    spec.force = args.force;
    let progress = move |line: String| ui.say(&line);
    let changes = argocd::bootstrap(client.clone(), &spec, &progress).await.map_err(failed)?;
    let available = argocd::wait_available(client, &argocd.namespace, &spec.manifest, AVAILABLE, &progress);
    available.await.map_err(failed)?;
    ui.answer(&installed(&argocd, changes))?;
    Ok(Exit::Done)
}

async fn status(ui: Ui, workspace: &Workspace, args: &ClusterArg) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, args).await?;
    let applications = argocd::status(client.clone(), &argocd.namespace).await.map_err(failed)?;
    let drift = argocd::drift(client, &applications).await.map_err(failed)?;
    match ui.format() {
        Format::Json => ui.json(&json!({ "applications": applications, "drift": drift }))?,
        Format::Text => ui.answer(&format!("{}{}", table(&applications), kept(&drift)))?,
    }
    let green = applications.iter().all(|application| application.not_green(None).is_none());
    Ok(if green { Exit::Done } else { Exit::Failed })
}

async fn wait(ui: Ui, workspace: &Workspace, args: &WaitArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.cluster).await?;
    let applications = wait_for_tip(ui, client, &argocd, Duration::from_secs(args.timeout)).await?;
    ui.answer(&table(&applications))?;
    Ok(Exit::Done)
}

async fn uninstall(ui: Ui, workspace: &Workspace, args: &UninstallArgs) -> Result<Exit, CommandError> {
    if !args.yes {
        let message = "removing Argo CD removes every application that it made";
        return Err(CommandError::refused(message, "pass --yes if that is meant"));
    }
    let (_, argocd, client) = reach(workspace, &args.cluster).await?;
    let progress = move |line: String| ui.say(&line);
    workspace.home()?;
    let removed = remove(client, &argocd, workspace.argocd_cache(), &progress).await;
    let removed = removed.map_err(|error| CommandError::failed(error, None))?;
    ui.answer(&format!("{} applications and {} objects removed", removed.applications, removed.objects))?;
    Ok(Exit::Done)
}

/// One line an application, and below it what keeps it from being green.
fn table(applications: &[ApplicationStatus]) -> String {
    let width = applications.iter().map(|one| one.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for application in applications {
        let ApplicationStatus { name, sync, health, operation, images, .. } = application;
        let problem = application.not_green(None);
        let sign = if problem.is_none() { style("✓").green() } else { style("✗").red() };
        let revision = application.revisions();
        let healed = if application.healed {
            format!("  (its last sync healed what differed from Git, at {})", application.finished)
        } else {
            String::new()
        };
        let images = if images.is_empty() { String::new() } else { format!("  {}", images.join(" ")) };
        let line = format!("{name:<width$}  {sync} {health} {operation} at {revision}{images}{healed}");
        text = format!("{text}{sign} {}\n", shown::name(line.trim_end()));
        if let Some(problem) = problem {
            text = format!("{text}    {}\n", shown::one_line(&problem));
        }
    }
    text
}

/// What others keep on resources: self-heal does not take it away.
fn kept(drift: &[argocd::Drift]) -> String {
    let line = |one: &argocd::Drift| {
        let argocd::Drift { application, resource, field, manager } = one;
        let text =
            format!("{application}: {resource} has {field}, which {manager} set and Git does not know");
        format!("! {}\n", shown::name(&text))
    };
    drift.iter().map(line).collect()
}

fn failed(error: argocd::ArgoCdError) -> CommandError {
    CommandError::failed(error, None)
}

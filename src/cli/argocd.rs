//! `slipway argocd`: Argo CD on a cluster.

mod acts;
mod preview;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use console::style;
use serde_json::json;

use super::exit::Exit;
use super::follow::wait_for_tip;
use super::global::{Global, ToolArgs};
use crate::argocd::{self, ApplicationStatus, Change, Changes, Rehearsal, Step};
use crate::cluster;
use crate::launch::{CommandError, Target, Workspace, other_clusters};
use crate::project::{ArgoCd, LeftOut, Needs};
use crate::run::gate::argocd::{AVAILABLE, GONE, GREEN, Tip, bootstrap_spec, installed, remove};
use crate::support::confined::{EVERYBODY, Root};
use crate::support::fs::FileError;
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
    Status(StatusArgs),
    /// Wait until all applications are Synced and Healthy at the tip of the manifests repository
    Wait(WaitArgs),
    /// Have applications compared with Git now
    Refresh(acts::RefreshArgs),
    /// Sync applications now, and wait until that has ended
    Sync(acts::SyncArgs),
    /// Show what differs from Git, or what a revision of it would change
    Diff(acts::DiffArgs),
    /// Show what an application has synced
    History(acts::OneArgs),
    /// Sync an application with what it had before; for those that Argo CD does not sync by itself
    Rollback(acts::RollbackArgs),
    /// Show what an application has made, down to its pods
    Tree(acts::OneArgs),
    /// Show the last lines that an application's containers wrote
    Logs(acts::LogsArgs),
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

    /// Replace a newer version by an older one
    #[arg(long)]
    allow_downgrade: bool,

    /// Show what would change on the cluster, without secrets, and change nothing
    #[arg(long, conflicts_with = "export")]
    dry_run: bool,

    /// Write the objects into a folder, without secrets, and change nothing
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,

    /// How long Argo CD's workloads may take, in seconds [default: as slipway.hcl says, else 300]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// `slipway argocd wait`.
#[derive(Args, Clone, Debug)]
struct WaitArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    #[command(flatten)]
    left_out: LeftOutArgs,

    /// End operations that still sync another commit than the newest
    #[arg(long)]
    end_old_syncs: bool,

    /// How long to wait, in seconds [default: as slipway.hcl says, else 600]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// Which applications do not count.
#[derive(Args, Clone, Debug)]
struct LeftOutArgs {
    /// Leave out applications: NAME, label:KEY=VALUE, project:NAME or namespace:NAME, where * is anything
    #[arg(long, value_name = "WHICH")]
    leave_out: Vec<String>,
}

impl LeftOutArgs {
    /// Those, and the ones of slipway.hcl.
    fn with(&self, argocd: &ArgoCd) -> Result<LeftOut, CommandError> {
        let named = LeftOut::parse(&self.leave_out)
            .map_err(|wrong| CommandError::usage(format!("--leave-out {wrong}"), ""))?;
        Ok(argocd.leave_out.clone().and(named))
    }
}

/// `slipway argocd status`.
#[derive(Args, Clone, Debug)]
struct StatusArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    #[command(flatten)]
    left_out: LeftOutArgs,
}

/// `slipway argocd uninstall`.
#[derive(Args, Clone, Debug)]
struct UninstallArgs {
    #[command(flatten)]
    cluster: ClusterArg,

    /// Ask nobody
    #[arg(short = 'y', long, env = "SLIPWAY_YES")]
    yes: bool,

    /// How long everything may take to go, in seconds [default: as slipway.hcl says, else 600]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// Does what was asked.
pub async fn cmd_argocd(ui: Ui, global: &Global, args: &ArgocdArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::CLUSTERS)?;
    match &args.command {
        ArgocdCommand::Bootstrap(args) => Box::pin(bootstrap(ui, &workspace, args)).await,
        ArgocdCommand::Status(args) => status(ui, &workspace, args).await,
        ArgocdCommand::Wait(args) => wait(ui, &workspace, args).await,
        ArgocdCommand::Refresh(args) => acts::refresh(ui, &workspace, args).await,
        ArgocdCommand::Sync(args) => acts::sync(ui, &workspace, args).await,
        ArgocdCommand::Diff(args) => Box::pin(acts::diff(ui, &workspace, args)).await,
        ArgocdCommand::History(args) => acts::history(ui, &workspace, args).await,
        ArgocdCommand::Rollback(args) => acts::rollback(ui, &workspace, args).await,
        ArgocdCommand::Tree(args) => acts::tree(ui, &workspace, args).await,
        ArgocdCommand::Logs(args) => acts::logs(ui, &workspace, args).await,
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
    let client = cluster::reach(&target.aws, &target.cluster).await;
    let client = client.map_err(|error| CommandError::failed(error, None))?;
    Ok((target, argocd, client))
}

async fn bootstrap(ui: Ui, workspace: &Workspace, args: &BootstrapArgs) -> Result<Exit, CommandError> {
    let (target, argocd, client) = reach(workspace, &args.cluster).await?;
    let managed = cluster::argocd_of_eks(&target.aws, &target.cluster).await;
    if let Some(name) = managed.map_err(|error| CommandError::failed(error, None))? {
        return Err(failed(argocd::ArgoCdError::Managed { name }));
    }
    workspace.home()?;
    let cache = workspace.argocd_cache();
    let others =
        other_clusters(workspace, &target.cluster.label, &argocd, &args.cluster.tools.tools()).await?;
    for other in others.iter().filter(|other| other.access.is_none()) {
        let label = &other.label;
        ui.say(&format!("cluster {label} is not there yet, and is registered by a later bootstrap"));
    }
    let spec = bootstrap_spec(&target.cluster, &argocd, None, others, cache).await;
    let mut spec = spec.map_err(|error| CommandError::failed(error, None))?;
    spec.force = args.force;
    spec.downgrade = args.allow_downgrade;
    if args.dry_run || args.export.is_some() {
        let rehearsal = argocd::rehearse(client, &spec).await.map_err(failed)?;
        return match &args.export {
            Some(folder) => exported(ui, folder, &rehearsal.steps),
            None => rehearsed(ui, &rehearsal),
        };
    }
    let progress = move |line: String| ui.say(&line);
    let changes = argocd::bootstrap(client.clone(), &spec, &progress).await.map_err(failed)?;
    let timeout = seconds(args.timeout).or(argocd.install_timeout).unwrap_or(AVAILABLE);
    let available = argocd::wait_available(client, &argocd.namespace, &spec.manifest, timeout, &progress);
    available.await.map_err(failed)?;
    ui.answer(&installed(&argocd, &changes))?;
    Ok(Exit::Done)
}

/// Shows what a bootstrap would do.
fn rehearsed(ui: Ui, rehearsal: &Rehearsal) -> Result<Exit, CommandError> {
    let mut text = String::new();
    for line in rehearsal.upgrade.iter().flat_map(argocd::Upgrade::lines) {
        text.push_str(&line);
        text.push('\n');
    }
    let mut changes = Changes::default();
    for step in &rehearsal.steps {
        changes.count(step.change);
        let sign = match step.change {
            Change::Created => "+",
            Change::Changed => "~",
            Change::Unchanged => continue,
        };
        let by_hand =
            step.by_hand.as_ref().map(|by| format!("  (changed by hand: {by})")).unwrap_or_default();
        let title = shown::name(&format!("{}{by_hand}", step.label())).into_owned();
        text = format!("{text}{sign} {title}\n{}", step.difference);
    }
    let mut removed = String::new();
    for label in rehearsal.removed() {
        text = format!("{text}- {}\n", shown::name(&label));
        removed = format!(", {} removed", rehearsal.leftover.len());
    }
    let Changes { created, changed, unchanged, .. } = changes;
    ui.answer(&format!(
        "{text}{created} would be created, {changed} changed{removed}, {unchanged} are as they should be"
    ))?;
    Ok(Exit::Done)
}

/// Writes the objects, a file each, in the order in which they are applied.
fn exported(ui: Ui, folder: &Path, steps: &[Step]) -> Result<Exit, CommandError> {
    let wrong = |error: FileError| CommandError::failed(error, None);
    let root = Root::own(folder).map_err(wrong)?;
    for (number, step) in steps.iter().enumerate() {
        let name = step.label().to_lowercase().replace([' ', '/', ':'], "-");
        let file = format!("{number:02}-{name}.yaml");
        root.write(Path::new(&file), step.open_text().as_bytes(), EVERYBODY).map_err(wrong)?;
    }
    ui.answer(&format!(
        "{} objects in {}; what is secret in them is left out",
        steps.len(),
        folder.display()
    ))?;
    Ok(Exit::Done)
}

async fn status(ui: Ui, workspace: &Workspace, args: &StatusArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.cluster).await?;
    let left_out = args.left_out.with(&argocd)?;
    let applications = argocd::status(client.clone(), &argocd.namespace).await.map_err(failed)?;
    let drift = argocd::drift(client, &applications).await.map_err(failed)?;
    match ui.format() {
        Format::Json => ui.json(&json!({ "applications": applications, "drift": drift }))?,
        Format::Text => ui.answer(&format!("{}{}", table(&applications), kept(&drift)))?,
    }
    let counts = |one: &&ApplicationStatus| !left_out.has(&one.facts.traits(&one.name));
    let mut counted = applications.iter().filter(counts);
    let has_drifted =
        drift.iter().any(|drift| counted.clone().any(|application| application.name == drift.application));
    let green = counted.all(|application| application.not_green(None).is_none());
    Ok(match (green, has_drifted) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Drifted,
        (true, false) => Exit::Done,
    })
}

async fn wait(ui: Ui, workspace: &Workspace, args: &WaitArgs) -> Result<Exit, CommandError> {
    let (_, argocd, client) = reach(workspace, &args.cluster).await?;
    let left_out = args.left_out.with(&argocd)?;
    let timeout = seconds(args.timeout).or(argocd.sync_timeout).unwrap_or(GREEN);
    let tip = Tip { left_out: &left_out, ends_old_syncs: args.end_old_syncs, timeout, before: &[] };
    let applications = wait_for_tip(ui, client, &argocd, &tip).await?;
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
    let timeout = seconds(args.timeout).or(argocd.removal_timeout).unwrap_or(GONE);
    let removed = remove(client, &argocd, workspace.argocd_cache(), timeout, &progress).await;
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
        let argocd::Drift { application, resource, field, manager, live, wanted } = one;
        let is = live.as_ref().map(|live| format!(" = {live}")).unwrap_or_default();
        let wants = match wanted {
            Some(wanted) => format!("was applied as {wanted}"),
            None => "Git does not know".to_owned(),
        };
        let text = format!("{application}: {resource} has {field}{is}, which {manager} set and {wants}");
        format!("! {}\n", shown::name(&text))
    };
    drift.iter().map(line).collect()
}

fn seconds(seconds: Option<u64>) -> Option<Duration> {
    seconds.map(Duration::from_secs)
}

fn failed(error: argocd::ArgoCdError) -> CommandError {
    match error {
        argocd::ArgoCdError::Downgrade { .. } => CommandError::refused(error.to_string(), ""),
        error => CommandError::failed(error, None),
    }
}

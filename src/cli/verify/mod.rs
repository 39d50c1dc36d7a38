//! `slipway verify`: is this EKS cluster usable, or ready to be upgraded; one of them, or all.

mod watch;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::global::{FormatFlag, Global, ToolArgs};
use crate::cluster::Places;
use crate::launch::{Asked, CommandError, Target, Workspace, ask, ask_all, ask_found, place};
use crate::project::Needs;
use crate::report::verification::{self, Verified};
use crate::ui::Ui;

/// What it writes.
pub const FORMATS: &[FormatFlag] =
    &[FormatFlag::Text, FormatFlag::Json, FormatFlag::Junit, FormatFlag::Markdown, FormatFlag::Sarif];

/// Check whether an EKS cluster is usable, or ready to be upgraded
///
/// Asks EKS, IAM, EC2 and the cluster itself, with a token minted here; no AWS CLI and no kubeconfig is needed.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct VerifyArgs {
    /// The cluster's label in slipway.hcl, by default the only one
    cluster: Option<String>,

    /// How long to wait for what may still come, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,

    /// Ask whether it is ready to be upgraded to a version, such as 1.34, and what stands against it
    #[arg(long = "for", value_name = "VERSION", value_parser = kubernetes, conflicts_with = "timeout")]
    target: Option<String>,

    /// Look for removed APIs in the manifests of this folder [default: the repository in slipway.hcl]
    #[arg(long = "manifests", value_name = "DIR", requires = "target")]
    manifests_dir: Option<PathBuf>,

    /// Have a pod scheduled and run on it, and remove it again
    #[arg(long, conflicts_with_all = ["target", "all", "discover"])]
    probe: bool,

    /// Look again and again, and tell each time how far it has come, until it is usable or cannot become so
    #[arg(long, conflicts_with_all = ["target", "all", "discover"])]
    watch: bool,

    /// How often to look with --watch, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,

    /// All clusters of slipway.hcl, as one table
    #[arg(long, conflicts_with = "cluster")]
    all: bool,

    /// All clusters that EKS lists in the accounts and regions, as one table
    #[arg(long, conflicts_with_all = ["cluster", "all"])]
    discover: bool,

    /// An account to look into with --discover, by the role [default: that of the credentials]
    #[arg(long = "account", value_name = "ID", value_delimiter = ',', requires = "discover", requires = "role", value_parser = account)]
    accounts: Vec<String>,

    /// The role to assume in each account, by its name
    #[arg(long, value_name = "NAME", requires = "accounts")]
    role: Option<String>,

    /// A region to look into with --discover [default: the environment's]
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',', requires = "discover")]
    regions: Vec<String>,

    /// How many clusters are asked at once
    #[arg(short = 'j', long, value_name = "N", env = "SLIPWAY_PARALLELISM", default_value = "8")]
    parallelism: NonZeroUsize,

    #[command(flatten)]
    tools: ToolArgs,
}

/// Verifies, and prints every check.
pub async fn cmd_verify(ui: Ui, global: &Global, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let progress = move |line: String| ui.say(&line);
    if args.discover {
        let places = Places {
            accounts: args.accounts.clone(),
            role: args.role.clone(),
            regions: args.regions.clone(),
            at_once: args.parallelism.get(),
        };
        let asked = asked(args, None);
        let verified = Box::pin(ask_found(&places, &asked, &progress)).await;
        return tell_many(ui, global.format, &verified, &asked);
    }
    let workspace = Workspace::open(ui, &global.invocation(), Needs::CLUSTERS)?;
    let tools = args.tools.tools();
    let asked = asked(args, Some(&workspace));
    if args.all {
        let at_once = args.parallelism.get();
        let verified = Box::pin(ask_all(&workspace, &tools, &asked, at_once, &progress)).await;
        return tell_many(ui, global.format, &verified, &asked);
    }
    let target = Target::find(&workspace, args.cluster.as_deref(), &tools).await?;
    let place = place(&workspace, &target.cluster.label);
    if args.watch {
        return watch::watch(ui, global.format, &target, place, args).await;
    }
    let answer = Box::pin(ask(&target, &asked, &progress)).await;
    let answer = answer.map_err(|error| CommandError::failed(error, None))?;
    let summary = answer.summary();
    let verified = Verified { label: target.cluster.label.clone(), place, answer: Ok(answer) };
    write(ui, global.format, &verified)?;
    if global.format == FormatFlag::Text {
        ui.say(&summary);
    }
    Ok(if verified.passed() { Exit::Done } else { Exit::Failed })
}

fn asked(args: &VerifyArgs, workspace: Option<&Workspace>) -> Asked {
    match &args.target {
        Some(version) => {
            let folder = args.manifests_dir.as_ref();
            let from = |folder: &PathBuf| {
                workspace.map_or_else(|| folder.clone(), |workspace| workspace.working_dir.join(folder))
            };
            Asked::ReadyFor { version: version.clone(), manifests: folder.map(from) }
        }
        None => Asked::Usable { timeout: Duration::from_secs(args.timeout), probe: args.probe },
    }
}

/// A version as EKS writes it.
fn kubernetes(text: &str) -> Result<String, String> {
    let minor = text.strip_prefix("1.").and_then(|minor| minor.parse::<u16>().ok());
    minor.map(|minor| format!("1.{minor}")).ok_or_else(|| "write it like 1.34".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_one { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

fn write(ui: Ui, format: FormatFlag, verified: &Verified) -> Result<(), CommandError> {
    let alone = std::slice::from_ref(verified);
    let Ok(answer) = &verified.answer else { return Ok(()) };
    match format {
        FormatFlag::Json => ui.json(&verification::as_json(answer))?,
        FormatFlag::Sarif => ui.json(&verification::sarif(alone))?,
        FormatFlag::Junit => ui.answer(&verification::junit(alone))?,
        FormatFlag::Markdown => ui.answer(&verification::markdown(alone))?,
        _ => ui.answer(&verification::as_text(answer))?,
    }
    Ok(())
}

fn tell_many(ui: Ui, format: FormatFlag, all: &[Verified], asked: &Asked) -> Result<Exit, CommandError> {
    match format {
        FormatFlag::Json => ui.json(&verification::many_as_json(all))?,
        FormatFlag::Sarif => ui.json(&verification::sarif(all))?,
        FormatFlag::Junit => ui.answer(&verification::junit(all))?,
        FormatFlag::Markdown => ui.answer(&verification::markdown(all))?,
        _ => {
            if !all.is_empty() {
                ui.answer(&verification::many_as_text(all))?;
            }
            let passed = all.iter().filter(|verified| verified.passed()).count();
            let good = match asked {
                Asked::Usable { .. } => "usable".to_owned(),
                Asked::ReadyFor { version, .. } => format!("ready for {version}"),
            };
            ui.say(&format!("{passed} of {} clusters are {good}", all.len()));
        }
    }
    Ok(if all.iter().all(Verified::passed) { Exit::Done } else { Exit::Failed })
}

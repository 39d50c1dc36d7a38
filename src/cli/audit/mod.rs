//! `slipway audit`: who changed what, when, and through what; what ran at a time; how often and how fast: from Git alone.

mod moment;
mod records;
mod sources;
mod summary;

use clap::Args;

use self::sources::{Source, Sources};
use super::exit::Exit;
use super::global::{FormatFlag, Global};
use super::image::{RepositoryArgs, failed, open};
use super::moment::Moment;
use crate::gitops::{AuditFilter, Reach, audit, running_at};
use crate::launch::CommandError;
use crate::ui::Ui;

/// What it writes.
pub const FORMATS: &[FormatFlag] = &[FormatFlag::Text, FormatFlag::Json, FormatFlag::Csv];

/// Show who changed which image, when and through what
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    /// These applications only
    #[arg(long = "app", value_name = "APP")]
    apps: Vec<String>,

    /// What came to the branch since this time, like 2026-11-29T10:00Z or 90d
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,

    /// What came to it before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,

    /// What somebody had a part in: a piece of a name or an address
    #[arg(long, value_name = "TEXT")]
    by: Option<String>,

    /// What every application ran at this time, instead of what was changed
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until", "by", "summary"])]
    at: Option<Moment>,

    /// Numbers of each application: deployments, lead time, rollbacks, time to restore
    #[arg(long)]
    summary: bool,

    /// Where an application's source is, a clone or an address, to know when its commits were made
    #[arg(long = "source", value_name = "APP=DIR|URL", requires = "summary")]
    sources: Vec<Source>,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Shows it.
pub async fn cmd_audit(ui: Ui, global: &Global, args: &AuditArgs) -> Result<Exit, CommandError> {
    let filter = AuditFilter {
        apps: args.apps.iter().cloned().collect(),
        since: args.since.map(|time| past(time, "--since")).transpose()?,
        until: args.until.map(|time| past(time, "--until")).transpose()?,
        by: args.by.clone(),
    };
    let at = args.at.map(|time| past(time, "--at")).transpose()?;
    let (workspace, repository) = open(ui, global, &args.repository, false, Reach::All).await?;
    if repository.is_shallow() {
        ui.warn("the repository is a shallow clone: what was done before its first commit is not seen");
    }
    let root = args.repository.manifests.as_str();
    if let Some(time) = at {
        let found = running_at(&repository, root, time.as_second()).await.map_err(failed)?;
        let found = found.ok_or_else(|| {
            let message = format!("{} has no commit that was made by {time}", repository.branch());
            CommandError::failed(message, Some("name a later time".to_owned()))
        })?;
        moment::show(ui, global.format, time, &found, &filter.apps)?;
        return Ok(Exit::Done);
    }
    let all = audit(&repository, root).await.map_err(failed)?.records;
    let chosen: Vec<_> = all.iter().filter(|record| filter.fits(record, root)).cloned().collect();
    if args.summary {
        let home = workspace.home().ok();
        let places = (workspace.working_dir.as_path(), home);
        let sources = Sources::of(ui, &args.sources, places, (&chosen, root)).await;
        summary::show(ui, global.format, (&chosen, &all, root), (filter.since, filter.until), &sources)?;
    } else {
        records::show(ui, global.format, &chosen, root)?;
    }
    Ok(Exit::Done)
}

fn past(time: Moment, flag: &str) -> Result<jiff::Timestamp, CommandError> {
    time.past().ok_or_else(|| CommandError::usage(format!("{flag} is too long ago"), "name a later time"))
}

//! `slipway ci overlaps`: the units that several open requests change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::job::Job;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::selection::SelectionArgs;
use crate::estate::filter::{FileOwners, Situation};
use crate::forge::{Forge, MOST_OPEN, OpenRequest};
use crate::launch::{CommandError, Workspace, inside, whole};
use crate::project::Needs;
use crate::support::environment::variable;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// In a job of a pull request: name the units that other open requests change as well
///
/// What is applied first makes the plans of the other one old, so it is said before anything is planned, with the request that is open. The units of this one are those that are selected, by --affected those that it changes; those of the others are told from the names of the files that they change. On GitHub by `GITHUB_TOKEN`, on GitLab by `SLIPWAY_GITLAB_TOKEN`.
#[derive(Args, Clone, Debug)]
pub(super) struct OverlapsArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// Exit with 5 where there are any
    #[arg(long)]
    refuse: bool,
}

/// A unit, and who else changes it.
#[derive(Serialize)]
struct Overlap<'a> {
    unit: &'a str,
    requests: Vec<Other<'a>>,
}

impl<'a> Overlap<'a> {
    fn of(unit: &'a str, requests: &[&'a OpenRequest]) -> Self {
        let other = |request: &&'a OpenRequest| Other {
            number: request.number,
            title: &request.title,
            author: &request.author,
            url: &request.url,
        };
        Self { unit, requests: requests.iter().map(other).collect() }
    }
}

#[derive(Serialize)]
struct Other<'a> {
    number: u64,
    title: &'a str,
    author: &'a str,
    url: &'a str,
}

pub(super) async fn cmd_overlaps(ui: Ui, global: &Global, args: &OverlapsArgs) -> Result<Exit, CommandError> {
    let job = Job::of(&variable).and_then(|job| Some((job.request?, job)));
    let Some((request, job)) = job else {
        ui.say("this is no job of a pull request: nobody is asked");
        return Ok(Exit::Done);
    };
    let token = job.token()?;
    let Some(base) = job.base.clone() else {
        return Err(CommandError::usage(
            "the branch that the request is for is not known",
            "GITHUB_BASE_REF or CI_MERGE_REQUEST_TARGET_BRANCH_NAME says it in a job of one",
        ));
    };
    let workspace = Workspace::open(ui, &global.invocation(), Needs::ESTATE)?;
    let reader = workspace.reader("plan");
    let (estate, _) = whole(&workspace, &reader);
    if estate.has_errors() {
        return Err(CommandError::Configuration(estate.diagnostics));
    }
    let selected = match args.selection.selectors().select(ui, &workspace, &estate, &reader)? {
        Some(matched) => matched.selected.units,
        None => inside(&estate),
    };
    let forge = Forge::of(&job.place(&variable)?, token);
    let open = forge.open_for(&base, request).await;
    let open = open.map_err(|error| CommandError::failed(error, None))?;
    let situation = Situation::new(&estate, &reader)
        .map_err(|diagnostic| CommandError::Configuration(vec![*diagnostic]))?;
    let owners = FileOwners::of(&situation);
    let mut units: BTreeMap<String, Vec<&OpenRequest>> = BTreeMap::new();
    for request in &open {
        for unit in owners.units(&request.files).intersection(&selected) {
            units.entry(estate.name(*unit)).or_default().push(request);
        }
    }
    if open.len() + 1 >= MOST_OPEN {
        ui.say(&format!("only the {MOST_OPEN} requests were looked at that were touched last"));
    }
    tell(ui, &units)?;
    Ok(if args.refuse && !units.is_empty() { Exit::Refused } else { Exit::Done })
}

fn tell(ui: Ui, units: &BTreeMap<String, Vec<&OpenRequest>>) -> Result<(), CommandError> {
    if ui.format() == Format::Json {
        let all: Vec<Overlap<'_>> =
            units.iter().map(|(unit, requests)| Overlap::of(unit, requests)).collect();
        return Ok(ui.json(&all)?);
    }
    if units.is_empty() {
        ui.say("no other open request changes these units");
        return Ok(());
    }
    let mut text = String::new();
    for (unit, requests) in units {
        for OpenRequest { number, title, author, url, .. } in requests {
            let [title, author, url] = [title, author, url].map(|said| shown::one_line(said));
            let line = format!("{unit}  #{number} by {author}: {title}  {url}");
            let _infallible = writeln!(text, "{}", shown::name(&line));
        }
    }
    ui.answer(&text)?;
    let count = units.len();
    ui.warn(&format!("other open requests change {count} of these units as well: what is applied first makes the plans of the others old"));
    Ok(())
}

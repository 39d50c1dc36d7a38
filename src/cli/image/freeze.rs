//! `slipway image freeze`.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::origin::source;
use super::rehearsing;
use super::repository::{RepositoryArgs, failed, open};
use crate::cli::global::Global;
use crate::cli::moment::Moment;
use crate::gitops::{FreezeOptions, FreezeWindow, Hold, Reach, freeze, holding, lift};
use crate::launch::CommandError;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct FreezeArgs {
    /// The applications, * for every one; without any, all that is frozen is listed
    #[arg(value_name = "APP")]
    apps: Vec<String>,

    /// Why, for whoever is refused
    #[arg(long, value_name = "TEXT", requires = "apps")]
    reason: Option<String>,

    /// When it ends by itself, like 2026-12-01T08:00Z or 3d from now
    #[arg(long, value_name = "TIME", requires = "reason")]
    until: Option<Moment>,

    /// Lift it, and what a rollback froze
    #[arg(long, conflicts_with_all = ["reason", "until"], requires = "apps")]
    lift: bool,

    /// Say what would be committed, and push nothing
    #[arg(long, requires = "apps")]
    dry_run: bool,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Freezes, lifts or lists.
pub(super) async fn hold(ui: Ui, global: &Global, args: &FreezeArgs) -> Result<(), CommandError> {
    if !args.apps.is_empty()
        && !args.lift
        && args.reason.as_ref().is_none_or(|reason| reason.trim().is_empty())
    {
        return Err(CommandError::usage(
            "a freeze needs a reason",
            "add --reason TEXT, or --lift to lift one",
        ));
    }
    let now = Timestamp::now();
    let until = args.until.map(|until| until.to_come().filter(|until| *until > now));
    let until = until.map(|until| {
        until.ok_or_else(|| {
            CommandError::usage("--until is no time to come", "write it like 2026-12-01T08:00Z or 3d")
        })
    });
    let until = until.transpose()?;
    let (_, mut repository) = open(ui, global, &args.repository, false, Reach::All).await?;
    let root = args.repository.manifests.as_str();
    if repository.is_shallow() {
        ui.warn("the repository is a shallow clone: freezes from before its first commit are not seen");
    }
    if args.apps.is_empty() {
        let holds = holding(&repository, root).await.map_err(failed)?;
        let windows = repository.windows_open();
        return list(ui, root, &holds, &windows);
    }
    if args.dry_run {
        repository.only_rehearse();
    }
    let as_done = |hold: &Hold| {
        let mut object = object(hold, root);
        if let Some(object) = object.as_object_mut().filter(|_| args.dry_run) {
            object.insert("dry_run".to_owned(), json!(true));
        }
        object
    };
    if args.lift {
        let mut lifted = Vec::new();
        for app in &args.apps {
            let of_app = lift(&mut repository, root, app, source().as_deref()).await.map_err(failed)?;
            if of_app.is_empty() {
                ui.say(&format!("{app} is not frozen"));
            } else {
                rehearsing::show(ui, &repository)?;
            }
            for hold in &of_app {
                let lifted = if args.dry_run { "would be lifted" } else { "lifted" };
                ui.say(&format!("{lifted}: {}", described(hold, root)));
            }
            lifted.extend(of_app);
        }
        return answer(ui, &lifted.iter().map(as_done).collect::<Vec<_>>());
    }
    let options = FreezeOptions { reason: args.reason.clone().unwrap_or_default(), until, source: source() };
    let frozen = freeze(&mut repository, root, &args.apps, &options).await.map_err(failed)?;
    rehearsing::show(ui, &repository)?;
    let frozen: Vec<Hold> = frozen.into_iter().map(Hold::Freeze).collect();
    for hold in frozen.iter().filter(|_| !args.dry_run) {
        ui.say(&described(hold, root));
    }
    answer(ui, &frozen.iter().map(as_done).collect::<Vec<_>>())
}

fn list(ui: Ui, root: &str, holds: &[Hold], windows: &[(FreezeWindow, String)]) -> Result<(), CommandError> {
    if ui.format() == Format::Json {
        let mut objects: Vec<Value> = holds.iter().map(|hold| object(hold, root)).collect();
        objects.extend(windows.iter().map(|(window, until)| {
            json!({
                "app": window.apps.join(", "), "kind": "window", "reason": window.name, "since": null, "until": until,
                "by": window.place, "commit": null, "container": null,
            })
        }));
        return answer(ui, &objects);
    }
    if holds.is_empty() && windows.is_empty() {
        ui.say("nothing is frozen");
    }
    let mut lines: Vec<String> = holds.iter().map(|hold| described(hold, root)).collect();
    lines.extend(windows.iter().map(|(window, until)| {
        format!(
            "{}: in the freeze window \"{}\" ({}) until {until}",
            window.apps.join(", "),
            window.name,
            window.place
        )
    }));
    let lines: Vec<String> = lines.iter().map(|line| shown::name(line).to_string()).collect();
    Ok(ui.answer(&lines.join("\n"))?)
}

fn answer(ui: Ui, objects: &[Value]) -> Result<(), CommandError> {
    if ui.format() == Format::Json { Ok(ui.json(&objects)?) } else { Ok(()) }
}

fn described(hold: &Hold, root: &str) -> String {
    let app = hold.app(root);
    match hold {
        Hold::Freeze(freeze) => {
            let until = freeze.until.map_or_else(String::new, |until| format!(" until {until}"));
            let commit = short(&freeze.commit);
            format!(
                "{app}: frozen since {}{until} by {}, commit {commit}: {}",
                freeze.since, freeze.by, freeze.reason
            )
        }
        Hold::Rollback { container, from, since, by, commit, .. } => {
            format!("{app}: {container} rolled back from {from} on {since} by {by}, commit {}", short(commit))
        }
    }
}

fn object(hold: &Hold, root: &str) -> Value {
    let app = hold.app(root);
    match hold {
        Hold::Freeze(freeze) => json!({
            "app": app, "kind": "freeze", "reason": freeze.reason, "since": freeze.since,
            "until": freeze.until.map(|until| until.to_string()), "by": freeze.by,
            "commit": Some(&freeze.commit).filter(|commit| !commit.is_empty()),
            "container": null,
        }),
        Hold::Rollback { container, from, since, by, commit, .. } => json!({
            "app": app, "kind": "rollback", "reason": format!("rolled back from {from}"), "since": since,
            "until": null, "by": by, "commit": commit, "container": container,
        }),
    }
}

//! `slipway image diff`.

use clap::Args;
use serde_json::json;

use super::repository::{RepositoryArgs, failed, open};
use super::table::table;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::gitops::{AppImage, Difference, Reach, Verdict, compare};
use crate::launch::CommandError;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct DiffArgs {
    /// The folder of an environment in the repository
    #[arg(value_name = "DIR")]
    from: String,

    /// The folder of another one
    #[arg(value_name = "DIR")]
    to: String,

    /// Exit with 2 where they differ
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Compares two environments.
pub(super) async fn diff(ui: Ui, global: &Global, args: &DiffArgs) -> Result<Exit, CommandError> {
    let (_, repository) = open(ui, global, &args.repository, false, Reach::Newest).await?;
    let (all, problems) = compare(&repository, &args.from, &args.to).await.map_err(failed)?;
    for problem in &problems {
        ui.warn(&problem.to_string());
    }
    show(ui, &all, (&args.from, &args.to))?;
    let differs = all.iter().any(|one| one.verdict != Verdict::Same);
    Ok(if differs && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
}

/// Shows the differences: as a table those that are some, as JSON all.
pub(super) fn show(ui: Ui, all: &[Difference], (here, there): (&str, &str)) -> Result<(), CommandError> {
    if ui.format() == Format::Json {
        let side = |image: &Option<AppImage>| {
            image
                .as_ref()
                .map(|image| json!({ "image": image.image, "file": image.file, "line": image.line }))
        };
        let object = |one: &Difference| {
            json!({
                "app": one.app, "container": one.container, "verdict": one.verdict.word(),
                "here": side(&one.here), "there": side(&one.there),
            })
        };
        return Ok(ui.json(&all.iter().map(object).collect::<Vec<_>>())?);
    }
    let differing = all.iter().filter(|one| one.verdict != Verdict::Same);
    let text = |image: &Option<AppImage>| image.as_ref().map_or("-", |image| &image.image).to_owned();
    let row = |one: &Difference| {
        [
            one.app.clone(),
            one.container.clone(),
            text(&one.here),
            text(&one.there),
            one.verdict.word().to_owned(),
        ]
    };
    let mut rows: Vec<[String; 5]> = differing.map(row).collect();
    let same = all.len() - rows.len();
    if !rows.is_empty() {
        let head = ["APP", "CONTAINER", here, there, here];
        rows.insert(0, head.map(str::to_owned));
    }
    ui.answer(&table(&rows))?;
    ui.say(&format!("{same} of {} are the same", all.len()));
    Ok(())
}

//! `slipway image history`.

use clap::Args;
use serde_json::json;

use super::repository::{RepositoryArgs, failed, open};
use crate::cli::global::Global;
use crate::gitops::{ImageRecord, RecordKind, history};
use crate::launch::CommandError;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::{Format, Ui};

/// Its arguments.
#[derive(Args, Clone, Debug)]
pub(super) struct HistoryArgs {
    /// The application
    app: String,

    /// How many entries at most
    #[arg(long, default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    repository: RepositoryArgs,
}

/// Shows it.
pub(super) async fn show_history(ui: Ui, global: &Global, args: &HistoryArgs) -> Result<(), CommandError> {
    let (_, repository) = open(ui, global, &args.repository, false).await?;
    let records =
        history(&repository, &args.repository.manifests, &args.app, args.limit).await.map_err(failed)?;
    if repository.is_shallow() {
        ui.warn("the repository is a shallow clone: what was done before its first commit is not seen");
    }
    if ui.format() == Format::Json {
        let record = |record: &ImageRecord| {
            json!({
                "commit": record.commit, "when": record.when, "author": record.author, "kind": word(&record.kind),
                "container": record.container, "image": record.image, "previous": record.previous,
                "source": record.source,
            })
        };
        return Ok(ui.json(&records.iter().map(record).collect::<Vec<_>>())?);
    }
    if records.is_empty() {
        ui.say(&format!("nothing was done to the images of {} yet", args.app));
    }
    let line = |record: &ImageRecord| {
        let commit = short(&record.commit);
        let ImageRecord { when, author, previous, image, .. } = record;
        let line = format!("{commit}  {when}  {:<9} {previous} → {image}  {author}", word(&record.kind));
        format!("{}\n", shown::name(&line))
    };
    Ok(ui.answer(&records.iter().map(line).collect::<String>())?)
}

fn word(kind: &RecordKind) -> &'static str {
    match kind {
        RecordKind::Bump => "bump",
        RecordKind::Promotion { .. } => "promotion",
        RecordKind::Rollback { .. } => "rollback",
        RecordKind::Unfreeze { .. } => "unfreeze",
    }
}

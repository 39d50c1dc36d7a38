//! `slipway image history`.

use clap::Args;
use serde_json::json;

use super::repository::{RepositoryArgs, failed, open};
use crate::cli::global::Global;
use crate::gitops::{ImageRecord, Reach, history};
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
    let (_, repository) = open(ui, global, &args.repository, false, Reach::All).await?;
    let records =
        history(&repository, &args.repository.manifests, &args.app, args.limit).await.map_err(failed)?;
    if repository.is_shallow() {
        ui.warn("the repository is a shallow clone: what was done before its first commit is not seen");
    }
    if ui.format() == Format::Json {
        let record = |record: &ImageRecord| {
            let review = &record.review;
            json!({
                "commit": record.commit, "when": record.when, "author": record.author, "kind": record.kind.word(),
                "container": record.container, "image": record.image, "previous": record.previous,
                "source": record.source, "request": review.request, "merge": review.merge,
                "merged_by": review.merged_by, "approved_by": review.approved_by, "co_authors": review.co_authors,
                "untrue": record.untrue,
            })
        };
        return Ok(ui.json(&records.iter().map(record).collect::<Vec<_>>())?);
    }
    if records.is_empty() {
        ui.say(&format!("nothing was done to the images of {} yet", args.app));
    }
    let line = |record: &ImageRecord| {
        let commit = short(&record.commit);
        let ImageRecord { when, author, .. } = record;
        let mut line = format!("{commit}  {when}  {:<9} {}  {author}", record.kind.word(), change(record));
        if let Some(request) = &record.review.request {
            line = format!("{line}, {request}");
        }
        if !record.review.approved_by.is_empty() {
            line = format!("{line}, approved by {}", record.review.approved_by.join(" and "));
        }
        if let Some(untrue) = &record.untrue {
            line = format!("{line}  (not true: {untrue})");
        }
        format!("{}\n", shown::name(&line))
    };
    Ok(ui.answer(&records.iter().map(line).collect::<String>())?)
}

/// The image before and since; one that came or went has one of them.
pub(in crate::cli) fn change(record: &ImageRecord) -> String {
    match (record.previous.as_str(), record.image.as_str()) {
        ("", image) => format!("{image} (new)"),
        (previous, "") => format!("{previous} (gone)"),
        (previous, image) => format!("{previous} → {image}"),
    }
}

//! What ran at a time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::global::FormatFlag;
use crate::gitops::{ImageRecord, Moment, RunningImage};
use crate::launch::CommandError;
use crate::report::csv::csv;
use crate::support::git::short;
use crate::support::shown;
use crate::ui::Ui;

const HEAD: [&str; 9] =
    ["app", "container", "image", "file", "line", "set_by", "set_at", "set_in", "request"];

/// Shows it.
pub(super) fn show(
    ui: Ui,
    format: FormatFlag,
    time: Timestamp,
    moment: &Moment,
    apps: &BTreeSet<String>,
) -> Result<(), CommandError> {
    let meant = |one: &&RunningImage| apps.is_empty() || apps.contains(&one.image.app);
    let objects: Vec<Value> = moment.images.iter().filter(meant).map(object).collect();
    let text = |object: &Value, name: &str| match &object[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match format {
        FormatFlag::Json => {
            ui.json(&json!({ "at": time.to_string(), "commit": moment.commit, "images": objects }))?;
        }
        FormatFlag::Csv => {
            let row = |object: &Value| HEAD.iter().map(|name| text(object, name)).collect();
            ui.raw(&csv(&HEAD, &objects.iter().map(row).collect::<Vec<Vec<String>>>()))?;
        }
        _ => {
            ui.say(&format!("the branch at {time}, commit {}", short(&moment.commit)));
            let line = |object: &Value| {
                let [app, container, image, by, at, commit] =
                    ["app", "container", "image", "set_by", "set_at", "set_in"]
                        .map(|name| text(object, name));
                let set = if commit.is_empty() {
                    "since when is not known".to_owned()
                } else {
                    format!("since {at} by {by}, commit {}", short(&commit))
                };
                format!("{}\n", shown::name(&format!("{app}  {container}  {image}  {set}")))
            };
            ui.answer(&objects.iter().map(line).collect::<String>())?;
        }
    }
    Ok(())
}

fn object(RunningImage { image, set }: &RunningImage) -> Value {
    let container = format!("{}/{}/{}", image.kind, image.workload, image.container);
    json!({
        "app": image.app, "container": container, "image": image.image, "file": image.file, "line": image.line,
        "set_by": set.as_ref().map(|record| &record.author), "set_at": set.as_ref().map(ImageRecord::landed),
        "set_in": set.as_ref().map(|record| &record.commit),
        "request": set.as_ref().and_then(|record| record.review.request.as_ref()),
    })
}

//! What the runner of a pipeline is told of a run beside what people read: what failed, at its file, and what later steps may
//! ask for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::workspace::Workspace;
use crate::hcl::diagnostic::Severity;
use crate::report::model::{Row, Summary};
use crate::report::step_outputs::step_outputs;
use crate::run::event::{NodeKind, Outcome, Verdict};
use crate::support::fs::FileError;
use crate::support::unit_name;
use crate::terragrunt::paths::unit_file;
use crate::ui::{Annotation, MOST_ANNOTATIONS, Ui, is_on_runner};

/// Tells it, where there is one.
pub fn tell(ui: Ui, workspace: &Workspace, summary: &Summary) {
    if !is_on_runner() {
        return;
    }
    for row in summary.nodes.iter().filter(|row| row.has_failed()).take(MOST_ANNOTATIONS) {
        failed(ui, workspace, row);
    }
    let warned = summary.nodes.iter().flat_map(|row| {
        let judgements = row.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Warned);
        judgements.flat_map(move |judgement| {
            judgement.messages.iter().map(move |message| (row, judgement, message))
        })
    });
    for (row, judgement, message) in warned.take(MOST_ANNOTATIONS) {
        let file = file(workspace, row);
        ui.annotate(Annotation {
            severity: Severity::Warning,
            place: file.as_deref().map(|file| (file, None)),
            title: &format!("{}: {}", row.name, judgement.policy),
            message,
            help: None,
        });
    }
    let Some(file) = std::env::var_os("GITHUB_OUTPUT").filter(|file| !file.is_empty()) else { return };
    if let Err(error) = append(workspace, Path::new(&file), &step_outputs(summary)) {
        ui.warn(&format!("what later steps may ask for could not be written to GITHUB_OUTPUT: {error}"));
    }
}

/// Adds to a file that the runner named.
fn append(workspace: &Workspace, file: &Path, text: &str) -> Result<(), FileError> {
    let (folder, below) = workspace.named(file)?.folder()?;
    let written = folder.append(&below)?.write_all(text.as_bytes());
    written.map_err(FileError::on("write", file))
}

fn failed(ui: Ui, workspace: &Workspace, row: &Row) {
    let (message, help) = match &row.outcome {
        Some(Outcome::Failed { message, advice }) => (message, advice.as_deref()),
        Some(Outcome::Refused { message }) => (message, None),
        _ => return,
    };
    let file = file(workspace, row);
    let place = file.as_deref().map(|file| (file, None));
    ui.annotate(Annotation { severity: Severity::Error, place, title: &row.name, message, help });
}

/// The file by which a unit is shown; gates have none.
fn file(workspace: &Workspace, row: &Row) -> Option<PathBuf> {
    if row.kind != NodeKind::Unit {
        return None;
    }
    let file = unit_file(&unit_name::dir(&workspace.project.estate_root, &row.name));
    file.is_file().then_some(file)
}

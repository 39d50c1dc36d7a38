//! `slipway argocd diff --revision`: what a revision that nobody has merged yet would do.

use super::acts::DiffArgs;
use super::{failed, reach};
use crate::argocd::{self, PreviewSpec, State};
use crate::cli::exit::Exit;
use crate::launch::{CommandError, Workspace};
use crate::report::preview as report;
use crate::support::confined::PRIVATE;
use crate::support::git::GitRemote;
use crate::ui::{Format, Ui};

/// Renders the applications as they are and as they would be, and shows what differs.
pub(super) async fn preview(
    ui: Ui,
    workspace: &Workspace,
    args: &DiffArgs,
    revision: &str,
) -> Result<Exit, CommandError> {
    if revision.is_empty() || revision.starts_with('-') {
        return Err(CommandError::usage("--revision names no revision", "name a branch, a tag or a commit"));
    }
    let file = args.report_markdown.as_ref().map(|file| workspace.named(file)).transpose()?;
    let (_, argocd, client) = reach(workspace, &args.on.cluster()).await?;
    let Some(repository) = &argocd.repository else {
        let message = "the argocd block has no repository whose revision that would be";
        return Err(CommandError::usage(message, "add `repository` to it in slipway.hcl"));
    };
    let remote = GitRemote::new(&repository.url, "").map_err(|error| CommandError::failed(error, None))?;
    let spec = PreviewSpec {
        namespace: &argocd.namespace,
        repository: remote.url(),
        branch: argocd.root.as_ref().map_or("HEAD", |root| &root.revision),
        revision,
        applications: &args.applications,
    };
    let preview = argocd::preview(client, &spec).await.map_err(failed)?;
    if let Some(file) = file {
        file.write(report::markdown(&preview).as_bytes(), PRIVATE)?;
    }
    match ui.format() {
        Format::Json => ui.json(&preview)?,
        Format::Text => ui.answer(&report::text(&preview))?,
    }
    let any = |meant: fn(State) -> bool| preview.applications.iter().any(|one| meant(one.state));
    Ok(if any(|state| state == State::Failed) {
        Exit::Failed
    } else if args.detailed_exitcode && any(|state| state != State::Same) {
        Exit::Changes
    } else {
        Exit::Done
    })
}

//! Which units have had another backend at a commit, and still have their states there.

use std::path::PathBuf;
use std::sync::Arc;

use super::Pair;
use super::recognised::without_resources;
use crate::engine::{Engine, Session, Unwatched};
use crate::launch::error::CommandError;
use crate::launch::removed::{AtCommit, in_repository};
use crate::launch::workspace::Workspace;
use crate::support::git::GitError;
use crate::support::git::changes::commit_of;
use crate::support::interrupt::channel;
use crate::terragrunt::config::RemoteState;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};

/// The units that are where they were at a commit, whose states were kept elsewhere then, hold resources there and none here.
pub(super) async fn of_others(
    workspace: &Workspace,
    engine: &Arc<dyn Engine>,
    at: &str,
) -> Result<Vec<Pair>, CommandError> {
    let root = &workspace.project.estate_root;
    let unknown =
        |error: GitError| CommandError::usage(error.to_string(), "name a commit of this repository");
    let (repository, way) = in_repository(root).map_err(unknown)?;
    let commit = commit_of(&repository, at).map_err(unknown)?;
    let then = AtCommit::of(workspace, (&repository, &way), &commit, true).map_err(unknown)?;
    let there = then.loader(engine);
    let here = workspace.loader(Arc::clone(engine), workspace.reader("plan"));
    let (_interruptor, interrupts) = channel();
    let session = Session { watcher: &Unwatched, interrupts: &interrupts, place: None };
    let mut pairs = Vec::new();
    for path in without_resources(workspace, engine).await.into_keys() {
        let (before, to) = (then.root.join(&path), root.join(&path));
        if ![UNIT_FILE, UNIT_FILE_JSON].iter().any(|name| before.join(name).is_file()) {
            continue;
        }
        let (Some(before), Some(now)) = (there.bare_job(&before).await, here.bare_job(&to).await) else {
            continue;
        };
        if is_same(before.config.remote_state.as_ref(), now.config.remote_state.as_ref()) {
            continue;
        }
        if engine.has_resources(&before, session).await? {
            pairs.push(Pair { from: PathBuf::from(&path), commit: commit.clone(), to });
        }
    }
    Ok(pairs)
}

fn is_same(one: Option<&RemoteState>, other: Option<&RemoteState>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.backend == other.backend && one.config == other.config,
        _ => false,
    }
}

//! The commits of a branch without their files: what all of them say, for a sixth of what all of them hold.
//!
//! In a repository of its own, which has nothing but commits: Git would fetch what is missing in it one by one, wherever something
//! asked for it.

use std::time::Duration;

use tracing::debug;

use super::bare::make_bare;
use crate::error::GitOpsError;
use slipway_support::git::{Git, GitError, GitRemote};
use slipway_support::scratch::Scratch;

/// An older Git that is not told by the variable would do so without end.
const LIMIT: Duration = Duration::from_mins(1);

/// Those commits.
#[derive(Debug)]
pub(crate) struct Alone {
    /// Speaks to nobody.
    git: Git,
    _scratch: Scratch,
}

impl Alone {
    /// Fetches them. An error where the remote's history does not begin with its first commit, or does not have `tip` any more.
    ///
    /// A remote that sends no commits alone sends all with them, as it always did; then that is what this has.
    pub(super) async fn fetch(remote: &GitRemote, format: &str, tip: &str) -> Result<Self, GitOpsError> {
        let scratch = Scratch::new("commits").map_err(GitOpsError::Scratch)?;
        // In a remote that is shallow itself Git looks for what is missing while it fetches, and for that while it fetches that.
        let git = Git::scratch(scratch.path()).with_variable("GIT_NO_LAZY_FETCH", "1");
        make_bare(&scratch, format)?;
        let refspec = format!("+refs/heads/{0}:refs/heads/{0}", remote.branch);
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--update-shallow", "--filter=tree:0"];
        arguments.extend(["--", remote.url(), &refspec]);
        let fetching = git.clone().with_remote(remote.clone());
        let fetched = tokio::time::timeout(LIMIT, fetching.run(&arguments, &[])).await;
        fetched.map_err(|_| GitError::TimedOut { url: remote.url().into(), seconds: LIMIT.as_secs() })??;
        // What is missing is missing: it is fetched by nobody.
        let section = format!("remote.{}", remote.url());
        if git.run(&["config", "--remove-section", &section], &[]).await.is_err()
            || git.run(&["cat-file", "-e", &format!("{tip}^{{tree}}")], &[]).await.is_ok()
        {
            debug!("the remote sends no commits without their files, so it has sent all");
        }
        let is_shallow = scratch.path().join("shallow").exists();
        if is_shallow || !knows(&git, tip).await {
            let what =
                if is_shallow { "the remote is a shallow clone" } else { "the branch was written anew" };
            let (command, message) = ("fetch".to_owned(), what.to_owned());
            return Err(GitError::Failed { command, message }.into());
        }
        Ok(Self { git, _scratch: scratch })
    }

    pub(crate) async fn ask(&self, arguments: &[&str]) -> Result<String, GitOpsError> {
        Ok(String::from_utf8_lossy(&self.git.run(arguments, &[]).await?).into_owned())
    }

    pub(super) async fn knows(&self, commit: &str) -> bool {
        knows(&self.git, commit).await
    }

    /// Whether one that is here is another or came after it.
    pub(super) async fn has(&self, revision: &str, commit: &str) -> bool {
        self.knows(commit).await
            && self.git.run(&["merge-base", "--is-ancestor", commit, revision], &[]).await.is_ok()
    }
}

/// Whether a repository has a commit.
pub(super) async fn knows(git: &Git, commit: &str) -> bool {
    git.run(&["cat-file", "-e", "--end-of-options", &format!("{commit}^{{commit}}")], &[]).await.is_ok()
}

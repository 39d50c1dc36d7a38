//! When the commits of a repository were made: of one that is elsewhere, asked for its commits without what is in them.
//!
//! What was sent is kept with the clones that are kept, and the next time only newer commits are. What the remote has is asked each
//! time, with the login of whoever asks: who is not let in is told nothing.

use std::path::Path;

use super::bare::make_bare;
use super::kept::Kept;
use crate::error::GitOpsError;
use slipway_support::address::Address;
use slipway_support::git::{Git, GitError, GitRemote};
use slipway_support::scratch::Scratch;

/// No trees and no files, which are most of a repository.
const COMMITS_ONLY: &str = "--filter=tree:0";
/// Names of commits are not shortened further.
const SHORTEST: usize = 7;
/// More of these follow each other in a circle only.
const MOST_REDIRECTS: usize = 3;

/// The commits of a repository, each with the time at which it was made.
#[derive(Debug, Default)]
pub struct CommitTimes(Vec<(String, String)>);

impl CommitTimes {
    /// Asks a remote for those on its branches; `home` is the folder (`.slipway`) in which they are kept, where they are.
    pub async fn of(address: &Address, home: Option<&Path>) -> Result<Self, GitOpsError> {
        let remote = GitRemote::new(address, "HEAD");
        let mut remote = remote.map_err(|problem| GitOpsError::Address { url: address.clone(), problem })?;
        let named = remote.url().to_owned();
        for _ in 0..MOST_REDIRECTS {
            match Self::begin(&named, &remote, home).await {
                Err(GitOpsError::Git(GitError::Redirected { url, to })) => {
                    let next = remote.redirected(to.expose());
                    remote = next.ok_or(GitError::Redirected { url, to })?;
                }
                asked => return asked,
            }
        }
        Self::begin(&named, &remote, home).await
    }

    async fn begin(named: &str, remote: &GitRemote, home: Option<&Path>) -> Result<Self, GitOpsError> {
        let mut last = None;
        for format in ["sha1", "sha256"] {
            match Self::asked(named, remote, home, format).await {
                Err(GitOpsError::Git(GitError::Failed { message, command }))
                    if message.contains(super::open::OTHER_ALGORITHM) =>
                {
                    last = Some(GitError::Failed { command, message });
                }
                asked => return asked,
            }
        }
        Err(last.map_or(GitOpsError::Answer { command: "fetch" }, GitOpsError::Git))
    }

    async fn asked(
        named: &str,
        remote: &GitRemote,
        home: Option<&Path>,
        format: &str,
    ) -> Result<Self, GitOpsError> {
        let kept = home.and_then(|home| Kept::commits(home, named, format));
        if let Some((kept, _alone)) = &kept {
            match fetched(kept.path(), remote).await {
                // One that is broken is asked for anew, beside it.
                Err(GitOpsError::Git(GitError::Failed { message, .. }))
                    if !message.contains(super::open::OTHER_ALGORITHM) => {}
                asked => return asked,
            }
        }
        let scratch = Scratch::new("commits").map_err(GitOpsError::Scratch)?;
        make_bare(&scratch, format)?;
        fetched(scratch.path(), remote).await
    }

    /// When a commit was made, RFC 3339; none where the remote has none of that name, or several.
    pub fn of_commit(&self, commit: &str) -> Option<&str> {
        let commit = commit.to_ascii_lowercase();
        let from = self.0.partition_point(|(name, _)| *name < commit);
        let mut called_so =
            self.0.iter().skip(from).take_while(|(name, _)| name.starts_with(&commit)).map(|(_, time)| time);
        let only = called_so.next().filter(|_| commit.len() >= SHORTEST)?;
        called_so.next().is_none().then_some(only.as_str())
    }
}

async fn fetched(folder: &Path, remote: &GitRemote) -> Result<CommitTimes, GitOpsError> {
    let git = Git::scratch(folder).with_remote(remote.clone());
    let all = "+refs/heads/*:refs/heads/*";
    let fetch = ["fetch", "--quiet", "--no-tags", "--prune", COMMITS_ONLY, "--", remote.url(), all];
    git.run(&fetch, &[]).await?;
    // All that is there is named by Git itself: what is missing is asked for from nobody.
    let log = ["log", "--all", "--no-show-signature", "--format=%H %cI"];
    let told = Git::scratch(folder).run(&log, &[]).await?;
    let told = String::from_utf8_lossy(&told);
    let commit = |line: &str| line.split_once(' ').map(|(name, time)| (name.to_owned(), time.to_owned()));
    let mut all: Vec<(String, String)> = told.lines().filter_map(commit).collect();
    all.sort_unstable();
    Ok(CommitTimes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_known_by_so_much_of_its_name_as_only_it_has() {
        let commit = |name: &str| (name.to_owned(), format!("at {name}"));
        let times = CommitTimes(vec![commit("aaaaaaa1"), commit("aaaaaaa2"), commit("bbbbbbb1")]);
        assert_eq!(times.of_commit("BBBBBBB"), Some("at bbbbbbb1"));
        assert_eq!(times.of_commit("aaaaaaa2"), Some("at aaaaaaa2"));
        assert_eq!(times.of_commit("aaaaaaa"), None);
        assert_eq!((times.of_commit("bbb"), times.of_commit("ccccccc")), (None, None));
    }
}

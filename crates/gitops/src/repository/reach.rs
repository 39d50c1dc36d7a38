//! How much of the history is here: all of it, or the newest commits with what is known of those before them.
//!
//! Where nothing is kept, a command is sent the newest commits alone. What holds images may be older: that is told by what others left
//! on the remote ([`super::telling`]), or read from the commits without their files ([`super::alone`]), or from all of the history. A
//! question that only all of the history answers fetches that: nobody is told of a part as if it were all.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use tracing::debug;

use super::Repository;
use super::alone::{Alone, knows};
use crate::error::GitOpsError;
use crate::standing::Standing;
use slipway_support::fs::read_text;
use slipway_support::git::{Git, is_ancestor};

/// So many of the newest commits are fetched at first.
pub(super) const NEWEST: usize = 128;
/// So many where these do not reach to what is known of the rest, as where a branch of long ago was merged.
const MORE: usize = 1024;

/// How much of the history a command is likely to need. More is fetched where it turns out to be needed, so this only spares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// The newest commits.
    Newest,
    /// All of it.
    #[default]
    All,
}

/// How far the history goes that is here.
#[derive(Debug, Clone, Default)]
pub(super) enum Horizon {
    /// As far as the remote's.
    #[default]
    Whole,
    /// It was cut, and of what holds images nothing is known.
    Cut,
    /// It was cut, and this is known of what is not here.
    Known(Arc<Standing>),
}

/// How much to ask for.
pub(super) fn depth(commits: usize) -> String {
    format!("--depth={commits}")
}

impl Repository {
    fn horizon(&self) -> Horizon {
        self.horizon.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_horizon(&self, horizon: Horizon) {
        *self.horizon.lock().unwrap_or_else(PoisonError::into_inner) = horizon;
    }

    /// Whether the history that is here ends before the remote's does.
    pub(super) fn is_short(&self) -> bool {
        !matches!(self.horizon(), Horizon::Whole)
    }

    /// Whether the history that is here ends before its first commit: cut by us, or by the remote.
    pub(super) fn is_cut(&self) -> bool {
        self.scratch.path().join("shallow").exists()
    }

    /// Fetches what is missing of the history.
    pub(crate) async fn reach_all(&self) -> Result<(), GitOpsError> {
        if !self.is_short() {
            return Ok(());
        }
        debug!("all of the history is fetched");
        self.deepen("--unshallow").await?;
        self.is_all_here().await;
        Ok(())
    }

    async fn is_all_here(&self) {
        self.set_horizon(Horizon::Whole);
        self.keep().await;
    }

    async fn deepen(&self, depth: &str) -> Result<(), GitOpsError> {
        let name = self.branch_ref();
        self.fetch_with(Some(depth), &format!("+{name}:{name}")).await?;
        // Somebody may have pushed since: it goes on with what was decided on.
        self.git.run(&["update-ref", "--no-deref", &name, &self.tip], &[]).await?;
        Ok(())
    }

    /// What is known of the history that is not here; none where all of it is.
    pub(crate) async fn known(&self) -> Result<Option<Arc<Standing>>, GitOpsError> {
        match self.horizon() {
            Horizon::Whole => return Ok(None),
            Horizon::Known(known) if self.reaches(&known).await? => return Ok(Some(known)),
            Horizon::Known(_) | Horizon::Cut => {}
        }
        for more in [None, Some(depth(MORE))] {
            let told = self.told().await;
            if told.is_empty() {
                break;
            }
            if let Some(more) = more {
                self.deepen(&more).await?;
                if !self.is_cut() {
                    self.is_all_here().await;
                    return Ok(None);
                }
            }
            for known in told {
                if self.reaches(&known).await? {
                    debug!(as_of = known.as_of, "what holds images is known");
                    return Ok(Some(self.know(known)));
                }
            }
        }
        if let Some(alone) = self.alone().await
            && alone.knows(&self.tip).await
            && let Some(known) = crate::said::stock_of(self, alone).await?
        {
            self.remember(&known);
            return Ok(Some(self.know(known)));
        }
        self.reach_all().await.map(|()| None)
    }

    /// Has all read that commits say of some apps, whether it still holds something or not; without files, where that is enough.
    pub(crate) async fn reach_records(&self, folders: &[String]) -> Result<(), GitOpsError> {
        if !self.is_short() {
            return Ok(());
        }
        if let Some(alone) = self.alone().await
            && alone.knows(&self.tip).await
            && let Some(known) = crate::said::all_of(self, alone, folders).await?
        {
            self.know(known);
            return Ok(());
        }
        self.reach_all().await
    }

    fn know(&self, known: Standing) -> Arc<Standing> {
        let known = Arc::new(known);
        self.set_horizon(Horizon::Known(Arc::clone(&known)));
        known
    }

    /// Whether the branch has the commit up to which something is known, and all is here that came after it.
    async fn reaches(&self, known: &Standing) -> Result<bool, GitOpsError> {
        Ok(self.knows(&known.as_of).await
            && self.is_ancestor_here(&known.as_of, &self.tip).await?
            && self.is_whole_since(&known.as_of, &self.tip).await?)
    }

    /// Whether no commit before one, which another does not have, lacks those before it.
    ///
    /// Whoever goes back from the first then comes to commits that are here until he comes to one that the other has, so all that the
    /// other does not have has been seen, by whatever ways it was merged.
    pub(super) async fn is_whole_since(&self, since: &str, commit: &str) -> Result<bool, GitOpsError> {
        if !self.is_cut() {
            return Ok(true);
        }
        let shallow = read_text(&self.scratch.path().join("shallow")).map_err(GitOpsError::Scratch)?;
        let cut: HashSet<&str> = shallow.lines().collect();
        let between = self.ask(&["rev-list", commit, &format!("^{since}"), "--"], "").await?;
        Ok(!between.lines().any(|commit| cut.contains(commit)))
    }

    /// All commits of the branch without their files; none where the remote sends no such thing.
    pub(super) async fn alone(&self) -> Option<&Alone> {
        let format = if self.tip.len() == 64 { "sha256" } else { "sha1" };
        let fetched = self.alone.get_or_try_init(|| Alone::fetch(&self.remote, format, &self.tip)).await;
        match fetched {
            Ok(alone) => Some(alone),
            Err(error) => {
                debug!(%error, "the history is not read without its files");
                None
            }
        }
    }

    /// Whether `revision` is `commit` or came after it on the branch, so that who is at `revision` has `commit`; `None`
    /// where the branch, as it was fetched last, does not have the revision.
    pub async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, GitOpsError> {
        if revision == commit {
            return Ok(Some(true));
        }
        if !self.knows(revision).await {
            // It may be older than what is here.
            let alone = if self.is_short() { self.alone().await } else { None };
            return Ok(match alone {
                Some(alone) if alone.knows(revision).await => Some(alone.has(revision, commit).await),
                _ => None,
            });
        }
        if !self.knows(commit).await {
            self.reach_all().await?;
        }
        Ok(Some(self.knows(commit).await && self.is_ancestor(commit, revision).await?))
    }

    pub(super) async fn knows(&self, commit: &str) -> bool {
        knows(&self.git, commit).await
    }

    pub(super) async fn is_ancestor(&self, ancestor: &str, descendant: &str) -> Result<bool, GitOpsError> {
        if self.is_ancestor_here(ancestor, descendant).await? {
            return Ok(true);
        }
        if !self.is_short() || self.is_whole_since(ancestor, descendant).await? {
            return Ok(false);
        }
        self.reach_all().await?;
        self.is_ancestor_here(ancestor, descendant).await
    }

    async fn is_ancestor_here(&self, ancestor: &str, descendant: &str) -> Result<bool, GitOpsError> {
        let git = Git::scratch(self.scratch.path());
        let (ancestor, descendant) = (ancestor.to_owned(), descendant.to_owned());
        let answer = tokio::task::spawn_blocking(move || is_ancestor(&git, &ancestor, &descendant)).await;
        Ok(answer.map_err(|_| GitOpsError::Answer { command: "merge-base" })??)
    }
}

//! Questions that need no remote, and what becomes of them where the clone that is kept turns out to be broken.

use std::sync::PoisonError;

use tracing::debug;

use super::Repository;
use super::kept::Kept;
use super::reach::{Horizon, Reach};
use crate::error::GitOpsError;
use slipway_support::git::{Git, GitError};

impl Repository {
    /// Fetches the branch for the first time, on top of what is kept.
    pub(super) async fn begin_on(&mut self, kept: Option<Kept>, reach: Reach) -> Result<(), GitOpsError> {
        let lent = kept.filter(|kept| kept.lend(&self.scratch));
        let stands = lent.is_some();
        // What is kept may be the newest commits.
        if if stands { self.is_cut() } else { reach == Reach::Newest } {
            self.set_horizon(Horizon::Cut);
        }
        *self.kept.get_mut().unwrap_or_else(PoisonError::into_inner) = lent.map(Box::new);
        let fetched = match self.fetch().await {
            // What the remote says of itself it says of everybody; but of what is missing here git speaks in the same words.
            Err(GitOpsError::Git(error)) if stands && is_of_objects(&error) => {
                debug!(%error, "the branch is fetched without what is kept");
                self.leave_kept("it cannot be fetched on")?;
                if reach == Reach::Newest {
                    self.set_horizon(Horizon::Cut);
                }
                self.fetch().await
            }
            Err(GitOpsError::Git(error @ GitError::Failed { .. })) if self.is_short() => {
                debug!(%error, "the remote sends no newest commits alone");
                self.set_horizon(Horizon::Whole);
                self.fetch().await
            }
            fetched => fetched,
        };
        fetched?;
        match reach {
            Reach::Newest => Ok(()),
            Reach::All => self.reach_all().await,
        }
    }

    /// Keeps what was fetched, in the place of one that was broken or where there is none yet.
    pub(super) async fn keep(&self) {
        let Some((home, format)) = &self.home else { return };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stood = kept.is_some();
        let kept = match kept {
            Some(kept) => Some(kept),
            None => Kept::make(home, &self.named, format).map(Box::new),
        };
        if let Some(kept) = kept {
            kept.keep(self.scratch.path(), (&self.branch, &self.tip), self.is_short()).await;
            // One that was made just now lends nothing.
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept).filter(|_| stood);
        }
    }

    /// Asks Git of what was fetched. Where what is kept turns out to be broken, everything is fetched, and Git is asked again.
    pub(super) async fn local(
        &self,
        git: &Git,
        arguments: &[&str],
        input: &[u8],
    ) -> Result<Vec<u8>, GitOpsError> {
        match git.run(arguments, input).await {
            Err(GitError::Failed { message, command }) if !message.is_empty() => {
                if self.stand_alone(&message).await? {
                    return Ok(git.run(arguments, input).await?);
                }
                Err(GitError::Failed { message, command }.into())
            }
            answer => Ok(answer?),
        }
    }

    /// Throws away what is kept, and fetches all that this stood on; says whether it stood on any.
    pub(super) async fn stand_alone(&self, reason: &str) -> Result<bool, GitOpsError> {
        if !self.leave_kept(reason)? {
            return Ok(false);
        }
        let name = self.branch_ref();
        self.fetch_with(None, &format!("+{name}:{name}")).await?;
        // Somebody may have pushed since: it goes on with what was decided on.
        self.git.run(&["update-ref", "--no-deref", &name, &self.tip], &[]).await?;
        Ok(true)
    }

    fn leave_kept(&self, reason: &str) -> Result<bool, GitOpsError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(kept) = kept else { return Ok(false) };
        let taken = Kept::take_back(self.scratch.path());
        kept.throw_away(reason);
        // What leads to objects that are gone would be in git's way.
        // Everything is fetched from here on.
        self.set_horizon(Horizon::Whole);
        let cleared = taken.and_then(|()| Kept::clear_references(self.scratch.path()));
        cleared.map_err(|error| GitOpsError::Scratch(std::io::Error::other(error))).map(|()| true)
    }
}

/// Whether git's failure may come from objects that are not as they should be.
fn is_of_objects(error: &GitError) -> bool {
    matches!(error, GitError::Failed { .. } | GitError::RepositoryNotFound { .. } | GitError::Network { .. })
}

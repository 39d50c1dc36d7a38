//! The history of the manifests repository, asked for as often as one waits, and fetched as seldom as that takes.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::argocd::Ancestry;
use crate::gitops::{GitOpsError, Repository};

/// A revision that is new to us is fetched at once, but no oftener than this.
const SOON: Duration = Duration::from_secs(2);
/// One that the branch did not have is looked for again: another server of the remote's may know it later.
const AGAIN: Duration = Duration::from_secs(15);

/// A clone of the repository that answers for its history.
pub struct History(Mutex<Known>);

struct Known {
    repository: Repository,
    fetched: Instant,
    /// What was answered of a revision and a commit: it never changes.
    answers: HashMap<(String, String), bool>,
    /// Revisions that the branch did not have, and as of which fetch.
    strange: HashMap<String, Instant>,
}

impl History {
    /// Takes the clone, which was fetched just now.
    pub fn new(repository: Repository) -> Self {
        let (answers, strange) = (HashMap::new(), HashMap::new());
        Self(Mutex::new(Known { repository, fetched: Instant::now(), answers, strange }))
    }

    /// The clone again.
    pub fn into_repository(self) -> Repository {
        self.0.into_inner().repository
    }
}

#[async_trait]
impl Ancestry for History {
    async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, String> {
        self.0.lock().await.has(revision, commit).await.map_err(|error| error.to_string())
    }
}

impl Known {
    async fn has(&mut self, revision: &str, commit: &str) -> Result<Option<bool>, GitOpsError> {
        // A chart's version, or nothing yet.
        if !matches!(revision.len(), 40 | 64) || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let pair = (revision.to_owned(), commit.to_owned());
        if let Some(answer) = self.answers.get(&pair) {
            return Ok(Some(*answer));
        }
        let looked = self.strange.get(revision).copied();
        let mut answer = None;
        // Since it was not there, nothing has changed but by a fetch.
        if looked.is_none_or(|looked| looked < self.fetched) {
            answer = self.repository.has(revision, commit).await?;
        }
        if answer.is_none() && self.fetched.elapsed() >= if looked.is_some() { AGAIN } else { SOON } {
            // Also where it fails: a remote that is down is not asked the more for it.
            self.fetched = Instant::now();
            self.repository.fetch().await?;
            answer = self.repository.has(revision, commit).await?;
            if answer.is_none() {
                self.strange.insert(revision.to_owned(), self.fetched);
            }
        }
        if let Some(answer) = answer {
            self.strange.remove(revision);
            self.answers.insert(pair, answer);
        }
        Ok(answer)
    }
}

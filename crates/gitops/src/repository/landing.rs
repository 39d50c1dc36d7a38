//! A change on its way to the branch: decided on a tip, pushed, and decided again where someone else was faster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::request::{Seen, Tried};
use super::{Change, Repository};
use crate::asked::Asked;
use crate::charts::ChartUser;
use crate::error::GitOpsError;
use crate::freeze::Freeze;
use crate::kustomize::{Kustomizations, reachable, referenced};
use crate::layout::within;
use crate::manifest::Files;
use crate::record::ImageRecord;
use crate::rules::Rules;
use crate::said;
use crate::tree::Tree;
use slipway_support::git::GitError;

/// How often a change is made anew on a tip that moved. With the pauses between, that is up to a minute.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What of a shallow remote is not seen.
const SHALLOW: &str =
    "earlier bumps and freezes: the remote is a shallow clone and has no history before its first commit";

/// What a change is decided on: one commit of the branch.
pub(crate) struct Snapshot {
    /// The commit.
    pub commit: String,
    /// The manifests of each folder asked for.
    pub folders: BTreeMap<String, Files>,
    /// What was done to the images of each, newest first, by where it really is.
    records: BTreeMap<String, Vec<ImageRecord>>,
    /// The freezes that nobody lifted.
    pub freezes: Vec<Freeze>,
    /// What is left out of each.
    left_out: BTreeMap<String, Vec<String>>,
    /// The Applications that render charts.
    pub chart_users: Vec<ChartUser>,
    /// Every kustomization of the repository.
    pub kustomizations: Kustomizations,
    /// All files.
    pub tree: Tree,
    /// What the team says of its applications.
    pub rules: Arc<Rules>,
    /// What registries say of images.
    pub asked: Arc<Asked>,
}

impl Snapshot {
    /// What was done to an app's images, newest first.
    pub fn records(&self, folder: &str) -> &[ImageRecord] {
        self.records.get(&self.tree.real(folder)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is left out of an app, with the reasons, beside files that do not parse.
    pub fn left_out(&self, folder: &str) -> Vec<String> {
        let real = self.tree.real(folder);
        let unreadable: Vec<String> = self.kustomizations.unreadable(&real).map(str::to_owned).collect();
        self.left_out.get(folder).cloned().unwrap_or_default().into_iter().chain(unreadable).collect()
    }
}

impl Repository {
    /// Makes a change and pushes it; where someone else was faster, makes it again on what they pushed.
    ///
    /// `decide` sees the tip each time, and answers with a change, or with none where none is needed. Returns the
    /// commit, now on the remote's branch. Until the push ends nothing outside of the temporary folder is touched, and
    /// a push is one reference that moves or does not: being killed leaves nothing half done.
    pub(crate) async fn land<D>(
        &mut self,
        folders: &[String],
        decide: D,
    ) -> Result<Option<String>, GitOpsError>
    where
        D: FnMut(&Snapshot) -> Result<Option<Change>, GitOpsError> + Send,
    {
        let landed = self.try_to_land(folders, decide).await;
        self.leave_queue().await;
        if matches!(landed, Ok(Some(_))) && self.way.branch.is_none() {
            self.tell().await;
        }
        landed
    }

    async fn try_to_land<D>(
        &mut self,
        folders: &[String],
        mut decide: D,
    ) -> Result<Option<String>, GitOpsError>
    where
        D: FnMut(&Snapshot) -> Result<Option<Change>, GitOpsError> + Send,
    {
        let mut refusal = String::new();
        let mut decided_on = self.tip.clone();
        let mut has_moved = false;
        let mut seen = Seen::default();
        self.way.attempts = 0;
        let mut took = FIRST_PAUSE;
        for attempt in 0..ATTEMPTS {
            if !self.fresh {
                self.fetch().await?;
            }
            self.take_turn(attempt > 0, took).await?;
            let begun = Instant::now();
            has_moved |= decided_on != self.tip;
            decided_on.clone_from(&self.tip);
            let snapshot = self.snapshot(folders).await?;
            self.fresh = false;
            let mut decided = decide(&snapshot);
            // What is known of images decides otherwise, perhaps; what is refused without that needs nobody's answer.
            while matches!(decided, Ok(_) | Err(GitOpsError::Overtaken { .. }))
                && self.asked.ask_open().await?
            {
                decided = decide(&snapshot);
            }
            let Some(change) = decided? else { return Ok(None) };
            self.check(&snapshot, &change).await?;
            if self.rehearse(&snapshot, &change) {
                return Ok(None);
            }
            self.way.attempts = attempt + 1;
            if self.way.branch.is_some() {
                match self.propose(&change, &mut seen).await? {
                    Tried::Done(commit) => return Ok(Some(commit)),
                    Tried::Late(message) => {
                        refusal = message;
                        has_moved |= seen.has_moved;
                        tokio::time::sleep(pause(attempt, begun.elapsed())).await;
                        continue;
                    }
                }
            }
            let commit = self.commit(&change).await?;
            match self.push_in_turn(&commit).await {
                Ok(()) => {}
                Err(GitError::PushRejected { message, .. }) => {
                    refusal = message;
                    took = begun.elapsed();
                    // Whoever takes turns needs none, unless nobody comes between and it is refused all the same.
                    if !self.takes_turns() || attempt > 1 {
                        tokio::time::sleep(pause(attempt, took)).await;
                    }
                    continue;
                }
                // The connection broke after the remote had all of it, perhaps: look before giving up.
                Err(error @ (GitError::Network { .. } | GitError::TimedOut { .. })) => {
                    return match self.verify(&commit).await {
                        Ok(()) => Ok(Some(commit)),
                        Err(_) => Err(error.into()),
                    };
                }
                Err(GitError::PushRefused { branch, message }) if is_protected(&message) => {
                    return Err(GitOpsError::Protected { branch, message });
                }
                Err(error) => return Err(error.into()),
            }
            self.verify(&commit).await?;
            return Ok(Some(commit));
        }
        let url = self.remote.url().into();
        Err(if has_moved {
            GitOpsError::Busy { url, attempts: ATTEMPTS }
        } else {
            GitOpsError::Stuck { url, branch: self.branch.clone(), message: refusal }
        })
    }

    pub(crate) async fn snapshot(&self, folders: &[String]) -> Result<Snapshot, GitOpsError> {
        let tree = self.tree().await?;
        // Several images of one app are asked for by its folder each.
        let folders: BTreeSet<&String> = folders.iter().collect();
        let folders: &Vec<String> = &folders.into_iter().cloned().collect();
        let (records, freezes) = said::said(self, folders, &tree).await?;
        let (mut files, mut left_out) = (BTreeMap::new(), BTreeMap::new());
        for folder in folders {
            let (mut listed, left) = tree.manifests(folder);
            // By a link inside of the folder it would be there twice.
            listed.retain(|file| file.link.is_none() || !within(&file.path, folder));
            files.insert(folder.clone(), self.read(listed).await?.into());
            let mut left: Vec<String> = left.iter().map(ToString::to_string).collect();
            left.extend(self.is_shallow().then(|| SHALLOW.to_owned()));
            left_out.insert(folder.clone(), left);
        }
        let kustomizations = self.read(tree.kustomizations()).await?;
        let applications = self.read(tree.listed(&self.with_applications().await?)).await?;
        let mut others: Vec<String> = kustomizations.iter().flat_map(referenced).collect();
        others.extend(folders.iter().flat_map(|folder| reachable(&kustomizations, &tree.real(folder))));
        others.extend(Kustomizations::named_by_applications(&applications, &self.named));
        others.sort();
        others.dedup();
        let others = self.read(tree.listed(&others)).await?;
        let real = |path: &str| tree.real(path);
        let chart_users = applications.iter().flat_map(|file| ChartUser::all(file, &self.named));
        let chart_users = chart_users.map(|user| user.through(real)).collect();
        let kustomizations = Kustomizations::new(kustomizations, others)
            .with_applications(&applications, &self.named)
            .through(real);
        let (rules, asked) = (Arc::clone(&self.rules), Arc::clone(&self.asked));
        Ok(Snapshot {
            commit: self.tip.clone(),
            folders: files,
            records,
            freezes,
            left_out,
            chart_users,
            kustomizations,
            tree,
            rules,
            asked,
        })
    }
}

/// Whether a forge refused a push since the branch takes changes by requests only, in the words of GitHub (its protected branches,
/// its rules) and of GitLab.
fn is_protected(message: &str) -> bool {
    ["GH006", "protected branch", "through a pull request"].iter().any(|words| message.contains(words))
}

/// A random time up to a limit that doubles: two that collided do not collide again at once. It begins with what a try takes,
/// here and now: where a push takes seconds, pauses of less would only bring the same two together again.
fn pause(attempt: u32, took: Duration) -> Duration {
    let first = took.clamp(FIRST_PAUSE, LONGEST_PAUSE);
    let limit = first.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    let random = uuid::Uuid::new_v4().as_bytes()[0];
    limit.mul_f64(f64::from(random) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let slow = Duration::from_mins(2);
        assert!((0..40).all(|attempt| pause(attempt, slow) <= LONGEST_PAUSE));
        assert!((0..50).all(|_| pause(0, Duration::ZERO) <= FIRST_PAUSE));
        let tried = |_| pause(0, Duration::from_secs(1));
        assert!((0..50).map(tried).any(|pause| pause > FIRST_PAUSE * 2), "as long as a try takes");
    }
}

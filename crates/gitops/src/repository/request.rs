//! A change on a branch of its own, which people or checks look at before it is on the one that is followed.
//!
//! The branch always holds one commit on the tip: forges that squash then keep its message, and with it the trailers. It is
//! written anew with every change, and only where all that it holds was written by us; nobody's work is lost by that.

use super::{Change, Repository};
use crate::age::AgePolicy;
use crate::error::GitOpsError;
use crate::image::ImageReference;
use crate::layout::within;
use crate::manifest::ManifestFile;
use crate::trailers::{self, Trailers};
use crate::wording::Wording;
use slipway_support::git::{GitError, is_branch_name, short};

/// Where the branches of requests are kept here.
const KEPT: &str = "refs/proposed/";

/// The branch of a request, and what an update of it may do.
#[derive(Debug, Clone)]
pub struct RequestBranch {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// Replace a newer image that is proposed there.
    pub allow_older: bool,
    /// How the age of tags is told, whatever the rules of the repository say.
    pub age: Option<AgePolicy>,
}

/// What was pushed to the branch of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The branch.
    pub branch: String,
    /// Its commit.
    pub commit: String,
    /// The message of that.
    pub message: String,
    /// Whether it was pushed; if not, the branch had the same change already.
    pub pushed: bool,
}

/// Where changes go, and how the last one went.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// The branch of a request; none where they go to the one that is followed.
    pub branch: Option<RequestBranch>,
    /// What was put there last.
    pub proposed: Option<Proposed>,
    /// How often the last change was pushed until it was there.
    pub attempts: u32,
    /// How commits are worded.
    pub wording: Wording,
}

/// How a push to the branch of a request ended.
pub(super) enum Tried {
    Done(String),
    /// Somebody else was faster.
    Late(String),
}

/// What was on the branch when it was looked at before.
#[derive(Default)]
pub(super) struct Seen {
    /// Its commit then, empty where there was no such branch; none before anybody looked.
    first: Option<String>,
    pub has_moved: bool,
}

/// What is on the branch.
#[derive(Default)]
struct Standing {
    /// Its commit; none where there is no such branch.
    commit: Option<String>,
    /// The messages of its commits that are not on the followed branch, newest first.
    messages: Vec<String>,
}

impl RequestBranch {
    /// The name where nobody says another: `slipway/app-a`, `slipway/app-a+app-b`. Apps of another root than `manifests` have that
    /// in front.
    pub fn name_of(root: &str, apps: &[&str]) -> String {
        let named = |app: &&str| match *app {
            "*" => "all".to_owned(),
            app => Some(word(app)).filter(|word| !word.is_empty()).unwrap_or_else(|| "root".to_owned()),
        };
        let mut apps: Vec<String> = apps.iter().map(named).collect();
        apps.sort();
        apps.dedup();
        let root = Some(word(root)).filter(|root| !["manifests", ""].contains(&root.as_str()));
        let of_root = root.map(|root| format!("{root}-")).unwrap_or_default();
        let all = format!("slipway/{of_root}{}", apps.join("+"));
        if all.len() <= LONGEST_NAME {
            return all;
        }
        let digest = slipway_support::digest::sha256(all.as_bytes());
        let begin: String = all.chars().take(LONGEST_NAME - 10).collect();
        format!("{begin}-{}", digest.get(..8).unwrap_or_default())
    }

    /// A star, since git refuses to fetch a branch that is not there unless it may be one of several.
    pub(super) fn refspec(&self) -> String {
        format!("+refs/heads/{0}*:{KEPT}{0}*", self.name)
    }
}

const LONGEST_NAME: usize = 80;

/// A part of a branch's name; what Git would take for something else becomes a dash.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let text: String = text.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let text = text.replace("..", "-");
    text.trim_matches(['-', '.']).trim_end_matches(".lock").to_owned()
}

impl Repository {
    /// Puts changes on a branch of their own from now on, instead of the one that is followed.
    pub fn by_request(mut self, request: RequestBranch) -> Result<Self, GitOpsError> {
        let name = &request.name;
        if !is_branch_name(name) || *name == self.branch {
            let message = if *name == self.branch {
                format!("{name:?} is the branch that is followed, a request needs one of its own")
            } else {
                format!("{name:?} is no branch name")
            };
            return Err(GitError::Failed { command: "check-ref-format".into(), message }.into());
        }
        self.way.branch = Some(request);
        // It was fetched without that branch.
        self.fresh = false;
        Ok(self)
    }

    /// What is on the branch of the request since the last change.
    pub fn proposed(&self) -> Option<&Proposed> {
        self.way.proposed.as_ref()
    }

    /// The commit and the message that the branch of the request has on the remote by now; none where it is gone.
    pub async fn proposed_now(&mut self) -> Result<Option<(String, String)>, GitOpsError> {
        self.fetch().await?;
        self.fresh = false;
        let Some(commit) = self.kept().await else { return Ok(None) };
        let message = self.git.text(&["log", "-1", "--no-show-signature", "--format=%B", &commit]).await?;
        Ok(Some((commit, message)))
    }

    async fn kept(&self) -> Option<String> {
        let name = &self.way.branch.as_ref()?.name;
        let commit = format!("{KEPT}{name}^{{commit}}");
        self.git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).await.ok()
    }

    /// Pushes a change to the branch of the request, in the place of what is there, as far as that is ours.
    pub(super) async fn propose(&mut self, change: &Change, seen: &mut Seen) -> Result<Tried, GitOpsError> {
        let Some(request) = self.way.branch.clone() else {
            return Err(GitOpsError::Answer { command: "push" });
        };
        let standing = self.standing(&request.name).await?;
        let there = standing.commit.clone().unwrap_or_default();
        let first = seen.first.get_or_insert_with(|| there.clone());
        seen.has_moved |= *first != there;
        let own = trailers::groups(&change.message);
        let there: Vec<Trailers<'_>> =
            standing.messages.iter().flat_map(|message| trailers::groups(message)).collect();
        for (new, old) in own.iter().flat_map(|new| there.iter().map(move |old| (new, old))) {
            if new.place() == old.place() {
                self.check_proposed(&request, new, old, seen.has_moved)?;
            }
        }
        let kept: Vec<&Trailers<'_>> =
            there.iter().filter(|old| own.iter().all(|new| new.place() != old.place())).collect();
        let tree = self.write(change).await?;
        if let Some(commit) = &standing.commit
            && own.len() + kept.len() == there.len()
            && own.iter().all(|new| there.iter().any(|old| old.says_the_same(new)))
            && self.has_files_of(commit, &tree, change).await
        {
            let message = standing.messages.first().cloned().unwrap_or_default();
            return Ok(self.stands(&request, commit.clone(), message, false));
        }
        let message = self.way.wording.of(&trailers::together(&kept, &change.message));
        let tree = match &standing.commit {
            Some(there) if !kept.is_empty() => {
                let ours = self.commit_tree(&tree, &change.message).await?;
                let theirs = self.without(there, change, &kept).await?;
                self.merged(&ours, &theirs).await.map_err(|_| GitOpsError::Together {
                    branch: request.name.clone(),
                    files: change.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(", "),
                })?
            }
            _ => tree,
        };
        let commit = self.commit_tree(&tree, &message).await?;
        let branch = format!("refs/heads/{}", request.name);
        // Only over what was looked at above: nothing of somebody else is lost.
        let lease = format!("--force-with-lease={branch}:{}", standing.commit.unwrap_or_default());
        match self.push_beside(&[&lease, &format!("{commit}:{branch}")]).await {
            Ok(()) => Ok(self.stands(&request, commit, message, true)),
            Err(GitError::PushRejected { message, .. }) => Ok(Tried::Late(message)),
            Err(error @ (GitError::Network { .. } | GitError::TimedOut { .. })) => {
                let answer = self.git.text(&["ls-remote", "--", self.remote.url(), &branch]).await;
                match answer.ok().and_then(|answer| answer.split_whitespace().next().map(str::to_owned)) {
                    Some(there) if there == commit => Ok(self.stands(&request, commit, message, true)),
                    _ => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn stands(&mut self, request: &RequestBranch, commit: String, message: String, pushed: bool) -> Tried {
        let branch = request.name.clone();
        self.way.proposed = Some(Proposed { branch, commit: commit.clone(), message, pushed });
        Tried::Done(commit)
    }

    /// What the branch has that the followed one has not; refused where not all of it is ours.
    async fn standing(&self, branch: &str) -> Result<Standing, GitOpsError> {
        let Some(commit) = self.kept().await else { return Ok(Standing::default()) };
        // What a request stands on may have left the branch long ago.
        if !self.is_whole_since(&self.tip, &commit).await? {
            self.reach_all().await?;
        }
        let without = format!("^{}", self.tip);
        let format = "--format=%H%n%P%n%at %ct%n%an <%ae>%n%B";
        let log = self
            .git
            .text(&[
                "log",
                "--topo-order",
                "--no-show-signature",
                "--no-color",
                "-z",
                format,
                &commit,
                &without,
            ])
            .await?;
        let mut messages = Vec::new();
        for entry in log.split('\0').filter(|entry| !entry.is_empty()) {
            let mut fields = entry.splitn(5, '\n');
            let mut next = || fields.next().unwrap_or_default();
            let (id, parents, times, author, message) = (next(), next(), next(), next(), next());
            let parents: Vec<&str> = parents.split(' ').collect();
            let is_ours = match parents[..] {
                [one, other] => self.is_plain_merge(id, one, other).await,
                // Who amends a commit of ours commits it later than it was written.
                _ => {
                    !trailers::groups(message).is_empty()
                        && times.split_once(' ').is_some_and(|(written, committed)| written == committed)
                }
            };
            if !is_ours {
                return Err(GitOpsError::NotOurs {
                    branch: branch.to_owned(),
                    commit: short(id).to_owned(),
                    author: author.to_owned(),
                    subject: message.lines().next().unwrap_or_default().to_owned(),
                });
            }
            if parents.len() == 1 {
                messages.push(message.to_owned());
            }
        }
        // Squashed onto the followed branch it is there by another commit.
        if !messages.is_empty() && self.merged(&self.tip, &commit).await.ok() == self.tree_of(&self.tip).await
        {
            messages.clear();
        }
        Ok(Standing { commit: Some(commit), messages })
    }

    /// Whether a commit only brings two others together, as the button of a forge does.
    async fn is_plain_merge(&self, commit: &str, one: &str, other: &str) -> bool {
        let merged = self.merged(one, other).await.ok();
        merged.is_some() && merged == self.tree_of(commit).await
    }

    async fn tree_of(&self, commit: &str) -> Option<String> {
        self.git.text(&["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).await.ok()
    }

    /// The tree of two commits together.
    async fn merged(&self, one: &str, other: &str) -> Result<String, GitError> {
        self.git.text(&["merge-tree", "--write-tree", "--no-messages", one, other]).await
    }

    /// What the branch has beside the change: the files of that are as the change has them, unless what is kept may be in them.
    async fn without(
        &self,
        there: &str,
        change: &Change,
        kept: &[&Trailers<'_>],
    ) -> Result<String, GitOpsError> {
        let folders: Vec<&str> = kept.iter().filter_map(|group| group.value(trailers::APP)).collect();
        let is_free = |path: &str| !folders.iter().any(|folder| within(path, folder));
        let files: Vec<ManifestFile> =
            change.files.iter().filter(|file| is_free(&file.path)).cloned().collect();
        let tree = self.write_on(there, &files).await?;
        let parent = self.git.text(&["merge-base", &self.tip, there]).await?;
        Ok(self.git.text(&["commit-tree", &tree, "-p", &parent, "-m", "kept"]).await?)
    }

    /// Whether the files of a change are on a commit as they are in a tree.
    async fn has_files_of(&self, commit: &str, tree: &str, change: &Change) -> bool {
        let mut arguments = vec!["diff-tree", "--quiet", commit, tree, "--"];
        arguments.extend(change.files.iter().map(|file| file.path.as_str()));
        let git = self.git.clone().with_variable("GIT_LITERAL_PATHSPECS", "1");
        !change.files.is_empty() && git.run(&arguments, &[]).await.is_ok()
    }

    /// Never an older image over a newer one that is proposed, and none over one that came while we decided.
    fn check_proposed(
        &self,
        request: &RequestBranch,
        new: &Trailers<'_>,
        old: &Trailers<'_>,
        has_moved: bool,
    ) -> Result<(), GitOpsError> {
        let (Some(app), Some(proposed), Some(wanted)) =
            (new.value(trailers::APP), old.value(trailers::IMAGE), new.value(trailers::IMAGE))
        else {
            return Ok(());
        };
        if request.allow_older || proposed == wanted {
            return Ok(());
        }
        let name = app.rsplit('/').next().unwrap_or(app);
        let policy = request.age.as_ref().unwrap_or_else(|| self.rules().age(name));
        let images = (wanted.parse::<ImageReference>().ok(), proposed.parse::<ImageReference>().ok());
        let age =
            images.0.zip(images.1).and_then(|(wanted, proposed)| wanted.compare_age_by(&proposed, policy));
        let (app, proposed, wanted) = (name.to_owned(), proposed.to_owned(), wanted.to_owned());
        match age {
            Some(std::cmp::Ordering::Less) => {
                Err(GitOpsError::OlderThanProposed { app, proposed, wanted, branch: request.name.clone() })
            }
            Some(std::cmp::Ordering::Equal) | None if has_moved => {
                Err(GitOpsError::Overtaken { app, current: proposed, wanted })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_named_after_its_apps_in_any_order() {
        let name = RequestBranch::name_of;
        assert_eq!(name("manifests", &["app-a"]), "slipway/app-a");
        assert_eq!(name("./manifests/", &["b", "a", "b"]), "slipway/a+b");
        assert_eq!(name("manifests", &["*"]), "slipway/all");
        assert_eq!(name("manifests", &["."]), "slipway/root");
        assert_eq!(name("manifests/prod", &["a b..c"]), "slipway/manifests-prod-a-b-c");
        let many: Vec<String> = (0..40).map(|number| format!("application-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = name("manifests", &many);
        assert!(long.len() <= LONGEST_NAME && long != name("manifests", &many[1..]), "{long}");
    }
}

//! The manifests repository: read at the branch's tip, written by commits that are pushed, never forced.

mod alone;
mod bare;
mod checking;
mod commit_times;
mod kept;
mod landing;
mod local;
mod look;
mod open;
mod queue;
mod reach;
mod rehearsal;
mod request;
mod telling;
mod texts;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::asked::{AskRegistries, Asked};
use super::error::GitOpsError;
use super::manifest::{Files, ManifestFile};
use super::rules::Rules;
use super::tree::{Listed, Tree};
use super::wording::Wording;
use slipway_support::address::Address;
use slipway_support::git::{Credentials, Git, GitError, GitRemote, configured};
use slipway_support::scratch::Scratch;
use slipway_support::secret::Secret;

pub(super) use self::alone::Alone;
pub use self::checking::check_manifests;
pub use self::commit_times::CommitTimes;
pub use self::kept::{ADDRESS, REPOSITORIES};
pub(super) use self::landing::Snapshot;
pub use self::look::Look;
pub use self::reach::Reach;
pub use self::rehearsal::Preview;
pub use self::request::{Proposed, RequestBranch};

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// Which repository, and how to be let in.
#[derive(Debug, Clone)]
pub struct RepositorySpec {
    /// `https://…`, `ssh://…`, `git@host:path`, `file://…` or a path.
    pub url: Address,
    /// The branch that Argo CD follows; by default the remote's own default branch.
    pub branch: Option<String>,
    /// The user name for an `http(s)` address; by default what the address holds, or one that suits tokens.
    pub username: Option<String>,
    /// The token for an `http(s)` address. None (or an empty one) leaves it to the user's own Git configuration.
    pub credentials: Option<Secret>,
    /// Who commits; by default Git's configuration, and Slipway where that has nobody.
    pub author: Option<Identity>,
}

/// A bare clone of the branch in a temporary folder, gone when this is dropped. What was fetched before it may have from a clone
/// that is kept.
#[derive(Debug)]
pub struct Repository {
    git: Git,
    /// Where it is by now.
    remote: GitRemote,
    /// The address as it was named.
    named: String,
    branch: String,
    tip: String,
    /// Whether the tip was fetched for the next change already.
    fresh: bool,
    /// What the team says of its applications.
    rules: Arc<Rules>,
    /// What registries say of the images that are set.
    asked: Arc<Asked>,
    /// Whether changes are only looked at, and what the last one was.
    rehearsal: rehearsal::Rehearsal,
    /// How manifests are held to rules before they are pushed, and what the last change showed.
    checks: checking::Checks,
    /// Where changes go to be looked at instead of the branch itself, and how the last one went.
    way: request::Way,
    /// Whether this waits for its turn with others.
    queue: queue::Queue,
    /// How far the history goes that is here.
    horizon: Mutex<reach::Horizon>,
    /// All commits without their files, once they were needed.
    alone: Box<tokio::sync::OnceCell<Alone>>,
    /// Our own folder, where what was fetched is kept in it, and how objects are named.
    home: Option<(PathBuf, String)>,
    /// The clone that is kept between commands, as long as this one stands on it.
    kept: Mutex<Option<Box<kept::Kept>>>,
    scratch: Scratch,
}

/// One commit to be.
pub(super) struct Change {
    pub message: String,
    /// Files with their new bytes; none makes an empty commit, for its trailers.
    pub files: Vec<ManifestFile>,
    /// Whether it goes back to what ran before.
    pub takes_back: bool,
}

impl Repository {
    /// The commit of the branch that was seen last.
    pub fn tip(&self) -> &str {
        &self.tip
    }

    /// The branch.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Takes what the team says of its applications.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = Arc::new(rules);
        self
    }

    /// Has registries asked for the images that are set from now on; with `pins`, each gets the digest that its tag has there.
    #[must_use]
    pub fn with_registries(mut self, who: Arc<dyn AskRegistries>, pins: bool) -> Self {
        self.asked = Arc::new(Asked::new(who, pins));
        self
    }

    /// Takes how commits are worded.
    pub fn word(&mut self, wording: Wording) {
        self.way.wording = wording;
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The login that Git is given; none where that is left to the user's own configuration.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.remote.credentials()
    }

    /// How often the last change was pushed until it was there; 0 where nothing was pushed.
    pub fn attempts(&self) -> u32 {
        self.way.attempts
    }

    /// Its address as it was named, without credentials.
    pub fn url(&self) -> &str {
        &self.named
    }

    /// Whether the remote has a part of the history only, so that earlier bumps and freezes are not seen.
    pub fn is_shallow(&self) -> bool {
        self.is_cut() && !self.is_short()
    }

    /// Fetches the branch anew.
    pub async fn fetch(&mut self) -> Result<(), GitOpsError> {
        let name = self.branch_ref();
        // What came since may have brought old branches, of which no more is wanted than of this one.
        let depth = self.is_short().then(|| reach::depth(reach::NEWEST));
        self.fetch_with(depth.as_deref(), &format!("+{name}:{name}")).await?;
        if !self.is_cut() {
            self.set_horizon(reach::Horizon::Whole);
        }
        self.tip = self.git.text(&["rev-parse", "--verify", &format!("{name}^{{commit}}")]).await?;
        self.fresh = true;
        Ok(())
    }

    async fn fetch_with(&self, depth: Option<&str>, refspec: &str) -> Result<(), GitError> {
        // As a pack, which can be kept as it is.
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--update-shallow", "--keep"];
        let beside = self.way.branch.as_ref().map(RequestBranch::refspec);
        let beside = beside.unwrap_or_else(|| self.queue_refspec());
        let holds = self.holds_refspec();
        arguments.extend(depth);
        arguments.extend(["--prune", "--", self.remote.url(), refspec, &beside, &holds]);
        self.git.run(&arguments, &[]).await.map(drop)
    }

    fn branch_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// The manifests under `folder` at the tip, sorted by path, and what is left out of them.
    pub(super) async fn files(&self, folder: &str) -> Result<(Files, Vec<GitOpsError>), GitOpsError> {
        self.files_at(&self.tip, folder).await
    }

    /// The same at another commit.
    pub(super) async fn files_at(
        &self,
        commit: &str,
        folder: &str,
    ) -> Result<(Files, Vec<GitOpsError>), GitOpsError> {
        let (listed, left_out) = self.tree_at(commit).await?.manifests(folder);
        Ok((self.read(listed).await?.into(), left_out))
    }

    /// Every file at the tip.
    pub(super) async fn tree(&self) -> Result<Tree, GitOpsError> {
        self.tree_at(&self.tip).await
    }

    async fn tree_at(&self, commit: &str) -> Result<Tree, GitOpsError> {
        if commit != self.tip {
            self.reach_all().await?;
        }
        let listing = self.local(&self.git, &["ls-tree", "-r", "-z", "--full-tree", commit], &[]).await?;
        let mut tree = Tree::of(&listing)?;
        let targets = self.blobs(&tree.links()).await?;
        tree.follow(targets);
        Ok(tree)
    }

    /// The files that may hold Applications which set something in a kustomization. Git looks for their words in all files,
    /// which is faster than to read them.
    async fn with_applications(&self) -> Result<Vec<String>, GitOpsError> {
        self.files_with(&["-E", "--all-match", "-e", r"argoproj\.io/", "-e", "kustomize|helm"]).await
    }

    /// The manifests that Git finds something in.
    async fn files_with(&self, what: &[&str]) -> Result<Vec<String>, GitOpsError> {
        let (before, after) = (["grep", "-l", "-z", "-I"], [&*self.tip, "--", "*.yaml", "*.yml", "*.json"]);
        let arguments = [&before[..], what, &after].concat();
        let found = match self.local(&self.git, &arguments, &[]).await {
            Ok(found) => found,
            // It says nothing where nothing is found, and ends with 1.
            Err(GitOpsError::Git(GitError::Failed { message, .. })) if message.is_empty() => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let start = format!("{}:", self.tip);
        let names = found.split(|&byte| byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
        Ok(names.filter_map(|name| name.strip_prefix(&start)).map(str::to_owned).collect())
    }

    async fn read(&self, listed: Vec<Listed>) -> Result<Vec<ManifestFile>, GitOpsError> {
        let ids: Vec<String> = listed.iter().map(|file| file.id.clone()).collect();
        let blobs = self.blobs(&ids).await?;
        let file = |(Listed { path, mode, link, .. }, bytes)| ManifestFile { path, mode, bytes, link };
        Ok(listed.into_iter().zip(blobs).map(file).collect())
    }

    /// The content of objects, in order.
    pub(super) async fn blobs(&self, ids: &[String]) -> Result<Vec<Vec<u8>>, GitOpsError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.blobs_here(ids).await?;
        // One that is missing ends no command.
        if found.is_none() && self.stand_alone("objects are missing").await? {
            found = self.blobs_here(ids).await?;
        }
        found.ok_or(GitOpsError::Answer { command: "cat-file" })
    }

    async fn blobs_here(&self, ids: &[String]) -> Result<Option<Vec<Vec<u8>>>, GitOpsError> {
        let asked = ids.join("\n");
        let all = self.local(&self.git, &["cat-file", "--batch"], asked.as_bytes()).await?;
        let mut rest = &all[..];
        Ok(ids.iter().map(|_| next_blob(&mut rest)).collect())
    }

    /// The windows that are open now, each with its end.
    pub fn windows_open(&self) -> Vec<(super::window::FreezeWindow, String)> {
        let now = jiff::Timestamp::now();
        let open =
            |window: &super::window::FreezeWindow| Some((window.clone(), window.ends(now)?.to_string()));
        self.rules.windows.iter().filter_map(open).collect()
    }

    /// The commit that changed something in a folder last.
    pub(super) async fn last_change(&self, folder: &str) -> Result<String, GitOpsError> {
        let folder = if folder.is_empty() { "." } else { folder };
        self.reach_all().await?;
        let commit = self.ask(&["rev-list", "-1", &self.tip, "--", folder], "").await?;
        Ok(commit.trim().to_owned())
    }

    /// Whether a commit of the tip that another one does not have changed something at some paths.
    pub(super) async fn is_touched_since(&self, since: &str, paths: &[&str]) -> Result<bool, GitOpsError> {
        let without = format!("^{since}");
        let arguments = [&["rev-list", "-1", &self.tip, &without, "--"][..], paths].concat();
        Ok(!self.ask(&arguments, "").await?.trim().is_empty())
    }

    /// What git answers to a question about what was fetched.
    pub(super) async fn ask(&self, arguments: &[&str], input: &str) -> Result<String, GitOpsError> {
        // A folder may be called like a pattern.
        let git = self.git.clone().with_variable("GIT_LITERAL_PATHSPECS", "1");
        let answer = self.local(&git, arguments, input.as_bytes()).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Writes a commit on the tip, here only. Without a work tree: no filter and no hook sees the bytes.
    async fn commit(&self, change: &Change) -> Result<String, GitOpsError> {
        let tree = self.write(change).await?;
        self.commit_tree(&tree, &self.way.wording.of(&change.message)).await
    }

    /// The tip with the files of a change, as a tree.
    async fn write(&self, change: &Change) -> Result<String, GitOpsError> {
        self.write_on(&self.tip, &change.files).await
    }

    /// A commit with some files, as a tree.
    async fn write_on(&self, base: &str, files: &[ManifestFile]) -> Result<String, GitOpsError> {
        let index = self.scratch.path().join("slipway.index");
        let git = self.git.clone().with_variable("GIT_INDEX_FILE", index.to_string_lossy());
        self.local(&git, &["read-tree", base], &[]).await?;
        let mut entries = Vec::new();
        for file in files {
            let id = git.run(&["hash-object", "-w", "--stdin"], &file.bytes).await?;
            let id = String::from_utf8_lossy(&id).trim().to_owned();
            entries.extend(format!("{} {id}\t{}\0", file.mode, file.path).into_bytes());
        }
        if !entries.is_empty() {
            git.run(&["update-index", "-z", "--index-info"], &entries).await?;
        }
        Ok(git.text(&["write-tree"]).await?)
    }

    async fn commit_tree(&self, tree: &str, message: &str) -> Result<String, GitOpsError> {
        let mut arguments = vec!["commit-tree", tree, "-p", &self.tip, "-F", "-"];
        // The user's own setting: `commit-tree` does not look at it.
        let signs = configured::of_user(self.scratch.path(), "commit.gpgSign").is_some_and(|value| {
            ["true", "yes", "on", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
        });
        if signs {
            arguments.push("-S");
        }
        let commit = self.git.run(&arguments, message.as_bytes()).await.map_err(|error| match error {
            GitError::Failed { message, .. } if signs => GitOpsError::Signing { cause: message },
            other => other.into(),
        })?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    async fn push(&mut self, commit: &str) -> Result<(), GitError> {
        let refspec = format!("{commit}:{}", self.branch_ref());
        self.push_as(&[&refspec]).await
    }

    /// Pushes references, as the options among them say.
    async fn push_as(&mut self, what: &[&str]) -> Result<(), GitError> {
        match self.git.run(&push_arguments(what, self.remote.url()), &[]).await {
            Ok(_) => Ok(()),
            // Who may read without a login hears of it only now.
            Err(GitError::Redirected { url, to }) => {
                let next = self.remote.redirected(to.expose()).ok_or(GitError::Redirected { url, to })?;
                self.git = self.git.clone().with_remote(next.clone());
                self.remote = next;
                self.git.run(&push_arguments(what, self.remote.url()), &[]).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// The same of what may stand on a tip that the remote's branch has left behind: git then does not know by itself that the remote has
    /// it, and would send all of the history. It is told to ask.
    async fn push_beside(&mut self, what: &[&str]) -> Result<(), GitError> {
        self.git.run(&["config", "push.negotiate", "true"], &[]).await?;
        let pushed = self.push_as(what).await;
        self.git.run(&["config", "push.negotiate", "false"], &[]).await?;
        pushed
    }

    /// Asks the remote whether its branch holds `commit`: as its tip, or before it.
    async fn verify(&mut self, commit: &str) -> Result<(), GitOpsError> {
        let name = self.branch_ref();
        let answer = self.git.text(&["ls-remote", "--", self.remote.url(), &name]).await?;
        if answer.split_whitespace().next() == Some(commit) {
            commit.clone_into(&mut self.tip);
            return Ok(());
        }
        self.fetch().await?;
        if self.is_ancestor(commit, &self.tip).await? {
            return Ok(());
        }
        Err(GitOpsError::NotOnBranch {
            commit: commit.to_owned(),
            branch: self.branch.clone(),
            url: self.remote.url().into(),
        })
    }
}

fn push_arguments<'a>(what: &[&'a str], url: &'a str) -> Vec<&'a str> {
    let (options, references): (Vec<&str>, Vec<&str>) = what.iter().partition(|one| one.starts_with("--"));
    [&["push", "--porcelain", "--no-verify"], &options[..], &["--", url], &references[..]].concat()
}

/// `root` and `app` as one folder of the repository.
pub(super) fn folder_of(root: &str, app: &str) -> Result<String, GitOpsError> {
    let mut parts = Vec::new();
    for part in root.split('/').chain([app]) {
        match part {
            "" | "." => {}
            ".." => return Err(GitOpsError::Path { path: format!("{root}/{app}") }),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Takes one `<id> blob <size>\n<bytes>\n` from the front.
fn next_blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let line_end = rest.iter().position(|&byte| byte == b'\n')?;
    let header = std::str::from_utf8(rest.get(..line_end)?).ok()?;
    let size: usize = header.rsplit(' ').next()?.parse().ok()?;
    let bytes = rest.get(line_end + 1..line_end + 1 + size)?.to_vec();
    *rest = rest.get(line_end + size + 2..)?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_cannot_leave_the_repository() {
        assert_eq!(folder_of("./manifests/", "app-a").unwrap(), "manifests/app-a");
        assert_eq!(folder_of("", "app-a").unwrap(), "app-a");
        assert!(folder_of("../other", "app-a").is_err());
    }
}

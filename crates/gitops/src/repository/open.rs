//! How a repository is begun: which branch, which kind of objects, and where its address leads by now.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::bare::make_bare;
use super::checking::Checks;
use super::kept::Kept;
use super::queue::Queue;
use super::reach::Reach;
use super::rehearsal::Rehearsal;
use super::request::Way;
use super::{Identity, Repository, RepositorySpec};
use crate::error::GitOpsError;
use slipway_support::git::{Git, GitError, GitRemote, is_branch_name};
use slipway_support::scratch::Scratch;

/// More than these follow each other in a circle only.
const MOST_REDIRECTS: usize = 3;
/// So many branches are named, where one of them has to be chosen.
const SHOWN_BRANCHES: usize = 5;
/// Git says so of a repository whose objects are named by the other algorithm.
pub(super) const OTHER_ALGORITHM: &str = "mismatched algorithms";

impl Repository {
    /// Clones a branch, with all of its history, and nothing else of the repository.
    ///
    /// Where the server says that the repository is elsewhere on it, it is followed there.
    pub async fn open(spec: RepositorySpec) -> Result<Self, GitOpsError> {
        Self::open_kept(spec, None, Reach::All).await
    }

    /// The same with what was fetched by earlier commands; `home` is the folder (`.slipway`) in which that is kept, where it is.
    ///
    /// What the remote has is asked from the remote: the clone that is kept only spares what need not be sent again. Where nothing is
    /// kept, as much of the history is fetched as `reach` says.
    pub async fn open_kept(
        spec: RepositorySpec,
        home: Option<&Path>,
        reach: Reach,
    ) -> Result<Self, GitOpsError> {
        let RepositorySpec { url, branch, username, credentials, author } = spec;
        let remote = GitRemote::new(&url, branch.clone().unwrap_or_else(|| "HEAD".to_owned()));
        let remote = remote.and_then(|remote| remote.with_login(username, credentials));
        let mut remote = remote.map_err(|problem| GitOpsError::Address { url, problem })?;
        let named = remote.url().to_owned();
        let mut redirects = 0;
        loop {
            let begun =
                Self::begin(&named, remote.clone(), branch.as_deref(), author.as_ref(), (home, reach)).await;
            match begun {
                Err(GitOpsError::Git(GitError::Redirected { url, to })) => {
                    let next = remote.redirected(to.expose()).filter(|_| redirects < MOST_REDIRECTS);
                    remote = next.ok_or(GitError::Redirected { url, to })?;
                    redirects += 1;
                }
                begun => return begun,
            }
        }
    }

    /// One of which nothing was seen yet.
    pub(super) fn of(git: Git, remote: GitRemote, named: String, branch: String, scratch: Scratch) -> Self {
        Self {
            git,
            remote,
            named,
            branch,
            tip: String::new(),
            fresh: false,
            rules: Arc::default(),
            asked: Arc::default(),
            rehearsal: Rehearsal::default(),
            checks: Checks::default(),
            way: Way::default(),
            queue: Queue::default(),
            horizon: Mutex::default(),
            alone: Box::new(OnceCell::new()),
            home: None,
            kept: Mutex::default(),
            scratch,
        }
    }

    async fn begin(
        named: &str,
        remote: GitRemote,
        branch: Option<&str>,
        author: Option<&Identity>,
        (home, reach): (Option<&Path>, Reach),
    ) -> Result<Self, GitOpsError> {
        let mut last = None;
        // Of the two, nearly every repository is of the first; the user's own default says nothing about this one.
        for format in ["sha1", "sha256"] {
            match Self::begin_with(named, remote.clone(), branch, author, (home, reach, format)).await {
                Err(GitOpsError::Git(GitError::Failed { message, command }))
                    if message.contains(OTHER_ALGORITHM) =>
                {
                    last = Some(GitOpsError::Git(GitError::Failed { command, message }));
                }
                begun => return begun,
            }
        }
        Err(last.unwrap_or(GitOpsError::Answer { command: "init" }))
    }

    async fn begin_with(
        named: &str,
        mut remote: GitRemote,
        branch: Option<&str>,
        author: Option<&Identity>,
        (home, reach, format): (Option<&Path>, Reach, &str),
    ) -> Result<Self, GitOpsError> {
        let scratch = Scratch::new("manifests").map_err(GitOpsError::Scratch)?;
        let local = Git::scratch(scratch.path());
        make_bare(&scratch, format)?;
        let branch = match branch {
            Some(branch) => branch.to_owned(),
            None => default_branch(&local, &remote).await?,
        };
        if !is_branch_name(&branch) {
            let message = format!("{branch:?} is no branch name");
            return Err(GitError::Failed { command: "check-ref-format".into(), message }.into());
        }
        remote.branch.clone_from(&branch);
        let mut git = local.with_remote(remote.clone());
        for (role, ident) in [("AUTHOR", "GIT_AUTHOR_IDENT"), ("COMMITTER", "GIT_COMMITTER_IDENT")] {
            let identity = match author {
                Some(identity) => Some(identity.clone()),
                None if git.run(&["var", ident], &[]).await.is_ok() => None,
                None => Some(Identity { name: "Slipway".into(), email: "slipway@localhost".into() }),
            };
            if let Some(Identity { name, email }) = identity {
                git = git
                    .with_variable(&format!("GIT_{role}_NAME"), name)
                    .with_variable(&format!("GIT_{role}_EMAIL"), email);
            }
        }
        let mut repository = Self::of(git, remote, named.to_owned(), branch, scratch);
        repository.home = home.map(|home| (home.to_owned(), format.to_owned()));
        repository.begin_on(home.and_then(|home| Kept::find(home, named, format)), reach).await?;
        repository.keep().await;
        Ok(repository)
    }
}

/// The branch that the remote's HEAD names: what Argo CD follows where nobody says a revision.
async fn default_branch(git: &Git, remote: &GitRemote) -> Result<String, GitOpsError> {
    let git = git.clone().with_remote(remote.clone());
    let answer = git.text(&["ls-remote", "--symref", "--", remote.url(), "HEAD"]).await?;
    let named = answer.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD"));
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let url = remote.url().into();
    let answer = git.text(&["ls-remote", "--heads", "--", remote.url()]).await?;
    let branches: Vec<&str> =
        answer.lines().filter_map(|line| Some(line.split_once("\trefs/heads/")?.1)).collect();
    let (shown, more) = branches.split_at(branches.len().min(SHOWN_BRANCHES));
    match (shown, more.len()) {
        ([], _) => Err(GitError::BranchNotFound { url, branch: "HEAD".to_owned() }.into()),
        (shown, 0) => Err(GitOpsError::DanglingHead { url, branches: shown.join(", ") }),
        (shown, more) => {
            Err(GitOpsError::DanglingHead { url, branches: format!("{} and {more} more", shown.join(", ")) })
        }
    }
}

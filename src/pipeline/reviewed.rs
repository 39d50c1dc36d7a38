//! The plans that were reviewed: those that the pipeline made for the pull requests by which commits were merged.
//!
//! A plan belongs to the last commit of its pull request's branch: what was pushed after it was planned is not what was looked
//! at. Whether it still may be applied on what was merged is the plan's own matter, which is held to its content.

use std::collections::BTreeSet;
use std::path::Path;

use super::host::Host;
use super::sealed::{self, SEALED, SealedError};
use crate::engine::source::SourceError;
use crate::engine::source::archive::{Kind, unpack};
use crate::forge::{Artifact, ForgeError};
use crate::support::confined::Named;
use crate::support::fs::{FileError, read_regular};
use crate::support::git::{Git, GitError, is_ancestor, short};
use crate::support::interrupt::Waiting;
use crate::support::scratch::Scratch;
use crate::support::secret::Secret;

/// How much a file with plans may be, in bytes.
const LARGEST: u64 = 1 << 30;
/// So many commits are looked at, one by one.
const MOST_COMMITS: usize = 500;

/// Why there are no such plans.
#[derive(Debug, thiserror::Error)]
pub enum ReviewedError {
    /// The forge was not asked, or said no.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// Git was not asked.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What a run has left cannot be unpacked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is not sealed as it should be.
    #[error("{name} of pull request #{number}: {error}")]
    Sealed {
        /// What was handed on.
        name: String,
        /// Whose it is; 0 for the run itself.
        number: u64,
        /// Why not.
        error: SealedError,
    },
    /// Somebody pushed to the branch.
    #[error("commit {0} came by no pull request, so nobody has seen a plan of it")]
    NoRequest(String),
    /// Forks have no secrets.
    #[error("pull request #{0} came from a fork, of which nothing is planned with secrets")]
    Fork(u64),
    /// It was merged without.
    #[error("the pipeline of pull request #{number} at {head} {how}")]
    NotPlanned {
        /// Its number.
        number: u64,
        /// Its last commit.
        head: String,
        /// What became of the run.
        how: String,
    },
    /// It took too long to merge, or to apply.
    #[error("{name} of pull request #{number} is not kept any more")]
    Expired {
        /// What was handed on.
        name: String,
        /// Whose it is.
        number: u64,
    },
    /// Too far behind.
    #[error("there are more than {MOST_COMMITS} commits since the last apply")]
    TooFar,
}

impl ReviewedError {
    /// Whether it is a refusal: nobody has agreed to what would be applied.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Forge(_) | Self::Git(_) | Self::File(_) | Self::Source(_))
    }
}

/// A file with plans, by whose review they may be applied.
struct Left {
    artifact: Artifact,
    number: u64,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// The branch that is applied.
    pub branch: &'a str,
    /// The repository's folder.
    pub repository: &'a Path,
    /// The commit that is there.
    pub commit: &'a str,
    /// The commit that was there before the push, where it is known.
    pub before: Option<&'a str>,
}

impl Wanted<'_> {
    /// The name under which an apply notes how far it has come.
    fn note(&self) -> String {
        format!("applied-{}", self.environment)
    }

    /// The commits that were merged since the last apply, in their order.
    async fn commits(&self, forge: &Host) -> Result<Vec<String>, ReviewedError> {
        let git = Git::new(self.repository);
        let noted = forge.noted(&self.note(), self.branch).await?;
        // A commit that is not there was on a branch that was written anew.
        let is_before = |commit: &str| is_ancestor(&git, commit, self.commit).unwrap_or_default();
        let mut candidates = noted.iter().map(String::as_str).chain(self.before);
        let Some(from) = candidates.find(|commit| is_before(commit)) else {
            return Ok(vec![self.commit.to_owned()]);
        };
        let range = format!("{from}..{}", self.commit);
        let listed = git.ask(&["rev-list", "--first-parent", "--reverse", "--end-of-options", &range])?;
        let commits: Vec<String> = listed.lines().map(str::to_owned).collect();
        if commits.len() > MOST_COMMITS { Err(ReviewedError::TooFar) } else { Ok(commits) }
    }

    /// The names of what has plans of the environment, and what they are sorted by.
    fn is_of_it(&self, artifact: &Artifact) -> bool {
        let number =
            artifact.name.strip_prefix("plans-").and_then(|rest| rest.strip_prefix(self.environment));
        number
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|number| number.len() == 3 && number.chars().all(|digit| digit.is_ascii_digit()))
    }

    /// What a run has left of the environment, in the order in which it is applied.
    async fn of_run(&self, forge: &Host, run: u64, number: u64) -> Result<Vec<Left>, ReviewedError> {
        let mut all = forge.artifacts(run).await?;
        all.retain(|artifact| self.is_of_it(artifact));
        // Of one name the newest: a job that ran again has left it again.
        all.sort_by(|a, b| a.name.cmp(&b.name).then(b.id.cmp(&a.id)));
        all.dedup_by(|a, b| a.name == b.name);
        if let Some(gone) = all.iter().find(|artifact| artifact.is_expired) {
            return Err(ReviewedError::Expired { name: gone.name.clone(), number });
        }
        Ok(all.into_iter().map(|artifact| Left { artifact, number }).collect())
    }

    async fn of_commits(&self, forge: &Host) -> Result<Vec<Left>, ReviewedError> {
        let mut left = Vec::new();
        let mut seen = BTreeSet::new();
        for commit in self.commits(forge).await? {
            let requests = forge.merged(&commit).await?;
            let mut requests = requests.into_iter().filter(|request| request.base == self.branch).peekable();
            if requests.peek().is_none() {
                return Err(ReviewedError::NoRequest(short(&commit).to_owned()));
            }
            for request in requests.filter(|request| seen.insert(request.number)) {
                let number = request.number;
                if request.is_of_fork {
                    return Err(ReviewedError::Fork(number));
                }
                let run = forge.run(&request).await?;
                let how = match run.as_ref().map(|run| run.conclusion.as_deref()) {
                    None => "has not run".to_owned(),
                    Some(None) => "has not ended".to_owned(),
                    Some(Some("success")) => String::new(),
                    Some(Some(conclusion)) => format!("ended with {conclusion}"),
                };
                let Some(run) = run.filter(|_| how.is_empty()) else {
                    let head = short(&request.head).to_owned();
                    return Err(ReviewedError::NotPlanned { number, head, how });
                };
                left.extend(self.of_run(forge, run.id, number).await?);
            }
        }
        Ok(left)
    }

    /// Brings the plans of what was merged since the last apply into folders below `to`: `000`, `001` and so on, in the order
    /// in which they are applied. Returns how many there are.
    pub async fn bring(&self, forge: &Host, secret: &Secret, to: &Path) -> Result<usize, ReviewedError> {
        let left = self.of_commits(forge).await?;
        open(forge, left, secret, to).await
    }

    /// The same of what a run has left itself.
    pub async fn bring_of_run(
        &self,
        forge: &Host,
        run: u64,
        secret: &Secret,
        to: &Path,
    ) -> Result<usize, ReviewedError> {
        let left = self.of_run(forge, run, 0).await?;
        open(forge, left, secret, to).await
    }
}

async fn open(forge: &Host, left: Vec<Left>, secret: &Secret, to: &Path) -> Result<usize, ReviewedError> {
    let count = left.len();
    for (place, Left { artifact, number }) in left.into_iter().enumerate() {
        let scratch =
            Scratch::new("plans").map_err(FileError::on("make", Path::new("a temporary folder")))?;
        let (packed, unpacked) = (scratch.path().join("artifact.zip"), scratch.path().join("artifact"));
        forge.save(&artifact, &packed, LARGEST).await?;
        let waiting = Waiting::default();
        unpack(&packed, Kind::Zip, &artifact.name, &unpacked, &waiting.given_up())?;
        let sealed = unpacked.join(SEALED);
        let bytes = read_regular(&sealed).map_err(FileError::on("read", &sealed))?;
        let folder = Named::new(&to.join(format!("{place:03}")), &[])?;
        let named = |error| ReviewedError::Sealed { name: artifact.name.clone(), number, error };
        sealed::open(&bytes, secret, &folder).map_err(named)?;
    }
    Ok(count)
}

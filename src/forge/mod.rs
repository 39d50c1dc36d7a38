//! Forges: GitHub and GitLab, asked by their APIs to propose a change as a pull request or merge request.
//!
//! | what | by |
//! |---|---|
//! | which forge has a repository, and how it lets us in | [`Place`], [`Forge::of`] |
//! | open a request for a branch, or update the one that is open | [`Forge::propose`] |
//! | see what became of it | [`Forge::state`] |
//! | the one comment that a pipeline keeps on a request | [`Forge::comment`] |
//! | the statuses that a pipeline gives a commit | [`Forge::status`] |
//! | the other requests that are open, and their files | [`Forge::open_for`] |
//! | what pipelines have left for a request | [`Merged`], [`Run`], [`Artifact`] |
//! | a token of a GitHub App | [`github::AppKey`] |

mod api;
pub mod comment;
mod error;
pub mod github;
pub mod gitlab;
mod left;
mod open;
mod place;
pub mod status;
mod text;

use url::Url;

pub use self::error::ForgeError;
pub use self::left::{Artifact, Merged, Run};
pub use self::open::{MOST as MOST_OPEN, OpenRequest};
pub use self::place::{Kind, Place};
pub use self::text::{Line, RequestText};
use crate::support::secret::Secret;

/// A request that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number in the repository.
    pub number: u64,
    /// Its address for people.
    pub url: String,
    /// Whether it was opened just now; if not, it was open already.
    pub opened: bool,
    /// What could not be done of what was asked beside it, or will not be as expected.
    pub warnings: Vec<String>,
    /// The name that GraphQL knows it by.
    id: String,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The branch with the change.
    pub head: &'a str,
    /// Its commit.
    pub commit: &'a str,
    /// The branch that it is for.
    pub base: &'a str,
    /// Title and body.
    pub text: &'a RequestText,
    /// Labels to have.
    pub labels: &'a [String],
    /// Who is to look at it: users, on GitHub also `ORG/TEAM`.
    pub reviewers: &'a [String],
    /// Merge it once all that is required is there.
    pub auto_merge: bool,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has merged it yet.
    Open,
    /// It is on the branch that it was for, by this commit.
    Merged(String),
    /// It was closed without.
    Closed,
}

/// A repository on its forge.
#[derive(Debug)]
pub enum Forge {
    /// GitHub, and GitHub Enterprise.
    GitHub(github::GitHub),
    /// GitLab.
    GitLab(gitlab::GitLab),
}

impl Forge {
    /// The forge at a place, let in by a token.
    pub fn of(place: &Place, token: Secret) -> Self {
        match place.kind {
            Kind::GitHub => Self::GitHub(github::GitHub::new(place, token)),
            Kind::GitLab => Self::GitLab(gitlab::GitLab::new(place, token)),
        }
    }

    /// Opens a request, or brings the one that is open for the branch up to date.
    pub async fn propose(&self, wanted: &Wanted<'_>) -> Result<Request, ForgeError> {
        match self {
            Self::GitHub(forge) => forge.propose(wanted).await,
            Self::GitLab(forge) => forge.propose(wanted).await,
        }
    }

    /// Gives an open request another title and body.
    pub async fn describe(&self, number: u64, text: &RequestText) -> Result<(), ForgeError> {
        match self {
            Self::GitHub(forge) => forge.describe(number, text).await.map(drop),
            Self::GitLab(forge) => forge.describe(number, text, &[]).await.map(drop),
        }
    }

    /// What became of a request.
    pub async fn state(&self, number: u64) -> Result<RequestState, ForgeError> {
        match self {
            Self::GitHub(forge) => forge.state(number).await,
            Self::GitLab(forge) => forge.state(number).await,
        }
    }
}

/// `base` with more path: segments are encoded, a query is added.
fn address(base: &Url, segments: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    // It fails only for addresses that have no path, which no API has.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

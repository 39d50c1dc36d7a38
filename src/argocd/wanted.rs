//! What is waited for, and who knows whether a revision has the commit.

use std::time::Duration;

use async_trait::async_trait;

/// Knows the repository's history.
#[async_trait]
pub trait Ancestry: Send + Sync {
    /// Whether the revision is the commit or a descendant of it; `None` for a revision that the repository's branch does
    /// not have. It is asked some times a second. An error says why there is no answer.
    async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, String>;
}

/// An image that a workload has to run.
#[derive(Clone, Debug)]
pub struct WantedImage {
    /// The Application whose workload it is.
    pub application: String,
    /// The workload's kind.
    pub kind: String,
    /// The container's name.
    pub container: String,
    /// The workload's name and its image, one of them: overlays give each its own.
    pub any_of: Vec<(String, String)>,
}

/// What is waited for.
pub struct Wanted<'a> {
    /// The repository that counts: Applications of others need no commit of it.
    pub repository: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// The Applications by name; all where none is named.
    pub applications: &'a [String],
    /// The images that have to run.
    pub images: &'a [WantedImage],
    /// How long.
    pub timeout: Duration,
}

//! What is waited for, and who knows whether a revision has the commit.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;

use super::application::ApplicationStatus;
use super::running::Somewhere;
use crate::project::LeftOut;

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
    /// Those of which it is not known here in which containers.
    pub somewhere: &'a [Somewhere],
    /// The Applications that are not waited for, where none is named.
    pub left_out: &'a LeftOut,
    /// Whether an operation is ended that still syncs another commit than the one that was compared.
    pub ends_old_syncs: bool,
    /// How long.
    pub timeout: Duration,
}

/// Nothing.
static NOTHING: LazyLock<LeftOut> = LazyLock::new(LeftOut::default);

impl<'a> Wanted<'a> {
    /// All Applications at a commit of a repository, for as long as a timeout says.
    pub fn at(repository: &'a str, commit: &'a str, timeout: Duration) -> Self {
        Self {
            repository,
            commit,
            applications: &[],
            images: &[],
            somewhere: &[],
            left_out: &NOTHING,
            ends_old_syncs: false,
            timeout,
        }
    }

    /// Whether an Application is waited for.
    pub(super) fn has(&self, application: &ApplicationStatus) -> bool {
        if !self.applications.is_empty() {
            return self.applications.contains(&application.name);
        }
        !self.left_out.has(&application.facts.traits(&application.name))
    }
}

//! A repository of this machine, looked at where it is: nothing is cloned or fetched, and nothing is written.

use std::path::Path;

use super::{Repository, folder_of};
use crate::error::GitOpsError;
use crate::listing::{self, AppImage};
use crate::record::ImageRecord;
use crate::said;
use slipway_support::git::{Git, GitRemote};
use slipway_support::scratch::Scratch;

/// Git fetches what a partial clone lacks, where that is not forbidden.
const NO_FETCH: &str = "GIT_NO_LAZY_FETCH";

/// The manifests in such a repository, as the branch has them here.
#[derive(Debug)]
pub struct Look(Repository);

impl Look {
    /// Looks at a branch, by default the one that is checked out.
    pub async fn at(folder: &Path, branch: Option<&str>) -> Result<Self, GitOpsError> {
        let named = folder.to_string_lossy().into_owned();
        let url = named.as_str().into();
        let remote = GitRemote::new(&url, branch.unwrap_or("HEAD").to_owned());
        let remote = remote.map_err(|problem| GitOpsError::Address { url, problem })?;
        let mut git = Git::new(folder).with_variable(NO_FETCH, "1");
        // Git takes a bare one that was made by somebody else for a repository only where it is named.
        if ["HEAD", "objects", "refs"].iter().all(|part| folder.join(part).exists()) {
            git = git.with_variable("GIT_DIR", named.clone());
        }
        let name = branch.map_or_else(|| "HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
        let commit = format!("{name}^{{commit}}");
        let tip = git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).await?;
        let scratch = Scratch::new("look").map_err(GitOpsError::Scratch)?;
        let branch = branch.unwrap_or("HEAD").to_owned();
        Ok(Self(Repository { tip, ..Repository::of(git, remote, named, branch, scratch) }))
    }

    /// The images of all applications under `root`; what cannot be read is left out.
    pub async fn images(&self, root: &str) -> Vec<AppImage> {
        listing::list_images(&self.0, root).await.map(|listing| listing.images).unwrap_or_default()
    }

    /// What was done to an application's images, newest first.
    pub async fn records(&self, root: &str, app: &str) -> Vec<ImageRecord> {
        let Ok(folder) = folder_of(root, app) else { return Vec::new() };
        said::records(&self.0, &folder).await.unwrap_or_default()
    }

    /// The names of its branches, those that moved last first.
    pub async fn branches(&self) -> Vec<String> {
        let arguments =
            ["for-each-ref", "--sort=-creatordate", "--format=%(refname:lstrip=2)", "refs/heads/"];
        let names = self.0.git.text(&arguments).await.unwrap_or_default();
        names.lines().filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The folders right in a folder, which is empty or ends in a slash; with their whole paths.
    pub async fn folders(&self, within: &str) -> Vec<String> {
        let mut arguments = vec!["ls-tree", "-d", "-z", "--name-only", "--full-tree", &self.0.tip];
        arguments.extend((!within.is_empty()).then_some(within));
        let listed = self.0.git.run(&arguments, &[]).await.unwrap_or_default();
        let names = listed.split(|byte| *byte == 0).filter_map(|name| String::from_utf8(name.to_vec()).ok());
        names.filter(|name| !name.is_empty()).collect()
    }
}

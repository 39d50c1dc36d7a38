//! Everything that was done to the images of all apps, and what ran at a moment: from Git alone.

use super::error::GitOpsError;
use super::history::history_of_all;
use super::listing::{AppImage, list_images_at};
use super::record::ImageRecord;
use super::repository::Repository;
use super::spine::Spine;

/// What was done, newest first, and to which apps.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// What each commit did to each image.
    pub records: Vec<ImageRecord>,
}

/// The branch at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Its commit.
    pub commit: String,
    /// What every app ran.
    pub images: Vec<RunningImage>,
}

/// An image at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningImage {
    /// The image.
    pub image: AppImage,
    /// What set it, where that is known.
    pub set: Option<ImageRecord>,
}

/// Everything that was done to the images of the apps under a root.
pub async fn audit(repository: &Repository, root: &str) -> Result<Audit, GitOpsError> {
    let spine = Spine::of(repository).await?;
    Ok(Audit { records: history_of_all(repository, &spine, root).await? })
}

/// What every app ran at a time, in seconds since 1970; none where the branch had no commit by then.
pub async fn running_at(
    repository: &Repository,
    root: &str,
    seconds: i64,
) -> Result<Option<Moment>, GitOpsError> {
    let spine = Spine::of(repository).await?;
    let Some(commit) = spine.at(seconds).map(str::to_owned) else { return Ok(None) };
    let listing = list_images_at(repository, root, &commit).await?;
    let records = history_of_all(repository, &spine, root).await?;
    let then = spine.before(&commit);
    let set = |image: &AppImage| {
        let container = format!("{}/{}/{}", image.kind, image.workload, image.container);
        let is_its = |record: &&ImageRecord| {
            record.app(root) == image.app
                && record.container == container
                && record.file.as_ref().is_none_or(|file| *file == image.file)
                && record.untrue.is_none()
                && record.changes()
        };
        let mut of_it = records.iter().filter(|record| then.contains(record.commit.as_str())).filter(is_its);
        of_it.next().filter(|record| record.image.ends_with(&image.image)).cloned()
    };
    let images = listing.images.into_iter();
    let images = images.map(|image| RunningImage { set: set(&image), image }).collect();
    Ok(Some(Moment { commit, images }))
}

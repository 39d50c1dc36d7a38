//! What runs now: read from the manifests at the tip, or at a commit before it.

use super::error::GitOpsError;
use super::find::{FoundImage, Images, reached_by};
use super::image::ImageTarget;
use super::manifest::{Files, ManifestFile};
use super::repository::{Repository, folder_of};
use super::rules::Rules;
use super::select::is_at;

/// An image in the manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppImage {
    /// The app's folder under the root.
    pub app: String,
    /// The workload's kind.
    pub kind: String,
    /// The workload's name.
    pub workload: String,
    /// The container's name.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// The image, as written.
    pub image: String,
    /// The file, relative to the repository's root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Every image under the root, and every manifest that could not be read for one.
#[derive(Debug, Default)]
pub struct ImageListing {
    /// The images, by file and line.
    pub images: Vec<AppImage>,
    /// What is missing above, each with file and line.
    pub problems: Vec<GitOpsError>,
}

/// Lists the images of every app under `root`.
pub async fn list_images(repository: &Repository, root: &str) -> Result<ImageListing, GitOpsError> {
    list_images_at(repository, root, repository.tip()).await
}

/// Lists the images as they were at a commit.
pub(super) async fn list_images_at(
    repository: &Repository,
    root: &str,
    commit: &str,
) -> Result<ImageListing, GitOpsError> {
    let folder = folder_of(root, "")?;
    let (files, left_out) = repository.files_at(commit, &folder).await?;
    let (found, problems) = found_in(&files, repository.rules(), root)?;
    let mut images: Vec<AppImage> =
        found.iter().map(|image| app_image(&folder, &files[image.file], image)).collect();
    images.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(ImageListing { images, problems: left_out.into_iter().chain(problems).collect() })
}

/// The images in all files under a root, those that rules name by their paths among them; and what could not be read.
pub(super) fn found_in(
    files: &Files,
    rules: &Rules,
    root: &str,
) -> Result<(Vec<FoundImage>, Vec<GitOpsError>), GitOpsError> {
    let folder = folder_of(root, "")?;
    let found = Images::of(files, rules);
    let mut problems = found.unreadable;
    problems.extend(found.obstacles.iter().map(|obstacle| obstacle.error(files)));
    let mut all = found.found;
    for rule in &rules.apps {
        let Some(path) = &rule.path else { continue };
        let app_folder = folder_of(root, &rule.app)?;
        let target = rules.complete(&ImageTarget::of_app(&rule.app));
        for image in reached_by(files, path).found {
            let is_known =
                |known: &FoundImage| known.file == image.file && known.written.shares(&image.written);
            let is_its = app_of(&folder, &files[image.file].path) == rule.app;
            if is_its && is_at(&app_folder, files, &target, &image) && !all.iter().any(is_known) {
                all.push(image);
            }
        }
    }
    Ok((all, problems))
}

/// An image of a file, as it is told of.
pub(super) fn app_image(folder: &str, file: &ManifestFile, image: &FoundImage) -> AppImage {
    AppImage {
        app: app_of(folder, file.link.as_ref().unwrap_or(&file.path)),
        image: image.text(),
        line: image.line(),
        file: file.path.clone(),
        kind: image.kind.clone(),
        workload: image.workload.clone(),
        container: image.container.clone(),
        init: image.init,
    }
}

/// The app that a file belongs to: the folder right under the root, or the root itself.
pub(super) fn app_of(root: &str, file: &str) -> String {
    let inside = file.strip_prefix(root).unwrap_or(file).trim_start_matches('/');
    inside.split_once('/').map_or(".", |(app, _)| app).to_owned()
}

/// The apps under the root.
pub(super) async fn apps(repository: &Repository, root: &str) -> Result<Vec<String>, GitOpsError> {
    let folder = folder_of(root, "")?;
    let (files, _) = repository.files(&folder).await?;
    let mut apps: Vec<String> =
        files.iter().map(|file| app_of(&folder, file.link.as_ref().unwrap_or(&file.path))).collect();
    apps.retain(|app| app != ".");
    apps.sort();
    apps.dedup();
    Ok(apps)
}

/// A hint for an app that is not there: those that are.
pub(super) async fn app_hint(repository: &Repository, root: &str) -> Result<String, GitOpsError> {
    let apps = apps(repository, root).await?;
    Ok(if apps.is_empty() {
        format!("{root} has no apps on {}", repository.branch())
    } else {
        format!("the apps in {root} are {}", apps.join(", "))
    })
}

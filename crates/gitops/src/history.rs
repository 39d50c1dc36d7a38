//! What runs now, and what was done to it: read from the manifests and from Git's log.

use super::error::GitOpsError;
use super::find::{FoundImage, Images, reached_by};
use super::image::{ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile};
use super::repository::{Repository, folder_of};
use super::select::is_at;
use super::trailers::{self, Trailers};

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

/// What a commit of ours did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKind {
    /// Set an image.
    Bump,
    /// Set an image that another environment runs.
    Promotion {
        /// The folder it came from.
        from: String,
    },
    /// Took a bump back; holds later ones until one is told to unfreeze.
    Rollback {
        /// The commit that was taken back.
        of: String,
    },
    /// Let bumps go on, without changing the image.
    Unfreeze {
        /// The rollback that held them.
        rollback: String,
    },
}

/// One commit of ours, read back from its trailers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    /// The commit, in full.
    pub commit: String,
    /// When it was made, RFC 3339 with the committer's offset.
    pub when: String,
    /// Who made it: `Name <address>`.
    pub author: String,
    /// What it did.
    pub kind: RecordKind,
    /// `Deployment/app-a/web`.
    pub container: String,
    /// Its file, where the app has several containers of that name.
    pub file: Option<String>,
    /// Its namespace, in the same case.
    pub namespace: Option<String>,
    /// The image since.
    pub image: String,
    /// The image before.
    pub previous: String,
    /// The pipeline or person behind it.
    pub source: Option<String>,
}

/// Lists the images of every app under `root`.
pub async fn list_images(repository: &Repository, root: &str) -> Result<ImageListing, GitOpsError> {
    let folder = folder_of(root, "")?;
    let (files, left_out) = repository.files(&folder).await?;
    let mut listing = ImageListing { images: Vec::new(), problems: left_out };
    let found = Images::of(&files, repository.rules());
    listing.problems.extend(found.unreadable);
    listing.problems.extend(found.obstacles.iter().map(|obstacle| obstacle.error(&files)));
    let mut all = found.found;
    for rule in &repository.rules().apps {
        let Some(path) = &rule.path else { continue };
        let app_folder = folder_of(root, &rule.app)?;
        let target = repository.rules().complete(&ImageTarget::of_app(&rule.app));
        for image in reached_by(&files, path).found {
            let is_known =
                |known: &FoundImage| known.file == image.file && known.written.shares(&image.written);
            let is_its = app_of(&folder, &files[image.file].path) == rule.app;
            if is_its && is_at(&app_folder, &files, &target, &image) && !all.iter().any(is_known) {
                all.push(image);
            }
        }
    }
    listing.images.extend(all.into_iter().map(|image| {
        let ManifestFile { path: file, link, .. } = &files[image.file];
        AppImage {
            app: app_of(&folder, link.as_ref().unwrap_or(file)),
            image: image.text(),
            line: image.line(),
            file: file.clone(),
            kind: image.kind,
            workload: image.workload,
            container: image.container,
            init: image.init,
        }
    }));
    listing.images.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(listing)
}

/// What was done to the app's images, newest first, at most `limit` of them.
pub async fn history(
    repository: &Repository,
    root: &str,
    app: &str,
    limit: usize,
) -> Result<Vec<ImageRecord>, GitOpsError> {
    let mut all = records(repository, &folder_of(root, app)?).await?;
    all.truncate(limit);
    Ok(all)
}

/// Everything that was done to the images of the app in `folder`, newest first.
///
/// Found by trailer and not by path: a commit that lifts a freeze changes no file.
pub(super) async fn records(repository: &Repository, folder: &str) -> Result<Vec<ImageRecord>, GitOpsError> {
    let mention = format!("--grep={}: {folder}", trailers::APP);
    // A message holds no zero byte, and the fields before it no line break.
    let log = repository.log(&["-z", "--fixed-strings", &mention, "--format=%H%n%cI%n%an <%ae>%n%B"]).await?;
    Ok(log.split('\0').flat_map(|entry| records_of(entry, folder)).collect())
}

/// None for a commit that only mentions the app, or whose trailers are not all there; several where it changed several
/// images of the app, the last of them first.
fn records_of(entry: &str, folder: &str) -> Vec<ImageRecord> {
    let mut fields = entry.splitn(4, '\n');
    let (Some(commit), Some(when), Some(author), Some(message)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Vec::new();
    };
    let groups = trailers::groups(message);
    let groups = groups.iter().rev().filter(|group| group.value(trailers::APP) == Some(folder));
    groups.filter_map(|group| record((commit, when, author), group)).collect()
}

fn record((commit, when, author): (&str, &str, &str), group: &Trailers<'_>) -> Option<ImageRecord> {
    let text = |key: &str| group.value(key).map(str::to_owned);
    let kind = match (text(trailers::ROLLBACK_OF), text(trailers::UNFREEZES), text(trailers::PROMOTED_FROM)) {
        (Some(of), _, _) => RecordKind::Rollback { of },
        // A bump that lifts a freeze is a bump.
        (None, Some(rollback), None) if text(trailers::IMAGE) == text(trailers::PREVIOUS) => {
            RecordKind::Unfreeze { rollback }
        }
        (None, _, Some(from)) => RecordKind::Promotion { from },
        (None, _, None) => RecordKind::Bump,
    };
    Some(ImageRecord {
        commit: commit.to_owned(),
        when: when.to_owned(),
        author: author.to_owned(),
        kind,
        container: text(trailers::CONTAINER)?,
        file: text(trailers::FILE),
        namespace: text(trailers::NAMESPACE),
        image: text(trailers::IMAGE)?,
        previous: text(trailers::PREVIOUS)?,
        source: text(trailers::SOURCE),
    })
}

impl ImageRecord {
    /// Whether the record tells of an image: of its container, or where no container is called so any more of one that runs
    /// the same image. Containers, workloads and kinds are renamed; a freeze must not end by that.
    pub(super) fn is_of(&self, image: &FoundImage, files: &Files, present: &[FoundImage]) -> bool {
        let named = |image: &FoundImage| {
            let (file, namespace) = (self.file.as_ref(), self.namespace.as_ref());
            image.identity() == self.container
                && file.is_none_or(|file| *file == files[image.file].path)
                && namespace.is_none_or(|namespace| *namespace == image.namespace)
        };
        if named(image) || present.iter().any(named) {
            return named(image);
        }
        let runs = |text: &str| text.parse::<ImageReference>().is_ok_and(|record| image.runs(&record.name));
        runs(&self.image) || runs(&self.previous)
    }
}

/// The rollback that stands last on an image, if nothing came after it.
pub(super) fn freeze<'a>(
    records: &'a [ImageRecord],
    image: &FoundImage,
    files: &Files,
    present: &[FoundImage],
) -> Option<&'a ImageRecord> {
    let last = records.iter().find(|record| record.is_of(image, files, present))?;
    matches!(last.kind, RecordKind::Rollback { .. }).then_some(last)
}

/// The app that a file belongs to: the folder right under the root, or the root itself.
fn app_of(root: &str, file: &str) -> String {
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

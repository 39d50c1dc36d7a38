//! Which of an app's images is meant.

use granit_parser::ScalarStyle;

use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::image::{ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile, Value};

/// The one image of `files` that `target` means. Where the target names no container and several are there, the one
/// that already runs `like` (another version of the wanted image) is meant.
pub(super) fn select_image(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<FoundImage, GitOpsError> {
    let images = Images::of(files);
    let fitting = fitting(&images, folder, files, target, like)?;
    match &fitting[..] {
        [only] => checked(files, only),
        several => Err(ambiguous(folder, files, target, several)),
    }
}

/// The images that a target may mean: all that fit it, and of those the ones that run `like` where no container is named.
pub(super) fn fitting<'a>(
    images: &'a Images,
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<Vec<&'a FoundImage>, GitOpsError> {
    let stands_in_the_way =
        images.obstacles.iter().find(|obstacle| workload_fits(target, &obstacle.kind, &obstacle.workload));
    if let Some(obstacle) = stands_in_the_way {
        return Err(obstacle.error(files));
    }
    let fits = |image: &&FoundImage| {
        workload_fits(target, &image.kind, &image.workload)
            && target.container.as_ref().is_none_or(|container| *container == image.container)
            && is_at(folder, files, target, image)
    };
    let mut fitting: Vec<&FoundImage> = images.found.iter().filter(fits).collect();
    if fitting.is_empty() {
        let (folder, target) = (folder.to_owned(), target.to_string());
        return Err(GitOpsError::NoImage { folder, target, present: present(images) });
    }
    if let Some(like) = like.filter(|_| target.container.is_none()) {
        let same: Vec<&FoundImage> = fitting.iter().filter(|image| image.runs(&like.name)).copied().collect();
        if !same.is_empty() {
            fitting = same;
        }
    }
    Ok(fitting)
}

/// An image that an edit can replace.
pub(super) fn checked(files: &Files, chosen: &FoundImage) -> Result<FoundImage, GitOpsError> {
    check_written(&files[chosen.file], chosen)?;
    Ok(chosen.clone())
}

fn workload_fits(target: &ImageTarget, kind: &str, workload: &str) -> bool {
    target.kind.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        && target.workload.as_ref().is_none_or(|wanted| wanted == workload)
}

/// Whether an image is where the target says, if it does.
pub(super) fn is_at(folder: &str, files: &Files, target: &ImageTarget, image: &FoundImage) -> bool {
    target.place.as_ref().is_none_or(|place| {
        let path = &files[image.file].path;
        let is_named = *path == place.file || *path == format!("{folder}/{}", place.file);
        is_named
            && place.line.is_none_or(|line| image.written.spots().iter().any(|spot| spot.node.line == line))
    })
}

/// What is there instead of what was asked for, and what hides the rest.
pub(super) fn present(images: &Images) -> String {
    let identities: Vec<String> = images.found.iter().map(FoundImage::identity).collect();
    let mut present = if identities.is_empty() { "no containers".to_owned() } else { identities.join(", ") };
    for unreadable in &images.unreadable {
        present = format!("{present}; left out: {unreadable}");
    }
    present
}

pub(super) fn ambiguous(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    images: &[&FoundImage],
) -> GitOpsError {
    let describe =
        |image: &&FoundImage| format!("{} ({}:{})", image.identity(), files[image.file].path, image.line());
    let matches = images.iter().map(describe).collect::<Vec<_>>().join(", ");
    let example = images.first().map(|image| selector(folder, files, &target.app, image, images));
    GitOpsError::Ambiguous { target: target.to_string(), matches, example: example.unwrap_or_default() }
}

/// A target that means this image and none of the others: by its names, its file, or its line.
fn selector(folder: &str, files: &Files, app: &str, image: &FoundImage, all: &[&FoundImage]) -> String {
    let identity = image.identity();
    let same = || all.iter().filter(|other| other.identity() == identity);
    let path = files[image.file].path.as_str();
    let file = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')).unwrap_or(path);
    if same().count() < 2 {
        format!("{app}/{identity}")
    } else if same().filter(|other| other.file == image.file).count() < 2 {
        format!("{app}/{identity}@{file}")
    } else {
        format!("{app}/{identity}@{file}:{}", image.line())
    }
}

/// Refuses what no edit can replace.
pub(super) fn check_written(file: &ManifestFile, found: &FoundImage) -> Result<(), GitOpsError> {
    for spot in found.written.spots() {
        let Value::Scalar(text, style) = &spot.node.value else { continue };
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return Err(file.error(spot.node.line, "the image is a block scalar; write it on one line"));
        }
        if text.starts_with("ENC[") {
            return Err(file.error(spot.node.line, "the image is encrypted by SOPS; set it with sops"));
        }
    }
    // Any name will do where none is written.
    let text = found.text_of("image");
    if text.parse::<ImageReference>().is_err() {
        let problem =
            format!("{text:?} is not an image reference; a template has to be rendered before it is edited");
        return Err(file.error(found.line(), problem));
    }
    Ok(())
}

//! Which of an app's images is meant.

use std::borrow::Cow;

use granit_parser::ScalarStyle;

use super::error::GitOpsError;
use super::find::{FoundImage, Images, Obstacle, reached_by};
use super::image::{FilePlace, ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile, Value};
use super::path::ImagePath;
use super::rules::Rules;

/// The one image of `files` that `target` means. Where the target names no container and several are there, the one
/// that already runs `like` (another version of the wanted image) is meant.
pub(super) fn select_image(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
    rules: &Rules,
) -> Result<FoundImage, GitOpsError> {
    let images = Images::of(files, rules);
    let fitting = fitting(&images, folder, files, target, like)?;
    let fitting: Vec<&FoundImage> = fitting.iter().map(AsRef::as_ref).collect();
    match &fitting[..] {
        [only] => checked(files, only),
        several => Err(ambiguous(folder, files, target, several, &images)),
    }
}

/// The images that a target may mean: all that fit it, and of those the ones that run `like` where no container is named.
pub(super) fn fitting<'a>(
    images: &'a Images,
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<Vec<Cow<'a, FoundImage>>, GitOpsError> {
    if let Some(path) = &target.path {
        return by_path(images, folder, files, target, path);
    }
    let stands_in_the_way = |word: Option<&str>| {
        let fits = |obstacle: &&Obstacle| workload_fits(target, &obstacle.kind, &obstacle.workload);
        let mut fitting = images.obstacles.iter().filter(fits);
        let first = fitting.find(|obstacle| word.is_none_or(|word| obstacle.may_be_about(word)));
        first.map_or(Ok(()), |obstacle| Err(obstacle.error(files)))
    };
    // What is in the way of something else is not looked at, where it is sure that it is of something else.
    stands_in_the_way(word_of(target, like).filter(|_| target.workload.is_none()))?;
    let mut fitting: Vec<&FoundImage> =
        images.found.iter().filter(|image| fits(folder, files, target, image)).collect();
    if fitting.is_empty() {
        stands_in_the_way(None)?;
        let (folder, target) = (folder.to_owned(), target.to_string());
        return Err(GitOpsError::NoImage { folder, target, present: present(images) });
    }
    if let Some(like) = like.filter(|_| target.container.is_none()) {
        let same: Vec<&FoundImage> = fitting.iter().filter(|image| image.runs(&like.name)).copied().collect();
        if same.is_empty() {
            stands_in_the_way(None)?;
        } else {
            fitting = same;
        }
    }
    Ok(fitting.into_iter().map(Cow::Borrowed).collect())
}

/// The word that whatever a target means has in its object: the name of the workload or the container that it names, else the last
/// part of the name of the image that is there already, if one is. None where that is nowhere written as such: names with dots are
/// ways into values.
pub(super) fn word_of<'a>(target: &'a ImageTarget, like: Option<&'a ImageReference>) -> Option<&'a str> {
    match (&target.workload, &target.container) {
        (Some(workload), _) => Some(workload),
        (None, Some(container)) => Some(container.as_str()).filter(|name| !name.contains('.')),
        (None, None) => like?.name.rsplit('/').next(),
    }
}

/// Whether what fits a target would do so as well if only objects were known that have the word of the target.
pub(super) fn is_decided(target: &ImageTarget, found: &FoundImage, like: &ImageReference) -> bool {
    target.path.is_none()
        && (target.workload.is_some() || target.container.is_some() || found.runs(&like.name))
}

/// Whether a target may mean an image, by all that it names but a path.
fn fits(folder: &str, files: &Files, target: &ImageTarget, image: &FoundImage) -> bool {
    workload_fits(target, &image.kind, &image.workload)
        && target.namespace.as_ref().is_none_or(|namespace| *namespace == image.namespace)
        && target.container.as_ref().is_none_or(|container| *container == image.container)
        && is_at(folder, files, target, image)
}

/// What a path leads to: images that are known, and values that are one by that only.
fn by_path<'a>(
    images: &'a Images,
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    path: &ImagePath,
) -> Result<Vec<Cow<'a, FoundImage>>, GitOpsError> {
    let reached = reached_by(files, path);
    let mut fitting: Vec<Cow<'a, FoundImage>> = Vec::new();
    for image in reached.found {
        let is_known = |known: &&FoundImage| known.file == image.file && known.written.shares(&image.written);
        let image = match images.found.iter().find(is_known) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(image),
        };
        let is_new =
            !fitting.iter().any(|other| other.file == image.file && other.written.shares(&image.written));
        if is_new && fits(folder, files, target, &image) {
            fitting.push(image);
        }
    }
    if !fitting.is_empty() {
        return Ok(fitting);
    }
    let mut stops = reached.obstacles.iter();
    if let Some(stop) = stops.find(|stop| workload_fits(target, &stop.kind, &stop.workload)) {
        return Err(stop.error(files));
    }
    let (folder, target) = (folder.to_owned(), target.to_string());
    Err(GitOpsError::NoImage { folder, target, present: present(images) })
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
    several: &[&FoundImage],
    all: &Images,
) -> GitOpsError {
    let describe =
        |image: &&FoundImage| format!("{} ({}:{})", image.identity(), files[image.file].path, image.line());
    let matches = several.iter().map(describe).collect::<Vec<_>>().join(", ");
    let example = several.first().map(|image| selector(folder, files, &target.app, image, all));
    GitOpsError::Ambiguous { target: target.to_string(), matches, example: example.unwrap_or_default() }
}

/// A target that means this image and none of the others: by its names, its file, its namespace, its line, or its way in the
/// object. What fits several is never advised, and so not what was typed.
fn selector(folder: &str, files: &Files, app: &str, image: &FoundImage, all: &Images) -> String {
    let path = files[image.file].path.as_str();
    let file = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned();
    let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && !text.contains('/'));
    let named = ImageTarget {
        app: app.to_owned(),
        namespace: None,
        kind: part(&image.kind),
        workload: part(&image.workload),
        container: part(&image.container),
        place: None,
        path: None,
    };
    let at = |line| Some(FilePlace { file: file.clone(), line });
    let mut targets = vec![named.clone(), ImageTarget { place: at(None), ..named.clone() }];
    targets.extend(part(&image.namespace).map(|name| ImageTarget { namespace: Some(name), ..named.clone() }));
    targets.push(ImageTarget { place: at(Some(image.line())), ..named.clone() });
    let is_alone = |target: &&ImageTarget| {
        all.found.iter().filter(|other| fits(folder, files, target, other)).count() == 1
    };
    let target = targets.iter().find(is_alone).cloned();
    let by_path = || {
        let way = format!(
            "/{}",
            image
                .pointer
                .iter()
                .map(|key| key.replace('~', "~0").replace('/', "~1"))
                .collect::<Vec<_>>()
                .join("/")
        );
        ImageTarget { place: at(Some(image.line())), path: way.parse().ok(), ..named }
    };
    target.unwrap_or_else(by_path).to_string()
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

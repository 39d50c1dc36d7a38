//! Which of an app's images is meant.

use granit_parser::ScalarStyle;

use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::image::{ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile, Node, Value};

/// The one image of `files` that `target` means. Where the target names no container and several are there, the one
/// that already runs `like` (another version of the wanted image) is meant.
pub(super) fn select_image(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<FoundImage, GitOpsError> {
    select_among(&Images::of(files), folder, files, target, like)
}

/// The same, where the images were looked for already.
pub(super) fn select_among(
    images: &Images,
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    like: Option<&ImageReference>,
) -> Result<FoundImage, GitOpsError> {
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
    let fitting: Vec<&FoundImage> = images.found.iter().filter(fits).collect();
    let chosen = match (&fitting[..], like) {
        ([], _) => {
            let (folder, target) = (folder.to_owned(), target.to_string());
            return Err(GitOpsError::NoImage { folder, target, present: present(files, images) });
        }
        ([only], _) => *only,
        (several, Some(like)) if target.container.is_none() => {
            let mut same = several.iter().filter(|image| image.runs(&like.name));
            match (same.next(), same.next()) {
                (Some(only), None) => *only,
                _ => return Err(ambiguous(folder, files, target, several)),
            }
        }
        (several, _) => return Err(ambiguous(folder, files, target, several)),
    };
    check_scalar(&files[chosen.file], &chosen.scalar)?;
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
        is_named && place.line.is_none_or(|line| line == image.scalar.line)
    })
}

/// What is there instead of what was asked for, and what hides the rest.
pub(super) fn present(files: &Files, images: &Images) -> String {
    let identities: Vec<String> = images.found.iter().map(FoundImage::identity).collect();
    let mut present = if identities.is_empty() { "no containers".to_owned() } else { identities.join(", ") };
    let mut helm: Vec<&str> =
        files.iter().filter(|file| is_helm(file)).map(|file| file.path.as_str()).collect();
    // Where there are values, they are the place, and not the chart.
    helm.sort_by_key(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with("Chart.")));
    if let Some(path) = helm.first() {
        present = format!(
            "{present}; {path} gives values to a Helm chart, and images in those are not edited: edit them there"
        );
    }
    for unreadable in &images.unreadable {
        present = format!("{present}; left out: {unreadable}");
    }
    present
}

/// A chart of its own, or an Application that hands values to one.
fn is_helm(file: &ManifestFile) -> bool {
    let documents = file.documents().unwrap_or_default();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_chart = matches!(name, "Chart.yaml" | "Chart.yml") || name.starts_with("values");
    let is_application = |document: &Node| {
        let spec = document.get("spec");
        let many = spec.and_then(|spec| spec.get("sources")).map(Node::items).unwrap_or_default();
        let mut sources = spec.and_then(|spec| spec.get("source")).into_iter().chain(many);
        document.get("kind").and_then(Node::text) == Some("Application")
            && sources.any(|source| source.get("helm").is_some())
    };
    (is_chart && documents.iter().all(|document| document.get("kind").is_none()))
        || documents.iter().any(is_application)
}

pub(super) fn ambiguous(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    images: &[&FoundImage],
) -> GitOpsError {
    let describe = |image: &&FoundImage| {
        format!("{} ({}:{})", image.identity(), files[image.file].path, image.scalar.line)
    };
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
        format!("{app}/{identity}@{file}:{}", image.scalar.line)
    }
}

/// Refuses what no edit can replace.
pub(super) fn check_scalar(file: &ManifestFile, scalar: &Node) -> Result<(), GitOpsError> {
    let Value::Scalar(text, style) = &scalar.value else { return Ok(()) };
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return Err(file.error(scalar.line, "the image is a block scalar; write it on one line"));
    }
    if text.starts_with("ENC[") {
        return Err(file.error(scalar.line, "the image is encrypted by SOPS; set it with sops"));
    }
    if text.parse::<ImageReference>().is_err() {
        let problem =
            format!("{text:?} is not an image reference; a template has to be rendered before it is edited");
        return Err(file.error(scalar.line, problem));
    }
    Ok(())
}

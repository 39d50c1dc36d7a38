//! The edit of one manifest that is at hand, without a repository.

use super::edit::replace_image;
use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::image::{ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile};
use super::rules::Rules;
use super::select::{ambiguous, checked, fitting, is_decided, word_of};

/// The bytes of a manifest in which the image that is meant is another one; all other bytes stay. `path` is how errors
/// call it.
///
/// Refused where no image, or more than one, may be meant, and where the file would not say what is meant afterwards.
pub fn edit_file(
    path: &str,
    bytes: &[u8],
    target: &ImageTarget,
    wanted: &ImageReference,
) -> Result<Vec<u8>, GitOpsError> {
    let (path, mode) = (path.to_owned(), "100644".to_owned());
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let files: Files = vec![ManifestFile { path, mode, bytes: bytes.to_vec(), link: None }].into();
    // Of a file of thousands only what may be meant is read, where that alone decides it.
    if let Some(edited) = edit_partly(&folder, &files, target, wanted) {
        return edited;
    }
    let images = Images::keeping_trees(&files, &Rules::default());
    let fitting = fitting(&images, &folder, &files, target, Some(wanted))?;
    let fitting: Vec<&FoundImage> = fitting.iter().map(AsRef::as_ref).collect();
    let found = match &fitting[..] {
        [only] => checked(&files, only)?,
        several => return Err(ambiguous(&folder, &files, target, several, &images)),
    };
    let file = &files[found.file];
    match images.tree(found.file) {
        Some(documents) => replace_image(file, documents, &found, wanted),
        None => replace_image(file, &file.documents()?, &found, wanted),
    }
}

/// The edit by the objects that say a word of what is meant; none where these do not decide it.
fn edit_partly(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    wanted: &ImageReference,
) -> Option<Result<Vec<u8>, GitOpsError>> {
    let images = Images::about(files, &Rules::default(), &[word_of(target, Some(wanted))?]);
    let fitting = fitting(&images, folder, files, target, Some(wanted)).ok()?;
    let [found] = &fitting[..] else { return None };
    let found = checked(files, found).ok().filter(|_| is_decided(target, found, wanted))?;
    replace_image(&files[found.file], images.tree(found.file)?, &found, wanted).ok().map(Ok)
}

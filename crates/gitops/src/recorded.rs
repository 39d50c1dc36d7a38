//! Which of an app's images a record of the history means.

use std::borrow::Cow;

use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::image::ImageTarget;
use super::manifest::Files;
use super::record::ImageRecord;
use super::rules::Rules;
use super::select::{ambiguous, check_written, fitting, is_at, present};

/// An image by its record: of the same names, or where those are gone of the same image, since containers and kinds
/// are renamed. `image` is the one that the record left there.
pub(super) fn select_recorded(
    folder: &str,
    files: &Files,
    target: &ImageTarget,
    record: &ImageRecord,
    rules: &Rules,
) -> Result<FoundImage, GitOpsError> {
    let images = Images::of(files, rules);
    let reached = match target.path {
        Some(_) => fitting(&images, folder, files, target, None)?,
        None => images.found.iter().map(Cow::Borrowed).collect(),
    };
    let mut fitting: Vec<&FoundImage> = reached
        .iter()
        .map(AsRef::as_ref)
        .filter(|image| record.is_of(image, files, &images.found) && is_at(folder, files, target, image))
        .collect();
    if fitting.len() > 1 && fitting.iter().filter(|image| image.text() == record.image).count() == 1 {
        fitting.retain(|image| image.text() == record.image);
    }
    let chosen = match &fitting[..] {
        [only] => *only,
        [] => {
            let (folder, target) = (folder.to_owned(), record.container.clone());
            return Err(GitOpsError::NoImage { folder, target, present: present(&images) });
        }
        several => return Err(ambiguous(folder, files, target, several, &images)),
    };
    check_written(&files[chosen.file], chosen)?;
    Ok(chosen.clone())
}

//! The edit of one manifest that is at hand, without a repository.

use super::edit::replace_image;
use super::error::GitOpsError;
use super::image::{ImageReference, ImageTarget};
use super::manifest::{Files, ManifestFile};
use super::rules::Rules;
use super::select::select_image;

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
    let found = select_image(&folder, &files, target, Some(wanted), &Rules::default())?;
    let file = &files[found.file];
    replace_image(file, &file.documents()?, &found, wanted)
}

//! The edit of manifests.

#![expect(dead_code, unused_imports, reason = "images are listed and compared elsewhere")]

mod age;
mod edit;
mod error;
mod find;
mod image;
mod kustomize;
mod manifest;
mod select;

use image::{ImageReference, ImageTarget};
use manifest::{Files, ManifestFile};

/// Edits the image of `app-a` as a bump does; nothing where that is refused.
pub fn edit_image(bytes: &[u8]) -> Option<Vec<u8>> {
    const WANTED: &str = "registry.example/app-a:v2";
    let (path, mode) = ("manifests/app-a/deployment.yaml".into(), "100644".into());
    let files: Files = vec![ManifestFile { path, mode, bytes: bytes.to_vec(), link: None }].into();
    let target: ImageTarget = "app-a".parse().ok()?;
    let wanted: ImageReference = WANTED.parse().ok()?;
    let found = select::select_image("manifests/app-a", &files, &target, Some(&wanted)).ok()?;
    edit::replace_scalar(&files[found.file], &found.scalar, WANTED).ok()
}

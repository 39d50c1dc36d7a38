//! A commit in the making: several edits on one tip, all of them or none.

use std::collections::BTreeMap;

use super::edit::replace_scalar;
use super::error::GitOpsError;
use super::find::FoundImage;
use super::manifest::{Files, ManifestFile};
use super::repository::{Change, Snapshot};
use super::trailers;

/// What will have been done to one image.
pub(super) struct Part {
    /// `app-a: registry.example/app:v1 → v2`.
    pub subject: String,
    /// Its trailers, in order; the app's comes first.
    pub trailers: Vec<(&'static str, String)>,
}

/// Edits of the manifests at a tip; later ones see what earlier ones have done.
pub(super) struct Draft<'a> {
    /// What it is decided on.
    pub snapshot: &'a Snapshot,
    folders: BTreeMap<String, Files>,
    changed: BTreeMap<String, ManifestFile>,
    parts: Vec<Part>,
}

impl<'a> Draft<'a> {
    pub fn on(snapshot: &'a Snapshot) -> Self {
        let (changed, parts) = (BTreeMap::new(), Vec::new());
        Self { snapshot, folders: snapshot.folders.clone(), changed, parts }
    }

    /// The manifests of an app as they are by now; refused where its folder has none.
    pub fn app(&self, folder: &str) -> Result<&Files, GitOpsError> {
        let files = self.folders.get(folder).filter(|files| !files.is_empty());
        files.ok_or_else(|| GitOpsError::NoApp { folder: folder.to_owned(), hint: String::new() })
    }

    /// Replaces an image of the app's.
    pub fn edit(&mut self, folder: &str, found: &FoundImage, wanted: &str) -> Result<(), GitOpsError> {
        let file = &self.app(folder)?[found.file];
        let edited = ManifestFile { bytes: replace_scalar(file, &found.scalar, wanted)?, ..file.clone() };
        // One app may lie in another's folder.
        for files in self.folders.values_mut() {
            for file in files.iter_mut().filter(|file| file.path == edited.path) {
                file.clone_from(&edited);
            }
        }
        self.changed.insert(edited.path.clone(), edited);
        Ok(())
    }

    /// Says what was done, or that a freeze is lifted.
    pub fn tell(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// The commit, where there is something to say.
    pub fn change(self) -> Option<Change> {
        let message = trailers::message(&self.parts)?;
        Some(Change { message, files: self.changed.into_values().collect() })
    }
}

//! A workload and its image on their way up through kustomizations, and what of it is edited.

use super::labels::Selectable;
use super::patch::{Patch, Workload};
use super::read::{Kustomization, Replaced};
use crate::error::GitOpsError;
use crate::find::FoundImage;
use crate::image::ImageReference;

/// What is said of an image that an entry of `images` decides.
pub(super) const REPLACED: &str = "Kustomize replaces this image here; change it in this file";

/// What the cluster has of a workload and its image, behind all kustomizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The workload's kind.
    pub kind: String,
    /// Its name.
    pub workload: String,
    /// The container's name.
    pub container: String,
    /// The image.
    pub image: String,
}

/// A workload and its image on the way up through overlays.
#[derive(Clone)]
pub(super) struct Way {
    /// Its names so far: patches may use the first, and any that a prefix has made of it.
    pub(super) names: Vec<String>,
    /// What selectors may ask for, with what kustomizations have given it on the way.
    pub(super) labels: Selectable,
    /// The containers beside it, in order.
    pub(super) containers: Vec<String>,
    /// The image that is there, and the one that shall be, with the names that they have by now.
    pub(super) images: [ImageReference; 2],
    /// Whether a value from elsewhere stands before its tag.
    pub(super) is_renamed: bool,
    /// Whether the edit has come into it by now.
    pub(super) is_touched: bool,
    /// Whether something else has decided it before, so that what is there is not known.
    pub(super) is_lost: bool,
}

/// What is edited: it has to show, and what comes after it must not decide instead.
#[derive(Clone, Copy)]
pub(super) struct Focus<'a> {
    pub(super) what: Edited<'a>,
    /// The image there, and the one that shall be.
    pub(super) images: &'a [ImageReference; 2],
}

/// The place of an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edited<'a> {
    /// The manifest that everything is built on, or a patch that is one.
    Manifest(&'a str),
    /// An entry of `images`: its file and line.
    Entry(&'a str, usize),
    /// A patch in a file of its own, or in a kustomization with the line before its text.
    Patch(&'a str, Option<usize>),
}

impl Focus<'_> {
    /// Whether a patch is the manifest that is edited.
    pub(super) fn is_file_of(&self, patch: &Patch) -> bool {
        matches!(self.what, Edited::Manifest(own) if patch.file.as_deref() == Some(own))
    }

    pub(super) fn is_patch(&self, here: &Kustomization, patch: &Patch) -> bool {
        match self.what {
            Edited::Patch(own, None) => patch.file.as_deref() == Some(own),
            Edited::Patch(own, Some(line)) => here.path() == own && patch.line() == Some(line),
            Edited::Manifest(_) | Edited::Entry(..) => false,
        }
    }
}

impl Way {
    pub(super) fn of(found: &FoundImage, images: [ImageReference; 2]) -> Self {
        Self {
            names: vec![found.workload.clone()],
            labels: Selectable::of(found),
            containers: found.siblings.to_vec(),
            images,
            is_renamed: false,
            is_touched: false,
            is_lost: false,
        }
    }

    /// What an entry of `images` makes of it.
    pub(super) fn replace(&mut self, replaced: &Replaced, focus: Focus<'_>) -> Result<(), GitOpsError> {
        let is_focus = focus.what == Edited::Entry(&replaced.file, replaced.line);
        let is_meant = self.is_lost || self.images.iter().any(|image| is_named(image, &replaced.name));
        if is_focus && is_meant {
            self.images.clone_from(focus.images);
            self.is_touched = true;
            return Ok(());
        }
        for image in self.images.iter_mut().filter(|image| is_named(image, &replaced.name)) {
            if replaced.has_version() {
                if self.is_touched {
                    let (file, line) = (replaced.file.clone(), replaced.line);
                    return Err(GitOpsError::Manifest { file, line, problem: REPLACED.to_owned() });
                }
                (image.tag, image.digest) = (replaced.tag.clone(), replaced.digest.clone());
            }
            if let Some(new_name) = &replaced.new_name {
                image.name.clone_from(new_name);
            }
        }
        Ok(())
    }

    pub(super) fn workload(&self, found: &FoundImage) -> Workload {
        let (names, labels, containers) = (self.names.clone(), self.labels.clone(), self.containers.clone());
        let mut workload = Workload { image: found.clone(), names, labels, containers };
        workload.renumber();
        workload
    }

    pub(super) fn deployed(&self, found: &FoundImage) -> Deployed {
        let [_, wanted] = &self.images;
        Deployed {
            kind: found.kind.clone(),
            workload: self.names.last().cloned().unwrap_or_default(),
            container: found.container.clone(),
            image: wanted.to_string(),
        }
    }
}

/// Whether an image is called as an entry of `images` says: as Kustomize reads it, by a regular expression from its begin to
/// where tag and digest are.
pub(super) fn is_named(image: &ImageReference, pattern: &str) -> bool {
    if image.name == pattern {
        return true;
    }
    // Most are names, and a dot stands for one letter all the same.
    let is_plain = pattern
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'_' | b'-' | b':'));
    if is_plain && !image.to_string().starts_with(pattern.get(..1).unwrap_or_default()) {
        return false;
    }
    let rest = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
    slipway_support::go_regex::compile(&format!("^{pattern}{rest}"))
        .is_ok_and(|regex| regex.is_match(&image.to_string()))
}

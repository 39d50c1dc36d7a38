//! Which kustomizations reach a manifest, and whether an edit of it would show behind them.
//!
//! Kustomize replaces images: by `images`, by patches, by replacements, in overlays that may stand anywhere in the repository.
//! An edit of the manifest under them would change nothing in the cluster.

mod below;
mod labels;
mod overrides;
mod patch;
mod read;

use std::collections::BTreeMap;

pub(super) use self::below::reachable;
use self::labels::Selectable;
pub(super) use self::labels::pairs;
use self::overrides::Override;
pub(super) use self::overrides::{is_override, may_be, specification};
use self::patch::{Hidden, Patch, Workload};
use self::read::{Kustomization, Replaced, Replacement};
pub(super) use self::read::{join, referenced};
use super::error::GitOpsError;
use super::find::{FoundImage, Role};
use super::image::ImageReference;
use super::manifest::ManifestFile;

/// A base has some overlays; more than these are a mistake, or an attack.
const MOST_WAYS: usize = 1000;

/// The kustomizations of a repository at one commit.
#[derive(Debug, Default)]
pub(super) struct Kustomizations {
    all: Vec<Kustomization>,
    /// Patches and transformers that stand in files of their own, by path.
    files: BTreeMap<String, ManifestFile>,
    /// What sets images in Argo CD itself: beside a kustomization, or in an Application of it.
    overrides: Vec<Override>,
    /// Those that cannot be read.
    unreadable: Vec<(String, String)>,
}

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
struct Way {
    /// Its names so far: patches may use the first, and any that a prefix has made of it.
    names: Vec<String>,
    /// What selectors may ask for, with what kustomizations have given it on the way.
    labels: Selectable,
    /// The containers beside it, in order.
    containers: Vec<String>,
    /// The image that is there, and the one that shall be, with the names that they have by now.
    images: [ImageReference; 2],
    /// Whether a value from elsewhere stands before its tag.
    is_renamed: bool,
    /// Whether the edit has come into it by now.
    is_touched: bool,
    /// Whether something else has decided it before, so that what is there is not known.
    is_lost: bool,
}

/// What is edited: it has to show, and what comes after it must not decide instead.
#[derive(Clone, Copy)]
struct Focus<'a> {
    what: Edited<'a>,
    /// The image there, and the one that shall be.
    images: &'a [ImageReference; 2],
}

/// The place of an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edited<'a> {
    /// The manifest that everything is built on, or a patch that is one.
    Manifest(&'a str),
    /// An entry of `images`: its file and line.
    Entry(&'a str, usize),
    /// A patch in a file of its own, or in a kustomization with the line before its text.
    Patch(&'a str, Option<usize>),
}

impl Kustomizations {
    /// Reads kustomizations, and the files that [`referenced`] names.
    pub fn new(kustomizations: Vec<ManifestFile>, others: Vec<ManifestFile>) -> Self {
        let mut known = Self::default();
        for file in kustomizations {
            let path = file.path.clone();
            if is_override(&path) {
                match Override::beside(&file) {
                    Ok(overrides) => known.overrides.extend(overrides),
                    Err(error) => known.unreadable.push((path, error.to_string())),
                }
                continue;
            }
            match Kustomization::of(file) {
                Ok(kustomization) => known.all.push(kustomization),
                Err(error) => known.unreadable.push((path, error.to_string())),
            }
        }
        known.files = others.into_iter().map(|file| (file.path.clone(), file)).collect();
        known
    }

    /// Adds the Applications of files that may hold some, as far as they mean this repository: the one at `address`.
    #[must_use]
    pub fn with_applications(mut self, files: &[ManifestFile], address: &str) -> Self {
        self.overrides.extend(files.iter().flat_map(|file| Override::of_applications(file, address)));
        self
    }

    /// The files that Applications name for patches; they are read with those of kustomizations.
    pub fn named_by_applications(files: &[ManifestFile], address: &str) -> Vec<String> {
        let overrides = files.iter().flat_map(|file| Override::of_applications(file, address));
        overrides.flat_map(|one| one.patches.into_iter().filter_map(|patch| patch.file)).collect()
    }

    /// Those that could not be read in a folder and above it: whether an edit there shows is not known.
    pub fn unreadable<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let about = move |path: &str| {
            let own = folder_of(path);
            within(own, folder) || within(folder, own)
        };
        self.unreadable.iter().filter(move |(path, _)| about(path)).map(|(_, problem)| problem.as_str())
    }

    /// The place in a folder's kustomizations that replaces an image of that name.
    pub fn replacing(&self, folder: &str, name: &str) -> Option<String> {
        let mut inside = self.all.iter().filter(|one| within(&one.folder, folder));
        inside.find_map(|one| {
            let replaced =
                one.images(&self.files).ok()?.into_iter().find(|replaced| replaced.name == name)?;
            Some(format!("{}:{}", replaced.file, replaced.line))
        })
    }

    /// Refuses, with the place that replaces it, an image whose edit would not show; returns what the cluster gets.
    pub fn check(
        &self,
        file: &ManifestFile,
        found: &FoundImage,
        wanted: &ImageReference,
    ) -> Result<Vec<Deployed>, GitOpsError> {
        let Ok(current) = found.text_of(&wanted.name).parse::<ImageReference>() else {
            return Ok(Vec::new());
        };
        let images = [current, wanted.clone()];
        let focus = |what| Focus { what, images: &images };
        match &found.role {
            Role::Object => {
                let mut deployed = self.check_manifest(file, found, focus(Edited::Manifest(&file.path)))?;
                deployed.retain(|_| found.is_container());
                Ok(deployed)
            }
            Role::Kustomization { line, .. } => {
                self.check_above(file, found, focus(Edited::Entry(&file.path, *line)))
            }
            Role::Patch => {
                let block = found.written.main().and_then(|spot| Some(spot.block.as_ref()?.line));
                self.check_above(file, found, focus(Edited::Patch(&file.path, block)))
            }
            Role::Argo => self.check_argo(file, found, &images),
            Role::Value { .. } => Ok(Vec::new()),
        }
    }

    fn check_manifest(
        &self,
        file: &ManifestFile,
        found: &FoundImage,
        focus: Focus<'_>,
    ) -> Result<Vec<Deployed>, GitOpsError> {
        let way = Way { is_touched: true, ..Way::of(found, focus.images.clone()) };
        let mut deployed = Vec::new();
        let mut seen = Vec::new();
        let users: Vec<&Kustomization> = self.all.iter().filter(|one| one.uses(&file.path)).collect();
        for user in &users {
            self.climb(user, found, focus, way.clone(), &mut seen, &mut deployed)?;
        }
        if users.is_empty() {
            let beside =
                self.all.iter().find(|one| one.folder == folder_of(&file.path) && one.path() != file.path);
            if let Some(beside) = beside {
                let problem = format!(
                    "{} is none of its resources, so Kustomize would not deploy it; add it",
                    file.path
                );
                return Err(beside.error(1, problem));
            }
            deployed.push(way.deployed(found));
        }
        deployed.dedup();
        Ok(deployed)
    }

    /// Goes from a kustomization to those that build on it.
    fn climb<'a>(
        &'a self,
        here: &'a Kustomization,
        found: &FoundImage,
        focus: Focus<'_>,
        mut way: Way,
        seen: &mut Vec<&'a str>,
        deployed: &mut Vec<Deployed>,
    ) -> Result<(), GitOpsError> {
        // By each way anew, since each gives other names; but not in a circle, nor on millions of ways.
        if seen.contains(&here.path()) || deployed.len() > MOST_WAYS {
            return Ok(());
        }
        seen.push(here.path());
        self.pass(here, found, focus, &mut way, seen)?;
        if way.is_touched {
            self.override_by_argocd(here, found, focus, &way)?;
        }
        let mut above = self.all.iter().filter(|one| one.builds_on(&here.folder)).peekable();
        if above.peek().is_none() && way.is_touched && !way.is_renamed {
            deployed.push(way.deployed(found));
        }
        let climbed = above.try_for_each(|one| self.climb(one, found, focus, way.clone(), seen, deployed));
        seen.pop();
        climbed
    }

    /// Refuses an image that Argo CD sets or patches: by a file beside the kustomization, as the image updater writes one, or by
    /// what an Application says of it.
    fn override_by_argocd(
        &self,
        here: &Kustomization,
        found: &FoundImage,
        focus: Focus<'_>,
        way: &Way,
    ) -> Result<(), GitOpsError> {
        for one in self.overrides.iter().filter(|one| one.folder == here.folder) {
            let mut workload = way.workload(found);
            for patch in one.patches.iter().filter(|patch| !focus.is_file_of(patch)) {
                if let Some(Hidden { file, line }) = patch.hides(&one.path, &self.files, &mut workload)? {
                    return Err(GitOpsError::Manifest { file, line, problem: PATCHED_BY_ARGOCD.to_owned() });
                }
            }
            for (name, line) in &one.images {
                if way.images.iter().any(|known| is_named(known, name)) {
                    let (file, line) = (one.path.clone(), *line);
                    return Err(GitOpsError::Manifest { file, line, problem: REPLACED_BY_ARGOCD.to_owned() });
                }
            }
        }
        Ok(())
    }

    /// What a kustomization, and the components that it uses, make of an image.
    fn pass<'a>(
        &'a self,
        here: &'a Kustomization,
        found: &FoundImage,
        focus: Focus<'_>,
        way: &mut Way,
        seen: &mut Vec<&'a str>,
    ) -> Result<(), GitOpsError> {
        // Components come first. One that the file is in itself was passed already.
        let components = self.all.iter().filter(|one| here.components.contains(&one.folder));
        for component in components {
            if !seen.contains(&component.path()) {
                seen.push(component.path());
                let passed = self.pass(component, found, focus, way, seen);
                seen.pop();
                passed?;
            }
        }
        for patch in here.patches.iter().filter(|patch| !focus.is_file_of(patch)) {
            let mut workload = way.workload(found);
            let hidden = patch.hides(here.path(), &self.files, &mut workload)?;
            way.containers = workload.containers;
            match hidden {
                None => {}
                Some(_) if focus.is_patch(here, patch) => {
                    way.images.clone_from(focus.images);
                    (way.is_touched, way.is_lost) = (true, false);
                }
                Some(_) if !way.is_touched => way.is_lost = true,
                Some(Hidden { file, line }) => {
                    return Err(GitOpsError::Manifest { file, line, problem: PATCHED.to_owned() });
                }
            }
        }
        if let Some(last) = way.names.last().filter(|_| !here.prefix.is_empty() || !here.suffix.is_empty()) {
            way.names.push(format!("{}{last}{}", here.prefix, here.suffix));
        }
        way.labels.take(here.root());
        for replaced in here.images(&self.files)? {
            way.replace(&replaced, focus)?;
        }
        for Replacement { line, before_tag } in here.replacements(&way.workload(found)) {
            match (before_tag, way.is_touched) {
                (true, _) => way.is_renamed = true,
                (false, true) => return Err(here.error(line, REPLACED)),
                (false, false) => way.is_lost = true,
            }
        }
        Ok(())
    }
}

impl Focus<'_> {
    /// Whether a patch is the manifest that is edited.
    fn is_file_of(&self, patch: &Patch) -> bool {
        matches!(self.what, Edited::Manifest(own) if patch.file.as_deref() == Some(own))
    }

    fn is_patch(&self, here: &Kustomization, patch: &Patch) -> bool {
        match self.what {
            Edited::Patch(own, None) => patch.file.as_deref() == Some(own),
            Edited::Patch(own, Some(line)) => here.path() == own && patch.line() == Some(line),
            Edited::Manifest(_) | Edited::Entry(..) => false,
        }
    }
}

impl Way {
    fn of(found: &FoundImage, images: [ImageReference; 2]) -> Self {
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
    fn replace(&mut self, replaced: &Replaced, focus: Focus<'_>) -> Result<(), GitOpsError> {
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

    fn workload(&self, found: &FoundImage) -> Workload {
        let (names, labels, containers) = (self.names.clone(), self.labels.clone(), self.containers.clone());
        let mut workload = Workload { image: found.clone(), names, labels, containers };
        workload.renumber();
        workload
    }

    fn deployed(&self, found: &FoundImage) -> Deployed {
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
fn is_named(image: &ImageReference, pattern: &str) -> bool {
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

const REPLACED: &str = "Kustomize replaces this image here; change it in this file";
const REPLACED_BY_ARGOCD: &str = "Argo CD replaces this image by this file; change it in it";
const PATCHED_BY_ARGOCD: &str = "Argo CD patches this image by this file; change it in it";
const PATCHED: &str = "Kustomize patches this image here; change it in this file";

/// Whether this is the file by which Kustomize knows a folder.
pub(super) fn is_kustomization(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("kustomization.yaml" | "kustomization.yml" | "Kustomization"))
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a folder is another one, or in it.
pub(super) fn within(folder: &str, other: &str) -> bool {
    other.is_empty()
        || folder.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;

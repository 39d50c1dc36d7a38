//! Which kustomizations reach a manifest, and whether an edit of it would show behind them.
//!
//! Kustomize replaces images: by `images`, by patches, by replacements, in overlays that may stand anywhere in the repository.
//! An edit of the manifest under them would change nothing in the cluster.

mod labels;
mod overrides;
mod patch;
mod read;

use std::collections::BTreeMap;

use self::labels::Selectable;
pub(super) use self::labels::pairs;
use self::overrides::Override;
pub(super) use self::overrides::is_override;
use self::patch::{Hidden, Workload};
use self::read::{Kustomization, Replaced, Replacement};
pub(super) use self::read::{join, referenced};
use super::error::GitOpsError;
use super::find::FoundImage;
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
    /// The workload's name.
    pub workload: String,
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

    /// The same with the Applications of files that may hold some, as far as they mean this repository: the one at `address`.
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
        let Ok(current) = found.text().parse::<ImageReference>() else { return Ok(Vec::new()) };
        let way = Way {
            names: vec![found.workload.clone()],
            labels: Selectable::of(found),
            containers: found.siblings.to_vec(),
            images: [current, wanted.clone()],
            is_renamed: false,
        };
        let mut deployed = Vec::new();
        let mut seen = Vec::new();
        let users: Vec<&Kustomization> = self.all.iter().filter(|one| one.uses(&file.path)).collect();
        for user in &users {
            self.climb(user, found, &file.path, way.clone(), &mut seen, &mut deployed)?;
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
            deployed.push(way.deployed());
        }
        deployed.dedup();
        Ok(deployed)
    }

    /// Goes from a kustomization to those that build on it.
    fn climb<'a>(
        &'a self,
        here: &'a Kustomization,
        found: &FoundImage,
        path: &str,
        mut way: Way,
        seen: &mut Vec<&'a str>,
        deployed: &mut Vec<Deployed>,
    ) -> Result<(), GitOpsError> {
        // By each way anew, since each gives other names; but not in a circle, nor on millions of ways.
        if seen.contains(&here.path()) || deployed.len() > MOST_WAYS {
            return Ok(());
        }
        seen.push(here.path());
        self.pass(here, found, path, &mut way, seen)?;
        self.override_by_argocd(here, found, path, &way)?;
        let mut above = self.all.iter().filter(|one| one.builds_on(&here.folder)).peekable();
        if above.peek().is_none() && !way.is_renamed {
            deployed.push(way.deployed());
        }
        let climbed = above.try_for_each(|one| self.climb(one, found, path, way.clone(), seen, deployed));
        seen.pop();
        climbed
    }

    /// Refuses an image that Argo CD sets or patches: by a file beside the kustomization, as the image updater writes one, or by
    /// what an Application says of it.
    fn override_by_argocd(
        &self,
        here: &Kustomization,
        found: &FoundImage,
        path: &str,
        way: &Way,
    ) -> Result<(), GitOpsError> {
        for one in self.overrides.iter().filter(|one| one.folder == here.folder) {
            let mut workload = way.workload(found);
            for patch in one.patches.iter().filter(|patch| patch.file.as_deref() != Some(path)) {
                if let Some(Hidden { file, line }) = patch.hides(&one.path, &self.files, &mut workload)? {
                    return Err(GitOpsError::Manifest { file, line, problem: PATCHED_BY_ARGOCD.to_owned() });
                }
            }
            for (name, line) in &one.images {
                if way.images.iter().any(|known| known.name == *name) {
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
        path: &str,
        way: &mut Way,
        seen: &mut Vec<&'a str>,
    ) -> Result<(), GitOpsError> {
        // Components come first. One that the file is in itself was passed already.
        let components = self.all.iter().filter(|one| here.components.contains(&one.folder));
        for component in components {
            if !seen.contains(&component.path()) {
                seen.push(component.path());
                let passed = self.pass(component, found, path, way, seen);
                seen.pop();
                passed?;
            }
        }
        for patch in here.patches.iter().filter(|patch| patch.file.as_deref() != Some(path)) {
            let mut workload = way.workload(found);
            let hidden = patch.hides(here.path(), &self.files, &mut workload)?;
            way.containers = workload.containers;
            if let Some(Hidden { file, line }) = hidden {
                return Err(GitOpsError::Manifest { file, line, problem: PATCHED.to_owned() });
            }
        }
        if let Some(last) = way.names.last().filter(|_| !here.prefix.is_empty() || !here.suffix.is_empty()) {
            way.names.push(format!("{}{last}{}", here.prefix, here.suffix));
        }
        way.labels.take(here.root());
        let replaced = here.images(&self.files)?;
        for image in &mut way.images {
            for Replaced { name, new_name, version, file, line } in &replaced {
                if image.name != *name {
                    continue;
                }
                if *version {
                    let (file, line) = (file.clone(), *line);
                    return Err(GitOpsError::Manifest { file, line, problem: REPLACED.to_owned() });
                }
                if let Some(new_name) = new_name {
                    image.name.clone_from(new_name);
                }
            }
        }
        for Replacement { line, before_tag } in here.replacements(&way.workload(found)) {
            if !before_tag {
                return Err(here.error(line, REPLACED));
            }
            way.is_renamed = true;
        }
        Ok(())
    }
}

const REPLACED: &str = "Kustomize replaces this image here; change it in this file";
const REPLACED_BY_ARGOCD: &str = "Argo CD replaces this image by this file; change it in it";
const PATCHED_BY_ARGOCD: &str = "Argo CD patches this image by this file; change it in it";
const PATCHED: &str = "Kustomize patches this image here; change it in this file";

impl Way {
    fn workload(&self, found: &FoundImage) -> Workload {
        let (names, labels, containers) = (self.names.clone(), self.labels.clone(), self.containers.clone());
        let mut workload = Workload { image: found.clone(), names, labels, containers };
        workload.renumber();
        workload
    }

    fn deployed(&self) -> Deployed {
        let [_, wanted] = &self.images;
        Deployed { workload: self.names.last().cloned().unwrap_or_default(), image: wanted.to_string() }
    }
}

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

//! The kustomizations of a repository, and what builds on what.

use std::collections::{BTreeMap, BTreeSet};

use super::overrides::Override;
use super::read::Kustomization;
use crate::find::{FoundImage, Images, Role};
use crate::layout::{folder_of, is_override, within};
use crate::manifest::{Files, ManifestFile};
use crate::rules::Rules;

/// The kustomizations of a repository at one commit.
#[derive(Debug, Default)]
pub(crate) struct Kustomizations {
    pub(super) all: Vec<Kustomization>,
    /// Patches and transformers that stand in files of their own, by path.
    pub(super) files: BTreeMap<String, ManifestFile>,
    /// What sets images in Argo CD itself: beside a kustomization, or in an Application of it.
    pub(super) overrides: Vec<Override>,
    /// Those that cannot be read.
    pub(super) unreadable: Vec<(String, String)>,
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

    /// The same, with all that they build on where it really is, behind links.
    #[must_use]
    pub fn through(mut self, real: impl Fn(&str) -> String) -> Self {
        let behind = |paths: &mut Vec<String>| paths.iter_mut().for_each(|path| *path = real(path));
        let patch = |file: &mut Option<String>| {
            if let Some(file) = file {
                *file = real(file);
            }
        };
        for one in &mut self.all {
            behind(&mut one.resources);
            behind(&mut one.components);
            one.patches.iter_mut().for_each(|one| patch(&mut one.file));
        }
        for one in &mut self.overrides {
            one.folder = real(&one.folder);
            one.patches.iter_mut().for_each(|one| patch(&mut one.file));
        }
        let linked: Vec<(String, ManifestFile)> = self
            .files
            .iter()
            .map(|(path, file)| (real(path), file))
            .filter(|(path, file)| *path != file.path)
            .map(|(path, file)| (path.clone(), ManifestFile { path, ..file.clone() }))
            .collect();
        self.files.extend(linked);
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

    /// Whether Kustomize builds on a file, or may: a kustomization names it, or stands beside it or above it.
    pub fn may_build_on(&self, path: &str) -> bool {
        let is_around = |kustomization: &str| within(folder_of(path), folder_of(kustomization));
        self.all.iter().any(|one| one.uses(path) || is_around(one.path()))
            || self.unreadable.iter().any(|(kustomization, _)| is_around(kustomization))
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

    /// A kustomization and all that build on it.
    fn up_from<'a>(&'a self, one: &'a Kustomization) -> Vec<&'a Kustomization> {
        let mut all = vec![one];
        let mut next = 0;
        while let Some(here) = all.get(next).copied() {
            for above in self.all.iter().filter(|above| above.builds_on(&here.folder)) {
                if !all.iter().any(|known| known.path() == above.path()) {
                    all.push(above);
                }
            }
            next += 1;
        }
        all
    }

    /// A kustomization and all that it builds on.
    fn down_from<'a>(&'a self, one: &'a Kustomization, see: &mut dyn FnMut(&'a Kustomization)) {
        let mut all = vec![one];
        let mut next = 0;
        while let Some(here) = all.get(next).copied() {
            see(here);
            for below in self.all.iter().filter(|below| here.builds_on(&below.folder)) {
                if !all.iter().any(|known| known.path() == below.path()) {
                    all.push(below);
                }
            }
            next += 1;
        }
    }

    /// The images that a kustomization, and what is built on it, may have; and whether there may be others.
    pub(super) fn bases(&self, here: &Kustomization) -> (Vec<(&str, FoundImage)>, bool) {
        let (mut paths, mut has_more) = (BTreeSet::new(), false);
        for top in self.up_from(here) {
            self.down_from(top, &mut |one| {
                has_more |= one.has_more;
                paths.extend(&one.resources);
            });
        }
        let mut found = Vec::new();
        for path in paths {
            let Some(file) = self.files.get(path) else {
                // A folder of this repository was looked into already.
                has_more |= !self.all.iter().any(|one| one.folder == *path);
                continue;
            };
            let files: Files = vec![file.clone()].into();
            let images = Images::of(&files, &Rules::default());
            has_more |= !images.unreadable.is_empty() || !images.obstacles.is_empty();
            let objects = images.found.into_iter().filter(|image| image.role == Role::Object);
            found.extend(objects.map(|image| (file.path.as_str(), image)));
        }
        (found, has_more)
    }
}

/// The manifests that the kustomizations of a folder build on, wherever they lie.
pub(crate) fn reachable(all: &[ManifestFile], folder: &str) -> Vec<String> {
    let known = Kustomizations::new(all.to_vec(), Vec::new());
    let own = known.all.iter().filter(|one| within(&one.folder, folder));
    let mut files = BTreeSet::new();
    for one in own {
        for top in known.up_from(one) {
            known.down_from(top, &mut |one| files.extend(one.resources.iter().cloned()));
        }
    }
    files.into_iter().collect()
}

//! A commit in the making: several edits on one tip, all of them or none.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::asked::ImageQuestion;
use super::charts;
use super::edit::replace_image;
use super::error::GitOpsError;
use super::find::{FoundImage, Images, Role};
use super::image::{ImageReference, ImageTarget};
use super::kustomize::Deployed;
use super::layout::{folder_of, within};
use super::manifest::{Files, ManifestFile};
use super::repository::{Change, Snapshot};
use super::select::{ambiguous, checked, fitting, is_decided, word_of};
use super::trailers::{self, Part};

/// Edits of the manifests at a tip; later ones see what earlier ones have done.
pub(super) struct Draft<'a> {
    /// What it is decided on.
    pub snapshot: &'a Snapshot,
    folders: BTreeMap<String, Files>,
    /// The images of each folder as it is now, once somebody asks.
    images: RefCell<BTreeMap<String, Rc<Images>>>,
    /// Those of some objects only, of folders in which these decided which image is meant.
    some_images: RefCell<BTreeMap<String, Rc<Images>>>,
    changed: BTreeMap<String, ManifestFile>,
    parts: Vec<Part>,
    /// As what registries are asked for what is set.
    question: ImageQuestion,
}

impl<'a> Draft<'a> {
    pub fn on(snapshot: &'a Snapshot) -> Self {
        let (changed, parts) = (BTreeMap::new(), Vec::new());
        let (images, some_images) = (RefCell::default(), RefCell::default());
        let (folders, question) = (snapshot.folders.clone(), ImageQuestion::Set);
        Self { snapshot, folders, images, some_images, changed, parts, question }
    }

    /// Whether somebody says the name of what is set from now on.
    pub fn knows_name(&mut self, is_known: bool) {
        self.question = if is_known { ImageQuestion::Set } else { ImageQuestion::SetUnnamed };
    }

    /// The image with the digest that its registry has for the tag, where what is set gets one.
    pub fn pinned(
        &self,
        folder: &str,
        found: &FoundImage,
        image: &ImageReference,
    ) -> Result<ImageReference, GitOpsError> {
        let asked = &self.snapshot.asked;
        let mut pinned = image.clone();
        if asked.pins && image.digest.is_none() {
            let pulled = self.pulled(folder, found, image)?;
            let digests = pulled.iter().filter_map(|pulled| asked.of(pulled, self.question)?.digest);
            pinned.digest = digests.last();
        }
        Ok(pinned)
    }

    /// What the cluster pulls of a wanted image: Kustomize may give it another name.
    fn pulled(
        &self,
        folder: &str,
        found: &FoundImage,
        wanted: &ImageReference,
    ) -> Result<Vec<ImageReference>, GitOpsError> {
        let deployed = self.check(folder, found, wanted)?;
        let mut pulled: Vec<ImageReference> =
            deployed.iter().filter_map(|deployed| deployed.image.parse().ok()).collect();
        if pulled.is_empty() {
            pulled.push(wanted.clone());
        }
        pulled.dedup();
        Ok(pulled)
    }

    /// The images of an app as they are by now.
    pub fn images(&self, folder: &str) -> Result<Rc<Images>, GitOpsError> {
        if let Some(known) = self.images.borrow().get(folder) {
            return Ok(Rc::clone(known));
        }
        let found = Rc::new(Images::keeping_trees(self.app(folder)?, &self.snapshot.rules));
        self.images.borrow_mut().insert(folder.to_owned(), Rc::clone(&found));
        Ok(found)
    }

    /// The images of an app as far as they were looked for by the last choice; all of them where that looked at all.
    pub fn seen(&self, folder: &str) -> Result<Rc<Images>, GitOpsError> {
        let some = self.some_images.borrow().get(folder).map(Rc::clone);
        some.map_or_else(|| self.images(folder), Ok)
    }

    /// When an image was built, as its registry says, in seconds since 1970; none where that is not known, or not asked yet.
    pub fn built(&self, image: &ImageReference) -> Option<i64> {
        self.snapshot.asked.of(image, ImageQuestion::Age)?.created
    }

    /// The manifests of an app as they are by now; refused where its folder has none.
    pub fn app(&self, folder: &str) -> Result<&Files, GitOpsError> {
        let files = self.folders.get(folder).filter(|files| !files.is_empty());
        files.ok_or_else(|| GitOpsError::NoApp { folder: folder.to_owned(), hint: String::new() })
    }

    /// The image that a target means. What a kustomization decides is set there, where the target leaves that open: of several
    /// places those count whose edit would show.
    ///
    /// Of many objects only those are read that may be meant, where these alone decide it.
    pub fn select(
        &self,
        folder: &str,
        target: &ImageTarget,
        image: &ImageReference,
    ) -> Result<FoundImage, GitOpsError> {
        self.some_images.borrow_mut().remove(folder);
        if let Some((found, images)) = self.select_of_some(folder, target, image) {
            self.some_images.borrow_mut().insert(folder.to_owned(), Rc::new(images));
            return Ok(found);
        }
        let images = self.images(folder)?;
        self.select_of(&images, folder, target, image)
    }

    /// The image that a target means, and all that is to be known of others; none where more has to be read.
    fn select_of_some(
        &self,
        folder: &str,
        target: &ImageTarget,
        image: &ImageReference,
    ) -> Option<(FoundImage, Images)> {
        let (files, rules) = (self.app(folder).ok()?, &self.snapshot.rules);
        let choose = |words: &[&str]| {
            let images = Images::about(files, rules, words);
            let found = self.select_of(&images, folder, target, image).ok()?;
            is_decided(target, &found, image).then_some((found, images))
        };
        let word = word_of(target, Some(image))?;
        let (first, _) = choose(&[word])?;
        // What is called the same, and what was called so when it was held.
        let mut words = vec![word, first.workload.as_str()];
        for record in self.snapshot.records(folder) {
            words.push(record.container.split('/').nth(1)?);
        }
        words.sort_unstable();
        words.dedup();
        let (found, images) = choose(&words)?;
        (found.line() == first.line() && found.file == first.file).then_some((found, images))
    }

    fn select_of(
        &self,
        images: &Images,
        folder: &str,
        target: &ImageTarget,
        image: &ImageReference,
    ) -> Result<FoundImage, GitOpsError> {
        let files = self.app(folder)?;
        let fitting = fitting(images, folder, files, target, Some(image)).map_err(|error| match error {
            GitOpsError::NoImage { folder, target, present } => {
                let overlay = self.snapshot.kustomizations.replacing(&folder, &image.name);
                let hint = overlay.map(|place| format!("; {place} replaces {}: set it there", image.name));
                GitOpsError::NoImage { folder, target, present: present + &hint.unwrap_or_default() }
            }
            other => other,
        })?;
        let fitting: Vec<&FoundImage> = fitting.iter().map(AsRef::as_ref).collect();
        if let [only] = &fitting[..] {
            return checked(files, only);
        }
        let (shown, hidden): (Vec<&FoundImage>, Vec<&FoundImage>) =
            fitting.iter().partition(|one| self.check(folder, one, image).is_ok());
        match &shown[..] {
            // A manifest that is called like the one it patches is not told apart by that.
            [only]
                if only.role != Role::Object
                    || hidden.iter().all(|other| other.identity() != only.identity()) =>
            {
                checked(files, only)
            }
            [] => Err(ambiguous(folder, files, target, &fitting, images)),
            [first, ..] => {
                let mut all = vec![*first];
                all.extend(fitting.iter().filter(|one| !std::ptr::eq(**one, *first)));
                Err(ambiguous(folder, files, target, &all, images))
            }
        }
    }

    /// Every image that a target may mean and that runs the wanted one in another version, as far as its edit shows; what something
    /// else decides is set there, and where that cannot be, refused.
    pub fn select_all(
        &self,
        folder: &str,
        target: &ImageTarget,
        image: &ImageReference,
    ) -> Result<Vec<FoundImage>, GitOpsError> {
        let files = self.app(folder)?;
        let images = self.images(folder)?;
        let fitting = match fitting(&images, folder, files, target, None) {
            Err(GitOpsError::NoImage { .. }) => return Ok(Vec::new()),
            fitting => fitting?,
        };
        let same: Vec<&FoundImage> =
            fitting.iter().map(AsRef::as_ref).filter(|found| found.runs(&image.name)).collect();
        let (mut all, mut refusal) = (Vec::new(), None);
        for found in same {
            match self.check(folder, found, image) {
                Ok(_) => all.push(checked(files, found)?),
                Err(error) => refusal = Some(error),
            }
        }
        match refusal.filter(|_| all.is_empty()) {
            Some(refusal) => Err(refusal),
            None => Ok(all),
        }
    }

    /// One of [`Draft::select_all`] as it is by now, where something else was edited since.
    pub fn again(
        &self,
        folder: &str,
        target: &ImageTarget,
        image: &ImageReference,
        found: FoundImage,
    ) -> Result<FoundImage, GitOpsError> {
        if self.changed.is_empty() {
            return Ok(found);
        }
        let is_same = |other: &FoundImage| {
            (other.file, other.line()) == (found.file, found.line())
                && other.pointer == found.pointer
                && other.identity() == found.identity()
        };
        let all = self.select_all(folder, target, image)?;
        Ok(all.into_iter().find(is_same).unwrap_or(found))
    }

    /// Refuses an image whose edit would not show in the cluster, or would show in another app too; returns what the cluster
    /// gets of the wanted one.
    pub fn check(
        &self,
        folder: &str,
        found: &FoundImage,
        wanted: &ImageReference,
    ) -> Result<Vec<Deployed>, GitOpsError> {
        let file = &self.app(folder)?[found.file];
        let tree = &self.snapshot.tree;
        let link = tree.link_from_elsewhere(&file.path, folder);
        // A file that lies in the folder of another app is that one's.
        let root = folder_of(folder);
        let theirs = (file.link.is_some() && within(&file.path, root)).then_some(file.path.as_str());
        if let Some(other) = link.or(theirs) {
            let own = file.link.as_ref().unwrap_or(&file.path);
            let problem = format!(
                "{own} and {other} are one file by a link, and the edit would change both; make them two files"
            );
            return Err(file.error(found.line(), problem));
        }
        charts::check(&self.snapshot.chart_users, file, found, self.app(folder)?)?;
        self.snapshot.kustomizations.check(file, found, wanted)
    }

    /// The names by which links lead to an app's folder: whatever is there, they have too.
    pub fn reached_by(&self, folder: &str) -> Vec<String> {
        let mut names = self.snapshot.tree.names_of(folder);
        names.remove(0);
        names.sort();
        names
    }

    /// Replaces an image of the app's.
    pub fn edit(
        &mut self,
        folder: &str,
        found: &FoundImage,
        wanted: &ImageReference,
    ) -> Result<(), GitOpsError> {
        for image in self.pulled(folder, found, wanted)? {
            self.snapshot.asked.of(&image, self.question);
        }
        let images = self.seen(folder)?;
        let file = &self.app(folder)?[found.file];
        let bytes = match images.tree(found.file) {
            Some(documents) => replace_image(file, documents, found, wanted)?,
            None => replace_image(file, &file.documents()?, found, wanted)?,
        };
        let edited = ManifestFile { bytes, ..file.clone() };
        // One app may lie in another's folder.
        for files in self.folders.values_mut() {
            for file in files.iter_mut().filter(|file| file.path == edited.path) {
                file.clone_from(&edited);
            }
        }
        self.images.borrow_mut().clear();
        self.some_images.borrow_mut().clear();
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
        let is_rollback =
            |part: &Part| part.trailers.iter().any(|(trailer, _)| *trailer == trailers::ROLLBACK_OF);
        let takes_back = self.parts.iter().any(is_rollback);
        Some(Change { message, files: self.changed.into_values().collect(), takes_back })
    }
}

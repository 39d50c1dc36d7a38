//! The way up: what the kustomizations above make of an image, and which of them decides it instead.

use super::known::Kustomizations;
use super::patch::Hidden;
use super::read::{Kustomization, Replacement};
use super::way::{Deployed, Edited, Focus, REPLACED, Way, is_named};
use crate::error::GitOpsError;
use crate::find::FoundImage;
use crate::image::ImageReference;
use crate::layout::folder_of;

/// A base has some overlays; more than these are a mistake, or an attack.
const MOST_WAYS: usize = 1000;

/// What is said of an image that Argo CD sets by a file beside the kustomization.
pub(super) const REPLACED_BY_ARGOCD: &str = "Argo CD replaces this image by this file; change it in it";
const PATCHED_BY_ARGOCD: &str = "Argo CD patches this image by this file; change it in it";
const PATCHED: &str = "Kustomize patches this image here; change it in this file";

impl Kustomizations {
    /// Goes from a kustomization to those that build on it.
    pub(super) fn climb<'a>(
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

    /// Goes up to a kustomization, and sees what an Application of it makes of an image; whether that is known.
    pub(super) fn arrives(
        &self,
        from: &Kustomization,
        to: &Kustomization,
        base: &FoundImage,
        mut way: Way,
        (name, wanted): (&str, &ImageReference),
        deployed: &mut Vec<Deployed>,
    ) -> Result<bool, GitOpsError> {
        let nowhere = [wanted.clone(), wanted.clone()];
        let focus = Focus { what: Edited::Manifest(""), images: &nowhere };
        self.pass(from, base, focus, &mut way, &mut vec![from.path()])?;
        if from.path() == to.path() {
            if way.images.iter().any(|image| is_named(image, name)) {
                way.images = nowhere;
                deployed.push(way.deployed(base));
            }
            return Ok(!way.is_lost);
        }
        let mut is_known = true;
        for above in
            self.all.iter().filter(|one| one.builds_on(&from.folder) && folder_of(one.path()) != from.folder)
        {
            is_known &= self.arrives(above, to, base, way.clone(), (name, wanted), deployed)?;
        }
        Ok(is_known)
    }
}

//! What a kustomization builds on, for entries and patches: whether they change anything is seen from there.

use std::collections::BTreeSet;

use super::overrides::Override;
use super::{Deployed, Edited, Focus, Kustomization, Kustomizations, Way, folder_of, is_named, within};
use crate::error::GitOpsError;
use crate::find::{FoundImage, Images, Role};
use crate::image::ImageReference;
use crate::manifest::{Files, ManifestFile};
use crate::rules::Rules;

const NO_EFFECT: &str = "nothing that Kustomize builds here has this image, so that the edit would change nothing; correct the \
                         name, or remove this";

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

/// Whether the container is found again in the cluster: whatever else has an image keeps it elsewhere.
fn is_followed(deployed: &Deployed) -> bool {
    const KINDS: [&str; 9] = [
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "Rollout",
        "StatefulSet",
    ];
    KINDS.contains(&deployed.kind.as_str())
}

impl Kustomizations {
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
    fn bases(&self, here: &Kustomization) -> (Vec<(&str, FoundImage)>, bool) {
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

    /// Refuses an entry of `images`, or a patch, that changes nothing of what is built, or not for good.
    pub(super) fn check_above(
        &self,
        file: &ManifestFile,
        found: &FoundImage,
        focus: Focus<'_>,
    ) -> Result<Vec<Deployed>, GitOpsError> {
        let here = self.all.iter().filter(|one| match focus.what {
            Edited::Patch(path, None) => one.patches.iter().any(|patch| patch.file.as_deref() == Some(path)),
            _ => one.path() == file.path,
        });
        let (mut deployed, mut is_open, mut is_used) = (Vec::new(), false, false);
        for one in here {
            is_used = true;
            let (bases, has_more) = self.bases(one);
            is_open |= has_more;
            for (path, base) in &bases {
                let Ok(image) = base.text().parse::<ImageReference>() else {
                    is_open = true;
                    continue;
                };
                let way = Way::of(base, [image.clone(), image]);
                for user in
                    self.all.iter().filter(|user| user.resources.iter().any(|resource| resource == path))
                {
                    self.climb(user, base, focus, way.clone(), &mut Vec::new(), &mut deployed)?;
                }
            }
        }
        if deployed.is_empty() && is_used && !is_open {
            return Err(file.error(found.line(), NO_EFFECT));
        }
        deployed.retain(is_followed);
        deployed.dedup();
        Ok(deployed)
    }

    /// Refuses an image that an Application gives to Kustomize where a file beside the kustomization says another, or nothing there
    /// is called so.
    pub(super) fn check_argo(
        &self,
        file: &ManifestFile,
        found: &FoundImage,
        images: &[ImageReference; 2],
    ) -> Result<Vec<Deployed>, GitOpsError> {
        let [current, wanted] = images;
        let is_here = |one: &&Override| {
            one.path == file.path && one.images.iter().any(|(_, line)| *line == found.line())
        };
        let Some(own) = self.overrides.iter().find(is_here) else { return Ok(Vec::new()) };
        let name = own.images.iter().find(|(_, line)| *line == found.line()).map(|(name, _)| name.as_str());
        let name = name.unwrap_or_default();
        if name == current.name && current.name != wanted.name {
            let problem = format!(
                "this sets the tag of {name}, and would be about another image as {wanted}; write it as {name}={wanted} here"
            );
            return Err(file.error(found.line(), problem));
        }
        // Each of these takes the place of the whole list of the Application.
        let beside =
            |end: &str| format!("{}/.argocd-source{end}.yaml", own.folder).trim_start_matches('/').to_owned();
        let stronger = [beside(&format!("-{}", found.workload)), beside("")];
        let is_stronger = |one: &&Override| {
            one.path != file.path
                && stronger.contains(&one.path)
                && !one.images.is_empty()
                && file.path != stronger[0]
        };
        if let Some(other) = self.overrides.iter().find(is_stronger) {
            let line = other.images.first().map_or(1, |(_, line)| *line);
            let problem = super::REPLACED_BY_ARGOCD.to_owned();
            return Err(GitOpsError::Manifest { file: other.path.clone(), line, problem });
        }
        let Some(here) = self.all.iter().find(|one| one.folder == own.folder) else { return Ok(Vec::new()) };
        let (bases, has_more) = self.bases(here);
        let mut deployed = Vec::new();
        let mut is_open = has_more;
        for (path, base) in &bases {
            let Ok(image) = base.text().parse::<ImageReference>() else { continue };
            let way = Way { is_touched: false, ..Way::of(base, [image.clone(), image]) };
            for user in self.all.iter().filter(|user| user.resources.iter().any(|resource| resource == path))
            {
                is_open |= !self.arrives(user, here, base, way.clone(), (name, wanted), &mut deployed)?;
            }
        }
        if deployed.is_empty() && !is_open {
            return Err(file.error(found.line(), NO_EFFECT));
        }
        deployed.retain(is_followed);
        deployed.dedup();
        Ok(deployed)
    }

    /// Goes up to a kustomization, and sees what an Application of it makes of an image; whether that is known.
    fn arrives(
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

//! Whether an edit would show in what Kustomize builds, and what the cluster gets of it.

use super::climb::REPLACED_BY_ARGOCD;
use super::known::Kustomizations;
use super::overrides::Override;
use super::read::Kustomization;
use super::way::{Deployed, Edited, Focus, Way};
use crate::error::GitOpsError;
use crate::find::{FoundImage, Role};
use crate::image::ImageReference;
use crate::layout::folder_of;
use crate::manifest::ManifestFile;

const NO_EFFECT: &str = "nothing that Kustomize builds here has this image, so that the edit would change nothing; correct the \
                         name, or remove this";

impl Kustomizations {
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

    /// Refuses an entry of `images`, or a patch, that changes nothing of what is built, or not for good.
    fn check_above(
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
    fn check_argo(
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
            let problem = REPLACED_BY_ARGOCD.to_owned();
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

//! A promotion: an environment gets the image that another one runs.

use super::bump::{Bump, BumpOptions, BumpOutcome, name_the_apps, settle};
use super::compare::paired;
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::FoundImage;
use super::image::{FilePlace, ImageReference, ImageTarget};
use super::kustomize::Deployed;
use super::listing::{AppImage, list_images};
use super::manifest::Files;
use super::repository::{Repository, folder_of};
use super::select::select_image;

/// An image that an environment runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotable {
    /// The app.
    pub app: String,
    /// `Deployment/app-a/web`.
    pub container: String,
    /// The image.
    pub image: String,
    /// What the cluster gets of it.
    pub deployed: Vec<Deployed>,
    /// The commit that changed the app last.
    pub commit: String,
}

/// Sets the app's image under `to` to the one it has under `from`, both roots of apps in the repository, as in
/// `manifests/staging` and `manifests/prod`.
///
/// What was seen before, as in a cluster, is `expected`: where it is another image by now, nothing is promoted.
///
/// With a target that names a workload or a container, the same names are looked for on both sides.
pub async fn promote(
    repository: &mut Repository,
    from: &str,
    to: &str,
    target: &ImageTarget,
    options: &BumpOptions,
    expected: Option<&[Promotable]>,
) -> Result<BumpOutcome, GitOpsError> {
    let (from_folder, to_folder) = (folder_of(from, &target.app)?, folder_of(to, &target.app)?);
    let target = &repository.rules().complete(target);
    let mut bump = Bump::new(&target.app, to_folder.clone(), options);
    bump.promoted_from = Some(from_folder.clone());
    let mut outcome = None;
    let landed = repository
        .land(&[from_folder.clone(), to_folder.clone()], |snapshot| {
            let mut draft = Draft::on(snapshot);
            let origins = draft.app(&from_folder)?;
            let origin = select_image(&from_folder, origins, target, None, &snapshot.rules)?;
            let image = promoted(&origin, origins, &target.app, expected)?;
            // What an overlay puts in its place is what runs there.
            draft.check(&from_folder, &origin, &image)?;
            let found = draft.select(&to_folder, target, &image)?;
            draft.knows_name(origin.text().parse::<ImageReference>().is_ok());
            outcome = Some(bump.decide(&mut draft, &found, &image)?);
            Ok(draft.change())
        })
        .await;
    match landed {
        Ok(landed) => {
            let outcome = settle(outcome.into_iter().collect(), landed.as_deref()).pop();
            outcome.ok_or(GitOpsError::Answer { command: "push" })
        }
        Err(GitOpsError::NoApp { folder, hint }) => {
            let root = if folder == from_folder { from } else { to };
            Err(name_the_apps(repository, root, GitOpsError::NoApp { folder, hint }).await)
        }
        Err(error) => Err(error),
    }
}

/// Sets every image under `to` to the one it has under `from`, of all apps that both have, in one commit, or none of them.
pub async fn promote_all(
    repository: &mut Repository,
    from: &str,
    to: &str,
    options: &BumpOptions,
    expected: Option<&[Promotable]>,
) -> Result<Vec<BumpOutcome>, GitOpsError> {
    let pairs = both(repository, from, to).await?;
    let mut wanted = Vec::new();
    for (here, there) in &pairs {
        wanted.push((
            folder_of(from, &here.app)?,
            folder_of(to, &there.app)?,
            target_of(here),
            target_of(there),
        ));
    }
    let folders: Vec<String> = wanted.iter().flat_map(|one| [one.0.clone(), one.1.clone()]).collect();
    let mut bumps: Vec<Bump<'_>> = Vec::new();
    for (from, to, target, _) in &wanted {
        let mut bump = Bump::new(&target.app, to.clone(), options);
        bump.promoted_from = Some(from.clone());
        bumps.push(bump);
    }
    let mut outcomes: Vec<BumpOutcome> = Vec::new();
    let landed = repository
        .land(&folders, |snapshot| {
            let mut draft = Draft::on(snapshot);
            outcomes.clear();
            let mut refused: Option<GitOpsError> = None;
            let mut left_out: Vec<String> = Vec::new();
            for ((from, to, here, there), bump) in wanted.iter().zip(&mut bumps) {
                let origins = draft.app(from)?;
                let origin = select_image(from, origins, here, None, &snapshot.rules)?;
                let image = promoted(&origin, origins, &here.app, expected)?;
                let found = select_image(to, draft.app(to)?, there, None, &snapshot.rules)?;
                if found.text_of(&image.name) == image.to_string() {
                    continue;
                }
                // What something else decides is promoted there.
                let checks = draft.check(from, &origin, &image).and_then(|_| draft.check(to, &found, &image));
                if let Err(error) = checks {
                    left_out.push(format!("not promoted: {error}"));
                    refused = refused.or(Some(error));
                    continue;
                }
                draft.knows_name(origin.text().parse::<ImageReference>().is_ok());
                outcomes.push(bump.decide(&mut draft, &found, &image)?);
            }
            if let Some(error) = refused.filter(|_| outcomes.is_empty()) {
                return Err(error);
            }
            if let Some(first) = outcomes.first_mut() {
                first.left_out.extend(left_out);
            }
            Ok(draft.change())
        })
        .await?;
    Ok(settle(outcomes, landed.as_deref()))
}

/// The images of all apps that two roots have, side by side.
pub(super) async fn both(
    repository: &Repository,
    from: &str,
    to: &str,
) -> Result<Vec<(AppImage, AppImage)>, GitOpsError> {
    let (here, there) =
        (list_images(repository, from).await?.images, list_images(repository, to).await?.images);
    for (root, images) in [(from, &here), (to, &there)] {
        if images.is_empty() {
            let hint = format!("{root} has no images on {}", repository.branch());
            return Err(GitOpsError::NoApp { folder: root.to_owned(), hint });
        }
    }
    let mut pairs: Vec<(AppImage, AppImage)> =
        paired(here, there).into_iter().filter_map(|(here, there)| Some((here?, there?))).collect();
    pairs.sort_by(|a, b| (&a.1.file, a.1.line).cmp(&(&b.1.file, b.1.line)));
    Ok(pairs)
}

/// A target that means an image of a listing, by its names and its file.
pub(super) fn target_of(image: &AppImage) -> ImageTarget {
    ImageTarget {
        app: image.app.clone(),
        namespace: None,
        kind: Some(image.kind.clone()),
        workload: Some(image.workload.clone()),
        container: Some(image.container.clone()),
        place: Some(FilePlace { file: image.file.clone(), line: Some(image.line) }),
        path: None,
    }
}

/// The image that is promoted: one that says its version, and the one that was expected.
fn promoted(
    origin: &FoundImage,
    origins: &Files,
    app: &str,
    expected: Option<&[Promotable]>,
) -> Result<ImageReference, GitOpsError> {
    let image = version_of(origin, app)?;
    if !image.is_pinned() {
        let problem = "this image has neither a tag nor a digest, so that every node runs what is newest when it \
                       pulls it; give it one before it is promoted";
        return Err(origins[origin.file].error(origin.line(), problem));
    }
    let is_its = |one: &&Promotable| one.app == app && one.container == origin.identity();
    match expected.map(|expected| expected.iter().find(is_its)) {
        Some(seen) if seen.is_none_or(|seen| seen.image != image.to_string()) => {
            let wanted = seen.map_or_else(|| "nothing".to_owned(), |seen| seen.image.clone());
            Err(GitOpsError::Overtaken { app: app.to_owned(), current: image.to_string(), wanted })
        }
        _ => Ok(image),
    }
}

/// The image that is promoted. Where only its tag is written, the app lends it a name.
pub(super) fn version_of(origin: &FoundImage, app: &str) -> Result<ImageReference, GitOpsError> {
    let lent = app.parse::<ImageReference>().map_or_else(|_| "image".to_owned(), |image| image.name);
    origin.text_of(&lent).parse()
}

//! A promotion: an environment gets the image that another one runs.

use super::bump::{Bump, BumpOptions, BumpOutcome, name_the_apps, settle};
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::FoundImage;
use super::image::{ImageReference, ImageTarget};
use super::repository::{Repository, folder_of};
use super::select::select_image;

/// Sets the app's image under `to` to the one it has under `from`, both roots of apps in the repository, as in
/// `manifests/staging` and `manifests/prod`.
///
/// With a target that names a workload or a container, the same names are looked for on both sides.
pub async fn promote(
    repository: &mut Repository,
    from: &str,
    to: &str,
    target: &ImageTarget,
    options: &BumpOptions,
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
            let image = version_of(&origin, &target.app)?;
            if !image.is_pinned() {
                let problem = "this image has neither a tag nor a digest, so that every node runs what is newest when it \
                               pulls it; give it one before it is promoted";
                return Err(origins[origin.file].error(origin.line(), problem));
            }
            // What an overlay puts in its place is what runs there.
            draft.check(&from_folder, &origin, &image)?;
            let found = draft.select(&to_folder, target, &image)?;
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

/// The image that is promoted. Where only its tag is written, the app lends it a name.
fn version_of(origin: &FoundImage, app: &str) -> Result<ImageReference, GitOpsError> {
    let lent = app.parse::<ImageReference>().map_or_else(|_| "image".to_owned(), |image| image.name);
    origin.text_of(&lent).parse()
}

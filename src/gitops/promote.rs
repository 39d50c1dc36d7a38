//! A promotion: an environment gets the image that another one runs.

use super::bump::{Bump, BumpOptions, BumpOutcome, name_the_apps, settle};
use super::error::GitOpsError;
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
    let mut bump = Bump::new(&target.app, to_folder.clone(), options);
    bump.promoted_from = Some(from_folder.clone());
    let mut outcome = None;
    let landed = repository
        .land(&[from_folder.clone(), to_folder.clone()], |snapshot| {
            let (origins, files) = (snapshot.app(&from_folder)?, snapshot.app(&to_folder)?);
            let origin = select_image(&from_folder, origins, target, None)?;
            let image: ImageReference = origin.text().parse()?;
            let found = select_image(&to_folder, files, target, Some(&image))?;
            let (done, change) = bump.decide(snapshot, files, &found, &image)?;
            outcome = Some(done);
            Ok(change)
        })
        .await;
    match landed {
        Ok(landed) => settle(outcome, landed),
        Err(GitOpsError::NoApp { folder, hint }) => {
            let root = if folder == from_folder { from } else { to };
            Err(name_the_apps(repository, root, GitOpsError::NoApp { folder, hint }).await)
        }
        Err(error) => Err(error),
    }
}

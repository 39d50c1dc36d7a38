//! What an environment runs that another one could get, and what the cluster has of it.

use super::draft::Draft;
use super::error::GitOpsError;
use super::image::{ImageReference, ImageTarget};
use super::promote::{Promotable, both, target_of, version_of};
use super::repository::{Repository, folder_of};
use super::select::select_image;

/// What of an environment is meant by a target; by none, all that another one has as well.
pub async fn promotable(
    repository: &Repository,
    from: &str,
    to: &str,
    target: Option<&ImageTarget>,
) -> Result<Vec<Promotable>, GitOpsError> {
    let mut wanted: Vec<(ImageTarget, String)> = Vec::new();
    match target {
        Some(target) => wanted.push((repository.rules().complete(target), folder_of(from, &target.app)?)),
        None => {
            for (here, _) in both(repository, from, to).await? {
                wanted.push((target_of(&here), folder_of(from, &here.app)?));
            }
        }
    }
    let folders: Vec<String> = wanted.iter().map(|(_, folder)| folder.clone()).collect();
    let snapshot = repository.snapshot(&folders).await?;
    let draft = Draft::on(&snapshot);
    let mut all = Vec::new();
    for (target, folder) in &wanted {
        let origin = select_image(folder, draft.app(folder)?, target, None, &snapshot.rules)?;
        let image: ImageReference = version_of(&origin, &target.app)?;
        let deployed = draft.check(folder, &origin, &image)?;
        let commit = repository.last_change(&snapshot.tree.real(folder)).await?;
        let (app, container) = (target.app.clone(), origin.identity());
        all.push(Promotable { app, container, image: image.to_string(), deployed, commit });
    }
    Ok(all)
}

//! What clusters pull of the images in the manifests, for who asks their registries.

use super::charts;
use super::error::GitOpsError;
use super::image::ImageReference;
use super::listing::{AppImage, app_image, found_in};
use super::repository::{Repository, folder_of};

/// What comes of an image that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// Images; several where overlays give it several names.
    Images(Vec<ImageReference>),
    /// An image, and which one is not written here: only its tag or digest is, as in values of a chart.
    Unnamed,
    /// Nothing of it: something else decides, or nothing deploys it; with the reason.
    Nothing(String),
    /// Nobody can tell, as of a template; with the reason.
    Unclear(String),
}

/// Every image under the root, with what clusters pull of it; and what could not be read.
pub async fn list_pulled(
    repository: &Repository,
    root: &str,
) -> Result<(Vec<(AppImage, Pulled)>, Vec<GitOpsError>), GitOpsError> {
    let folder = folder_of(root, "")?;
    let (files, left_out) = repository.files(&folder).await?;
    let snapshot = repository.snapshot(std::slice::from_ref(&folder)).await?;
    let (found, problems) = found_in(&files, repository.rules(), root)?;
    let mut all = Vec::new();
    for image in &found {
        let file = &files[image.file];
        let text = image.text();
        let pulled = match text.parse::<ImageReference>() {
            Err(_) if text.starts_with([':', '@']) => Pulled::Unnamed,
            Err(error) => Pulled::Unclear(error.to_string()),
            Ok(own) => {
                let deployed = charts::check(&snapshot.chart_users, file, image, &files)
                    .and_then(|()| snapshot.kustomizations.check(file, image, &own));
                match deployed {
                    Err(error) => Pulled::Nothing(error.to_string()),
                    Ok(deployed) => {
                        let images = deployed.iter().filter_map(|one| one.image.parse().ok());
                        let mut images: Vec<ImageReference> = images.collect();
                        if images.is_empty() {
                            images.push(own);
                        }
                        images.dedup();
                        Pulled::Images(images)
                    }
                }
            }
        };
        all.push((app_image(&folder, file, image), pulled));
    }
    all.sort_by(|(a, _), (b, _)| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok((all, left_out.into_iter().chain(problems).collect()))
}

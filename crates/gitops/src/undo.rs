//! Bumps taken back that were tried, and did not come to run.

use super::bump::{BumpOutcome, settle};
use super::draft::Draft;
use super::error::GitOpsError;
use super::image::ImageTarget;
use super::repository::{Repository, folder_of};
use super::rollback::{Holding, take_back};

/// Takes exactly these bumps back, in one commit: all of them or none. Those that changed nothing are left as they are.
///
/// Only the images that were taken back are held from then on: a mended one may come by itself. Refused where somebody set
/// another image meanwhile.
pub async fn undo(
    repository: &mut Repository,
    root: &str,
    bumps: &[BumpOutcome],
    source: Option<&str>,
) -> Result<Vec<BumpOutcome>, GitOpsError> {
    let mut folders = Vec::new();
    for bump in bumps.iter().filter(|bump| bump.changed) {
        folders.push((folder_of(root, &bump.app)?, bump));
    }
    let asked: Vec<String> = folders.iter().map(|(folder, _)| folder.clone()).collect();
    repository.reach_records(&asked).await?;
    let mut outcomes = Vec::new();
    let landed = repository
        .land(&asked, |snapshot| {
            let mut draft = Draft::on(snapshot);
            outcomes.clear();
            for (folder, bump) in &folders {
                let is_it = |container: &str, file: Option<&String>| {
                    container == bump.container && file.is_none_or(|file| *file == bump.file)
                };
                let records = snapshot.records(folder).iter();
                let mut own = records.filter(|record| record.commit == bump.commit);
                let record = own.find(|record| is_it(&record.container, record.file.as_ref()));
                let record =
                    record.ok_or_else(|| GitOpsError::NothingToRollBack { app: bump.app.clone() })?;
                let target = ImageTarget::of_app(&bump.app);
                outcomes.push(take_back(&mut draft, folder, &target, record, Holding::ThatImage, source)?);
            }
            Ok(draft.change())
        })
        .await?;
    Ok(settle(outcomes, landed.as_deref()))
}

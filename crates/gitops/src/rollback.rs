//! A rollback: the last bump taken back, as a bump of its own that holds later ones.

use std::borrow::Cow;

use super::bump::{BumpOutcome, left_out, name_the_apps, settle, subject};
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::image::{ImageReference, ImageTarget};
use super::manifest::Files;
use super::record::{ImageRecord, RecordKind};
use super::recorded::select_recorded;
use super::repository::{Repository, Snapshot, folder_of};
use super::select::{fitting, is_at};
use super::trailers::{self, Part};
use slipway_support::git::short;

/// Takes the last bump of an app back, and freezes that image until a bump is told to unfreeze it.
///
/// A second rollback takes the bump before that back. Refused where someone changed the image by other means since,
/// or bumps it at the same moment: what they meant is not ours to undo.
pub async fn rollback(
    repository: &mut Repository,
    root: &str,
    target: &ImageTarget,
    source: Option<&str>,
) -> Result<BumpOutcome, GitOpsError> {
    let folder = folder_of(root, &target.app)?;
    repository.reach_records(std::slice::from_ref(&folder)).await?;
    let target = &repository.rules().complete(target);
    let mut chosen: Option<ImageRecord> = None;
    let mut outcome = None;
    let landed = repository
        .land(std::slice::from_ref(&folder), |snapshot| {
            let mut draft = Draft::on(snapshot);
            let bump = last_bump(snapshot, &folder, target, draft.app(&folder)?)?;
            let same =
                |first: &ImageRecord| (&first.commit, &first.container) == (&bump.commit, &bump.container);
            if let Some(first) = chosen.as_ref().filter(|first| !same(first)) {
                let (app, current) = (target.app.clone(), bump.image.clone());
                return Err(GitOpsError::Overtaken { app, current, wanted: first.previous.clone() });
            }
            chosen = Some(bump.clone());
            outcome = Some(take_back(&mut draft, &folder, target, bump, Holding::Everything, source)?);
            Ok(draft.change())
        })
        .await;
    match landed {
        Ok(landed) => {
            let outcome = settle(outcome.into_iter().collect(), landed.as_deref()).pop();
            outcome.ok_or(GitOpsError::Answer { command: "push" })
        }
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

/// The newest bump that fits the target and was not taken back already.
fn last_bump<'a>(
    snapshot: &'a Snapshot,
    folder: &str,
    target: &ImageTarget,
    files: &Files,
) -> Result<&'a ImageRecord, GitOpsError> {
    let mut taken_back = Vec::new();
    // Of a rollback to what ran long ago: that is what would be taken back next, and nothing between.
    let mut until: Option<&str> = None;
    let images = Images::of(files, &snapshot.rules);
    let mut present = images.found.clone();
    if target.path.is_some() {
        present.extend(fitting(&images, folder, files, target, None)?.into_iter().map(Cow::into_owned));
    }
    let is_meant = |image: &FoundImage| {
        is_at(folder, files, target, image)
            && target.namespace.as_ref().is_none_or(|namespace| *namespace == image.namespace)
    };
    // A place is the record's where what is there is what the record tells of.
    let at_place = |record: &ImageRecord| {
        target.place.is_none() && target.namespace.is_none() && target.path.is_none()
            || present.iter().any(|image| is_meant(image) && record.is_of(image, files, &present))
    };
    let counts = |record: &&ImageRecord| fits(target, record) && at_place(record);
    for record in snapshot.records(folder).iter().filter(counts) {
        // One commit may have bumped several containers.
        let is_taken_back =
            |(of, container): &(&String, &String)| **of == record.commit && **container == record.container;
        match &record.kind {
            _ if until.is_some_and(|image| image != record.image) => {}
            RecordKind::Rollback { .. } if record.back_to.is_some() => until = Some(&record.image),
            RecordKind::Rollback { of } => taken_back.push((of, &record.container)),
            RecordKind::Unfreeze { .. } | RecordKind::Edit => {}
            RecordKind::Bump | RecordKind::Promotion { .. } if taken_back.iter().any(is_taken_back) => {}
            RecordKind::Bump | RecordKind::Promotion { .. } => return Ok(record),
        }
    }
    Err(GitOpsError::NothingToRollBack { app: target.app.clone() })
}

/// Whether a record's `Kind/workload/container` is what the target names.
fn fits(target: &ImageTarget, record: &ImageRecord) -> bool {
    let parts: Vec<&str> = record.container.splitn(3, '/').collect();
    let [kind, workload, container] = parts[..] else { return false };
    target.kind.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        && target.workload.as_ref().is_none_or(|wanted| wanted == workload)
        && target.container.as_ref().is_none_or(|wanted| wanted == container)
}

/// What a rollback holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// Every later bump of the image's place.
    Everything,
    /// Bumps to the image that was taken back.
    ThatImage,
}

pub(super) fn take_back(
    draft: &mut Draft<'_>,
    folder: &str,
    target: &ImageTarget,
    bump: &ImageRecord,
    holding: Holding,
    source: Option<&str>,
) -> Result<BumpOutcome, GitOpsError> {
    let files = draft.app(folder)?;
    let found = select_recorded(folder, files, target, bump, &draft.snapshot.rules)?;
    let left_out = left_out(draft, folder, &Images::of(files, &draft.snapshot.rules).unreadable);
    let file = files[found.file].path.clone();
    let wanted: ImageReference = bump.previous.parse()?;
    let current = found.text_of(&wanted.name);
    if current != bump.image {
        return Err(GitOpsError::ChangedSince {
            app: target.app.clone(),
            current,
            set: bump.image.clone(),
            commit: short(&bump.commit).to_owned(),
        });
    }
    let deployed = draft.check(folder, &found, &wanted)?;
    draft.edit(folder, &found, &wanted)?;
    // By the record's name, so that the two are found together, whatever the container is called since.
    let mut lines = vec![
        (trailers::APP, draft.snapshot.tree.real(folder)),
        (trailers::CONTAINER, bump.container.clone()),
        (trailers::IMAGE, bump.previous.clone()),
        (trailers::PREVIOUS, current.clone()),
    ];
    lines.extend(bump.file.clone().map(|file| (trailers::FILE, file)));
    lines.extend(bump.namespace.clone().map(|namespace| (trailers::NAMESPACE, namespace)));
    lines.push((trailers::ROLLBACK_OF, bump.commit.clone()));
    lines.extend((holding == Holding::ThatImage).then(|| (trailers::HOLDS, bump.image.clone())));
    lines.extend(source.map(|source| (trailers::SOURCE, source.to_owned())));
    let subject = format!("{} (rollback)", subject(&target.app, &current, &wanted));
    draft.tell(Part { subject, trailers: lines });
    Ok(BumpOutcome {
        commit: draft.snapshot.commit.clone(),
        changed: true,
        app: target.app.clone(),
        container: found.identity(),
        generated: found.generated,
        previous: current,
        image: bump.previous.clone(),
        file,
        line: found.line(),
        unfroze: None,
        rollback_of: Some(bump.commit.clone()),
        reached_by: draft.reached_by(folder),
        left_out,
        deployed,
    })
}

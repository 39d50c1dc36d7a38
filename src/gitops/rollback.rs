//! A rollback: the last bump taken back, as a bump of its own that holds later ones.

use super::bump::{BumpOutcome, name_the_apps, settle, subject};
use super::edit::replace_scalar;
use super::error::GitOpsError;
use super::history::{ImageRecord, RecordKind};
use super::image::{ImageReference, ImageTarget};
use super::manifest::ManifestFile;
use super::repository::{Change, Repository, Snapshot, folder_of};
use super::select::select_image;
use super::trailers;
use crate::support::git::short;

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
    let mut chosen: Option<ImageRecord> = None;
    let mut outcome = None;
    let landed = repository
        .land(std::slice::from_ref(&folder), |snapshot| {
            snapshot.app(&folder)?;
            let bump = last_bump(snapshot, target)?;
            if let Some(first) = chosen.as_ref().filter(|first| first.commit != bump.commit) {
                let (app, current) = (target.app.clone(), bump.image.clone());
                return Err(GitOpsError::Overtaken { app, current, wanted: first.previous.clone() });
            }
            chosen = Some(bump.clone());
            let (done, change) = take_back(snapshot, &folder, target, bump, source)?;
            outcome = Some(done);
            Ok(Some(change))
        })
        .await;
    match landed {
        Ok(landed) => settle(outcome, landed),
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

/// The newest bump that fits the target and was not taken back already.
fn last_bump<'a>(snapshot: &'a Snapshot, target: &ImageTarget) -> Result<&'a ImageRecord, GitOpsError> {
    let mut taken_back = Vec::new();
    for record in snapshot.records.iter().filter(|record| fits(target, &record.container)) {
        match &record.kind {
            RecordKind::Rollback { of } => taken_back.push(of),
            RecordKind::Unfreeze { .. } => {}
            RecordKind::Bump | RecordKind::Promotion { .. } if taken_back.contains(&&record.commit) => {}
            RecordKind::Bump | RecordKind::Promotion { .. } => return Ok(record),
        }
    }
    Err(GitOpsError::NothingToRollBack { app: target.app.clone() })
}

/// `container` is the record's `Kind/workload/container`.
fn fits(target: &ImageTarget, container: &str) -> bool {
    let parts: Vec<&str> = container.splitn(3, '/').collect();
    let [kind, workload, container] = parts[..] else { return false };
    target.kind.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        && target.workload.as_ref().is_none_or(|wanted| wanted == workload)
        && target.container.as_ref().is_none_or(|wanted| wanted == container)
}

fn take_back(
    snapshot: &Snapshot,
    folder: &str,
    target: &ImageTarget,
    bump: &ImageRecord,
    source: Option<&str>,
) -> Result<(BumpOutcome, Change), GitOpsError> {
    let files = snapshot.app(folder)?;
    let exact = format!("{}/{}", target.app, bump.container).parse()?;
    let found = select_image(folder, files, &exact, None)?;
    let current = found.text().to_owned();
    if current != bump.image {
        return Err(GitOpsError::ChangedSince {
            app: target.app.clone(),
            current,
            set: bump.image.clone(),
            commit: short(&bump.commit).to_owned(),
        });
    }
    let wanted: ImageReference = bump.previous.parse()?;
    let file = &files[found.file];
    let bytes = replace_scalar(file, &found.scalar, &bump.previous)?;
    let mut lines = vec![
        (trailers::APP, folder),
        (trailers::CONTAINER, &bump.container),
        (trailers::IMAGE, &bump.previous),
        (trailers::PREVIOUS, &current),
        (trailers::ROLLBACK_OF, &bump.commit),
    ];
    lines.extend(source.map(|source| (trailers::SOURCE, source)));
    let subject = format!("{} (rollback)", subject(&target.app, &current, &wanted));
    let change = Change {
        message: trailers::message(&subject, &lines),
        files: vec![ManifestFile { bytes, ..file.clone() }],
    };
    let outcome = BumpOutcome {
        commit: snapshot.commit.clone(),
        changed: true,
        app: target.app.clone(),
        container: bump.container.clone(),
        previous: current.clone(),
        image: bump.previous.clone(),
        file: file.path.clone(),
        line: found.scalar.line,
        unfroze: None,
        rollback_of: Some(bump.commit.clone()),
    };
    Ok((outcome, change))
}

//! A bump: one commit that changes one image.

use std::cmp::Ordering;

use super::edit::replace_scalar;
use super::error::GitOpsError;
use super::history::{app_hint, freeze};
use super::image::{ImageAssignment, ImageReference};
use super::manifest::{Files, ManifestFile};
use super::repository::{Change, Repository, Snapshot, folder_of};
use super::select::{FoundImage, select_image};
use super::trailers;
use crate::support::git::short;

/// How a bump may go against what is there.
#[derive(Debug, Clone, Default)]
pub struct BumpOptions {
    /// Set the image even where it is older than the one that is there.
    pub allow_older: bool,
    /// Set the image even where a rollback froze it, and let later bumps go on.
    pub unfreeze: bool,
    /// The pipeline or person behind the bump, see [`super::bump_source`].
    pub source: Option<String>,
}

/// What a bump, promotion or rollback did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BumpOutcome {
    /// The commit that has the image: the pushed one, or the tip where there was nothing to push.
    pub commit: String,
    /// Whether the image was changed; if not, it was there already.
    pub changed: bool,
    /// The app.
    pub app: String,
    /// The container: `Deployment/app-a/web`.
    pub container: String,
    /// The image before, as written.
    pub previous: String,
    /// The image now.
    pub image: String,
    /// The file, relative to the repository's root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rollback that was lifted, if one stood.
    pub unfroze: Option<String>,
    /// The bump that was taken back, of a rollback.
    pub rollback_of: Option<String>,
}

/// Sets the image of an app's container, and pushes that as one commit.
///
/// `root` is the folder of all apps in the repository, as in `manifests`.
pub async fn set_image(
    repository: &mut Repository,
    root: &str,
    assignment: &ImageAssignment,
    options: &BumpOptions,
) -> Result<BumpOutcome, GitOpsError> {
    let ImageAssignment { target, image } = assignment;
    let folder = folder_of(root, &target.app)?;
    let mut bump = Bump::new(&target.app, folder.clone(), options);
    let mut outcome = None;
    let landed = repository
        .land(std::slice::from_ref(&folder), |snapshot| {
            let files = snapshot.app(&folder)?;
            let found = select_image(&folder, files, target, Some(image))?;
            let (done, change) = bump.decide(snapshot, files, &found, image)?;
            outcome = Some(done);
            Ok(change)
        })
        .await;
    match landed {
        Ok(landed) => settle(outcome, landed),
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

/// A wanted image on its way, over as many tips as it takes.
pub(super) struct Bump<'a> {
    app: &'a str,
    folder: String,
    options: &'a BumpOptions,
    /// The image that was there when we first looked.
    first_seen: Option<String>,
    /// The folder that the image comes from, of a promotion.
    pub promoted_from: Option<String>,
}

impl<'a> Bump<'a> {
    pub fn new(app: &'a str, folder: String, options: &'a BumpOptions) -> Self {
        Self { app, folder, options, first_seen: None, promoted_from: None }
    }

    /// What to do on this tip, and what will have been done by it.
    pub fn decide(
        &mut self,
        snapshot: &Snapshot,
        files: &Files,
        found: &FoundImage,
        image: &ImageReference,
    ) -> Result<(BumpOutcome, Option<Change>), GitOpsError> {
        let current = found.text().to_owned();
        let wanted = image.to_string();
        let container = found.identity();
        let overtaken = *self.first_seen.get_or_insert_with(|| current.clone()) != current;
        let frozen = freeze(&snapshot.records, &container);
        let changes = current != wanted;
        if let Some(rollback) = frozen.filter(|_| changes && !self.options.unfreeze) {
            return Err(GitOpsError::Frozen {
                app: self.app.to_owned(),
                from: rollback.previous.clone(),
                commit: short(&rollback.commit).to_owned(),
            });
        }
        if changes && !self.options.allow_older {
            self.check_age(&current, image, overtaken)?;
        }
        let lifted = frozen.filter(|_| self.options.unfreeze).map(|rollback| rollback.commit.clone());
        let file = &files[found.file];
        let outcome = BumpOutcome {
            commit: snapshot.commit.clone(),
            changed: changes,
            app: self.app.to_owned(),
            container: container.clone(),
            previous: current.clone(),
            image: wanted.clone(),
            file: file.path.clone(),
            line: found.scalar.line,
            unfroze: lifted.clone(),
            rollback_of: None,
        };
        if !changes && lifted.is_none() {
            return Ok((outcome, None));
        }
        let mut lines = vec![
            (trailers::APP, self.folder.as_str()),
            (trailers::CONTAINER, &container),
            (trailers::IMAGE, &wanted),
            (trailers::PREVIOUS, &current),
        ];
        lines.extend(self.promoted_from.as_deref().map(|from| (trailers::PROMOTED_FROM, from)));
        lines.extend(lifted.as_deref().map(|rollback| (trailers::UNFREEZES, rollback)));
        lines.extend(self.options.source.as_deref().map(|source| (trailers::SOURCE, source)));
        let (subject, files) = if changes {
            let bytes = replace_scalar(file, &found.scalar, &wanted)?;
            (subject(self.app, &current, image), vec![ManifestFile { bytes, ..file.clone() }])
        } else {
            (format!("{}: let {wanted} be bumped again", self.app), Vec::new())
        };
        Ok((outcome, Some(Change { message: trailers::message(&subject, &lines), files })))
    }

    /// Never an older image over a newer one. Where the age cannot be told, the later decision wins, unless someone
    /// else decided after we did.
    fn check_age(&self, current: &str, wanted: &ImageReference, overtaken: bool) -> Result<(), GitOpsError> {
        let age = current.parse::<ImageReference>().ok().and_then(|current| wanted.compare_age(&current));
        let (app, current, wanted) = (self.app.to_owned(), current.to_owned(), wanted.to_string());
        match age {
            Some(Ordering::Less) => Err(GitOpsError::Older { app, current, wanted }),
            Some(Ordering::Equal) | None if overtaken => Err(GitOpsError::Overtaken { app, current, wanted }),
            _ => Ok(()),
        }
    }
}

/// The outcome of the tip that was landed on.
pub(super) fn settle(
    outcome: Option<BumpOutcome>,
    landed: Option<String>,
) -> Result<BumpOutcome, GitOpsError> {
    let outcome = outcome.ok_or(GitOpsError::Answer { command: "push" })?;
    Ok(match landed {
        Some(commit) => BumpOutcome { commit, ..outcome },
        None => outcome,
    })
}

/// Tells with an app that is not there which ones are.
pub(super) async fn name_the_apps(repository: &Repository, root: &str, error: GitOpsError) -> GitOpsError {
    match error {
        GitOpsError::NoApp { folder, .. } => match app_hint(repository, root).await {
            Ok(hint) => GitOpsError::NoApp { folder, hint },
            Err(error) => error,
        },
        other => other,
    }
}

/// `app-a: registry.example/app:v1 → v2`; the whole image where it is another one.
pub(super) fn subject(app: &str, previous: &str, image: &ImageReference) -> String {
    let same = previous.parse::<ImageReference>().is_ok_and(|previous| previous.name == image.name);
    let now = if same { image.version_text() } else { image.to_string() };
    format!("{app}: {previous} → {now}")
}

//! A bump: one commit that changes an image, or several at once.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::age::AgePolicy;
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::FoundImage;

use super::holds::Holds;
use super::image::{ImageAssignment, ImageReference, ImageTarget};
use super::kustomize::Deployed;
use super::listing::{app_hint, apps};
use super::record::rolled_back;
use super::repository::{Repository, folder_of};
use super::trailers::{self, Part};

/// How a bump may go against what is there.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a permission of its own")]
pub struct BumpOptions {
    /// Set the image even where it is older than the one that is there.
    pub allow_older: bool,
    /// Set the image even where a rollback froze it, and let later bumps go on.
    pub unfreeze: bool,
    /// Set the image in spite of all that holds it, which goes on holding what comes later.
    pub allow_frozen: bool,
    /// Set every place that runs the image, and not only one.
    pub all: bool,
    /// How the age of tags is told, whatever the rules of the repository say.
    pub age: Option<AgePolicy>,
    /// The pipeline or person behind the bump, see [`super::bump_source`].
    pub source: Option<String>,
    /// When the commit was made that the pipeline built, RFC 3339.
    pub source_time: Option<String>,
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
    /// Whether the cluster makes up the workload's name, which begins as in `container`.
    pub generated: bool,
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
    /// The names by which links lead to the app's folder, which have the image as well.
    pub reached_by: Vec<String>,
    /// Files of the app that could not be read and were left out, each with its place and reason.
    pub left_out: Vec<String>,
    /// What the cluster gets of it: Kustomize may give workload and image other names, one for each overlay. Nothing where it
    /// writes a value from elsewhere into the image.
    pub deployed: Vec<Deployed>,
}

/// Sets images of apps' containers, and pushes that as one commit: all of them or none.
///
/// `root` is the folder of all apps in the repository, as in `manifests`.
pub async fn set_images(
    repository: &mut Repository,
    root: &str,
    assignments: &[ImageAssignment],
    options: &BumpOptions,
) -> Result<Vec<BumpOutcome>, GitOpsError> {
    let mut wanted: Vec<(ImageTarget, &ImageReference)> = Vec::new();
    for ImageAssignment { target, image } in assignments {
        match target.app.as_str() {
            EVERY_APP if !options.all => return Err(GitOpsError::EveryApp { image: image.to_string() }),
            EVERY_APP => {
                let of = |app| (ImageTarget { app, ..target.clone() }, image);
                wanted.extend(apps(repository, root).await?.into_iter().map(of));
            }
            _ => wanted.push((repository.rules().complete(target), image)),
        }
    }
    let mut folders = Vec::new();
    for (target, _) in &wanted {
        folders.push(folder_of(root, &target.app)?);
    }
    // One at a time is decided on each tip anew; what was seen first of each place stays known.
    let mut bumps: BTreeMap<String, Bump<'_>> = BTreeMap::new();
    let mut outcomes = Vec::new();
    let landed = repository
        .land(&folders, |snapshot| {
            let mut draft = Draft::on(snapshot);
            outcomes.clear();
            for (number, ((target, image), folder)) in wanted.iter().zip(&folders).enumerate() {
                let chosen = if options.all {
                    draft.select_all(folder, target, image)?
                } else {
                    vec![draft.select(folder, target, image)?]
                };
                for found in chosen {
                    // An edit moves what comes after it.
                    let found = if options.all { draft.again(folder, target, image, found)? } else { found };
                    let place = format!(
                        "{number} {} {} {} {}",
                        draft.app(folder)?[found.file].path,
                        found.namespace,
                        found.identity(),
                        found.pointer.join("/")
                    );
                    let bump =
                        bumps.entry(place).or_insert_with(|| Bump::new(&target.app, folder.clone(), options));
                    let done = bump.decide(&mut draft, &found, image)?;
                    refuse_twice(&outcomes, &done)?;
                    outcomes.push(done);
                }
            }
            if let (true, Some((target, image))) = (outcomes.is_empty(), wanted.first()) {
                let app = if folders.len() > 1 { root } else { &target.app };
                return Err(GitOpsError::NobodyRuns { app: app.to_owned(), name: image.name.clone() });
            }
            Ok(draft.change())
        })
        .await;
    match landed {
        Ok(landed) => Ok(settle(outcomes, landed.as_deref())),
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

/// In the place of an app: every one.
const EVERY_APP: &str = "*";

/// What is left out of an app, with the reasons.
pub(super) fn left_out(draft: &Draft<'_>, folder: &str, unreadable: &[GitOpsError]) -> Vec<String> {
    let mut all: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    all.extend(draft.snapshot.left_out(folder));
    all.sort();
    all.dedup();
    all
}

/// One place cannot have two images.
fn refuse_twice(outcomes: &[BumpOutcome], done: &BumpOutcome) -> Result<(), GitOpsError> {
    let same = |before: &&BumpOutcome| (&before.file, before.line) == (&done.file, done.line);
    match outcomes.iter().find(same).filter(|before| before.image != done.image) {
        None => Ok(()),
        Some(before) => Err(GitOpsError::Twice {
            container: format!("{}/{}", done.app, done.container),
            images: format!("{} and {}", before.image, done.image),
        }),
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

    /// Does on this tip what there is to do, and says what will have been done by it.
    pub fn decide(
        &mut self,
        draft: &mut Draft<'_>,
        found: &FoundImage,
        image: &ImageReference,
    ) -> Result<BumpOutcome, GitOpsError> {
        let image = &draft.pinned(&self.folder, found, image)?;
        let deployed = draft.check(&self.folder, found, image)?;
        let files = draft.app(&self.folder)?;
        let images = draft.seen(&self.folder)?;
        let (present, unreadable) = (&images.found, &images.unreadable);
        let current = found.text_of(&image.name);
        let wanted = image.to_string();
        let container = found.identity();
        let file = files[found.file].path.clone();
        let overtaken = *self.first_seen.get_or_insert_with(|| current.clone()) != current;
        let changes = current != wanted;
        let rollback = rolled_back(draft.snapshot.records(&self.folder), found, files, present);
        let rollback = rollback.filter(|rollback| rollback.holds_back(&wanted));
        let holds = Holds::of(draft.snapshot, &self.folder, self.app, rollback);
        if changes {
            holds.check(self.app, (self.options.unfreeze, self.options.allow_frozen))?;
        }
        let policy = self.options.age.as_ref().unwrap_or_else(|| draft.snapshot.rules.age(self.app));
        if changes {
            self.check_range(policy, image)?;
        }
        if changes && !self.options.allow_older {
            self.check_age(draft, policy, &current, image, overtaken)?;
        }
        let lifted = if self.options.unfreeze { holds.of_the_app() } else { Vec::new() };
        let despite = if changes { holds.despite(&lifted) } else { Vec::new() };
        let is_one_of_several = present.iter().filter(|other| other.identity() == container).count() > 1;
        let outcome = BumpOutcome {
            commit: draft.snapshot.commit.clone(),
            changed: changes,
            app: self.app.to_owned(),
            container: container.clone(),
            generated: found.generated,
            previous: current.clone(),
            image: wanted.clone(),
            file: file.clone(),
            line: found.line(),
            unfroze: lifted.first().cloned(),
            rollback_of: None,
            reached_by: draft.reached_by(&self.folder),
            left_out: left_out(draft, &self.folder, unreadable),
            deployed,
        };
        if !changes && lifted.is_empty() {
            return Ok(outcome);
        }
        let mut lines = vec![
            (trailers::APP, draft.snapshot.tree.real(&self.folder)),
            (trailers::CONTAINER, container),
            (trailers::IMAGE, wanted.clone()),
            (trailers::PREVIOUS, current.clone()),
        ];
        lines.extend(is_one_of_several.then_some((trailers::FILE, file)));
        let namespace = Some(found.namespace.clone()).filter(|name| is_one_of_several && !name.is_empty());
        lines.extend(namespace.map(|namespace| (trailers::NAMESPACE, namespace)));
        lines.extend(self.promoted_from.clone().map(|from| (trailers::PROMOTED_FROM, from)));
        lines.extend(lifted.into_iter().map(|held| (trailers::UNFREEZES, held)));
        lines.extend(despite.into_iter().map(|held| (trailers::DESPITE, held)));
        lines.extend(self.options.source.clone().map(|source| (trailers::SOURCE, source)));
        lines.extend(self.options.source_time.clone().map(|time| (trailers::SOURCE_TIME, time)));
        let subject = if changes {
            draft.edit(&self.folder, found, image)?;
            subject(self.app, &current, image)
        } else {
            format!("{}: let {wanted} be bumped again", self.app)
        };
        draft.tell(Part { subject, trailers: lines });
        Ok(outcome)
    }

    fn check_range(&self, policy: &AgePolicy, wanted: &ImageReference) -> Result<(), GitOpsError> {
        let range = wanted.tag.as_deref().and_then(|tag| policy.excludes(tag));
        range.map_or(Ok(()), |range| {
            let (app, wanted) = (self.app.to_owned(), wanted.to_string());
            Err(GitOpsError::OutOfRange { app, wanted, range: range.to_string() })
        })
    }

    /// Never an older image over a newer one. Where the age cannot be told, the later decision wins, unless someone
    /// else decided after we did.
    fn check_age(
        &self,
        draft: &Draft<'_>,
        policy: &AgePolicy,
        current: &str,
        wanted: &ImageReference,
        overtaken: bool,
    ) -> Result<(), GitOpsError> {
        let age = current.parse().ok().and_then(|current| match policy {
            AgePolicy::Created => draft.built(wanted)?.partial_cmp(&draft.built(&current)?),
            policy => wanted.compare_age_by(&current, policy),
        });
        let (app, current, wanted) = (self.app.to_owned(), current.to_owned(), wanted.to_string());
        match age {
            Some(Ordering::Less) => Err(GitOpsError::Older { app, current, wanted }),
            Some(Ordering::Equal) | None if overtaken => Err(GitOpsError::Overtaken { app, current, wanted }),
            _ => Ok(()),
        }
    }
}

/// The outcomes of the tip that was landed on: what was pushed, and what needed no push.
pub(super) fn settle(outcomes: Vec<BumpOutcome>, landed: Option<&str>) -> Vec<BumpOutcome> {
    let settle = |outcome: BumpOutcome| match landed {
        Some(commit) => BumpOutcome { commit: commit.to_owned(), ..outcome },
        None => outcome,
    };
    outcomes.into_iter().map(settle).collect()
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

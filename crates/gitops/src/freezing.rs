//! Freezes set and lifted, and all that holds images by now.

use jiff::Timestamp;

use super::bump::name_the_apps;
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::Images;
use super::freeze::{EVERY_APP, Freeze};
use super::listing::{app_of, apps};
use super::record::rolled_back;
use super::repository::{Change, Repository, Snapshot, folder_of};
use super::trailers::{self, Part};

/// What holds an app's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// What somebody set.
    Freeze(Freeze),
    /// A rollback.
    Rollback {
        /// The app's folder.
        folder: String,
        /// The container.
        container: String,
        /// The image that was taken back.
        from: String,
        /// When, RFC 3339.
        since: String,
        /// Who committed it.
        by: String,
        /// Its commit.
        commit: String,
    },
}

/// What a freeze is.
#[derive(Debug, Clone, Default)]
pub struct FreezeOptions {
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// The pipeline or person behind it.
    pub source: Option<String>,
}

impl FreezeOptions {
    /// The freeze of a folder that would be set, and is not: no commit has it.
    fn of(&self, folder: String) -> Freeze {
        Freeze {
            folder,
            reason: self.reason.clone(),
            since: Timestamp::now().to_string(),
            until: self.until,
            by: self.source.clone().unwrap_or_default(),
            source: self.source.clone(),
            commit: String::new(),
        }
    }
}

/// Holds the images of some apps, `*` of every one, in one commit; of a rehearsal those that would be held, without one.
pub async fn freeze(
    repository: &mut Repository,
    root: &str,
    names: &[String],
    options: &FreezeOptions,
) -> Result<Vec<Freeze>, GitOpsError> {
    let mut wanted = Vec::new();
    for app in names {
        wanted.push((app.clone(), folder_of(root, app)?));
    }
    let folders: Vec<String> =
        wanted.iter().filter(|(app, _)| app != EVERY_APP).map(|(_, folder)| folder.clone()).collect();
    let landed = repository
        .land(&folders, |snapshot| {
            let mut draft = Draft::on(snapshot);
            for folder in &folders {
                draft.app(folder)?;
            }
            for (app, folder) in &wanted {
                let until = options.until.map(|until| until.to_string());
                let end = until.as_ref().map_or_else(String::new, |until| format!(" until {until}"));
                let mut lines = vec![
                    (trailers::FREEZES, folder.clone()),
                    (trailers::FREEZE_REASON, options.reason.clone()),
                ];
                lines.extend(until.map(|until| (trailers::FREEZE_UNTIL, until)));
                lines.extend(options.source.clone().map(|source| (trailers::SOURCE, source)));
                draft.tell(Part {
                    subject: format!("{app}: frozen{end}: {}", options.reason),
                    trailers: lines,
                });
            }
            Ok(draft.change())
        })
        .await;
    let commit = landed_or_named(repository, root, landed).await?;
    if repository.is_rehearsing() {
        return Ok(wanted.into_iter().map(|(_, folder)| options.of(folder)).collect());
    }
    let all = standing_freezes(repository).await?;
    Ok(all.into_iter().filter(|freeze| Some(&freeze.commit) == commit.as_ref()).collect())
}

/// Lifts all that holds an app's images, its rollbacks too; of `*` the freeze of every one, and none of single apps.
pub async fn lift(
    repository: &mut Repository,
    root: &str,
    app: &str,
    source: Option<&str>,
) -> Result<Vec<Hold>, GitOpsError> {
    let folder = folder_of(root, app)?;
    let every = app == EVERY_APP;
    let folders = if every { Vec::new() } else { vec![folder.clone()] };
    let mut lifted = Vec::new();
    let landed = repository
        .land(&folders, |snapshot| {
            lifted = holds(snapshot, &folders)?;
            lifted.retain(|hold| hold.folder() == folder);
            Ok(lift_change(snapshot, app, &lifted, source))
        })
        .await;
    landed_or_named(repository, root, landed).await?;
    Ok(lifted)
}

fn lift_change(snapshot: &Snapshot, app: &str, lifted: &[Hold], source: Option<&str>) -> Option<Change> {
    let mut draft = Draft::on(snapshot);
    for hold in lifted {
        let source = source.map(|source| (trailers::SOURCE, source.to_owned()));
        let (subject, mut lines) = match hold {
            Hold::Freeze(freeze) => (
                format!("{app}: frozen no longer: {}", freeze.reason),
                vec![(trailers::LIFTS, freeze.folder.clone()), (trailers::UNFREEZES, freeze.commit.clone())],
            ),
            Hold::Rollback { folder, container, commit, .. } => {
                let record = snapshot
                    .records(folder)
                    .iter()
                    .find(|one| one.commit == *commit && one.container == *container)?;
                let mut lines = vec![
                    (trailers::APP, folder.clone()),
                    (trailers::CONTAINER, container.clone()),
                    (trailers::IMAGE, record.image.clone()),
                    (trailers::PREVIOUS, record.image.clone()),
                ];
                lines.extend(record.file.clone().map(|file| (trailers::FILE, file)));
                lines.extend(record.namespace.clone().map(|namespace| (trailers::NAMESPACE, namespace)));
                lines.push((trailers::UNFREEZES, commit.clone()));
                (format!("{app}: let {} be bumped again", record.image), lines)
            }
        };
        lines.extend(source);
        draft.tell(Part { subject, trailers: lines });
    }
    draft.change()
}

/// All that holds images of apps under a root by now.
pub async fn holding(repository: &Repository, root: &str) -> Result<Vec<Hold>, GitOpsError> {
    let mut folders = Vec::new();
    for app in apps(repository, root).await? {
        folders.push(folder_of(root, &app)?);
    }
    let snapshot = repository.snapshot(&folders).await?;
    let under = folder_of(root, "")?;
    let mut all = holds(&snapshot, &folders)?;
    all.retain(|hold| super::layout::within(hold.folder(), &under));
    Ok(all)
}

async fn standing_freezes(repository: &Repository) -> Result<Vec<Freeze>, GitOpsError> {
    Ok(repository.snapshot(&[]).await?.freezes)
}

/// What holds the images of some apps, and of all.
fn holds(snapshot: &Snapshot, folders: &[String]) -> Result<Vec<Hold>, GitOpsError> {
    let now = Timestamp::now();
    let standing = snapshot.freezes.iter().filter(|freeze| freeze.stands(now));
    let mut all: Vec<Hold> = standing.cloned().map(Hold::Freeze).collect();
    let draft = Draft::on(snapshot);
    for folder in folders {
        let files = draft.app(folder)?;
        let images = Images::of(files, &snapshot.rules);
        for found in &images.found {
            let Some(record) = rolled_back(snapshot.records(folder), found, files, &images.found) else {
                continue;
            };
            let hold = Hold::Rollback {
                folder: folder.clone(),
                container: record.container.clone(),
                from: record.previous.clone(),
                since: record.when.clone(),
                by: record.author.clone(),
                commit: record.commit.clone(),
            };
            if !all.contains(&hold) {
                all.push(hold);
            }
        }
    }
    Ok(all)
}

impl Hold {
    /// Whose images it holds.
    pub fn folder(&self) -> &str {
        match self {
            Self::Freeze(freeze) => &freeze.folder,
            Self::Rollback { folder, .. } => folder,
        }
    }

    /// The app under a root, or `*`.
    pub fn app(&self, root: &str) -> String {
        let root = folder_of(root, "").unwrap_or_default();
        match self {
            Self::Freeze(freeze) if freeze.is_of_all() => EVERY_APP.to_owned(),
            _ => app_of(&root, &format!("{}/", self.folder())),
        }
    }
}

async fn landed_or_named(
    repository: &Repository,
    root: &str,
    landed: Result<Option<String>, GitOpsError>,
) -> Result<Option<String>, GitOpsError> {
    match landed {
        Ok(landed) => Ok(landed),
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

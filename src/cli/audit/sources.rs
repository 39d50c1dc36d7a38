//! When the commits were made that images are built of: as the pipeline said, or as a clone of the source knows, or the place where
//! it is pushed to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;

use crate::gitops::{CommitTimes, ImageRecord, said_commit, said_time};
use crate::support::address::Address;
use crate::support::git::Git;
use crate::ui::Ui;

/// An application, and where its source is.
#[derive(Clone, Debug)]
pub(super) struct Source {
    app: String,
    place: Place,
}

/// Where a source is.
#[derive(Clone, Debug)]
enum Place {
    /// In a clone on this machine.
    Folder(PathBuf),
    /// Elsewhere.
    Remote(Address),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((app, place)) if !app.is_empty() && !place.is_empty() => {
                // In everything but a path there is a `:` before the first `/`.
                let is_remote = place.split('/').next().is_some_and(|start| start.contains(':'));
                let place = if is_remote { Place::Remote(place.into()) } else { Place::Folder(place.into()) };
                Ok(Self { app: app.to_owned(), place })
            }
            _ => Err("write it like app-a=../app-a or app-a=https://git.example.com/app-a.git".to_owned()),
        }
    }
}

/// What knows of an application's commits.
enum Known {
    Clone(PathBuf),
    Times(CommitTimes),
}

/// What knows of commits, by application.
pub(super) struct Sources(BTreeMap<String, Known>);

impl Sources {
    /// Asks those that are elsewhere, as far as a record needs it; of one that cannot be asked it says so.
    pub(super) async fn of(
        ui: Ui,
        sources: &[Source],
        (working_dir, home): (&Path, Option<&Path>),
        (records, root): (&[ImageRecord], &str),
    ) -> Self {
        let mut known = BTreeMap::new();
        for Source { app, place } in sources {
            match place {
                Place::Folder(folder) => {
                    known.insert(app.clone(), Known::Clone(working_dir.join(folder)));
                }
                Place::Remote(address) => {
                    let needs = |record: &&ImageRecord| {
                        record.app(root) == *app
                            && said_time(record).is_none()
                            && said_commit(record).is_some()
                    };
                    if !records.iter().any(|record| needs(&record)) {
                        continue;
                    }
                    match CommitTimes::of(address, home).await {
                        Ok(times) => {
                            known.insert(app.clone(), Known::Times(times));
                        }
                        Err(error) => ui.warn(&format!(
                            "the lead times of {app} are not known, as far as its pipeline did not say them: {address} could not be asked: {error}"
                        )),
                    }
                }
            }
        }
        Self(known)
    }

    /// When the commit was made that was built; none where nobody knows.
    pub(super) fn built(&self, record: &ImageRecord, root: &str) -> Option<Timestamp> {
        said_time(record).or_else(|| {
            let (known, commit) = (self.0.get(&record.app(root))?, said_commit(record)?);
            match known {
                Known::Times(times) => times.of_commit(commit)?.parse().ok(),
                Known::Clone(folder) => made(folder, commit),
            }
        })
    }
}

fn made(folder: &Path, commit: &str) -> Option<Timestamp> {
    let asked =
        ["show", "--no-patch", "--no-show-signature", "--format=%cI", "--end-of-options", commit, "--"];
    Git::new(folder).ask(&asked).ok()?.trim().parse().ok()
}

//! Which images a commit changed, seen in its files before and after, and not in what it says.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::GitOpsError;
use super::find::{Images, reached_by};
use super::image::ImageReference;
use super::listing::app_of;
use super::log::{Blob, FileChange};
use super::manifest::{Files, ManifestFile};
use super::repository::{Repository, folder_of};
use super::rules::Rules;
use super::tree::is_manifest;

/// A file that is larger holds no manifest that somebody wrote, and is not read for a history.
const LARGEST: usize = 4 << 20;

/// An image in one version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The app's folder.
    pub folder: String,
    /// Its file.
    pub path: String,
    /// `Deployment/app-a/web`.
    pub container: String,
    /// Its namespace, empty where the manifest says none.
    pub namespace: String,
    /// The image, as written.
    pub image: String,
}

/// An image before and after a commit; one of them is missing where it came or went.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    pub before: Option<Seen>,
    pub after: Option<Seen>,
}

impl Delta {
    /// The side that is there, the later one first.
    pub fn either(&self) -> Option<&Seen> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// Whose a file is.
#[derive(Debug, Clone)]
pub(super) enum Owner {
    /// The app in this folder's, whatever it is.
    App(String),
    /// That of the app whose folder it is, right under this root.
    Under(String),
}

/// Reads files of commits for their images, each version of a file once.
pub(super) struct Reader<'a> {
    repository: &'a Repository,
    owner: Owner,
    /// The root of all apps, for the rules that say an app by its name.
    root: String,
    /// `Chart.yaml` of each chart, by which values are known.
    charts: Vec<String>,
    known: HashMap<(String, String), Arc<Vec<Seen>>>,
}

impl<'a> Reader<'a> {
    pub fn new(repository: &'a Repository, root: &str, owner: Owner, charts: Vec<String>) -> Self {
        Self { repository, owner, root: root.to_owned(), charts, known: HashMap::new() }
    }

    /// The images that some commits changed, in the order of the commits.
    pub async fn deltas(&mut self, commits: &[&[FileChange]]) -> Result<Vec<Vec<Delta>>, GitOpsError> {
        let blobs = commits.iter().copied().flatten().flat_map(|change| [&change.before, &change.after]);
        let mut asked: Vec<&Blob> = blobs.flatten().filter(|blob| is_manifest(&blob.path)).collect();
        asked.retain(|blob| !self.known.contains_key(&(blob.id.clone(), blob.path.clone())));
        asked.sort_by(|a, b| (&a.id, &a.path).cmp(&(&b.id, &b.path)));
        asked.dedup();
        let ids: Vec<String> = asked.iter().map(|blob| blob.id.clone()).collect();
        let contents = self.repository.blobs(&ids).await?;
        for (blob, bytes) in asked.into_iter().zip(contents) {
            let seen = self.images(&blob.path, bytes);
            self.known.insert((blob.id.clone(), blob.path.clone()), Arc::new(seen));
        }
        Ok(commits.iter().map(|changes| self.compare(changes)).collect())
    }

    fn folder_of(&self, path: &str) -> String {
        match &self.owner {
            Owner::App(folder) => folder.clone(),
            Owner::Under(root) => {
                let app = app_of(root, path);
                folder_of(root, &app).unwrap_or(app)
            }
        }
    }

    fn images(&self, path: &str, bytes: Vec<u8>) -> Vec<Seen> {
        if bytes.len() > LARGEST {
            return Vec::new();
        }
        let file = |path: &str, bytes| ManifestFile {
            path: path.to_owned(),
            mode: String::new(),
            bytes,
            link: None,
        };
        let others = self.charts.iter().filter(|chart| *chart != path).map(|chart| file(chart, Vec::new()));
        let files: Files = std::iter::once(file(path, bytes)).chain(others).collect();
        let folder = self.folder_of(path);
        let rules: &Rules = self.repository.rules();
        let mut found = Images::of(&files, rules).found;
        for rule in &rules.apps {
            let is_its = folder_of(&self.root, &rule.app).is_ok_and(|its| its == folder);
            if let Some(way) = rule.path.as_ref().filter(|_| is_its) {
                let more = reached_by(&files, way).found;
                let is_new = |image: &super::find::FoundImage| {
                    !found.iter().any(|one| one.written.shares(&image.written))
                };
                let more: Vec<_> = more.into_iter().filter(is_new).collect();
                found.extend(more);
            }
        }
        let its = found.iter().filter(|image| files[image.file].path == path);
        its.map(|image| Seen {
            folder: folder.clone(),
            path: path.to_owned(),
            container: image.identity(),
            namespace: image.namespace.clone(),
            image: image.text(),
        })
        .collect()
    }

    fn compare(&self, changes: &[FileChange]) -> Vec<Delta> {
        let images = |blob: &Option<Blob>| {
            let key = blob.as_ref().map(|blob| (blob.id.clone(), blob.path.clone()));
            key.and_then(|key| self.known.get(&key)).map(|seen| seen.to_vec()).unwrap_or_default()
        };
        let mut deltas = Vec::new();
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for change in changes {
            let (mut before, mut after) = (images(&change.before), images(&change.after));
            pair(&mut before, &mut after, &mut deltas, is_same);
            gone.append(&mut before);
            come.append(&mut after);
        }
        // Moved to another file, and renamed: what runs the same image under another name is one.
        pair(&mut gone, &mut come, &mut deltas, |a, b| is_same(a, b) && a.folder == b.folder);
        pair(&mut gone, &mut come, &mut deltas, |a, b| a.folder == b.folder && runs_same(a, b));
        deltas.extend(gone.into_iter().map(|before| Delta { before: Some(before), after: None }));
        deltas.extend(come.into_iter().map(|after| Delta { before: None, after: Some(after) }));
        deltas.retain(|delta| {
            let text = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.image.clone());
            text(&delta.before) != text(&delta.after)
        });
        deltas
    }
}

fn is_same(one: &Seen, other: &Seen) -> bool {
    one.container == other.container && one.namespace == other.namespace
}

fn runs_same(one: &Seen, other: &Seen) -> bool {
    let name = |seen: &Seen| seen.image.parse::<ImageReference>().map(|image| image.name).ok();
    name(one).is_some() && name(one) == name(other)
}

/// Takes those out of both that belong together.
fn pair(
    before: &mut Vec<Seen>,
    after: &mut Vec<Seen>,
    deltas: &mut Vec<Delta>,
    together: impl Fn(&Seen, &Seen) -> bool,
) {
    let mut left = Vec::new();
    for one in before.drain(..) {
        match after.iter().position(|other| together(&one, other)) {
            Some(place) => deltas.push(Delta { before: Some(one), after: Some(after.remove(place)) }),
            None => left.push(one),
        }
    }
    *before = left;
}

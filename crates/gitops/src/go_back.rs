//! A rollback to what is said: a version that ran before, or all that ran at a commit or at a time.

use std::collections::BTreeMap;

use super::bump::{BumpOutcome, left_out, name_the_apps, settle, subject};
use super::draft::Draft;
use super::error::GitOpsError;
use super::find::{FoundImage, Images};
use super::history::history;
use super::image::{ImageReference, ImageTarget};
use super::listing::apps;
use super::record::ImageRecord;
use super::repository::{Repository, folder_of};
use super::select::{ambiguous, checked, fitting};
use super::spine::Spine;
use super::trailers::{self, Part};

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackTo {
    /// An image that the app ran before, or the tag of one.
    Image(String),
    /// What ran at a commit of the branch, which may be shortened.
    Commit(String),
    /// What ran at a time, in seconds since 1970.
    Time(i64),
}

/// In the place of an app: every one.
const EVERY_APP: &str = "*";

/// Sets again what an app ran before, or with `*` what every app ran, in one commit, and freezes what it sets.
///
/// Nothing comes of it where all of that runs. What was edited by hand meanwhile is no reason to refuse: who says where to has seen what is there.
pub async fn go_back(
    repository: &mut Repository,
    root: &str,
    target: &ImageTarget,
    to: &BackTo,
    source: Option<&str>,
) -> Result<Vec<BumpOutcome>, GitOpsError> {
    repository.reach_all().await?;
    let apps = match target.app.as_str() {
        EVERY_APP => apps(repository, root).await?,
        app => vec![app.to_owned()],
    };
    let every = target.app == EVERY_APP;
    let mut wanted: Vec<Wanted> = Vec::new();
    let then = match to {
        BackTo::Image(_) => None,
        to => Some(commit_of(repository, to).await?),
    };
    for app in apps {
        let folder = folder_of(root, &app)?;
        let target = repository.rules().complete(&ImageTarget { app: app.clone(), ..target.clone() });
        let ran = match (&then, to) {
            (Some(commit), _) => images_at(repository, &folder, commit).await?,
            (None, BackTo::Image(text)) => ran(repository, root, &app, text).await?,
            (None, _) => continue,
        };
        if ran.is_empty() && !every {
            return Err(GitOpsError::NotThere { app, then: told(to, then.as_deref()) });
        }
        wanted.push(Wanted { folder, target, ran, is_version: then.is_none() });
    }
    let folders: Vec<String> = wanted.iter().map(|one| one.folder.clone()).collect();
    let mut outcomes = Vec::new();
    let landed = repository
        .land(&folders, |snapshot| {
            let mut draft = Draft::on(snapshot);
            outcomes.clear();
            for one in &wanted {
                one.set(&mut draft, (every, source), &mut outcomes)?;
            }
            Ok(draft.change())
        })
        .await;
    match landed {
        Ok(landed) => Ok(settle(outcomes, landed.as_deref())),
        Err(error) => Err(name_the_apps(repository, root, error).await),
    }
}

/// What an app is to run again.
struct Wanted {
    folder: String,
    target: ImageTarget,
    /// What it ran.
    ran: Vec<Ran>,
    /// Whether that is one version, which is to be set in one place.
    is_version: bool,
}

/// An image that ran.
#[derive(Debug, Clone)]
struct Ran {
    container: String,
    namespace: Option<String>,
    file: Option<String>,
    image: String,
    /// The commit that it ran at.
    commit: String,
}

impl Ran {
    fn is_of(&self, found: &FoundImage, path: &str) -> bool {
        self.container == found.identity()
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == found.namespace)
            && self.file.as_ref().is_none_or(|file| file == path)
    }
}

impl Wanted {
    fn set(
        &self,
        draft: &mut Draft<'_>,
        (every, source): (bool, Option<&str>),
        outcomes: &mut Vec<BumpOutcome>,
    ) -> Result<(), GitOpsError> {
        let images = draft.images(&self.folder)?;
        let files = draft.app(&self.folder)?;
        let mut refused: Vec<String> = left_out(draft, &self.folder, &images.unreadable);
        let fits = match fitting(&images, &self.folder, files, &self.target, None) {
            Err(_) if every => Vec::new(),
            fits => fits?,
        };
        let fits: Vec<FoundImage> = fits.into_iter().map(std::borrow::Cow::into_owned).collect();
        let mut plan: Vec<(FoundImage, String, ImageReference, String)> = Vec::new();
        for found in &fits {
            let path = files[found.file].path.clone();
            let exact = self.ran.iter().find(|ran| ran.is_of(found, &path));
            let by_name =
                self.ran.iter().find(|ran| ran.container == found.identity()).filter(|_| {
                    fits.iter().filter(|other| other.identity() == found.identity()).count() == 1
                });
            let Some(ran) = exact.or(by_name) else { continue };
            // Where only its tag is written, any name will do.
            let text = if ran.image.starts_with([':', '@']) {
                format!("image{}", ran.image)
            } else {
                ran.image.clone()
            };
            let image: ImageReference = text.parse()?;
            if found.text_of(&image.name) == image.to_string() {
                continue;
            }
            match draft.check(&self.folder, found, &image) {
                Ok(_) => plan.push((checked(files, found)?, path, image, ran.commit.clone())),
                // What something else decides is set there.
                Err(error) => refused.push(format!("not set back: {error}")),
            }
        }
        if self.is_version && plan.len() > 1 && self.target.container.is_none() {
            let several: Vec<&FoundImage> = plan.iter().map(|(found, ..)| found).collect();
            return Err(ambiguous(&self.folder, files, &self.target, &several, &images));
        }
        for (found, path, image, commit) in plan {
            let again = draft.images(&self.folder)?;
            let files = draft.app(&self.folder)?;
            let same = |other: &&FoundImage| {
                files[other.file].path == path
                    && other.identity() == found.identity()
                    && other.namespace == found.namespace
                    && other.pointer == found.pointer
            };
            let found = again.found.iter().find(same).cloned().unwrap_or(found);
            let outcome = self.set_one(draft, &again, &found, &image, &commit, source)?;
            outcomes.push(BumpOutcome { left_out: refused.clone(), ..outcome });
        }
        Ok(())
    }

    fn set_one(
        &self,
        draft: &mut Draft<'_>,
        images: &Images,
        found: &FoundImage,
        image: &ImageReference,
        commit: &str,
        source: Option<&str>,
    ) -> Result<BumpOutcome, GitOpsError> {
        let deployed = draft.check(&self.folder, found, image)?;
        let files = draft.app(&self.folder)?;
        let current = found.text_of(&image.name);
        let container = found.identity();
        let file = files[found.file].path.clone();
        let records = draft.snapshot.records(&self.folder);
        // What is taken back: the commit that set it, where it was one of ours, or whatever has it now.
        let last = records.iter().find(|record: &&ImageRecord| record.is_of(found, files, &images.found));
        let of = last
            .filter(|record| record.image == current)
            .map_or(&draft.snapshot.commit, |record| &record.commit);
        let of = of.clone();
        let mut lines = vec![
            (trailers::APP, draft.snapshot.tree.real(&self.folder)),
            (trailers::CONTAINER, container.clone()),
            (trailers::IMAGE, image.to_string()),
            (trailers::PREVIOUS, current.clone()),
        ];
        if images.found.iter().filter(|other| other.identity() == container).count() > 1 {
            lines.push((trailers::FILE, file.clone()));
            let namespace = Some(found.namespace.clone()).filter(|name| !name.is_empty());
            lines.extend(namespace.map(|namespace| (trailers::NAMESPACE, namespace)));
        }
        lines.push((trailers::ROLLBACK_OF, of.clone()));
        lines.push((trailers::BACK_TO, commit.to_owned()));
        lines.extend(source.map(|source| (trailers::SOURCE, source.to_owned())));
        let subject = format!("{} (rollback)", subject(&self.target.app, &current, image));
        draft.edit(&self.folder, found, image)?;
        draft.tell(Part { subject, trailers: lines });
        Ok(BumpOutcome {
            commit: draft.snapshot.commit.clone(),
            changed: true,
            app: self.target.app.clone(),
            container,
            generated: found.generated,
            previous: current,
            image: image.to_string(),
            file,
            line: found.line(),
            unfroze: None,
            rollback_of: Some(of),
            reached_by: draft.reached_by(&self.folder),
            left_out: Vec::new(),
            deployed,
        })
    }
}

/// The commit that is meant, which has to be one of the branch.
async fn commit_of(repository: &Repository, to: &BackTo) -> Result<String, GitOpsError> {
    let spine = Spine::of(repository).await?;
    match to {
        BackTo::Time(seconds) => spine.at(*seconds).map(str::to_owned).ok_or_else(|| GitOpsError::NoCommit {
            text: told(to, None),
            branch: repository.branch().to_owned(),
        }),
        BackTo::Commit(text) | BackTo::Image(text) => {
            let none =
                || GitOpsError::NoCommit { text: text.clone(), branch: repository.branch().to_owned() };
            let is_name = text.len() >= SHORTEST_NAME && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let name = text.to_ascii_lowercase();
            let mut fitting = spine.commits_named(&name).filter(|_| is_name);
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only.to_owned()),
                _ => Err(none()),
            }
        }
    }
}

/// Git takes no shorter one for the beginning of a commit's name.
const SHORTEST_NAME: usize = 4;

/// The images of an app at a commit.
async fn images_at(repository: &Repository, folder: &str, commit: &str) -> Result<Vec<Ran>, GitOpsError> {
    let (files, _) = repository.files_at(commit, folder).await?;
    let images = Images::of(&files, repository.rules());
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for found in &images.found {
        *counted.entry(found.identity()).or_default() += 1;
    }
    let ran = |found: &FoundImage| {
        let alone = counted.get(&found.identity()) == Some(&1);
        Ran {
            container: found.identity(),
            namespace: (!alone).then(|| found.namespace.clone()),
            file: (!alone).then(|| files[found.file].path.clone()),
            image: found.text(),
            commit: commit.to_owned(),
        }
    };
    Ok(images.found.iter().map(ran).collect())
}

/// Where an app ran an image, or one of that tag: the newest time of each container.
async fn ran(repository: &Repository, root: &str, app: &str, text: &str) -> Result<Vec<Ran>, GitOpsError> {
    let records = history(repository, root, app, usize::MAX).await?;
    let is_meant = |image: &str| image == text || has_tag(image, text);
    let mut all: Vec<Ran> = Vec::new();
    for record in records.iter().filter(|record| record.untrue.is_none()) {
        for image in [&record.image, &record.previous].into_iter().filter(|image| is_meant(image)) {
            let is_known =
                all.iter().any(|known| known.container == record.container && known.file == record.file);
            if !is_known {
                all.push(Ran {
                    container: record.container.clone(),
                    namespace: record.namespace.clone(),
                    file: record.file.clone(),
                    image: image.clone(),
                    commit: record.commit.clone(),
                });
            }
        }
    }
    if all.is_empty() {
        let mut known: Vec<&str> = Vec::new();
        for image in records.iter().flat_map(|record| [record.image.as_str(), record.previous.as_str()]) {
            if !image.is_empty() && !known.contains(&image) && known.len() < SHOWN {
                known.push(image);
            }
        }
        let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
        return Err(GitOpsError::NeverRan { app: app.to_owned(), image: text.to_owned(), known });
    }
    Ok(all)
}

/// So many of what ran are named.
const SHOWN: usize = 8;

/// Whether the image has this tag, with a digest behind it or not.
fn has_tag(image: &str, tag: &str) -> bool {
    let tagged = image.split('@').next().unwrap_or_default();
    let last = tagged.rsplit('/').next().unwrap_or_default();
    last.split_once(':').is_some_and(|(_, known)| known == tag)
}

/// Where to, for people.
fn told(to: &BackTo, commit: Option<&str>) -> String {
    match (to, commit) {
        (BackTo::Image(text), _) => format!("to {text}"),
        (_, Some(commit)) => format!("at {}", slipway_support::git::short(commit)),
        (BackTo::Commit(text), None) => format!("at {text}"),
        (BackTo::Time(_), None) => "that old".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_tag_of_an_image_whatever_stands_around_it() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for image in ["r.example:5000/app:v1", &format!("r.example/app:v1@{digest}"), ":v1", "app:v1"] {
            assert!(has_tag(image, "v1"), "{image}");
        }
        for image in ["r.example/app:v1.1", "r.example/v1", "v1", "r.example:v1/app", ""] {
            assert!(!has_tag(image, "v1"), "{image}");
        }
    }
}

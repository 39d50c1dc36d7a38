//! Applications and images of the manifests repository, as far as it is on this machine: nothing is fetched.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap_complete::engine::CompletionCandidate;

use super::candidate::starting;
use super::place::Place;
use super::words::Words;
use crate::cli::image::MANIFESTS;
use crate::gitops::{AppImage, ImageReference, ImageTarget, Look};
use crate::project::{Needs, Project};
use crate::support::git;
use crate::terragrunt::{ReaderOptions, paths};

/// The repository that the line names, and what it means in it.
struct Manifests {
    folder: PathBuf,
    branch: Option<String>,
    root: String,
}

impl Manifests {
    fn meant() -> Option<Self> {
        let words = Words::typed();
        let root =
            words.value("--manifests", "SLIPWAY_MANIFESTS_PATH").unwrap_or_else(|| MANIFESTS.to_owned());
        let branch = words.value("--branch", "SLIPWAY_MANIFESTS_BRANCH");
        let place = Place::of(&words)?;
        let folder = match words.value("--repo", "SLIPWAY_MANIFESTS_URL") {
            Some(named) => on_this_machine(&named, &place.working_dir)?,
            None => configured(&words, &place).or_else(|| own(&place, &root))?,
        };
        Some(Self { folder, branch, root })
    }

    /// What is asked of it.
    fn look<T>(&self, ask: impl AsyncFnOnce(&Look, &str) -> T) -> Option<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async {
            let look = Look::at(&self.folder, self.branch.as_deref()).await.ok()?;
            Some(ask(&look, &self.root).await)
        })
    }
}

/// The folder that an address means, where it means one.
fn on_this_machine(address: &str, working_dir: &Path) -> Option<PathBuf> {
    let path = address.strip_prefix("file://").unwrap_or(address);
    let folder = paths::join(working_dir, Path::new(path));
    folder.is_dir().then_some(folder)
}

/// The one that slipway.hcl names for the cluster.
fn configured(words: &Words, place: &Place) -> Option<PathBuf> {
    let file = place.file.as_deref()?;
    let options = ReaderOptions { exec: false, ..ReaderOptions::new(&place.working_dir, "plan") };
    let project = Project::read_for(file, options, Needs::NOTHING).ok()?;
    let label = words.value("--cluster", "SLIPWAY_CLUSTER");
    let mut clusters =
        project.clusters.iter().filter(|cluster| label.as_ref().is_none_or(|label| *label == cluster.label));
    let argocd = clusters.find_map(|cluster| cluster.argocd_without_outputs().ok().flatten())?;
    on_this_machine(argocd.repository?.url.expose(), &project.dir)
}

/// The repository that one stands in, where it has manifests.
fn own(place: &Place, root: &str) -> Option<PathBuf> {
    let top = git::top_of(&place.working_dir)?;
    top.join(root).is_dir().then(|| top.to_path_buf())
}

fn all() -> Vec<AppImage> {
    let manifests = Manifests::meant();
    manifests.and_then(|meant| meant.look(async |look, root| look.images(root).await)).unwrap_or_default()
}

/// Applications.
pub fn apps(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut apps: Vec<(String, String)> = Vec::new();
    for image in all() {
        if apps.last().is_none_or(|(app, _)| *app != image.app) {
            apps.push((image.app, image.image));
        }
    }
    starting(current, apps)
}

/// Applications, and their containers where there are several.
pub fn targets(current: &OsStr) -> Vec<CompletionCandidate> {
    starting(current, named(&all()))
}

/// The shortest names of containers, each with its image.
fn named(images: &[AppImage]) -> Vec<(String, String)> {
    let name = |image: &AppImage| {
        let same = |other: &&AppImage| other.app == image.app;
        let app = &image.app;
        if images.iter().filter(same).count() == 1 {
            return app.clone();
        }
        let (kind, workload, container) = (&image.kind, &image.workload, &image.container);
        let alike = |other: &&AppImage| other.container == *container;
        match images.iter().filter(same).filter(alike).count() {
            1 => format!("{app}/{container}"),
            _ => format!("{app}/{}/{workload}/{container}", kind.to_lowercase()),
        }
    };
    images.iter().map(|image| (name(image), image.image.clone())).collect()
}

/// A container, and behind the `=` the images that it has had.
pub fn assignments(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let Some((target, _)) = typed.rsplit_once('=') else {
        return starting(current, named(&all()).into_iter().map(|(name, is)| (format!("{name}="), is)));
    };
    let Ok(meant) = target.parse::<ImageTarget>() else { return Vec::new() };
    let known = Manifests::meant().and_then(|manifests| {
        manifests.look(async |look, root| (look.images(root).await, look.records(root, &meant.app).await))
    });
    let Some((images, records)) = known else { return Vec::new() };
    let is_meant = |image: &&AppImage| {
        let agrees = |wanted: &Option<String>, has: &str| {
            wanted.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(has))
        };
        image.app == meant.app
            && agrees(&meant.kind, &image.kind)
            && agrees(&meant.workload, &image.workload)
            && agrees(&meant.container, &image.container)
    };
    let images: Vec<&AppImage> = images.iter().filter(is_meant).collect();
    let runs = images.iter().map(|image| (image.image.clone(), "runs now".to_owned()));
    let was = records.iter().flat_map(|record| {
        let day = record.when.split('T').next().unwrap_or_default();
        [(record.image.clone(), format!("set {day}")), (record.previous.clone(), format!("until {day}"))]
    });
    let tagless = images.iter().filter_map(|image| image.image.parse::<ImageReference>().ok());
    let tagless = tagless.map(|image| (format!("{}:", image.name), String::new()));
    let mut found: Vec<(String, String)> = Vec::new();
    for (image, is) in runs.chain(was).chain(tagless) {
        let value = format!("{target}={image}");
        if !found.iter().any(|(other, _)| *other == value) {
            found.push((value, is));
        }
    }
    starting(current, found)
}

/// Folders of the repository, a level at a time.
pub fn folders(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = current.to_str() else { return Vec::new() };
    let head = typed.rfind('/').and_then(|at| typed.get(..=at)).unwrap_or_default();
    let manifests = Manifests::meant();
    let found = manifests.and_then(|meant| meant.look(async |look, _| look.folders(head).await));
    starting(current, found.unwrap_or_default().into_iter().map(|folder| (folder, String::new())))
}

/// Branches of the repository.
pub fn branches(current: &OsStr) -> Vec<CompletionCandidate> {
    let manifests = Manifests::meant();
    let names = manifests.and_then(|meant| meant.look(async |look, _| look.branches().await));
    starting(current, names.unwrap_or_default().into_iter().map(|name| (name, String::new())))
}

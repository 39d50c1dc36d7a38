//! What most commands begin with: the project, its estate and a reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::CommandError;
use super::features::{experiments, features};
use super::options::Invocation;
use crate::estate::{expand_for, locate};
use crate::project::{Needs, Project};
use crate::run::home::HOME;
use crate::support::confined::Named;
use crate::support::fs::FileError;
use crate::support::git::configured::is_safe;
use crate::support::{git, unit_name};
use crate::terragrunt::{Boundary, Reader, ReaderOptions, paths};
use crate::ui::Ui;

/// The project a command works in.
#[derive(Clone)]
pub struct Workspace {
    /// The folder it was started in, or `-C`.
    pub working_dir: PathBuf,
    /// What `slipway.hcl` says, or the defaults.
    pub project: Project,
    /// `.slipway`, where runs, caches and modules at work are kept.
    pub(super) home: PathBuf,
    pub(super) home_is_ours: OnceLock<()>,
    /// Where what there is to say is said.
    pub ui: Ui,
    /// What may be read, where nobody trusts what is.
    pub boundary: Option<Arc<Boundary>>,
    pub(super) features: BTreeMap<String, String>,
    pub(super) experiments: BTreeSet<String>,
}

impl Workspace {
    /// Finds the project from the working folder upwards, for a command that needs some of what slipway.hcl says.
    pub fn open(ui: Ui, invocation: &Invocation, needs: Needs) -> Result<Self, CommandError> {
        Self::open_for(ui, invocation, None, needs)
    }

    /// Finds the project of a command with a PATH: one that leads out of a working folder that is in no project leads
    /// into its own.
    pub fn open_for(
        ui: Ui,
        invocation: &Invocation,
        path: Option<&Path>,
        needs: Needs,
    ) -> Result<Self, CommandError> {
        Self::open_with(ui, invocation, path, needs, true)
    }

    /// Finds the project of a command with a PATH; `exec` says whether a program may be started for what is needed.
    pub fn open_with(
        ui: Ui,
        invocation: &Invocation,
        path: Option<&Path>,
        needs: Needs,
        exec: bool,
    ) -> Result<Self, CommandError> {
        let working_dir = working_dir(invocation)?;
        let from = elsewhere(&working_dir, path).unwrap_or_else(|| working_dir.clone());
        let boundary = invocation.untrusted.then(|| Arc::new(Boundary::of_repository(&from)));
        let options = ReaderOptions { exec, ..ReaderOptions::new(&working_dir, "plan") };
        let project = if let Some(config) = &invocation.config {
            let file = paths::clean(&working_dir.join(config));
            // Whoever names it trusts it; it still starts nothing for a repository that nobody trusts.
            let within = boundary.as_ref().map(|_| Arc::new(Boundary::of_folder(paths::folder(&file))));
            Project::read_for(&file, confined(options, within), needs)?
        } else {
            refuse_anothers_file(&from)?;
            let options = ReaderOptions { working_dir: from.clone(), ..options };
            Project::find_for(&from, confined(options, boundary.clone()), needs)?
        };
        if let Some(refused) = boundary.as_ref().and_then(|found| found.refusal(&project.estate_root)) {
            let root = project.estate_root.display();
            return Err(CommandError::refused(
                format!("the estate's root {root} is not read: {refused}"),
                "with --untrusted nothing is read but the repository's own files",
            ));
        }
        let home = project.dir.join(HOME);
        let features = features(&invocation.features)?;
        let experiments = experiments(&invocation.experiments).into_iter().collect();
        let home_is_ours = OnceLock::new();
        Ok(Self { working_dir, project, home, home_is_ours, ui, boundary, features, experiments })
    }

    /// A file or folder to be written that the user named. Where it lies in what others fill, the part of its way behind
    /// that is gone without following links: the folder that the user stands in, the project, and the work tree of Git.
    pub fn named(&self, path: &Path) -> Result<Named, FileError> {
        named(&self.working_dir, &self.project.dir, path)
    }

    /// This project with another folder in the place of its estate's root.
    #[must_use]
    pub fn with_root(&self, root: &Path) -> Self {
        let mut other = self.clone();
        root.clone_into(&mut other.project.estate_root);
        other
    }

    /// The folder that a PATH argument means.
    pub fn locate(&self, path: Option<&Path>) -> Result<PathBuf, CommandError> {
        if let Some(missing) = &self.project.missing_root {
            return Err(CommandError::Configuration(vec![(**missing).clone()]));
        }
        let found = locate(&self.working_dir, &self.project.estate_root, path);
        found.map_err(|diagnostic| CommandError::Usage { message: diagnostic.message, help: diagnostic.help })
    }

    /// The folder of a unit that a PATH means, also of one that a stack would generate; `reader` sees it then.
    pub fn locate_unit(&self, path: Option<&Path>, reader: &Reader) -> Result<PathBuf, CommandError> {
        let error = match self.locate(path) {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        for base in [&self.working_dir, &self.project.estate_root] {
            let dir = paths::join(base, path.unwrap_or(Path::new(".")));
            if expand_for(&dir, reader, &*self.stack_sources(reader))? {
                return Ok(dir);
            }
        }
        Err(error)
    }

    /// What messages call the unit in a folder: the same as in tables and journals, wherever one stands.
    pub fn name(&self, dir: &Path) -> String {
        unit_name::name(&self.project.estate_root, dir)
    }

    /// Where Argo CD's install manifests are kept once they were downloaded.
    pub fn argocd_cache(&self) -> PathBuf {
        self.home.join("argocd")
    }

    /// One line on what was found.
    pub fn describe(&self) -> String {
        let clusters = self.project.clusters.len();
        match &self.project.file {
            Some(file) => format!("{}: {clusters} clusters", file.display()),
            None => format!("none: the estate is {}", self.project.estate_root.display()),
        }
    }
}

/// As [`Workspace::named`], also where the project cannot be read: nothing of it is but where it is.
pub fn named_without_project(
    invocation: &Invocation,
    path: &Path,
) -> Result<Result<Named, FileError>, CommandError> {
    let working_dir = working_dir(invocation)?;
    let file = match &invocation.config {
        Some(config) => Some(paths::clean(&working_dir.join(config))),
        None => Project::file_above(&paths::clean(&working_dir)),
    };
    let dir = file.as_deref().map_or(&*working_dir, paths::folder);
    Ok(named(&working_dir, dir, path))
}

fn named(working_dir: &Path, project: &Path, path: &Path) -> Result<Named, FileError> {
    let path = paths::join(working_dir, path);
    let mut bounds = vec![working_dir, project];
    bounds.extend(git::top_of(project));
    Named::new(&path, &bounds)
}

/// The folder that a command was started in, or `-C`.
pub fn working_dir(invocation: &Invocation) -> Result<PathBuf, CommandError> {
    let current = std::env::current_dir()
        .map_err(|error| CommandError::failed(format!("the working folder is gone: {error}"), None))?;
    let working_dir = match &invocation.dir {
        Some(dir) => paths::clean(&current.join(dir)),
        None => current,
    };
    if !working_dir.is_dir() {
        let message = format!("{} is not a folder", working_dir.display());
        return Err(CommandError::usage(message, "name one that is there with -C"));
    }
    Ok(behind_link(working_dir))
}

/// A folder that is reached over a link from a place that is in no project is the one that the link leads to: there its
/// project is found, and its units have the names that they have for everyone.
fn behind_link(dir: PathBuf) -> PathBuf {
    if is_in_project(&dir) { dir } else { dir.canonicalize().unwrap_or(dir) }
}

/// The folder that a PATH means, where it lies in a project and the working folder does not.
fn elsewhere(working_dir: &Path, path: Option<&Path>) -> Option<PathBuf> {
    let meant = paths::join(working_dir, path?);
    if meant.starts_with(working_dir) || is_in_project(working_dir) {
        return None;
    }
    let folder = if meant.is_file() { paths::folder(&meant).to_path_buf() } else { meant };
    folder.is_dir().then(|| behind_link(folder))
}

/// The options, confined where there is a boundary.
pub(super) fn confined(options: ReaderOptions, boundary: Option<Arc<Boundary>>) -> ReaderOptions {
    match boundary {
        Some(boundary) => options.within(boundary),
        None => options,
    }
}

/// Refuses a slipway.hcl of another user: it says which programs run, and where secrets go. Those of the user, of root,
/// and of whoever has become root by `sudo` are one's own, as for Git; so is all in a repository that the user's Git takes
/// for safe.
pub fn refuse_anothers_file(from: &Path) -> Result<(), CommandError> {
    use std::os::unix::fs::MetadataExt;
    let Some(file) = Project::file_above(&paths::clean(from)) else { return Ok(()) };
    let us = nix::unistd::geteuid();
    let behind_sudo = std::env::var("SUDO_UID").ok().filter(|_| us.is_root()).and_then(|id| id.parse().ok());
    let ours = [Some(us.as_raw()), Some(0), behind_sudo];
    let owners = [file.symlink_metadata(), file.metadata()].map(|metadata| metadata.map(|found| found.uid()));
    let another = owners.into_iter().flatten().find(|owner| !ours.contains(&Some(*owner)));
    let Some(owner) = another.filter(|_| !is_safe(paths::folder(&file))) else { return Ok(()) };
    Err(CommandError::refused(
        format!("{} belongs to another user ({owner})", file.display()),
        "it says what runs: name it with --config where you trust it, or its repository in git's safe.directory",
    ))
}

/// Whether somebody has said where the project is: by slipway.hcl, or by Git.
fn is_in_project(dir: &Path) -> bool {
    Project::file_above(dir).is_some() || git::top_of(dir).is_some()
}

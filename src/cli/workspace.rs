//! What most commands begin with: the project, its estate and a reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::exit::CliError;
use super::global::{EngineArgs, EngineFlag, Global, ToolArgs};
use super::nothing::refuse_nothing;
use super::selection::{SelectionArgs, inside};
use super::ui::Ui;
use crate::engine::identity::SdkIdentity;
use crate::engine::native;
use crate::engine::select;
use crate::engine::{Engine, EngineSettings};
use crate::estate::{EngineChoice, Estate, Graph, Needs, Project, UnitIndex, expand_for, locate};
use crate::run::event::Request;
use crate::run::home::HOME;
use crate::support::confined::Named;
use crate::support::fs::FileError;
use crate::support::git::settings::is_safe;
use crate::support::{git, unit_name};
use crate::terragrunt::{AwsIdentity, Boundary, EXPERIMENTS, Reader, ReaderOptions, paths};

/// How many units run at once where nobody says.
const PARALLELISM: usize = 8;

/// The project a command works in.
pub struct Workspace {
    /// The folder it was started in, or `-C`.
    pub working_dir: PathBuf,
    /// What `slipway.hcl` says, or the defaults.
    pub project: Project,
    /// `.slipway`, where runs, caches and modules at work are kept.
    pub(super) home: PathBuf,
    pub(super) home_is_ours: OnceLock<()>,
    pub(super) ui: Ui,
    /// What may be read, where nobody trusts what is.
    pub boundary: Option<Arc<Boundary>>,
    features: BTreeMap<String, String>,
    experiments: BTreeSet<String>,
}

/// A part of the estate, read and ordered.
pub struct Selection {
    /// The units.
    pub estate: Estate,
    /// Their order.
    pub graph: Graph,
    /// Those that are meant; the others are there for what they put out.
    pub selected: BTreeSet<UnitIndex>,
    /// What depends on one of those and was filtered out, as seen from the working folder.
    pub dependents: Vec<String>,
}

/// The units that are chosen of an estate, before anything is said of what is wrong with it.
struct Chosen {
    estate: Estate,
    selected: BTreeSet<UnitIndex>,
    dependents: Vec<String>,
    /// What is wrong with them where they are none.
    nothing: Result<(), CliError>,
}

impl Workspace {
    /// Finds the project from the working folder upwards, for a command that needs some of what slipway.hcl says.
    pub fn open(global: &Global, needs: Needs) -> Result<Self, CliError> {
        Self::open_for(global, None, needs)
    }

    /// The same for a command with a PATH: one that leads out of a working folder that is in no project leads into its
    /// own.
    pub fn open_for(global: &Global, path: Option<&Path>, needs: Needs) -> Result<Self, CliError> {
        Self::open_with(global, path, needs, true)
    }

    /// The same; `exec` says whether a program may be started for what is needed.
    pub fn open_with(
        global: &Global,
        path: Option<&Path>,
        needs: Needs,
        exec: bool,
    ) -> Result<Self, CliError> {
        let working_dir = working_dir(global)?;
        let from = elsewhere(&working_dir, path).unwrap_or_else(|| working_dir.clone());
        let boundary = global.untrusted.then(|| Arc::new(Boundary::of_repository(&from)));
        let options = ReaderOptions { exec, ..ReaderOptions::new(&working_dir, "plan") };
        let project = if let Some(config) = &global.config {
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
            return Err(CliError::refused(
                format!("the estate's root {root} is not read: {refused}"),
                "with --untrusted nothing is read but the repository's own files",
            ));
        }
        let home = project.dir.join(HOME);
        let features = features(&global.features)?;
        let experiments = experiments(&global.experiments).into_iter().collect();
        let (home_is_ours, ui) = (OnceLock::new(), Ui::new(global));
        Ok(Self { working_dir, project, home, home_is_ours, ui, boundary, features, experiments })
    }

    /// A file or folder to be written that the user named. Where it lies in what others fill, the part of its way behind
    /// that is gone without following links: the folder that the user stands in, the project, and the work tree of Git.
    pub fn named(&self, path: &Path) -> Result<Named, FileError> {
        named(&self.working_dir, &self.project.dir, path)
    }

    /// A reader for a command of Terraform, such as `plan`.
    pub fn reader(&self, terraform_command: &str) -> Arc<Reader> {
        Arc::new(Reader::new(self.reader_options(terraform_command)))
    }

    /// The same where an engine works on what is read: `get_working_dir` is then where that engine runs modules.
    pub fn reader_for_work(
        &self,
        terraform_command: &str,
        tools: &ToolArgs,
    ) -> Result<Arc<Reader>, CliError> {
        let mut options = self.reader_options(terraform_command);
        if self.engine_at(&self.home, tools, false)?.name() == "native" {
            let (home, root) = (self.home.clone(), self.project.estate_root.clone());
            let place =
                move |dir: &Path, source: Option<&str>| native::working_dir(&home, &root, dir, source);
            options.working_dir_of = Some(Arc::new(place));
        }
        Ok(Arc::new(Reader::new(options)))
    }

    /// Where the native engine runs the unit in a folder.
    pub fn runs_in(&self, dir: &Path, source: Option<&str>) -> PathBuf {
        native::working_dir(&self.home, &self.project.estate_root, dir, source)
    }

    /// What such a reader is told.
    pub fn reader_options(&self, terraform_command: &str) -> ReaderOptions {
        let options = ReaderOptions {
            aws: Some(Arc::new(SdkIdentity::default())),
            features: self.features.clone(),
            experiments: self.experiments.clone(),
            excluded: Arc::clone(&self.project.excluded),
            estate_root: Some(self.project.estate_root.clone()),
            ..ReaderOptions::new(&self.working_dir, terraform_command)
        };
        confined(options, self.boundary.clone())
    }

    /// The same for looking at each unit once, however many there are.
    pub fn reader_for_lists(&self, terraform_command: &str) -> Arc<Reader> {
        let options = self.reader_options(terraform_command);
        Arc::new(Reader::new(ReaderOptions { keep_units: false, ..options }))
    }

    /// The same, which starts no program and asks nobody: what these would answer is unknown.
    pub fn reader_without_programs(&self, terraform_command: &str) -> Arc<Reader> {
        let options = self.reader_options(terraform_command);
        Arc::new(Reader::new(ReaderOptions { exec: false, aws: None, ..options }))
    }

    /// The same, which asks who calls of AWS of nobody else; of nobody at all where the repository is not trusted.
    pub fn reader_asking_only(&self, aws: Option<Arc<dyn AwsIdentity>>) -> Arc<Reader> {
        let options = ReaderOptions { exec: false, aws, keep_units: false, ..self.reader_options("plan") };
        Arc::new(Reader::new(confined(options, self.boundary.clone())))
    }

    /// The folder that a PATH argument means.
    pub fn locate(&self, path: Option<&Path>) -> Result<PathBuf, CliError> {
        if let Some(missing) = &self.project.missing_root {
            return Err(CliError::Configuration(vec![(**missing).clone()]));
        }
        let found = locate(&self.working_dir, &self.project.estate_root, path);
        found.map_err(|diagnostic| CliError::Usage { message: diagnostic.message, help: diagnostic.help })
    }

    /// The folder of a unit that a PATH means, also of one that a stack would generate; `reader` sees it then.
    pub fn locate_unit(&self, path: Option<&Path>, reader: &Reader) -> Result<PathBuf, CliError> {
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

    /// The same in order, or every error; warnings are said.
    pub fn select(
        &self,
        ui: Ui,
        path: Option<&Path>,
        reader: &Reader,
        args: &SelectionArgs,
    ) -> Result<Selection, CliError> {
        let estate = args.discover(self, &self.locate(path)?, reader, false)?;
        self.select_from(ui, estate, reader, args)
    }

    /// The same of an estate that is already discovered.
    pub fn select_from(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        args: &SelectionArgs,
    ) -> Result<Selection, CliError> {
        let Chosen { estate, selected, dependents, nothing } = self.chosen(ui, estate, reader, args)?;
        let graph = ordered(ui, &estate)?;
        nothing?;
        Ok(Selection { estate, graph, selected, dependents })
    }

    /// The units of an estate that are chosen, also where something of it is broken: its diagnostics are still to be told.
    pub fn choose(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        args: &SelectionArgs,
    ) -> Result<(Estate, BTreeSet<UnitIndex>), CliError> {
        let Chosen { estate, selected, nothing, .. } = self.chosen(ui, estate, reader, args)?;
        nothing?;
        Ok((estate, selected))
    }

    fn chosen(
        &self,
        ui: Ui,
        estate: Estate,
        reader: &Reader,
        args: &SelectionArgs,
    ) -> Result<Chosen, CliError> {
        let Some(chosen) = args.select(ui, self, &estate, reader)? else {
            let selected = inside(&estate);
            let nothing = if selected.is_empty() { refuse_nothing(ui, args, &estate, None) } else { Ok(()) };
            return Ok(Chosen { estate, selected, dependents: Vec::new(), nothing });
        };
        let left = estate.dependents_beside(&chosen.selected.units);
        let dependents = left.iter().map(|unit| self.name(&estate.unit(*unit).dir)).collect();
        for gone in &chosen.selected.elsewhere {
            ui.say(&format!("not here any more, so nothing is done with it: {}", self.name(gone)));
        }
        let (narrowed, selected) = chosen.narrow(&estate);
        let nothing =
            if selected.is_empty() { refuse_nothing(ui, args, &estate, Some(&chosen)) } else { Ok(()) };
        Ok(Chosen { estate: narrowed, selected, dependents, nothing })
    }

    /// The units of a run that began before, by their names; what they depend on is there for what it puts out.
    pub fn select_named(&self, ui: Ui, names: &[&str], reader: &Reader) -> Result<Selection, CliError> {
        let root = &self.project.estate_root;
        // Units that a filter took in may lie beside the estate's root.
        let places = names.iter().map(|name| unit_name::dir(root, name));
        let around = places.fold(root.clone(), |around, place| common(&around, &place));
        let estate = Estate::discover_around(root, &around, reader, &[]);
        let mut chosen = BTreeSet::new();
        for name in names {
            let Some(unit) = estate.find(&unit_name::dir(root, name)) else {
                return Err(CliError::refused(
                    format!("{name}, a unit of this run, is not in the tree any more"),
                    "go back to the commit that the run began at, or begin another run",
                ));
            };
            chosen.insert(unit);
        }
        let needed = estate.with_dependencies(&chosen);
        let selected = needed.iter().enumerate().filter(|(_, unit)| chosen.contains(unit));
        let selected = selected.map(|(place, _)| UnitIndex(place)).collect();
        let estate = estate.restricted(&needed);
        let graph = ordered(ui, &estate)?;
        Ok(Selection { estate, graph, selected, dependents: Vec::new() })
    }

    /// The same with the features and experiments of a run that goes on.
    pub fn with_settings_of(self, request: &Request) -> Result<Self, CliError> {
        let features = features(&request.features)?;
        let experiments = request.experiments.iter().cloned().collect();
        Ok(Self { features, experiments, ..self })
    }

    /// What a run has to write down so that it can be gone on with.
    pub fn request(
        &self,
        path: Option<&Path>,
        global: &Global,
        args: &EngineArgs,
    ) -> Result<Request, CliError> {
        Ok(Request {
            path: self.locate(path)?,
            engine: args.tools.engine.map(EngineFlag::name),
            tool: args.tools.tf_path.clone(),
            backend_bootstrap: args.backend_bootstrap,
            features: given(&global.features, "TG_FEATURE"),
            experiments: experiments(&global.experiments),
            saved_plans: None,
        })
    }

    /// The engine that flags and project ask for.
    pub fn engine(&self, args: &ToolArgs, backend_bootstrap: bool) -> Result<Arc<dyn Engine>, CliError> {
        // Of a folder that is none, or that nobody may enter, nothing can be taken: who needs it is told then.
        let is_unusable = matches!(self.refuse_unusable_home(), Err(CliError::Failed { .. }));
        let home = if is_unusable { &self.home } else { self.home()? };
        self.engine_at(home, args, backend_bootstrap)
    }

    /// The name of that engine; nothing is worked on.
    pub fn engine_name(&self, args: &ToolArgs) -> Result<String, CliError> {
        Ok(self.engine_at(&self.home, args, false)?.name().to_owned())
    }

    fn engine_at(
        &self,
        home: &Path,
        args: &ToolArgs,
        backend_bootstrap: bool,
    ) -> Result<Arc<dyn Engine>, CliError> {
        let configured = self.project.engine;
        let choice = args.engine.map_or(configured, EngineChoice::from);
        let settings = EngineSettings {
            home: home.to_owned(),
            tool: args.tf_path.clone(),
            backend_bootstrap,
            features: self.features.clone(),
            experiments: self.experiments.clone(),
        };
        Ok(select::engine(choice, settings)?)
    }

    /// How many units run at once.
    pub fn parallelism(&self, args: &EngineArgs) -> usize {
        let named = args.parallelism.map(std::num::NonZeroUsize::get);
        named.or(self.project.parallelism).unwrap_or(PARALLELISM)
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
pub fn named_without_project(global: &Global, path: &Path) -> Result<Result<Named, FileError>, CliError> {
    let working_dir = working_dir(global)?;
    let file = match &global.config {
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

/// The order of an estate in which nothing is wrong, or every error, circles among them; warnings are said.
fn ordered(ui: Ui, estate: &Estate) -> Result<Graph, CliError> {
    let graph = Graph::build(estate);
    if estate.has_errors() {
        let circles = graph.err().unwrap_or_default();
        return Err(CliError::Configuration([estate.diagnostics.clone(), circles].concat()));
    }
    ui.diagnostics(estate.diagnostics.iter().cloned());
    Ok(graph?)
}

/// The folder that a command was started in, or `-C`.
pub fn working_dir(global: &Global) -> Result<PathBuf, CliError> {
    let current = std::env::current_dir()
        .map_err(|error| CliError::failed(format!("the working folder is gone: {error}"), None))?;
    let working_dir = match &global.dir {
        Some(dir) => paths::clean(&current.join(dir)),
        None => current,
    };
    if !working_dir.is_dir() {
        let message = format!("{} is not a folder", working_dir.display());
        return Err(CliError::usage(message, "name one that is there with -C"));
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
fn confined(options: ReaderOptions, boundary: Option<Arc<Boundary>>) -> ReaderOptions {
    match boundary {
        Some(boundary) => options.within(boundary),
        None => options,
    }
}

/// Refuses a slipway.hcl of another user: it says which programs run, and where secrets go. Those of the user, of root,
/// and of whoever has become root by `sudo` are one's own, as for Git; so is all in a repository that the user's Git takes
/// for safe.
pub(super) fn refuse_anothers_file(from: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::MetadataExt;
    let Some(file) = Project::file_above(&paths::clean(from)) else { return Ok(()) };
    let us = nix::unistd::geteuid();
    let behind_sudo = std::env::var("SUDO_UID").ok().filter(|_| us.is_root()).and_then(|id| id.parse().ok());
    let ours = [Some(us.as_raw()), Some(0), behind_sudo];
    let owners = [file.symlink_metadata(), file.metadata()].map(|metadata| metadata.map(|found| found.uid()));
    let another = owners.into_iter().flatten().find(|owner| !ours.contains(&Some(*owner)));
    let Some(owner) = another.filter(|_| !is_safe(paths::folder(&file))) else { return Ok(()) };
    Err(CliError::refused(
        format!("{} belongs to another user ({owner})", file.display()),
        "it says what runs: name it with --config where you trust it, or its repository in git's safe.directory",
    ))
}

/// Whether somebody has said where the project is: by slipway.hcl, or by Git.
fn is_in_project(dir: &Path) -> bool {
    Project::file_above(dir).is_some() || git::top_of(dir).is_some()
}

/// The folder that two paths have in common.
fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
}

/// What was given by flags or our variable, else by Terragrunt's variable.
fn given(flags: &[String], variable: &str) -> Vec<String> {
    if !flags.is_empty() {
        return flags.to_vec();
    }
    let list = std::env::var(variable).unwrap_or_default();
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The experiments that are turned on: by name, or all of them as Terragrunt's `TG_EXPERIMENT_MODE` has it.
fn experiments(flags: &[String]) -> Vec<String> {
    let mut on = given(flags, "TG_EXPERIMENT");
    if std::env::var("TG_EXPERIMENT_MODE").is_ok_and(|mode| mode == "true" || mode == "1") {
        on.extend(EXPERIMENTS.iter().map(|name| (*name).to_owned()));
        on.sort_unstable();
        on.dedup();
    }
    on
}

fn features(flags: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let pair = |given: String| match given.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CliError::usage(format!("\"{given}\" sets no feature"), "write it as --feature name=value")),
    };
    given(flags, "TG_FEATURE").into_iter().map(pair).collect()
}

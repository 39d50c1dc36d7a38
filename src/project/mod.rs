//! `slipway.hcl`: which tree is the estate, how it is run, which of its units are clusters, and what plans have to hold.
//!
//! The file is found upwards and read once ([`Project::find_for`]); of what a command has no need, nothing is evaluated that would
//! start a program ([`Needs`]). The room stands above the estate: it asks where units are, and no unit knows of it.

mod after;
mod apps;
mod argocd;
mod ci;
mod cluster;
mod cluster_unit;
mod decode;
mod drift;
mod fields;
mod gates;
mod left_out;
mod limits;
mod needs;
mod notifications;
mod own_secrets;
pub mod policy;
mod promotions;
mod repositories;
mod verify;

#[cfg(test)]
mod any_project;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::terragrunt::schema::{Kind, Spec, optional};
use crate::terragrunt::{Document, ReaderOptions, paths, strings};
pub use apps::{App, Apps, FreezeWindowBlock};
pub use argocd::{ArgoCd, Flavor, Registered, RootApplication};
pub use ci::{Ci, CiEnvironment};
pub use cluster::{Cluster, KubeContext, ResolvedCluster, Whereabouts};
pub use drift::DriftRules;
pub use fields::duration;
pub use gates::planned_gates;
pub use left_out::{LeftOut, Traits};
pub use limits::{UnitLimits, bytes};
pub use needs::Needs;
pub use notifications::{Notifications, Part, StatusLogin};
pub use promotions::{Promotion, Promotions};
pub use repositories::{Key, Repository, Source, SourceKind};
pub use verify::Verify;

use self::needs::Sections;
use self::policy::{CostLimits, Policy};
use crate::hcl::budget::Evaluation;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::hcl::suggest;
use crate::hcl::value::{Fields, Value};
use crate::support::excluded::Excluded;
use crate::support::fs::is_there;
use crate::support::git;
use crate::support::path_text;

/// The file's name.
pub const PROJECT_FILE: &str = "slipway.hcl";

const ESTATE: &[Spec] = &[optional("exclude", Kind::Strings), optional("root", Kind::String)];
const ENGINE: &[Spec] = &[
    optional("use", Kind::String),
    optional("parallelism", Kind::Number),
    optional("fail_fast", Kind::Bool),
    optional("unit_timeout", Kind::String),
    optional("unit_memory", Kind::String),
    optional("cache_size", Kind::String),
    optional("share_providers", Kind::Bool),
];
const BLOCKS: &[(&str, usize)] = &[
    ("apps", 0),
    ("ci", 0),
    ("cluster", 1),
    ("cost", 0),
    ("drift", 0),
    ("engine", 0),
    ("estate", 0),
    ("locals", 0),
    ("policy", 1),
    ("unit", 1),
];
/// Blocks of which there may be several.
const REPEATED: &[&str] = &["cluster", "policy", "unit"];

/// Which engine runs units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// Terragrunt where it is installed, else our own.
    #[default]
    Auto,
    /// Terragrunt.
    Terragrunt,
    /// Our own.
    Native,
}

impl EngineChoice {
    const ALL: [Self; 3] = [Self::Auto, Self::Terragrunt, Self::Native];

    /// What it is called, in slipway.hcl and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Terragrunt => "terragrunt",
            Self::Native => "native",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// What `slipway.hcl` says; the defaults where there is none.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of the file; where there is none, the top of the Git work tree, or else the folder the search began in.
    pub dir: PathBuf,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// The root of the estate, absolute; the project's folder by default.
    pub estate_root: PathBuf,
    /// That the root is named and not there, for whoever needs its units.
    pub missing_root: Option<Box<Diagnostic>>,
    /// `estate.exclude`: the folders in it that are no part of it.
    pub excluded: Arc<Excluded>,
    /// `engine.use`.
    pub engine: EngineChoice,
    /// `engine.parallelism`: how many units at once.
    pub parallelism: Option<usize>,
    /// `engine.fail_fast`: whether nothing new begins after the first failure.
    pub fail_fast: bool,
    /// `engine.unit_memory`: bytes that a unit is expected to take.
    pub unit_memory: Option<u64>,
    /// `engine.cache_size`: bytes that fetched modules and installed providers may take.
    pub cache_size: Option<u64>,
    /// `engine.share_providers`: whether units share the processes of providers.
    pub share_providers: bool,
    /// How long units may take.
    pub limits: UnitLimits,
    /// The clusters, in the order of the file.
    pub clusters: Vec<Cluster>,
    /// What plans have to hold before they may be applied, in the order of the file.
    pub policies: Vec<Policy>,
    /// What is asked of the price list, where it is asked.
    pub cost: Option<CostLimits>,
    /// What is said of the applications in the manifests repository.
    pub apps: Apps,
    /// What may differ from what was left there.
    pub drift: DriftRules,
    /// What pipelines are told.
    pub ci: Ci,
}

impl Project {
    /// Looks for `slipway.hcl` in `from` (absolute) and the folders above it.
    pub fn find(from: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::find_with(from, ReaderOptions::new(from, ""))
    }

    /// Looks for the file with options of one's own, such as another environment.
    pub fn find_with(from: &Path, options: ReaderOptions) -> Result<Self, Vec<Diagnostic>> {
        Self::find_for(from, options, Needs::EVERYTHING)
    }

    /// Looks for the file for a command that needs some of it.
    pub fn find_for(from: &Path, options: ReaderOptions, needs: Needs) -> Result<Self, Vec<Diagnostic>> {
        let from = paths::clean(from);
        if let Some(file) = Self::file_above(&from) {
            return Self::read_for(&file, options, needs);
        }
        let dir = without_file(&from);
        Ok(Self {
            estate_root: dir.clone(),
            missing_root: None,
            excluded: Arc::default(),
            dir,
            file: None,
            engine: EngineChoice::default(),
            parallelism: None,
            fail_fast: false,
            unit_memory: None,
            cache_size: None,
            share_providers: false,
            limits: UnitLimits::default(),
            clusters: Vec::new(),
            policies: Vec::new(),
            cost: None,
            apps: Apps::default(),
            drift: DriftRules::default(),
            ci: Ci::default(),
        })
    }

    /// The `slipway.hcl` that counts for a folder (absolute): its own, or the nearest above. What lies above the root of
    /// its Git work tree is somebody else's, and is not looked for.
    pub fn file_above(from: &Path) -> Option<PathBuf> {
        git::up_to_top(from).map(|folder| folder.join(PROJECT_FILE)).find(|file| is_there(file))
    }

    /// Reads the file at `file` (absolute).
    pub fn read(file: &Path, options: ReaderOptions) -> Result<Self, Vec<Diagnostic>> {
        Self::read_for(file, options, Needs::EVERYTHING)
    }

    /// Reads the file at `file` (absolute) for a command that needs some of it.
    pub fn read_for(file: &Path, options: ReaderOptions, needs: Needs) -> Result<Self, Vec<Diagnostic>> {
        let _evaluation = Evaluation::begin(Some(&Arc::from(file)));
        let sections = Sections::read(file, options)?;
        let document = sections.look();
        // Before anything of it is evaluated, which may start programs.
        own_secrets::withhold(document.body());
        let dir = paths::folder(file).to_path_buf();
        let mut errors = Vec::new();
        document.check(document.body(), PROJECT_FILE, &[], BLOCKS, REPEATED, &mut errors);
        let estate = block(&sections, needs.estate, "estate", ESTATE, &mut errors);
        let engine = block(&sections, needs.engine, "engine", ENGINE, &mut errors);
        let clusters = cluster::all(&sections, needs.clusters, &mut errors);
        after::check(&clusters, &mut errors);
        let root = estate.get("root").and_then(Value::as_str);
        let estate_root = paths::join(&dir, root.unwrap_or("."));
        let missing_root = (root.is_some() && !estate_root.is_dir())
            .then(|| Box::new(no_root(document, &dir, &estate_root)));
        let mut project = Self {
            excluded: excluded(document, &estate_root, &estate, &mut errors),
            estate_root,
            missing_root,
            dir,
            file: Some(file.to_path_buf()),
            engine: EngineChoice::default(),
            parallelism: None,
            fail_fast: engine.get("fail_fast").and_then(Value::as_bool).unwrap_or_default(),
            unit_memory: None,
            cache_size: None,
            share_providers: engine.get("share_providers").and_then(Value::as_bool).unwrap_or_default(),
            limits: UnitLimits::read(&sections, needs.engine, &mut errors),
            clusters,
            policies: policy::all(&sections, needs.policies, &mut errors),
            cost: policy::cost(&sections, needs.policies, &mut errors),
            apps: Apps::read(&sections, &mut errors),
            drift: DriftRules::read(&sections, needs.policies, &mut errors),
            ci: Ci::read(&sections, needs.ci, &mut errors),
        };
        project.set_engine(sections.look(), &engine, &mut errors);
        if errors.is_empty() { Ok(project) } else { Err(errors) }
    }

    fn set_engine(&mut self, document: &Document, engine: &Fields, errors: &mut Vec<Diagnostic>) {
        let place =
            document.body().blocks("engine").next().map_or(document.body().span, |block| block.kind.span);
        let mut fail = |message: String, help: &str| {
            errors
                .push(Diagnostic::error("project::engine", message).at(document.location(place)).help(help));
        };
        match engine.get("use").and_then(Value::as_str) {
            None | Some("auto") => {}
            Some("terragrunt") => self.engine = EngineChoice::Terragrunt,
            Some("native") => self.engine = EngineChoice::Native,
            Some(other) => fail(format!("there is no engine \"{other}\""), "use auto, terragrunt or native"),
        }
        if let Some(Value::Number(number)) = engine.get("parallelism") {
            match number.as_i64().and_then(|number| usize::try_from(number).ok()) {
                Some(number) if number > 0 => self.parallelism = Some(number),
                _ => fail(format!("parallelism cannot be {number}"), "use a whole number from 1"),
            }
        }
        if let Some(text) = engine.get("unit_timeout").and_then(Value::as_str) {
            match duration(text) {
                Some(timeout) => self.limits.timeout = Some(timeout),
                None => {
                    fail(format!("unit_timeout cannot be \"{text}\""), "write it like \"90s\" or \"2h 30m\"");
                }
            }
        }
        if let Some(text) = engine.get("cache_size").and_then(Value::as_str) {
            match bytes(text) {
                Some(bytes) => self.cache_size = Some(bytes),
                None => fail(format!("cache_size cannot be \"{text}\""), "write it like \"10GB\""),
            }
        }
        if let Some(text) = engine.get("unit_memory").and_then(Value::as_str) {
            match bytes(text) {
                Some(bytes) => self.unit_memory = Some(bytes),
                None => fail(format!("unit_memory cannot be \"{text}\""), "write it like \"300MB\""),
            }
        }
    }

    /// The folder of the unit that makes a cluster.
    pub fn unit_dir(&self, cluster: &Cluster) -> Option<PathBuf> {
        cluster.unit.as_ref().map(|unit| paths::join(&self.estate_root, unit))
    }

    /// The cluster of that label.
    pub fn cluster(&self, label: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.label == label)
    }
}

/// The project's folder where no file says it: one for a whole Git work tree, from wherever in it one begins, so that a
/// unit has one name, one history and one lock. Earlier versions began anew in each folder: what they left in one on the
/// way, with its runs and perhaps states, stays where it is and is used.
fn without_file(from: &Path) -> PathBuf {
    let Some(top) = git::top_of(from) else { return from.to_path_buf() };
    let inside = from.ancestors().take_while(|folder| *folder != top);
    let used = inside.into_iter().find(|folder| folder.join(".slipway/runs").is_dir());
    used.unwrap_or(top).to_path_buf()
}

/// The folders that `estate.exclude` names.
fn excluded(
    document: &Document,
    root: &Path,
    estate: &Fields,
    errors: &mut Vec<Diagnostic>,
) -> Arc<Excluded> {
    let patterns = strings(estate.get("exclude"));
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    match Excluded::new(root, &patterns) {
        Ok(excluded) => Arc::new(excluded),
        Err(error) => {
            let place = estate_place(document, "exclude");
            let error = Diagnostic::error("project::exclude", error.to_string()).at(place);
            errors.push(
                error.help("write folders from the estate's root, such as \"catalog\" or \"**/examples\""),
            );
            Arc::default()
        }
    }
}

/// That the folder that `estate.root` names is not there. A run over nothing would look like one that went well.
fn no_root(document: &Document, dir: &Path, root: &Path) -> Diagnostic {
    let shown = |path: &Path| path_text::shown(&paths::relative(dir, path));
    let beside = std::fs::read_dir(paths::folder(root)).into_iter().flatten().flatten();
    let folders = beside.filter(|entry| entry.path().is_dir()).map(|entry| shown(&entry.path()));
    let folders: Vec<String> = folders.collect();
    let help = match suggest::nearest(&shown(root), folders.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("name the folder of the units, from the folder of {PROJECT_FILE}"),
    };
    let message = format!("the estate's root {} is not there", shown(root));
    Diagnostic::error("project::root", message).at(estate_place(document, "root")).help(help)
}

/// Where an attribute of the `estate` block stands.
fn estate_place(document: &Document, name: &str) -> Location {
    let block = document.body().blocks("estate").next();
    let attribute = block.and_then(|block| block.body.attribute(name));
    document.location(attribute.map_or(document.body().span, |attribute| attribute.expr.span))
}

fn block(
    sections: &Sections,
    needed: bool,
    kind: &str,
    specs: &[Spec],
    errors: &mut Vec<Diagnostic>,
) -> Fields {
    let document = sections.look();
    let Some(block) = document.body().blocks(kind).next() else { return Fields::new() };
    document.check(&block.body, kind, specs, &[], &[], errors);
    let place = block.kind.span;
    let fields = sections.get(needed, (kind, place), |document| {
        document.attributes(&block.body, place, kind, specs, &Fields::new())
    });
    match fields {
        Ok(fields) => fields.unwrap_or_default(),
        Err(found) => {
            errors.extend(found);
            Fields::new()
        }
    }
}

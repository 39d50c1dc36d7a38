//! What a run tells the reader about the world around the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::boundary::Boundary;
use slipway_support::excluded::Excluded;

/// Who the commands of units are; asked only when a file calls a function that is answered, or runs a program, as them.
///
/// Each takes the unit's folder, and answers with the value or a message that names what failed. Implementations remember
/// what they were told: every unit of an estate may ask.
pub trait AwsIdentity: Send + Sync {
    /// The twelve digits of the account.
    fn account_id(&self, unit: &Path) -> Result<String, String>;
    /// The account's alias.
    fn account_alias(&self, unit: &Path) -> Result<String, String>;
    /// The ARN of the caller.
    fn caller_arn(&self, unit: &Path) -> Result<String, String>;
    /// The caller's unique user id.
    fn caller_user_id(&self, unit: &Path) -> Result<String, String>;
    /// The variables that make programs act as the unit, before those of the environment.
    fn variables(&self, _unit: &Path) -> Result<BTreeMap<String, String>, String> {
        Ok(BTreeMap::new())
    }
}

/// Where a unit's module will run, for `get_working_dir`: the cache folder is the engine's to choose.
///
/// Called with the unit's folder and its `terraform.source`, where it has one.
pub type WorkingDirOf = dyn Fn(&Path, Option<&str>) -> PathBuf + Send + Sync;

/// Where outlines are kept from one reading of an estate to the next. What it hands out is believed only where it fits what is
/// there; it may be gone at any time.
pub trait OutlineStore: Send + Sync {
    /// What was kept under a name (letters and digits) the last time.
    fn load(&self, name: &str) -> Option<Vec<u8>>;
    /// Keeps it, in the place of what was there, whole or not at all.
    fn keep(&self, name: &str, content: &[u8]);
}

/// What the functions of the dialect answer with.
#[derive(Clone)]
pub struct ReaderOptions {
    /// The folder the program was started in; absolute.
    pub working_dir: PathBuf,
    /// The folder that units are named from, absolute; without, that in which they are looked for.
    pub estate_root: Option<PathBuf>,
    /// What `get_env` sees, and what `run_cmd` runs with.
    pub environment: Arc<BTreeMap<String, String>>,
    /// `get_terraform_command`, and what decides whether mocks are allowed: `plan`, `apply`, ….
    pub terraform_command: String,
    /// `get_terraform_cli_args`.
    pub terraform_cli_args: Vec<String>,
    /// Features set from outside, by name; they win over every default.
    pub features: BTreeMap<String, String>,
    /// The experiments of Terragrunt's that are on, such as `deep-merge`: what stands behind one is refused
    /// without it.
    pub experiments: BTreeSet<String>,
    /// Whether `run_cmd` and `sops_decrypt_file` may start programs; where not, their answers are unknown.
    pub exec: bool,
    /// The files that may be read, where the configuration is nobody's whom the user trusts: no others, and no variable of
    /// the environment (`get_env` answers with its default, or what it would say is unknown).
    pub boundary: Option<Arc<Boundary>>,
    /// The folders that are no part of the estate: nothing in them is a unit or a stack of it.
    pub excluded: Arc<Excluded>,
    /// Who answers the `get_aws_…` functions; without, their answers are an error (unknown in an outline).
    pub aws: Option<Arc<dyn AwsIdentity>>,
    /// Whether the syntax of a unit's own file is kept after it was outlined or evaluated, since that is done
    /// again later. Lists of large estates are better off without.
    pub keep_units: bool,
    /// The source given on the command line, for `get_terragrunt_source_cli_flag`.
    pub source: Option<String>,
    /// Where modules will run; without, `get_working_dir` answers with the folder that Terragrunt uses.
    pub working_dir_of: Option<Arc<WorkingDirOf>>,
    /// Where outlines are kept; without, each is read anew.
    pub outlines: Option<Arc<dyn OutlineStore>>,
}

impl ReaderOptions {
    /// The options of a run in `working_dir` for `terraform_command`, with this process's environment.
    pub fn new(working_dir: impl Into<PathBuf>, terraform_command: impl Into<String>) -> Self {
        let environment = std::env::vars_os()
            // A name that is no text cannot be asked for; a value that is none is still a value.
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self {
            working_dir: working_dir.into(),
            estate_root: None,
            environment: Arc::new(environment),
            terraform_command: terraform_command.into(),
            terraform_cli_args: Vec::new(),
            features: BTreeMap::new(),
            experiments: BTreeSet::new(),
            exec: true,
            boundary: None,
            excluded: Arc::default(),
            keep_units: true,
            aws: None,
            source: None,
            working_dir_of: None,
            outlines: None,
        }
    }

    /// The variables that make programs act as a unit; none where no program may be started to ask for them.
    pub fn variables_of(&self, unit: &Path) -> Result<BTreeMap<String, String>, String> {
        match &self.aws {
            Some(aws) if self.exec => aws.variables(unit),
            _ => Ok(BTreeMap::new()),
        }
    }

    /// Options for a configuration that nobody trusts: it starts nothing, asks nobody, sees no environment, and reads what
    /// is within the boundary.
    #[must_use]
    pub fn within(self, boundary: Arc<Boundary>) -> Self {
        let environment = Arc::default();
        Self { environment, exec: false, aws: None, boundary: Some(boundary), outlines: None, ..self }
    }

    /// These options with another environment; tests use it to be independent of their process.
    #[must_use]
    pub fn environment<K: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment = Arc::new(variables.collect());
        self
    }
}

impl fmt::Debug for ReaderOptions {
    /// Without the environment: it holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReaderOptions")
            .field("working_dir", &self.working_dir)
            .field("terraform_command", &self.terraform_command)
            .field("terraform_cli_args", &self.terraform_cli_args)
            .field("features", &self.features)
            .field("experiments", &self.experiments)
            .field("exec", &self.exec)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

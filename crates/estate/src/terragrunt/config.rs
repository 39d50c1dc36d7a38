//! A unit's configuration, evaluated: what the engines, the graph and the reports read.
//!
//! Shapes after Terragrunt's reference of blocks and attributes. Paths are absolute and clean. What is not
//! set is `None` or empty.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::{Fields, Value};
use slipway_support::address::Address;

/// One `terragrunt.hcl` with its includes merged and every expression evaluated.
#[derive(Clone, Default)]
pub struct UnitConfig {
    /// The unit's folder.
    pub dir: PathBuf,
    /// The unit's configuration file.
    pub file: PathBuf,
    /// The evaluated locals of the unit's own file.
    pub locals: BTreeMap<Arc<str>, Value>,
    /// The inputs, which become `TF_VAR_*`.
    pub inputs: BTreeMap<Arc<str>, Value>,
    /// The `terraform` block.
    pub terraform: Option<Terraform>,
    /// The `remote_state` block or attribute.
    pub remote_state: Option<RemoteState>,
    /// The files to generate, in the order of their names; those that `remote_state` generates are not among them.
    pub generate: Vec<Generate>,
    /// The `dependency` blocks, in order.
    pub dependency: Vec<Dependency>,
    /// The paths of `dependencies` blocks: order only.
    pub dependencies: Vec<PathBuf>,
    /// The `feature` blocks with the value in force.
    pub feature: BTreeMap<String, Value>,
    /// The `exclude` block.
    pub exclude: Option<Exclude>,
    /// The `errors` block.
    pub errors: Option<Errors>,
    /// The `engine` block as it is; it is Terragrunt's own.
    pub engine: Option<Value>,
    /// Whether destroying is refused.
    pub prevent_destroy: bool,
    /// The role to assume before running.
    pub iam_role: Option<String>,
    /// Seconds.
    pub iam_assume_role_duration: Option<u32>,
    /// The session's name for the assumed role.
    pub iam_assume_role_session_name: Option<String>,
    /// A web identity token or the file that holds one.
    pub iam_web_identity_token: Option<String>,
    /// Where the cache goes instead of the default.
    pub download_dir: Option<PathBuf>,
    /// `terraform` or `tofu`, where the unit says it.
    pub terraform_binary: Option<String>,
    /// Which versions of it are allowed.
    pub terraform_version_constraint: Option<String>,
    /// Which versions of Terragrunt are allowed.
    pub terragrunt_version_constraint: Option<String>,
    /// The `include` blocks, label and file.
    pub includes: Vec<(String, PathBuf)>,
    /// Every file that was read to evaluate it, the unit's own first, without repetition.
    pub files_read: Vec<Arc<Path>>,
    /// The names of the dependencies whose mocks were used for want of real outputs, or, when a unit is only
    /// rendered, whose outputs are left open.
    pub mocked: Vec<String>,
    /// The inputs that are not known yet, or not in full, each with the folders of the units whose outputs they rest on.
    pub open: BTreeMap<Arc<str>, BTreeSet<PathBuf>>,
    /// What was noticed on the way and is no error.
    pub warnings: Vec<Diagnostic>,
    /// The unit with the keys and the shape of Terragrunt's `render`.
    pub rendered: Option<Value>,
}

impl UnitConfig {
    /// The address of the module, for whoever brings it; none where the unit's own folder is the module.
    pub fn source(&self) -> Option<&str> {
        self.terraform.as_ref()?.source.as_ref().map(Address::expose)
    }
}

impl std::fmt::Debug for UnitConfig {
    /// Names without values: inputs and locals may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnitConfig")
            .field("file", &self.file)
            .field("inputs", &self.inputs.keys())
            .field("dependency", &self.dependency.iter().map(|block| &block.name).collect::<Vec<_>>())
            .field("mocked", &self.mocked)
            .finish_non_exhaustive()
    }
}

/// The `terraform` block.
#[derive(Clone, Debug, Default)]
pub struct Terraform {
    /// The module's source as written; none runs the unit's own folder.
    pub source: Option<Address>,
    /// Globs of hidden files to copy all the same.
    pub include_in_copy: Vec<String>,
    /// Globs of files not to copy.
    pub exclude_from_copy: Vec<String>,
    /// Whether the lock file goes back to the unit's folder; true unless said otherwise.
    pub copy_terraform_lock_file: Option<bool>,
    /// Extra arguments, in order.
    pub extra_arguments: Vec<ExtraArguments>,
    /// Hooks before a command, in order.
    pub before_hooks: Vec<Hook>,
    /// Hooks after a command, in order.
    pub after_hooks: Vec<Hook>,
    /// Hooks after an error, in order.
    pub error_hooks: Vec<ErrorHook>,
}

impl Terraform {
    /// The programs of all hooks with their arguments, whatever the hooks are for.
    pub fn programs(&self) -> impl Iterator<Item = &[String]> {
        let hooks = self.before_hooks.iter().chain(&self.after_hooks).map(|hook| hook.execute.as_slice());
        hooks.chain(self.error_hooks.iter().map(|hook| hook.execute.as_slice()))
    }
}

/// `extra_arguments "name"`.
#[derive(Clone, Debug, Default)]
pub struct ExtraArguments {
    /// The label.
    pub name: String,
    /// For which commands.
    pub commands: Vec<String>,
    /// The arguments.
    pub arguments: Vec<String>,
    /// Environment variables.
    pub env_vars: BTreeMap<String, String>,
    /// Variable files that must be there.
    pub required_var_files: Vec<String>,
    /// Variable files that are used where they are there.
    pub optional_var_files: Vec<String>,
}

/// `before_hook` or `after_hook`.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    /// The label.
    pub name: String,
    /// For which commands.
    pub commands: Vec<String>,
    /// Program and arguments.
    pub execute: Vec<String>,
    /// The folder it runs in, instead of the module's.
    pub working_dir: Option<String>,
    /// Whether it runs although something failed before it.
    pub run_on_error: bool,
    /// Whether its output is not shown.
    pub suppress_stdout: bool,
    /// Whether it runs at all; true unless said otherwise.
    pub condition: bool,
}

/// `error_hook`.
#[derive(Clone, Debug, Default)]
pub struct ErrorHook {
    /// The label.
    pub name: String,
    /// For which commands.
    pub commands: Vec<String>,
    /// Program and arguments.
    pub execute: Vec<String>,
    /// Regular expressions on the error's text.
    pub on_errors: Vec<String>,
    /// The folder it runs in, instead of the module's.
    pub working_dir: Option<String>,
    /// Whether its output is not shown.
    pub suppress_stdout: bool,
}

/// `remote_state`.
#[derive(Clone, Debug)]
pub struct RemoteState {
    /// The kind of backend, such as `s3`.
    pub backend: String,
    /// The backend's configuration: an object.
    pub config: Value,
    /// The file that gets the `terraform { backend … }` block, where one is generated.
    pub generate: Option<GenerateTarget>,
    /// Whether the state storage is not to be touched on init.
    pub disable_init: bool,
    /// Whether outputs may only be read through a full init of the dependency.
    pub disable_dependency_optimization: bool,
    /// The `encryption` block's content, where one is.
    pub encryption: Option<Value>,
}

impl RemoteState {
    /// The place of the state of a configuration in a folder that stands for another one, as the files of a commit do for
    /// the work tree: a state is kept where the work tree would have it. `places` are the one and the other.
    #[must_use]
    pub fn standing_for(self, places: &(PathBuf, PathBuf)) -> Self {
        Self { config: moved(&self.config, places), ..self }
    }
}

fn moved(value: &Value, places: &(PathBuf, PathBuf)) -> Value {
    let each = |fields: &Fields| {
        Arc::new(fields.iter().map(|(name, value)| (Arc::clone(name), moved(value, places))).collect())
    };
    match value {
        Value::String(text) => match Path::new(&**text).strip_prefix(&places.0) {
            Ok(inside) => Value::string(places.1.join(inside).to_string_lossy()),
            Err(_) => value.clone(),
        },
        Value::Object(fields) => Value::Object(each(fields)),
        Value::Map(fields) => Value::Map(each(fields)),
        Value::Sensitive(inner) => Value::Sensitive(Arc::new(moved(inner, places))),
        other => other.clone(),
    }
}

/// `generate = { path, if_exists }` of `remote_state`.
#[derive(Clone, Debug)]
pub struct GenerateTarget {
    /// Relative to the module's working folder.
    pub path: String,
    /// What to do where the file is there.
    pub if_exists: IfExists,
}

/// `generate "name"`.
#[derive(Clone, Debug)]
pub struct Generate {
    /// The label.
    pub name: String,
    /// Relative to the module's working folder, or absolute.
    pub path: String,
    /// The file's text.
    pub contents: String,
    /// What to do where the file is there.
    pub if_exists: IfExists,
    /// What to do with the file when the block is disabled.
    pub if_disabled: IfDisabled,
    /// Whether nothing is generated.
    pub disable: bool,
    /// What begins a comment in this file; `# ` by default.
    pub comment_prefix: String,
    /// Whether the signature line is left out.
    pub disable_signature: bool,
    /// Whether the text is formatted as HCL: by default where the path ends in `.tf`, `.tofu` or `.hcl`.
    pub hcl_fmt: Option<bool>,
}

/// What to do where a file to be generated is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfExists {
    /// Write over it.
    Overwrite,
    /// Write over it where its signature says it was generated, else fail.
    OverwriteTerragrunt,
    /// Leave it.
    Skip,
    /// Fail.
    Error,
}

/// What to do with the file of a disabled `generate` block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfDisabled {
    /// Remove it.
    Remove,
    /// Remove it where its signature says it was generated, else fail.
    RemoveTerragrunt,
    /// Leave it.
    Skip,
}

/// `dependency "name"`.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The label.
    pub name: String,
    /// The folder of the unit it depends on.
    pub config_path: PathBuf,
    /// Whether it counts at all; true unless said otherwise.
    pub enabled: bool,
    /// Whether outputs are not read (mocks are used where given).
    pub skip_outputs: bool,
    /// The mocks.
    pub mock_outputs: Option<Value>,
    /// For which commands mocks are allowed; none means all.
    pub mock_outputs_allowed_terraform_commands: Option<Vec<String>>,
    /// How mocks are merged into real outputs.
    pub mock_outputs_merge_strategy_with_state: MockMerge,
    /// Where the block stands.
    pub location: Location,
}

/// `mock_outputs_merge_strategy_with_state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MockMerge {
    /// Mocks only where there are no outputs at all.
    #[default]
    NoMerge,
    /// Mocks fill the names that are missing.
    Shallow,
    /// As `shallow`, and maps are filled recursively; lists are not.
    DeepMapOnly,
}

/// `exclude`.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    /// Whether it is in force.
    pub condition: bool,
    /// For which actions.
    pub actions: Vec<String>,
    /// Whether what it depends on itself is left out with it.
    pub exclude_dependencies: Option<bool>,
    /// Whether the unit is not run even when it is the only one.
    pub no_run: Option<bool>,
}

impl Exclude {
    /// Whether it leaves the unit out of a command of Terraform over several units, such as `plan`.
    pub fn leaves_out(&self, command: &str) -> bool {
        let names = |action: &String| match action.as_str() {
            "all" => true,
            "all_except_output" => command != "output",
            other => other.eq_ignore_ascii_case(command),
        };
        self.condition && self.actions.iter().any(names)
    }

    /// Whether it leaves the unit out even where it is the one that the command was called for.
    pub fn leaves_out_alone(&self, command: &str) -> bool {
        self.no_run.unwrap_or_default() && self.leaves_out(command)
    }
}

/// `errors`.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// When to try again, in order.
    pub retry: Vec<Retry>,
    /// What not to count as a failure, in order; tried before retries.
    pub ignore: Vec<Ignore>,
}

/// `retry "name"`.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// The label.
    pub name: String,
    /// Regular expressions on the error's text; a leading `!` negates.
    pub retryable_errors: Vec<String>,
    /// Attempts in all.
    pub max_attempts: u32,
    /// Seconds between them.
    pub sleep_interval_sec: u32,
}

/// `ignore "name"`.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// The label.
    pub name: String,
    /// Regular expressions on the error's text; a leading `!` negates.
    pub ignorable_errors: Vec<String>,
    /// What to say.
    pub message: Option<String>,
    /// What to hand to others.
    pub signals: BTreeMap<String, Value>,
}

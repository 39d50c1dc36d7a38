//! Which files are whose, by their names: the one list of them.

use std::borrow::Cow;
use std::path::Path;

pub use slipway_support::tool_files::{DATA_FOLDER, LOCK_FILE, is_lock_file, is_of_a_tool, is_state};

/// How the names of a module's files end. `OpenTofu` reads all of them, Terraform those with `tf`.
pub const ENDINGS: &[&str] = &[".tf", ".tf.json", ".tofu", ".tofu.json"];
/// How the names of variable files end, whether they are read by themselves or have to be named.
pub const VARIABLE_ENDINGS: &[&str] = &[".tfvars", ".tfvars.json"];

/// The two tools, as far as they read different files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKind {
    /// `tofu`, which prefers `x.tofu` to an `x.tf` beside it.
    OpenTofu,
    /// `terraform`, which knows nothing of `.tofu`.
    Terraform,
}

impl ToolKind {
    /// The kind of a tool by the name of its command, `terraform` or `tofu`.
    pub fn of(tool: &str) -> Self {
        if tool == "terraform" { Self::Terraform } else { Self::OpenTofu }
    }

    /// Whether it reads a file of a module's, where all those in the folder are `names`.
    pub(super) fn reads(self, name: &str, names: &[String]) -> bool {
        let tofu = |base: &str, ending: &str| names.iter().any(|other| *other == format!("{base}{ending}"));
        match (self, split(name)) {
            (Self::Terraform, Some((_, ending))) => matches!(ending, ".tf" | ".tf.json"),
            (Self::OpenTofu, Some((base, ".tf"))) => !tofu(base, ".tofu"),
            (Self::OpenTofu, Some((base, ".tf.json"))) => !tofu(base, ".tofu.json"),
            (Self::OpenTofu, ending) => ending.is_some(),
            (Self::Terraform, None) => false,
        }
    }
}

/// Whether a name ends as those of a module's files do; see [`is_module_file`] for whether it is read.
pub fn is_code(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a file of that name is a part of a module: hidden ones are none, nor is what editors leave beside a file, as
/// these end in `~` or `#`.
pub fn is_module_file(name: &str) -> bool {
    split(name).is_some()
}

/// Whether a module's file of that name is laid over the others: `override.tf`, `x_override.tf.json`.
pub fn is_override(name: &str) -> bool {
    split(name).is_some_and(|(base, _)| base == "override" || base.ends_with("_override"))
}

/// Whether it is a variable file.
pub fn is_variable_file(name: &str) -> bool {
    VARIABLE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether the tools read a variable file of that name without being told; hidden ones as well.
pub fn is_automatic_variable_file(name: &str) -> bool {
    let base = VARIABLE_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    base.is_some_and(|base| base == "terraform" || base.strip_suffix(".auto").is_some())
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// The name without its ending, and the ending; none of a file that is not a module's.
fn split(name: &str) -> Option<(&str, &str)> {
    let (base, ending) = ENDINGS.iter().find_map(|ending| Some((name.strip_suffix(ending)?, *ending)))?;
    (!base.starts_with('.') && !base.is_empty()).then_some((base, ending))
}

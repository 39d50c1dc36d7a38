//! Which blocks and attributes there are, after Terragrunt 1.x's reference.

use slipway_hcl::json_syntax::{BlockSchema, BodySchema};

/// What an attribute's value is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string; numbers and truths are turned into one.
    String,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// A sequence of strings.
    Strings,
    /// Strings by name.
    StringMap,
    /// Anything by name.
    Object,
    /// Any value.
    Any,
}

/// One attribute of a block.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it has to be there.
    pub required: bool,
}

/// An attribute that has to be there.
pub const fn required(name: &'static str, kind: Kind) -> Spec {
    Spec { name, kind, required: true }
}

/// An attribute that may be left out.
pub const fn optional(name: &'static str, kind: Kind) -> Spec {
    Spec { name, kind, required: false }
}

/// The attributes of a whole file.
pub(crate) const FILE: &[Spec] = &[
    optional("download_dir", Kind::String),
    optional("generate", Kind::Object),
    optional("iam_assume_role_duration", Kind::Whole),
    optional("iam_assume_role_session_name", Kind::String),
    optional("iam_role", Kind::String),
    optional("iam_web_identity_token", Kind::String),
    optional("inputs", Kind::Object),
    optional("prevent_destroy", Kind::Bool),
    optional("remote_state", Kind::Object),
    optional("terraform_binary", Kind::String),
    optional("terraform_version_constraint", Kind::String),
    optional("terragrunt_version_constraint", Kind::String),
];

/// The blocks of a file, with the number of labels each has.
pub(crate) const BLOCKS: &[(&str, usize)] = &[
    ("catalog", 0),
    ("dependencies", 0),
    ("dependency", 1),
    ("engine", 0),
    ("errors", 0),
    ("exclude", 0),
    ("feature", 1),
    ("generate", 1),
    ("include", 1),
    ("locals", 0),
    ("remote_state", 0),
    ("terraform", 0),
];

/// Blocks of which a file may hold more than one: by a label each, or as the next tables say.
pub(crate) const REPEATED: &[&str] = &["dependency", "feature", "generate", "include"];

/// Blocks of which two may even have one label, and what comes of that.
pub(crate) const REPEATED_LABELS: &[(&str, &str)] = &[
    ("dependency", "this one counts, and the unit waits for both"),
    ("feature", "the first counts, or this one in a unit that includes a file"),
    ("include", "both are merged, and the name means this one"),
];

pub(crate) const INCLUDE: &[Spec] = &[
    required("path", Kind::String),
    optional("expose", Kind::Bool),
    optional("merge_strategy", Kind::String),
];

pub(crate) const DEPENDENCY: &[Spec] = &[
    required("config_path", Kind::Any),
    optional("enabled", Kind::Bool),
    optional("skip_outputs", Kind::Bool),
    optional("mock_outputs", Kind::Any),
    optional("mock_outputs_allowed_terraform_commands", Kind::Strings),
    optional("mock_outputs_merge_with_state", Kind::Bool),
    optional("mock_outputs_merge_strategy_with_state", Kind::String),
];

pub(crate) const FOR_EACH: Spec = optional("for_each", Kind::Any);
pub(crate) const COUNT: Spec = optional("count", Kind::Any);
/// The `expansion` block of a dependency, a unit or a stack.
pub(crate) const EXPANSION: &[Spec] = &[FOR_EACH, COUNT];

pub(crate) const DEPENDENCIES: &[Spec] = &[required("paths", Kind::Strings)];

pub(crate) const TERRAFORM_SOURCE: Spec = optional("source", Kind::String);
pub(crate) const TERRAFORM: &[Spec] = &[
    TERRAFORM_SOURCE,
    optional("version", Kind::String),
    optional("include_in_copy", Kind::Strings),
    optional("exclude_from_copy", Kind::Strings),
    optional("copy_terraform_lock_file", Kind::Bool),
    optional("mutable", Kind::Bool),
    optional("update_source_with_cas", Kind::Bool),
];

/// The blocks inside `terraform`.
pub(crate) const TERRAFORM_BLOCKS: &[(&str, usize)] =
    &[("after_hook", 1), ("before_hook", 1), ("error_hook", 1), ("extra_arguments", 1)];

/// What a repeated label of a block inside `terraform` does.
pub(crate) const REPEATED_TERRAFORM_LABELS: &[(&str, &str)] = &[
    ("after_hook", BOTH_RUN),
    ("before_hook", BOTH_RUN),
    ("error_hook", BOTH_RUN),
    ("extra_arguments", "both count, or this one alone where an included file has a terraform block"),
];
const BOTH_RUN: &str = "both run, or this one alone where an included file has a terraform block";

pub(crate) const EXTRA_ARGUMENTS: &[Spec] = &[
    required("commands", Kind::Strings),
    optional("arguments", Kind::Strings),
    optional("env_vars", Kind::StringMap),
    optional("required_var_files", Kind::Strings),
    optional("optional_var_files", Kind::Strings),
];

pub(crate) const HOOK: &[Spec] = &[
    required("commands", Kind::Strings),
    required("execute", Kind::Strings),
    optional("if", Kind::Bool),
    optional("run_on_error", Kind::Bool),
    optional("suppress_stdout", Kind::Bool),
    optional("working_dir", Kind::String),
];

pub(crate) const ERROR_HOOK: &[Spec] = &[
    required("commands", Kind::Strings),
    required("execute", Kind::Strings),
    required("on_errors", Kind::Strings),
    optional("suppress_stdout", Kind::Bool),
    optional("working_dir", Kind::String),
];

pub(crate) const REMOTE_STATE: &[Spec] = &[
    required("backend", Kind::String),
    required("config", Kind::Object),
    optional("generate", Kind::Object),
    optional("disable_init", Kind::Bool),
    optional("disable_dependency_optimization", Kind::Bool),
    optional("encryption", Kind::Object),
];

pub(crate) const REMOTE_STATE_GENERATE: &[Spec] =
    &[required("path", Kind::String), required("if_exists", Kind::String)];

pub(crate) const GENERATE: &[Spec] = &[
    required("path", Kind::String),
    required("if_exists", Kind::String),
    required("contents", Kind::String),
    optional("if_disabled", Kind::String),
    optional("comment_prefix", Kind::String),
    optional("disable_signature", Kind::Bool),
    optional("disable", Kind::Bool),
    optional("hcl_fmt", Kind::Bool),
    optional("mutable", Kind::Bool),
];

pub(crate) const FEATURE: &[Spec] = &[required("default", Kind::Any)];

pub(crate) const EXCLUDE: &[Spec] = &[
    required("if", Kind::Bool),
    required("actions", Kind::Strings),
    optional("exclude_dependencies", Kind::Bool),
    optional("no_run", Kind::Bool),
];

/// The blocks inside `errors`.
pub(crate) const ERRORS_BLOCKS: &[(&str, usize)] = &[("ignore", 1), ("retry", 1)];

/// What a repeated label of a block inside `errors` does.
pub(crate) const REPEATED_ERRORS_LABELS: &[(&str, &str)] =
    &[("ignore", "this one counts"), ("retry", "this one counts")];

pub(crate) const RETRY: &[Spec] = &[
    required("retryable_errors", Kind::Strings),
    required("max_attempts", Kind::Whole),
    required("sleep_interval_sec", Kind::Whole),
];

pub(crate) const IGNORE: &[Spec] = &[
    required("ignorable_errors", Kind::Strings),
    optional("message", Kind::String),
    optional("signals", Kind::Object),
];

pub(crate) const ENGINE: &[Spec] = &[
    required("source", Kind::String),
    optional("version", Kind::String),
    optional("type", Kind::String),
    optional("meta", Kind::Any),
];

/// The blocks of a file as tables for JSON, which does not say itself what is a block. `generate` and `remote_state` are
/// attributes there: where both are allowed, HCL takes the attribute.
pub(crate) const JSON_FILE: &BodySchema = &BodySchema {
    blocks: &[
        json_block("catalog", 0),
        json_block("dependencies", 0),
        BlockSchema {
            body: &BodySchema { blocks: &[json_block("expansion", 0)] },
            ..json_block("dependency", 1)
        },
        json_block("engine", 0),
        BlockSchema {
            body: &BodySchema { blocks: &[json_block("ignore", 1), json_block("retry", 1)] },
            ..json_block("errors", 0)
        },
        json_block("exclude", 0),
        json_block("feature", 1),
        BlockSchema { bare: Some("path"), ..json_block("include", 1) },
        json_block("locals", 0),
        BlockSchema {
            body: &BodySchema {
                blocks: &[
                    json_block("after_hook", 1),
                    json_block("before_hook", 1),
                    json_block("error_hook", 1),
                    json_block("extra_arguments", 1),
                ],
            },
            ..json_block("terraform", 0)
        },
    ],
};

const fn json_block(name: &'static str, labels: usize) -> BlockSchema {
    BlockSchema { name, labels, bare: None, body: BodySchema::ATTRIBUTES }
}

/// Names that older versions had, and what stands in their place.
pub(crate) const GONE: &[(&str, &str)] = &[
    ("retry_max_attempts", "say it in an `errors` block: `retry \"name\" { max_attempts = … }`"),
    ("retry_sleep_interval_sec", "say it in an `errors` block: `retry \"name\" { sleep_interval_sec = … }`"),
    ("retryable_errors", "say it in an `errors` block: `retry \"name\" { retryable_errors = […] }`"),
    ("skip", "use an `exclude` block: `exclude { if = true, actions = [\"all\"] }`"),
];

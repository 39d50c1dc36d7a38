//! The functions that Terragrunt adds to the language.

mod aws;
mod commands;
mod decrypted;
mod folders;
mod glob;
pub(crate) mod read;
mod run;
mod version;

pub use commands::DEFAULT_RETRYABLE_ERRORS;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::scope::FileScope;
use super::unit_evaluation::Trace;
use crate::terraform::FILE_FUNCTIONS;
use crate::terragrunt::paths;
use slipway_hcl::functions::{FunctionContext, is_pure};
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;
use slipway_support::path_text;

type Answer = Result<Value, CallError>;
type Function = fn(&FileScope<'_>, &[String]) -> Answer;

/// Functions whose arguments are strings.
pub(crate) const OF_STRINGS: &[(&str, Function)] = &[
    ("constraint_check", version::constraint_check),
    ("find_in_parent_folders", folders::find_in_parent_folders),
    ("get_aws_account_alias", aws::account_alias),
    ("get_aws_account_id", aws::account_id),
    ("get_aws_caller_identity_arn", aws::caller_arn),
    ("get_aws_caller_identity_user_id", aws::caller_user_id),
    ("get_default_retryable_errors", commands::default_retryable_errors),
    ("get_env", commands::get_env),
    ("get_original_terragrunt_dir", folders::original_dir),
    ("get_parent_terragrunt_dir", folders::parent_dir),
    ("get_path_from_repo_root", folders::path_from_repo_root),
    ("get_path_to_repo_root", folders::path_to_repo_root),
    ("get_platform", commands::platform),
    ("get_repo_root", folders::repo_root),
    ("get_terraform_cli_args", commands::terraform_cli_args),
    ("get_terraform_command", commands::terraform_command),
    ("get_terraform_commands_that_need_input", commands::need_input),
    ("get_terraform_commands_that_need_locking", commands::need_locking),
    ("get_terraform_commands_that_need_parallelism", commands::need_parallelism),
    ("get_terraform_commands_that_need_vars", commands::need_vars),
    ("get_terragrunt_dir", folders::dir),
    ("get_terragrunt_source_cli_flag", commands::source_cli_flag),
    ("get_working_dir", folders::working_dir),
    ("mark_as_read", read::mark_as_read),
    ("mark_glob_as_read", glob::mark_glob_as_read),
    ("path_relative_from_include", folders::path_relative_from_include),
    ("path_relative_to_include", folders::path_relative_to_include),
    ("read_tfvars_file", read::tfvars_file),
    ("run_cmd", run::run_cmd),
    ("sops_decrypt_file", run::sops_decrypt_file),
];

/// Those of Terragrunt's functions that read the file that their first argument names, or look for it.
const READ_FILES: &[&str] = &[
    "find_in_parent_folders",
    "mark_as_read",
    "mark_glob_as_read",
    "read_terragrunt_config",
    "read_tfvars_file",
    "sops_decrypt_file",
];

/// Those of Terragrunt's functions whose answers rest on files, on what the reader was told, and on nothing else: the same ones
/// each time. All others are taken for fleeting.
const LASTING: &[&str] = &[
    "constraint_check",
    "deep_merge",
    "find_in_parent_folders",
    "get_default_retryable_errors",
    "get_original_terragrunt_dir",
    "get_parent_terragrunt_dir",
    "get_path_from_repo_root",
    "get_path_to_repo_root",
    "get_platform",
    "get_repo_root",
    "get_terraform_cli_args",
    "get_terraform_command",
    "get_terraform_commands_that_need_input",
    "get_terraform_commands_that_need_locking",
    "get_terraform_commands_that_need_parallelism",
    "get_terraform_commands_that_need_vars",
    "get_terragrunt_dir",
    "get_terragrunt_source_cli_flag",
    "mark_as_read",
    "path_relative_from_include",
    "path_relative_to_include",
    "read_terragrunt_config",
    "read_tfvars_file",
];

/// Those of Terraform's functions that look at more than files whose names they are given.
const LOOKING_AROUND: &[&str] = &["fileset", "templatefile"];

/// Functions that Terraform has and Terragrunt 1.1 has not, with what to do instead: a file that calls one is
/// refused there, so it is refused here.
pub const FUNCTIONS_NOT_IN_TERRAGRUNT: &[(&str, &str)] = &[
    ("ephemeralasnull", "values are never ephemeral here: leave the call out"),
    ("issensitive", "decide by the name of the value, or in the module"),
    ("plantimestamp", "call it in the module, or take timestamp()"),
    ("templatestring", "take a template \"…${x}…\", or templatefile with a file"),
];

/// The names of all functions, Terraform's and Terragrunt's.
pub(crate) fn names() -> Vec<String> {
    let own = OF_STRINGS.iter().map(|(name, _)| *name);
    let others = ["deep_merge", "read_terragrunt_config"];
    let terraform = slipway_hcl::functions::names().iter().copied();
    let terraform = terraform.filter(|name| not_in_terragrunt(name).is_none());
    own.chain(others).chain(terraform).map(str::to_owned).collect()
}

fn not_in_terragrunt(name: &str) -> Option<&'static str> {
    FUNCTIONS_NOT_IN_TERRAGRUNT.iter().find(|(lacking, _)| *lacking == name).map(|(_, instead)| *instead)
}

/// Calls a function of Terragrunt's or, where it has none of the name, of Terraform's.
pub(crate) fn call(scope: &FileScope<'_>, name: &str, arguments: &[Value]) -> Option<Answer> {
    let named = arguments.first().is_none_or(Value::is_wholly_known);
    if !named && (READ_FILES.contains(&name) || FILE_FUNCTIONS.contains(&name)) {
        scope.session.mark(Trace::Unknown);
    }
    if !is_lasting(name, arguments) {
        scope.session.mark(Trace::Fleeting);
    }
    if let Some((_, function)) = OF_STRINGS.iter().find(|(known, _)| *known == name) {
        return Some(call_with_strings(scope, name, *function, arguments));
    }
    match name {
        // Another answer at each call: nobody may share it.
        "bcrypt" | "timestamp" | "uuid" => scope.session.mark_own(),
        "read_terragrunt_config" => return Some(read::terragrunt_config(scope, arguments)),
        _ if not_in_terragrunt(name).is_some() => {
            let instead = not_in_terragrunt(name).unwrap_or_default();
            let message = format!("Terraform has {name}, but Terragrunt 1.1 has not: {instead}");
            return Some(Err(CallError::new(message)));
        }
        "deep_merge" => return Some(read::deep_merge(scope, arguments)),
        _ => {}
    }
    let on_read = |path: &Path| {
        scope.session.count(|counts| counts.files_read += 1);
        scope.session.mark_looked_at(path);
    };
    let reader = scope.session.reader;
    let on_disk = |path: PathBuf| {
        let place = reader.on_disk(&path);
        match reader.refused(&place) {
            Some(refused) => Err(CallError::Inside(Box::new(refused))),
            None => Ok(place),
        }
    };
    let context =
        FunctionContext { base_dir: scope.file_dir().to_path_buf(), on_disk: &on_disk, on_read: &on_read };
    let mut answer = slipway_hcl::functions::call(name, arguments, &context);
    if let ("fileset", Some(Ok(found))) = (name, &mut answer) {
        keep_readable(scope, arguments, found);
    }
    if let ("fileexists" | "fileset", Some(Ok(found))) = (name, &answer) {
        mark_found(scope, arguments, found);
    }
    answer
}

/// Whether the answer is the same as long as the files are that it is noted to rest on.
fn is_lasting(name: &str, arguments: &[Value]) -> bool {
    // Whose home that is says the environment.
    let is_at_home = || arguments.first().and_then(Value::as_str).is_some_and(|path| path.starts_with('~'));
    let reads_a_file = || FILE_FUNCTIONS.contains(&name) && !LOOKING_AROUND.contains(&name) && !is_at_home();
    LASTING.contains(&name) || reads_a_file() || is_pure(name)
}

/// Takes out of what `fileset` found the files that are not to be read, where there are such.
fn keep_readable(scope: &FileScope<'_>, arguments: &[Value], found: &mut Value) {
    let reader = scope.session.reader;
    let (Some(folder), Value::Set(files)) = (arguments.first().and_then(Value::as_str), found) else {
        return;
    };
    if reader.options().boundary.is_some() {
        let folder = reader.on_disk(&paths::join(scope.file_dir(), folder));
        let is_read =
            |file: &Value| file.as_str().is_some_and(|file| reader.refusal(&folder.join(file)).is_none());
        *files = Arc::new(files.iter().filter(|file| is_read(file)).cloned().collect());
    }
}

/// Notes what `fileexists` and `fileset` looked at: nothing of it was read, but it makes the answer.
fn mark_found(scope: &FileScope<'_>, arguments: &[Value], found: &Value) {
    let Some(path) = arguments.first().and_then(Value::as_str) else { return };
    let path = paths::join(scope.file_dir(), path);
    for file in found.as_elements().unwrap_or_default().iter().filter_map(Value::as_str) {
        scope.session.mark_looked_at(paths::join(&path, file));
    }
    if matches!(found, Value::Bool(_)) {
        scope.session.mark_looked_at(path);
    }
}

/// An unknown argument makes the answer unknown, a sensitive one makes it sensitive.
fn call_with_strings(scope: &FileScope<'_>, name: &str, function: Function, arguments: &[Value]) -> Answer {
    if arguments.iter().any(|argument| !argument.is_wholly_known()) {
        return Ok(Value::Unknown);
    }
    let strings: Result<Vec<String>, CallError> =
        arguments.iter().enumerate().map(|(index, argument)| string(name, index, argument)).collect();
    let answer = function(scope, &strings?)?;
    let sensitive = arguments.iter().any(|argument| matches!(argument, Value::Sensitive(_)));
    Ok(if sensitive { Value::Sensitive(Arc::new(answer)) } else { answer })
}

fn string(name: &str, index: usize, argument: &Value) -> Result<String, CallError> {
    match argument {
        Value::Sensitive(inner) => string(name, index, inner),
        Value::String(text) => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(CallError::new(format!(
            "argument {} of {name} has to be a string, this is {}",
            index + 1,
            other.type_name()
        ))),
    }
}

/// Refuses any number of arguments but those between `least` and `most`.
fn count(name: &str, arguments: &[String], least: usize, most: usize) -> Result<(), CallError> {
    if (least..=most).contains(&arguments.len()) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    Err(CallError::new(format!("{name} takes {wanted}, not {}", arguments.len())))
}

/// The only argument.
fn one<'a>(name: &str, arguments: &'a [String]) -> Result<&'a String, CallError> {
    count(name, arguments, 1, 1)?;
    arguments.first().ok_or_else(|| CallError::new(format!("{name} takes 1 argument, not 0")))
}

/// A path as a value. Values are text: one that is none would be the same value as another, and with it a state's key.
fn path_value(path: &Path) -> Answer {
    let text = path.to_str().ok_or_else(|| {
        let shown = path_text::shown(path);
        CallError::new(format!("{shown} is not UTF-8, so no value can hold this path: rename the folder"))
    })?;
    Ok(Value::string(text))
}

fn list_of<S: AsRef<str>>(strings: impl IntoIterator<Item = S>) -> Value {
    Value::List(Arc::new(strings.into_iter().map(Value::string).collect()))
}

/// A path argument, seen from the folder of the unit.
fn from_config_dir(scope: &FileScope<'_>, path: &str) -> PathBuf {
    scope.seen_from_config(path)
}

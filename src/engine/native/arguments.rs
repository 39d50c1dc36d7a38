//! Environment and extra arguments of a command.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::engine::cache::PROVIDERS;
use crate::engine::extra_arguments::{TAKING_VALUES, extra_for, flag_of};
use crate::support::confined::{FOLDER, Root};
use crate::support::fs::{FileError, read_text};
use crate::support::process::CommandLine;
use crate::terraform::variable_files::{names_in, values_of};
use crate::terragrunt::config::UnitConfig;

/// The variable that names the provider cache.
const CACHE_VARIABLE: &str = "TF_PLUGIN_CACHE_DIR";

/// Makes the folder of the provider cache, unless the user has one. The tools write what is in it, through any link.
pub fn make_cache(home: &Path) -> Result<(), FileError> {
    match std::env::var_os(CACHE_VARIABLE) {
        Some(_) => Ok(()),
        None => Root::own(home)?.create_dir_all(Path::new(PROVIDERS), FOLDER),
    }
}

/// One provider cache for all units, unless the user has one; the inputs as variables, and those that extra
/// arguments set.
pub fn environment(
    mut command: CommandLine,
    config: &UnitConfig,
    inputs: &[(String, String)],
    home: &Path,
    name: &str,
) -> CommandLine {
    if std::env::var_os(CACHE_VARIABLE).is_none() {
        // The tools refuse a cache folder that is not there; without one they merely download more.
        let cache = home.join(PROVIDERS);
        if cache.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            command = command.env(CACHE_VARIABLE, cache);
        }
    }
    for (input, text) in inputs {
        command = command.env(format!("TF_VAR_{input}"), text);
    }
    for extra in extra_for(config, name) {
        for (variable, value) in &extra.env_vars {
            command = command.env(variable, value);
        }
    }
    command
}

/// The extra arguments of a command, variable files first as Terragrunt passes them.
pub fn extra(config: &UnitConfig, name: &str) -> Vec<OsString> {
    let mut arguments = Vec::new();
    for extra in extra_for(config, name) {
        let optional = extra.optional_var_files.iter().filter(|file| config.dir.join(file).is_file());
        for file in extra.required_var_files.iter().chain(optional) {
            let mut argument = OsString::from("-var-file=");
            argument.push(config.dir.join(file));
            arguments.push(argument);
        }
        arguments.extend(extra.arguments.iter().map(OsString::from));
    }
    arguments
}

/// The extra arguments of a command that applies a saved plan: the variables are in it, and the tools refuse them
/// beside it, as they do a second plan.
pub fn beside_a_plan(config: &UnitConfig, name: &str) -> Vec<OsString> {
    let mut arguments = extra_for(config, name).flat_map(|extra| &extra.arguments);
    let mut kept = Vec::new();
    while let Some(argument) = arguments.next() {
        // What it sets may be an argument of its own.
        let value = TAKING_VALUES.contains(&flag_of(argument)).then(|| arguments.next()).flatten();
        if argument.starts_with('-') && !flag_of(argument).starts_with("var") {
            kept.extend([argument].into_iter().chain(value).map(OsString::from));
        }
    }
    kept
}

/// The inputs that are not passed on beside a saved plan, since variable files or `-var` arguments of its planning came
/// before them: `OpenTofu` refuses a value that is not the plan's own.
pub fn overruled(config: &UnitConfig) -> BTreeSet<String> {
    let extras = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    let mut names = BTreeSet::new();
    for extra in extras {
        for file in extra.required_var_files.iter().chain(&extra.optional_var_files) {
            let file = config.dir.join(file);
            let text = read_text(&file).unwrap_or_default();
            names.extend(names_in(&file, text).into_iter().flatten());
        }
        let given = values_of("var", &extra.arguments)
            .filter_map(|given| given.trim_matches(['"', '\'']).split_once('='));
        names.extend(given.map(|(name, _)| name.trim().to_owned()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::{ExtraArguments, Terraform};

    #[test]
    fn what_files_and_arguments_set_comes_before_inputs() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.tfvars"), "size = 3\n  name=\"x\"\n# a comment\n").unwrap();
        std::fs::write(dir.path().join("b.tfvars.json"), "{\"zone\": 1, \"other\": 2}").unwrap();
        let extra_arguments = ExtraArguments {
            commands: vec!["plan".to_owned()],
            arguments: vec!["-var".to_owned(), "alone=1".to_owned(), "-var=joined=2".to_owned()],
            required_var_files: vec!["a.tfvars".to_owned(), "b.tfvars.json".to_owned()],
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra_arguments], ..Terraform::default() };
        let config =
            UnitConfig { dir: dir.path().to_owned(), terraform: Some(terraform), ..UnitConfig::default() };
        let names = overruled(&config);
        for name in ["size", "name", "zone", "other", "alone", "joined"] {
            assert!(names.contains(name), "{name} is not in {names:?}");
        }
    }

    fn planned_with(arguments: &[&str]) -> UnitConfig {
        let extra_arguments = ExtraArguments {
            commands: vec!["plan".to_owned(), "apply".to_owned()],
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra_arguments], ..Terraform::default() };
        UnitConfig { terraform: Some(terraform), ..UnitConfig::default() }
    }

    #[test]
    fn beside_a_plan_stands_no_other_one_and_no_variable() {
        let arguments =
            ["-var", "a=1", "-var-file=x", "-parallelism", "2", "/live/a/my.tfplan", "-auto-approve"];
        let kept = beside_a_plan(&planned_with(&arguments), "apply");
        assert_eq!(kept, ["-parallelism", "2", "-auto-approve"]);
    }

    #[test]
    fn extra_arguments_go_to_their_commands_only() {
        let extra_arguments = ExtraArguments {
            name: "lock".to_owned(),
            commands: vec!["plan".to_owned()],
            arguments: ["-var", "shape=round", "-var=a=b", "-lock-timeout=1m"].map(str::to_owned).into(),
            optional_var_files: vec!["not-there.tfvars".to_owned()],
            required_var_files: vec!["there.tfvars".to_owned()],
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra_arguments], ..Terraform::default() };
        let config =
            UnitConfig { dir: "/live/vpc".into(), terraform: Some(terraform), ..UnitConfig::default() };
        let files_first =
            ["-var-file=/live/vpc/there.tfvars", "-var", "shape=round", "-var=a=b", "-lock-timeout=1m"];
        assert_eq!(extra(&config, "plan"), files_first);
        assert!(extra(&config, "apply").is_empty());
        assert_eq!(beside_a_plan(&config, "plan"), ["-lock-timeout=1m"]);
    }
}

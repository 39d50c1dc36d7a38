//! Environment and extra arguments of a command.

use std::ffi::OsString;
use std::path::Path;

use crate::hcl::json::to_json;
use crate::hcl::value::Value;
use crate::support::process::CommandLine;
use crate::terragrunt::config::{ExtraArguments, UnitConfig};

/// One provider cache for all units, unless the user has one; the inputs as variables, and those that extra
/// arguments set.
pub fn environment(mut command: CommandLine, config: &UnitConfig, home: &Path, name: &str) -> CommandLine {
    if std::env::var_os("TF_PLUGIN_CACHE_DIR").is_none() {
        let cache = home.join("providers");
        // The tools refuse a cache folder that is not there; without one they merely download more.
        if std::fs::create_dir_all(&cache).is_ok() {
            command = command.env("TF_PLUGIN_CACHE_DIR", cache);
        }
    }
    for (input, value) in &config.inputs {
        if let Some(text) = variable(value) {
            command = command.env(format!("TF_VAR_{input}"), text);
        }
    }
    for extra in extra_for(config, name) {
        for (variable, value) in &extra.env_vars {
            command = command.env(variable, value);
        }
    }
    command
}

/// A string as it is, everything else as JSON; null is the same as not given.
fn variable(value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    value.as_str().map(str::to_owned).or_else(|| to_json(value).map(|json| json.to_string()))
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
/// beside it.
pub fn beside_a_plan(config: &UnitConfig, name: &str) -> Vec<OsString> {
    let arguments = extra_for(config, name).flat_map(|extra| &extra.arguments);
    arguments.filter(|argument| !argument.starts_with("-var")).map(OsString::from).collect()
}

fn extra_for<'a>(config: &'a UnitConfig, name: &'a str) -> impl Iterator<Item = &'a ExtraArguments> {
    let all = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    all.filter(move |extra| extra.commands.iter().any(|command| command == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::Terraform;

    #[test]
    fn inputs_become_variables_and_nothing_else_is_quoted() {
        let mut config = UnitConfig::default();
        config.inputs.insert("name".into(), Value::string("a \"b\""));
        config.inputs.insert("zones".into(), Value::tuple([Value::string("a"), Value::integer(2)]));
        config.inputs.insert("gone".into(), Value::Null);
        let home = tempfile::tempdir().unwrap();
        let command = environment(CommandLine::new("terraform", "."), &config, home.path(), "plan");
        let get = |name: &str| {
            let found = command.environment.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.to_string_lossy().into_owned())
        };
        assert_eq!(get("TF_VAR_name").as_deref(), Some("a \"b\""));
        assert_eq!(get("TF_VAR_zones").as_deref(), Some("[\"a\",2]"));
        assert_eq!(get("TF_VAR_gone"), None);
    }

    #[test]
    fn extra_arguments_go_to_their_commands_only() {
        let extra_arguments = ExtraArguments {
            name: "lock".to_owned(),
            commands: vec!["plan".to_owned()],
            arguments: vec!["-lock-timeout=1m".to_owned()],
            optional_var_files: vec!["not-there.tfvars".to_owned()],
            required_var_files: vec!["there.tfvars".to_owned()],
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra_arguments], ..Terraform::default() };
        let config =
            UnitConfig { dir: "/live/vpc".into(), terraform: Some(terraform), ..UnitConfig::default() };
        assert_eq!(extra(&config, "plan"), ["-var-file=/live/vpc/there.tfvars", "-lock-timeout=1m"]);
        assert!(extra(&config, "apply").is_empty());
        assert_eq!(beside_a_plan(&config, "plan"), ["-lock-timeout=1m"]);
    }
}

//! Which values are not to be shown, whatever prints them: a hook, a provisioner, a provider's error.

use std::path::Path;

use crate::hcl::json::to_json;
use crate::hcl::value::Value;
use crate::support::{environment, redact};
use crate::terraform::variable_files::{value_of, values, values_of};
use crate::terraform::{Module, Variable};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::variable_files;

/// Keeps what is sensitive in a value, and what its names say is a secret, from being shown from now on.
pub fn keep(name: &str, value: &Value) {
    match value {
        Value::Sensitive(inner) => keep_all(inner),
        Value::String(text) => redact::known().add_variable(&format!("TF_VAR_{name}"), text),
        _ => {
            for (name, inside) in value.as_fields().into_iter().flatten() {
                match inside {
                    Value::String(text) if !environment::secrets_of(name, text).is_empty() => {
                        redact::known().add_variable(name, text);
                    }
                    inside => keep(name, inside),
                }
            }
            value.as_elements().into_iter().flatten().for_each(|inside| keep(name, inside));
        }
    }
}

/// Keeps every text and number inside of a value from being shown.
fn keep_all(value: &Value) {
    match value {
        Value::Sensitive(inner) => keep_all(inner),
        Value::String(text) => redact::known().add(text),
        Value::Number(number) => redact::known().add(&number.to_string()),
        _ => {
            let fields = value.as_fields().into_iter().flat_map(|fields| fields.values());
            fields.chain(value.as_elements().into_iter().flatten()).for_each(keep_all);
        }
    }
}

/// Keeps the values of a unit from being shown whose variables its module declares sensitive, wherever they come from:
/// inputs, the environment, variable files and arguments. `folder` is where the module's files are; returns whether any
/// are there.
pub fn keep_inputs(config: &UnitConfig, folder: &Path) -> bool {
    let module = Module::read(folder, None, |_| None);
    keep_declared(config, &module, folder);
    module.has_files
}

/// Keeps from being shown the inputs that a module calls sensitive, which was read from the folder.
pub fn keep_declared(config: &UnitConfig, module: &Module, folder: &Path) {
    let is_sensitive = |name: &str| module.variables.get(name).is_some_and(Variable::is_hidden);
    let given = variable_files::of_unit(config, folder);
    for (name, value) in given.iter().flat_map(|file| values(file)) {
        if is_sensitive(&name) { keep_all(&value) } else { keep(&name, &value) }
    }
    let extra = || config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    for (name, text) in extra()
        .flat_map(|extra| values_of("var", &extra.arguments))
        .filter_map(|given| given.trim_matches(['"', '\'']).split_once('='))
    {
        let value = value_of(text);
        if is_sensitive(name) { keep_all(&value) } else { keep(name, &value) }
    }
    for (name, _) in module.variables.iter().filter(|(_, variable)| variable.is_hidden()) {
        let variable = format!("TF_VAR_{name}");
        let set = extra().filter_map(|extra| extra.env_vars.get(&variable)).cloned();
        let inherited = std::env::var_os(&variable).map(|value| value.to_string_lossy().into_owned());
        for text in set.chain(inherited) {
            keep_all(&value_of(&text));
            // As the tool gets it.
            redact::known().add(&text);
        }
        if let Some(value) = config.inputs.get(name.as_str()) {
            keep_all(value);
            // As the tool gets it.
            if let Some(text) = to_json(value).filter(|_| value.as_str().is_none()) {
                redact::known().add(&text.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::redact::clean;
    use crate::terragrunt::config::{ExtraArguments, Terraform};

    #[test]
    fn what_a_module_declares_sensitive_is_kept_whatever_its_type() {
        let dir = tempfile::tempdir().unwrap();
        let text = "variable \"pin\" {\n  sensitive = true\n}\nvariable \"open\" {\n  sensitive = false\n}\n";
        std::fs::write(dir.path().join("main.tf"), text).unwrap();
        let json = r#"{"variable": {"all": {"sensitive": true}, "brief": {"ephemeral": true}}}"#;
        std::fs::write(dir.path().join("more.tf.json"), json).unwrap();
        let mut config = UnitConfig::default();
        let object = [("a".into(), Value::string("kept-inside-9"))].into_iter().collect();
        config.inputs.insert("pin".into(), Value::integer(98_127_364));
        config.inputs.insert("open".into(), Value::string("open-for-all-1"));
        config.inputs.insert("all".into(), Value::tuple([Value::Object(std::sync::Arc::new(object))]));
        config.inputs.insert("brief".into(), Value::string("kept-for-short-1"));
        assert!(keep_inputs(&config, dir.path()));
        assert_eq!(clean("98127364 open-for-all-1"), "(sensitive) open-for-all-1");
        assert_eq!(clean("[{\"a\":\"kept-inside-9\"}] kept-for-short-1"), "(sensitive) (sensitive)");
        assert!(!keep_inputs(&config, &dir.path().join("not there")));
    }

    #[test]
    fn what_files_arguments_and_variables_give_is_kept_by_the_element() {
        let dir = tempfile::tempdir().unwrap();
        let text = "variable \"pins\" {\n  sensitive = true\n}\nvariable \"more\" {\n  sensitive = true\n}\n";
        std::fs::write(dir.path().join("main.tf"), text).unwrap();
        std::fs::write(dir.path().join("x.auto.tfvars"), "pins = [\"Kx-of-a-file\"]\nopen = \"Kx-open\"\n")
            .unwrap();
        let extra = ExtraArguments {
            arguments: vec!["-var".to_owned(), "more=[\"Kx-argument\", ]".to_owned()],
            env_vars: [("TF_VAR_pins".to_owned(), "{ a = \"Kx-variable\" }".to_owned())].into(),
            ..ExtraArguments::default()
        };
        let terraform = Terraform { extra_arguments: vec![extra], ..Terraform::default() };
        let config =
            UnitConfig { terraform: Some(terraform), dir: dir.path().to_owned(), ..UnitConfig::default() };
        assert!(keep_inputs(&config, dir.path()));
        assert_eq!(
            clean("Kx-of-a-file Kx-open Kx-argument Kx-variable"),
            "(sensitive) Kx-open (sensitive) (sensitive)"
        );
    }

    #[test]
    fn names_inside_of_inputs_tell_secrets_too() {
        let object = [
            ("password".into(), Value::string("Kx-named-inside")),
            ("host".into(), Value::string("Kx-host-of-it")),
        ];
        keep("db", &Value::Object(std::sync::Arc::new(object.into_iter().collect())));
        keep("api_token", &Value::string("Kx-named-outside"));
        assert_eq!(
            clean("Kx-named-inside Kx-host-of-it Kx-named-outside"),
            "(sensitive) Kx-host-of-it (sensitive)"
        );
    }
}

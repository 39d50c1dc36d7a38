//! How inputs reach the tool: as variables of the environment, and by a file where these cannot carry them.
//!
//! The rules are Terragrunt's: a string goes as it is, all else as JSON; a `TF_VAR_` of the caller's own environment comes
//! before an input; null goes by a file that the tool reads by itself (`*.auto.tfvars.json`), as no variable can say it. An
//! input beyond what the system lets one variable hold goes by the same file, where Terragrunt fails to start the tool.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::engine::EngineError;
use crate::hcl::json::to_json;
use crate::hcl::scope::MapScope;
use crate::hcl::source::SourceFile;
use crate::hcl::value::Value;
use crate::hcl::{evaluate, parse_expression};
use crate::support::confined::{PRIVATE, Root};
use crate::terraform::{Constraint, Module, Variable};
use crate::terragrunt::config::UnitConfig;

/// The file, in the folder that the tool works in. The tools read such files in the order of their names, so that a
/// module's own come after it.
pub const FILE: &str = ".slipway-inputs.auto.tfvars.json";
/// The most bytes of one variable. Linux takes 128 KiB with the name; some are left to whoever wraps the tool.
const MOST_OF_ONE: usize = 120 * 1024;
/// The most bytes of all together: a half of what Linux takes of arguments and variables where the stack is small.
const MOST_OF_ALL: usize = 1024 * 1024;

/// The inputs as the environment carries them: the variables' names without `TF_VAR_`, and their texts.
pub fn of_environment(config: &UnitConfig, module: &Module) -> Vec<(String, String)> {
    Carried::of(config, module, &is_set).environment
}

/// The inputs as the environment carries them; the file for what it cannot carry is written, or the one that an earlier run
/// needed is removed.
pub fn hand_over(
    config: &UnitConfig,
    module: &Module,
    folder: &Root,
) -> Result<Vec<(String, String)>, EngineError> {
    let carried = Carried::of(config, module, &is_set);
    if carried.file.is_empty() {
        folder.remove(Path::new(FILE))?;
        return Ok(carried.environment);
    }
    for name in &carried.too_long {
        let declared = module.variables.get(name).is_some_and(Variable::is_hidden);
        if declared || config.inputs.get(name.as_str()).is_some_and(Value::is_marked) {
            let bytes = carried.file.get(name).map_or(0, |value| value.to_string().len());
            return Err(EngineError::InputTooLong { name: name.clone(), bytes });
        }
    }
    let text = Json::Object(carried.file).to_string();
    folder.write_if_changed(Path::new(FILE), text.as_bytes(), PRIVATE)?;
    Ok(carried.environment)
}

/// Whether the caller's own environment has a variable for an input.
fn is_set(name: &str) -> bool {
    std::env::var_os(format!("TF_VAR_{name}")).is_some()
}

struct Carried {
    environment: Vec<(String, String)>,
    file: Map<String, Json>,
    /// Those of the file that the environment had no room for.
    too_long: BTreeSet<String>,
}

impl Carried {
    fn of(config: &UnitConfig, module: &Module, is_set: &dyn Fn(&str) -> bool) -> Self {
        let mut carried = Self { environment: Vec::new(), file: Map::new(), too_long: BTreeSet::new() };
        let mut all = 0;
        for (name, value) in config.inputs.iter().filter(|(name, _)| !is_set(name)) {
            let declared = module.variables.get(&**name);
            if value.is_null() {
                // Of what a module does not declare a file would be warned of, and a variable is not.
                if declared.is_some() {
                    carried.file.insert(name.to_string(), Json::Null);
                }
                continue;
            }
            let Some(text) = text(value, declared.and_then(|variable| variable.constraint.as_ref())) else {
                continue;
            };
            let length = name.len() + text.len();
            if length <= MOST_OF_ONE && all + length <= MOST_OF_ALL {
                all += length;
                carried.environment.push((name.to_string(), text));
            } else if let (Some(json), Some(_)) = (to_json(value), declared) {
                carried.file.insert(name.to_string(), json);
                carried.too_long.insert(name.to_string());
            }
        }
        carried
    }
}

/// A string as it is, everything else as JSON.
fn text(value: &Value, constraint: Option<&Constraint>) -> Option<String> {
    if let Some(text) = value.as_str() {
        // Of `any` the tool reads an expression: a text that is none would be refused.
        let quoted = constraint == Some(&Constraint::Any) && !is_literal(text);
        return Some(if quoted { Json::from(escaped(text)).to_string() } else { text.to_owned() });
    }
    let mut json = to_json(value)?;
    // The text of a variable without a type, or with a simple one, is taken as it is; of all others it is read as an
    // expression, in which `${` and `%{` begin a template.
    let is_expression = constraint.is_some_and(|constraint| {
        !matches!(constraint, Constraint::Bool | Constraint::Number | Constraint::String)
    });
    if is_expression {
        escape(&mut json);
    }
    Some(json.to_string())
}

/// Whether a text is an expression that says its value by itself.
fn is_literal(text: &str) -> bool {
    let file = SourceFile::new("input", text);
    parse_expression(&file).is_ok_and(|expr| evaluate(&expr, &file, &MapScope::new([])).is_ok())
}

fn escape(json: &mut Json) {
    match json {
        Json::String(text) => *text = escaped(text),
        Json::Array(elements) => elements.iter_mut().for_each(escape),
        Json::Object(fields) => {
            let old = std::mem::take(fields);
            fields.extend(old.into_iter().map(|(name, mut value)| {
                escape(&mut value);
                (escaped(&name), value)
            }));
        }
        _ => {}
    }
}

/// With each beginning of a template doubled, but for those that are: whoever has doubled them by hand meant this.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = matches!(letter, '$' | '%') && letters.peek() == Some(&'{') && before != Some(letter);
        written.push(letter);
        if begins {
            written.push(letter);
        }
        before = Some(letter);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Module {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.tf"), text).unwrap();
        Module::read(folder.path(), None, |_| None)
    }

    fn carried(inputs: &[(&str, Value)], module: &Module) -> Carried {
        let mut config = UnitConfig::default();
        config.inputs.extend(inputs.iter().map(|(name, value)| ((*name).into(), value.clone())));
        Carried::of(&config, module, &|name| name == "own")
    }

    #[test]
    fn inputs_become_variables_and_nothing_else_is_quoted() {
        let zones = Value::tuple([Value::string("a"), Value::integer(2)]);
        let inputs = [("name", Value::string("a \"b\"")), ("zones", zones), ("own", Value::string("x"))];
        let found = carried(&inputs, &module("variable \"zones\" {\n  type = list(any)\n}\n"));
        let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(found.environment, [text("name", "a \"b\""), text("zones", "[\"a\",2]")]);
        assert!(found.file.is_empty());
    }

    #[test]
    fn templates_are_text_where_the_tool_would_read_an_expression() {
        let value = || {
            Value::object([(
                "${k}",
                Value::tuple([Value::string("${a} %{if} $${b} 5% $5 $"), Value::string("$")]),
            )])
        };
        let module = module("variable \"typed\" {\n  type = map(list(string))\n}\nvariable \"open\" {}\n");
        let found = carried(&[("open", value()), ("typed", value())], &module).environment;
        assert_eq!(found[0].1, r#"{"${k}":["${a} %{if} $${b} 5% $5 $","$"]}"#);
        assert_eq!(found[1].1, r#"{"$${k}":["$${a} %%{if} $${b} 5% $5 $","$"]}"#);
    }

    #[test]
    fn a_text_for_a_variable_of_any_type_is_that_text_unless_it_says_a_value() {
        let module = module("variable \"v\" {\n  type = any\n}\n");
        for (text, expected) in [
            ("plain text", "\"plain text\""),
            ("word", "\"word\""),
            ("a ${b}", "\"a $${b}\""),
            ("file(\"x\")", "\"file(\\\"x\\\")\""),
            ("0123", "0123"),
            ("[1, 2]", "[1, 2]"),
            ("\"quoted\"", "\"quoted\""),
            ("{\"a\": true}", "{\"a\": true}"),
        ] {
            assert_eq!(carried(&[("v", Value::string(text))], &module).environment[0].1, expected);
        }
    }

    #[test]
    fn null_and_what_is_too_long_go_by_a_file_where_the_module_asks_for_them() {
        let module = module("variable \"gone\" {}\nvariable \"long\" {}\nvariable \"own\" {}\n");
        let long = || Value::string("x".repeat(MOST_OF_ONE));
        let inputs = [
            ("gone", Value::Null),
            ("long", long()),
            ("own", Value::Null),
            ("undeclared", Value::Null),
            ("undeclared_long", long()),
        ];
        let found = carried(&inputs, &module);
        assert!(found.environment.is_empty());
        assert_eq!(found.file.keys().collect::<Vec<_>>(), ["gone", "long"]);
        assert_eq!(found.too_long.into_iter().collect::<Vec<_>>(), ["long"]);
    }

    #[test]
    fn all_inputs_together_are_no_more_than_the_system_takes() {
        let names: Vec<String> = (0..30).map(|number| format!("v{number}")).collect();
        let text =
            names.iter().map(|name| format!("variable \"{name}\" {{}}")).collect::<Vec<_>>().join("\n");
        let part = || Value::string("x".repeat(MOST_OF_ONE - 10));
        let inputs: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), part())).collect();
        let found = carried(&inputs, &module(&text));
        let all: usize = found.environment.iter().map(|(name, text)| name.len() + text.len()).sum();
        assert!(all <= MOST_OF_ALL && found.environment.len() + found.file.len() == 30);
    }

    #[test]
    fn a_secret_that_is_too_long_rests_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path()).unwrap();
        let long = Value::string("x".repeat(MOST_OF_ONE));
        let mut config = UnitConfig::default();
        config.inputs.insert("key".into(), long.clone());
        let secret = module("variable \"key\" {\n  sensitive = true\n}\n");
        let error = hand_over(&config, &secret, &root).unwrap_err();
        assert!(error.to_string().contains("\"key\""), "{error}");
        assert!(!folder.path().join(FILE).exists());
        hand_over(&config, &module("variable \"key\" {}\n"), &root).unwrap();
        assert!(folder.path().join(FILE).exists());
        config.inputs.clear();
        hand_over(&config, &secret, &root).unwrap();
        assert!(!folder.path().join(FILE).exists());
    }
}

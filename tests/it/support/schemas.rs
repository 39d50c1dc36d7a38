//! What is written as JSON is what `schemas/` says: looked at whenever a test has the program write some.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

/// The schemas by their names, as they are published.
pub fn all() -> &'static HashMap<String, Value> {
    static ALL: OnceLock<HashMap<String, Value>> = OnceLock::new();
    ALL.get_or_init(|| {
        let files =
            std::fs::read_dir(super::root().join("schemas")).unwrap().map(|entry| entry.unwrap().path());
        files
            .map(|file| {
                let name = file.file_name().unwrap().to_str().unwrap().strip_suffix(".v1.json").unwrap();
                let schema = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                (name.to_owned(), schema)
            })
            .collect()
    })
}

/// A validator that knows no fields but those of the schema: what is published lets newer ones through, so that who reads
/// by it does not break, and a test has to see them.
pub fn closed(name: &str) -> &'static Validator {
    static CLOSED: OnceLock<HashMap<String, Validator>> = OnceLock::new();
    let closed = CLOSED.get_or_init(|| {
        let closed = |(name, schema): (&String, &Value)| {
            let mut schema = schema.clone();
            close(&mut schema);
            (name.clone(), jsonschema::validator_for(&schema).unwrap())
        };
        all().iter().map(closed).collect()
    });
    closed.get(name).unwrap_or_else(|| panic!("there is no schemas/{name}.v1.json"))
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            // A condition asks for what it names only.
            fields.iter_mut().filter(|(key, _)| *key != "if").for_each(|(_, below)| close(below));
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[track_caller]
fn assert_valid(name: &str, value: &Value) {
    let wrong: Vec<String> =
        closed(name).iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "not as schemas/{name}.v1.json says:\n{}\n{value:#}", wrong.join("\n"));
}

/// The schema of what a command writes; none where it writes no JSON, or what is somebody else's.
fn of_command(dir: &Path, arguments: &[&str]) -> Option<&'static str> {
    let at = arguments.iter().position(|word| COMMANDS.iter().any(|(name, _)| name == word))?;
    let (_, schema) = COMMANDS.iter().find(|(name, _)| *name == arguments[at])?;
    let mut words = arguments[at + 1..].iter().filter(|word| !word.starts_with('-'));
    Some(match *schema {
        "find" if arguments.contains(&"--json") => return None,
        "output" => {
            // One output is whatever the module puts out.
            let is_folder =
                |word: &&&str| [dir.join(word), dir.join("live").join(word)].iter().any(|path| path.is_dir());
            let all_are_folders = words.clone().filter(|word| **word != "json").all(|word| is_folder(&word));
            if !all_are_folders {
                return None;
            }
            "output"
        }
        "ci" if arguments.contains(&"overlaps") => "ci-overlaps",
        "ci" => return None,
        "runs" if arguments.contains(&"--shared") => "runs-shared",
        "runs" => match words.find(|word| ["show", "watch", "prune", "unlock"].contains(word)) {
            Some(&"show" | &"watch") => "run",
            Some(_) => return None,
            None => "runs",
        },
        "stack" => {
            if arguments.contains(&"generate") {
                "stack-generate"
            } else {
                "stack-clean"
            }
        }
        "errand" if arguments.contains(&"--dry-run") => "run-dry",
        "errand" => "run",
        "cache" if arguments.contains(&"prune") => "cache-prune",
        "cache" => "cache-list",
        "argocd" => {
            let answers = ["status", "history", "tree"];
            match words.find(|word| answers.contains(word)) {
                Some(&"status") => "argocd-status",
                Some(&"history") => "argocd-history",
                Some(_) => "argocd-tree",
                None => return None,
            }
        }
        "verify" if arguments.contains(&"--all") || arguments.contains(&"--discover") => "verify-all",
        "image" => match words.next().copied() {
            Some("check") => "image-check",
            Some("list") => "image-list",
            Some("history") => "image-history",
            Some("diff") => "image-diff",
            Some("freeze") => "image-freeze",
            _ => "image-set",
        },
        other => other,
    })
}

const COMMANDS: &[(&str, &str)] = &[
    ("up", "run"),
    ("down", "run"),
    ("plan", "run"),
    ("apply", "run"),
    ("destroy", "run"),
    ("resume", "run"),
    ("run", "errand"),
    ("exec", "errand"),
    ("runs", "runs"),
    ("state", "state-move"),
    ("ci", "ci"),
    ("find", "find"),
    ("graph", "graph"),
    ("render", "render"),
    ("validate", "validate"),
    ("explain", "explain"),
    ("output", "output"),
    ("stack", "stack"),
    ("verify", "verify"),
    ("kubeconfig", "kubeconfig"),
    ("token", "token"),
    ("argocd", "argocd"),
    ("image", "image"),
    ("init", "init"),
    ("audit", "audit"),
    ("cache", "cache"),
    ("doctor", "doctor"),
    ("version", "version"),
];

/// Looks at what a command has answered as JSON.
#[track_caller]
pub fn assert_answer(dir: &Path, arguments: &[&str], stdout: &str) {
    let Some(schema) = of_command(dir, arguments) else { return };
    for answer in serde_json::Deserializer::from_str(stdout).into_iter::<Value>() {
        let answer = answer.unwrap_or_else(|error| panic!("{arguments:?}: {error} in:\n{stdout}"));
        assert_valid(schema, &answer);
    }
}

/// Looks at what was told with `--log-format json`.
#[track_caller]
pub fn assert_lines(stderr: &str) {
    for line in stderr.lines() {
        assert_valid("log", &serde_json::from_str(line).unwrap());
    }
}

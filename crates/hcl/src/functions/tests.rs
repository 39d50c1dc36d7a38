use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::scope::{Resolved, Scope};
use super::super::source::SourceFile;
use super::super::{evaluate, json, parse_expression};
use super::*;
use crate::diagnostic::Diagnostic;

struct Functions<'a>(FunctionContext<'a>);

impl Scope for Functions<'_> {
    fn variable(&self, _: &str, _: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        Ok(None)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        call(name, arguments, &self.0)
    }
}

fn data_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn evaluated(text: &str) -> Result<Value, String> {
    let file = SourceFile::new("vector.hcl", text);
    let expr = parse_expression(&file).map_err(|errors| errors[0].to_string())?;
    let context = FunctionContext { base_dir: data_dir(), on_disk: &|path| Ok(path), on_read: &|_| {} };
    evaluate(&expr, &file, &Functions(context)).map_err(|error| error.to_string())
}

#[derive(serde::Deserialize)]
struct Vector {
    expression: String,
    json: Option<String>,
    #[serde(default)]
    error: bool,
}

#[test]
fn every_expression_has_the_value_that_terraform_console_gives_it() {
    let text = std::fs::read_to_string(data_dir().join("vectors.json")).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() > 300);
    let mut wrong = Vec::new();
    for Vector { expression, json: wanted, error } in &vectors {
        assert!(*error != wanted.is_some(), "{expression}");
        let given = evaluated(expression);
        let fits = match (&given, wanted) {
            (Ok(value), Some(wanted)) => json::encode(value).as_ref() == Some(wanted),
            (Err(_), None) => true,
            _ => false,
        };
        if !fits {
            let given = given.map(|value| json::encode(&value));
            wrong.push(format!("{expression}\n    wanted {wanted:?}\n    given  {given:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn files_that_are_read_are_reported() {
    let read = std::cell::RefCell::new(Vec::new());
    let on_read = |path: &Path| read.borrow_mut().push(path.to_path_buf());
    let context = FunctionContext { base_dir: data_dir(), on_disk: &|path| Ok(path), on_read: &on_read };
    let value = call("file", &[Value::string("./files/hello.txt")], &context).unwrap().unwrap();
    assert_eq!(value, Value::string("Hello, World!\n"));
    assert_eq!(*read.borrow(), [data_dir().join("files/hello.txt")]);
}

#[test]
fn an_error_in_a_template_names_the_template() {
    let error = evaluated("templatefile(\"files/greeting.tftpl\", {})").unwrap_err();
    assert!(error.contains("files/greeting.tftpl:1:10: there is no `name` here"), "{error}");
}

#[test]
fn unknown_and_sensitive_parts_stay_where_functions_only_move_them() {
    let context = FunctionContext { base_dir: data_dir(), on_disk: &|path| Ok(path), on_read: &|_| {} };
    let secret = Value::Sensitive(Arc::new(Value::string("s3cret")));
    let object = Value::object([("a", secret.clone()), ("b", Value::Unknown), ("c", Value::integer(1))]);
    let called = |name: &str, arguments: &[Value]| call(name, arguments, &context).unwrap().unwrap();
    let merged = called("merge", &[object.clone(), Value::object([("d", Value::Null)])]);
    assert_eq!(merged.get("a"), Some(&secret));
    assert_eq!(merged.get("c"), Some(&Value::integer(1)));
    assert_eq!(called("jsonencode", &[object]), Value::Sensitive(Arc::new(Value::Unknown)));
    assert_eq!(
        called("upper", std::slice::from_ref(&secret)),
        Value::Sensitive(Arc::new(Value::string("S3CRET")))
    );
    assert_eq!(called("nonsensitive", &[secret]), Value::string("s3cret"));
}

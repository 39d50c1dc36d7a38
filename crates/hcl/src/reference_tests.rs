//! The language against HCL itself: `tests/data/bodies.json` holds texts and what the library that Terraform
//! and Terragrunt use makes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::ast::Body;
use super::functions::{self, FunctionContext};
use super::json_syntax::{self, BlockSchema, BodySchema};
use super::scope::{CallError, MapScope, Resolved, Scope};
use super::source::SourceFile;
use super::value::Value;
use super::{evaluate, json, parse};
use crate::diagnostic::Diagnostic;

struct Functions;

impl Scope for Functions {
    fn variable(&self, _: &str, _: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        Ok(None)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        let context =
            FunctionContext { base_dir: PathBuf::new(), on_disk: &|path| Ok(path), on_read: &|_| {} };
        functions::call(name, arguments, &context)
    }
}

#[derive(serde::Deserialize)]
struct Vector {
    text: String,
    valid: bool,
    #[serde(default)]
    values: BTreeMap<String, Option<String>>,
}

fn collect(body: &Body, prefix: &str, file: &Arc<SourceFile>, values: &mut BTreeMap<String, Option<String>>) {
    let names = MapScope::new([
        ("x", Value::string("ex")),
        ("n", Value::integer(3)),
        ("xs", Value::tuple([Value::string("a"), Value::string("b")])),
        ("m", Value::object([("k", Value::string("v")), ("j", Value::integer(1))])),
        ("t", Value::Bool(true)),
        ("nil", Value::Null),
    ])
    .over(&Functions);
    for attribute in &body.attributes {
        let value = evaluate(&attribute.expr, file, &names).ok();
        let shown = value.and_then(|value| Some(format!("{} {}", value.type_name(), json::encode(&value)?)));
        values.insert(format!("{prefix}{}", attribute.name.name), shown);
    }
    for block in &body.blocks {
        let labels = block.labels.iter().map(|label| format!(" {}", label.name)).collect::<Vec<_>>().concat();
        collect(&block.body, &format!("{prefix}{}{labels}.", block.kind.name), file, values);
    }
}

/// In JSON, `b` is a block without a label, `l` one with a label, `ll` one with two; the rest are attributes.
static JSON_SCHEMA: BodySchema = {
    const fn block(name: &'static str, labels: usize) -> BlockSchema {
        BlockSchema { name, labels, bare: None, body: &JSON_SCHEMA }
    }
    BodySchema { blocks: &[block("b", 0), block("l", 1), block("ll", 2)] }
};

/// HCL refuses attributes that its schema does not name; here that is the business of who reads the body.
fn is_known(body: &Body) -> bool {
    let attributes = body.attributes.iter().all(|attribute| "acde".contains(&*attribute.name.name));
    attributes && body.blocks.iter().all(|block| is_known(&block.body))
}

#[test]
fn json_texts_are_valid_and_have_the_values_that_hcl_itself_gives_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/json_bodies.json");
    let vectors: Vec<Vector> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(vectors.len() > 150);
    let mut wrong = Vec::new();
    for Vector { text, valid, values: wanted } in &vectors {
        let file = SourceFile::new("text.json", text.as_str());
        let (body, diagnostics) = json_syntax::parse(&file, &JSON_SCHEMA);
        let given_valid = diagnostics.is_empty() && is_known(&body);
        let mut given = BTreeMap::new();
        if given_valid {
            collect(&body, "", &file, &mut given);
        }
        // What is wrong in a value is told here with the rest of the syntax, and there when it is evaluated.
        let refused_later = !given_valid && *valid && wanted.values().any(Option::is_none);
        if !refused_later && (*valid != given_valid || given != *wanted) {
            wrong.push(format!(
                "{text:?}\n    wanted {valid} {wanted:?}\n    given  {given:?} {diagnostics:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn texts_are_valid_and_have_the_values_that_hcl_itself_gives_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bodies.json");
    let vectors: Vec<Vector> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(vectors.len() > 500);
    let mut wrong = Vec::new();
    for Vector { text, valid, values: wanted } in &vectors {
        let file = SourceFile::new("text.hcl", text.as_str());
        let (body, diagnostics) = parse(&file);
        let mut given = BTreeMap::new();
        if diagnostics.is_empty() {
            collect(&body, "", &file, &mut given);
        }
        if *valid != diagnostics.is_empty() || given != *wanted {
            wrong.push(format!(
                "{text:?}\n    wanted {valid} {wanted:?}\n    given  {given:?} {diagnostics:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

/// Expressions of all kinds, of pieces that often fit together and often do not.
fn expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "1",
        "2.5",
        "-3",
        "1e30",
        "x",
        "xs",
        "m",
        "t",
        "nil",
        "nope",
        "\"a${x}\"",
        "\"\"",
        "[]",
        "{}",
        "true",
        "null",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let names: Vec<&str> = functions::names().to_vec();
        prop_oneof![
            (inner.clone(), proptest::sample::select(vec!["+", "/", "%", "==", "<", "&&"]), inner.clone())
                .prop_map(|(left, op, right)| format!("({left} {op} {right})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[for k, v in {a} : {b} if v != null]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{for k, v in {a} : k => {b}...}}")),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{a = {a}, (x) = {b}}}")),
            inner.clone().prop_map(|a| format!("\"x${{{a}}}%{{ for v in {a} }}${{v}}%{{ endfor }}\"")),
            (proptest::sample::select(names), proptest::collection::vec(inner, 0..4))
                .prop_map(|(name, all)| format!("{name}({})", all.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn no_expression_makes_evaluation_panic(text in expression()) {
        let source = SourceFile::new("text.hcl", format!("a = {text}\n"));
        let (body, diagnostics) = parse(&source);
        prop_assert!(diagnostics.is_empty(), "{text}");
        collect(&body, "", &source, &mut BTreeMap::new());
    }
}

//! What is fuzzed, where it takes more than a call.

pub use slipway::{engine, estate, hcl, project, support};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::source::archive::{self, Kind};
use hcl::ast::{Body, Expr};
use hcl::diagnostic::Diagnostic;
use hcl::functions::FunctionContext;
use hcl::json_syntax::{BlockSchema, BodySchema};
use hcl::scope::{CallError, Resolved, Scope};
use hcl::source::{SourceFile, Span};
use hcl::value::Value;
use support::interrupt::GivenUp;

/// The blocks that JSON texts may hold.
pub static JSON_SCHEMA: BodySchema = {
    const fn block(name: &'static str, labels: usize, bare: Option<&'static str>) -> BlockSchema {
        BlockSchema { name, labels, bare, body: &JSON_SCHEMA }
    }
    BodySchema { blocks: &[block("locals", 0, None), block("dependency", 1, None), block("include", 1, Some("path"))] }
};

/// Fails where a place of a body is not in the text or not inside of what it stands in.
pub fn check_body(body: &Body, text: &str, outer: Span) {
    check_span(body.span, text, outer);
    for attribute in &body.attributes {
        check_span(attribute.span, text, outer);
        check_expr(&attribute.expr, text, outer);
    }
    for block in &body.blocks {
        check_span(block.span, text, outer);
        check_body(&block.body, text, outer);
    }
}

/// The same of an expression.
pub fn check_expr(expr: &Expr, text: &str, outer: Span) {
    check_span(expr.span, text, outer);
}

fn check_span(span: Span, text: &str, outer: Span) {
    assert!(outer.start <= span.start && span.start <= span.end && span.end <= outer.end, "{span:?} in {outer:?}");
    assert!(text.get(span.range()).is_some(), "{span:?} splits a character");
}

/// Fails where a diagnostic points at no character of the text, or cannot be shown.
pub fn check_diagnostics(diagnostics: &[Diagnostic], text: &str) {
    for diagnostic in diagnostics {
        let location = diagnostic.location.as_ref().expect("a syntax error has a place");
        assert!(text.get(location.span.range()).is_some(), "{diagnostic:?}");
        assert!(!diagnostic.to_string().is_empty());
    }
}

/// Terraform's functions except those that look at this machine's files, and a few names.
pub struct Names;

/// These read whatever is there, so that a run would depend on the machine, or walk through all of it.
const ON_FILES: &[&str] = &["abspath", "pathexpand", "templatefile"];
/// Slow on purpose.
const SLOW: &str = "bcrypt";

impl Scope for Names {
    fn variable(&self, name: &str, _: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        let object = || Value::object([("k", Value::string("v")), ("j", Value::integer(1))]);
        Ok(match name {
            "x" => Some(Value::string("ex")),
            "n" => Some(Value::integer(3)),
            "xs" => Some(Value::tuple([Value::string("a"), Value::string("b")])),
            "m" => Some(object()),
            "t" => Some(Value::Bool(true)),
            "u" => Some(Value::Unknown),
            "s" => Some(Value::Sensitive(Arc::new(object()))),
            _ => None,
        }
        .map(Resolved::root))
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        let plain = name.strip_prefix("core::").unwrap_or(name);
        if plain.starts_with("file") || plain == SLOW || ON_FILES.contains(&plain) {
            return None;
        }
        let context = FunctionContext { base_dir: PathBuf::new(), on_disk: &|path| Ok(path), on_read: &|_| {} };
        hcl::functions::call(name, arguments, &context)
    }
}

/// The text as a file.
pub fn source(text: &str) -> Arc<SourceFile> {
    SourceFile::new("text.hcl", text)
}

/// Edits the image of `app-a` as a bump does; nothing where that is refused.
pub fn edit_image(bytes: &[u8]) -> Option<Vec<u8>> {
    let (target, wanted) = ("app-a".parse().ok()?, "registry.example/app-a:v2".parse().ok()?);
    slipway::gitops::edit_file("manifests/app-a/deployment.yaml", bytes, &target, &wanted).ok()
}

/// Reads a journal and what it says of the part of its run that is over.
pub fn read_journal(bytes: &[u8]) -> Option<(usize, bool)> {
    let events = slipway::run::journal::events(bytes).ok()?;
    let count = events.len();
    let past = slipway::run::past::Past::of(events);
    past.map(|past| (count.min(past.to_replay().len()), past.is_done()))
}

/// Unpacks a file whose first byte tells which kind of archive it is taken for; the folder has to be there.
pub fn unpack(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let kinds = [Kind::Zip, Kind::Tar, Kind::TarGzip, Kind::TarBzip2, Kind::TarXz, Kind::TarZstd];
    let Some((first, rest)) = bytes.split_first() else { return Ok(()) };
    let file = folder.join("archive");
    std::fs::write(&file, rest).expect("the folder is there");
    let kind = kinds[usize::from(*first) % kinds.len()];
    archive::unpack(&file, kind, "m", &folder.join("tree"), &GivenUp::default()).map_err(|error| error.to_string())
}

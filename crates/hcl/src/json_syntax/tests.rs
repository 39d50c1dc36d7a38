use std::sync::Arc;

use proptest::prelude::*;

use super::super::ast::{Body, Expr, ExprKind, TemplatePart};
use super::super::diagnostic::Diagnostic;
use super::super::source::SourceFile;
use super::{BlockSchema, BodySchema, parse};

static SCHEMA: BodySchema = {
    const fn block(name: &'static str, labels: usize, bare: Option<&'static str>) -> BlockSchema {
        BlockSchema { name, labels, bare, body: &SCHEMA }
    }
    BodySchema {
        blocks: &[block("locals", 0, None), block("dependency", 1, None), block("include", 1, Some("path"))],
    }
};

fn file(text: &str) -> Arc<SourceFile> {
    SourceFile::new("test.json", text)
}

fn body(text: &str) -> Body {
    let (body, diagnostics) = parse(&file(text), &SCHEMA);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    body
}

fn messages(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|diagnostic| {
        let via = diagnostic.trace.iter().map(|frame| format!(" ({} {})", frame.message, frame.location));
        format!("{diagnostic}{}", via.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn errors(text: &str) -> String {
    messages(&parse(&file(text), &SCHEMA).1)
}

fn labels(body: &Body) -> Vec<(String, Vec<String>)> {
    let of = |block: &super::super::ast::Block| {
        let labels = block.labels.iter().map(|label| label.name.to_string()).collect();
        (block.kind.name.to_string(), labels)
    };
    body.blocks.iter().map(of).collect()
}

#[test]
fn labels_are_objects_and_arrays_are_several_blocks() {
    let body = body(
        r#"{"locals": [{"a": 1}, {"b": 2}], "dependency": {"vpc": {"config_path": "../vpc"}, "db": {}}}"#,
    );
    let plain = |kind: &str| (kind.to_owned(), Vec::new());
    let labelled = |label: &str| ("dependency".to_owned(), vec![label.to_owned()]);
    assert_eq!(labels(&body), [plain("locals"), plain("locals"), labelled("vpc"), labelled("db")]);
    assert!(body.blocks[2].body.attribute("config_path").is_some());
}

#[test]
fn an_include_without_a_label_is_told_by_its_path() {
    for text in [r#"{"include": {"path": "a"}}"#, r#"{"include": [{"path": "a"}]}"#] {
        assert_eq!(labels(&body(text)), [("include".to_owned(), Vec::new())], "{text}");
    }
    let named = r#"{"include": {"": {"path": "a"}, "path": {"path": "b"}}}"#;
    let label = |label: &str| ("include".to_owned(), vec![label.to_owned()]);
    assert_eq!(labels(&body(named)), [label(""), label("path")]);
}

#[test]
fn spans_in_templates_are_those_of_the_file() {
    let text = r#"{"a": "\u00e9\n ${upper(\"q\")} ${name}"}"#;
    let body = body(text);
    let ExprKind::Template(parts) = &body.attributes[0].expr.kind else { panic!("no template") };
    let interpolated = parts.iter().filter_map(|part| match part {
        TemplatePart::Interpolation(expr) => text.get(expr.span.range()),
        _ => None,
    });
    assert_eq!(interpolated.collect::<Vec<_>>(), [r#"upper(\"q\")"#, "name"]);
    assert_eq!(text.get(body.attributes[0].name.span.range()), Some(r#""a""#));
    assert_eq!(
        errors(r#"{"a": "\u00e9 ${x y}"}"#),
        "test.json:1:19: expected `}` after the expression in the template, found `y` \
         (in the sequence that is opened here test.json:1:15)"
    );
}

#[test]
fn what_is_wrong_is_told_at_its_place_and_the_rest_is_still_read() {
    for (text, expected) in [
        (r#"{"a": 1,}"#, "test.json:1:8: a comma stands before the closing `}`"),
        (r#"{"a": [1, 2,]}"#, "test.json:1:12: a comma stands before the closing `]`"),
        (
            r#"{"a": 1 "b": 2}"#,
            "test.json:1:9: expected `,` or `}`, found a string (in the object that is opened here test.json:1:1)",
        ),
        (r#"{"a" = 1}"#, "test.json:1:6: expected `:` after the property's name, found `=`"),
        (
            "{a: 1}",
            "test.json:1:2: expected a property's name in double quotes, found `a` (in the object that is opened here test.json:1:1)",
        ),
        (r#"{"a": tru}"#, "test.json:1:7: `tru` is not a JSON value"),
        (r#"{"a": 01}"#, "test.json:1:7: `01` is not a number in JSON"),
        (r#"{"a": 1e999999999}"#, "test.json:1:7: `1e999999999` is not a number that can be held"),
        (r#"{"a": "\q"}"#, "test.json:1:8: `\\q` is not an escape in JSON"),
        ("{\"a\": \"x\ny\"}", "test.json:1:7: this string is never closed"),
        ("{\"a\": \"x\u{0}\"}", "test.json:1:9: a string cannot hold the character \\u{0}"),
        (r#"{"a": {"b": 1}"#, "test.json:1:1: the `{` of this object is never closed"),
        (r#"{"a": 1} x"#, "test.json:1:10: expected the end of the file behind the JSON value, found `x`"),
        ("# x\n{}", "test.json:1:1: expected a JSON value, found `#`"),
        ("", "test.json:1:1: expected a JSON value, found the end of the file"),
        (
            r#"{"a": 1, "a": 2}"#,
            "test.json:1:10: the attribute `a` is set twice (first set here test.json:1:2)",
        ),
        (
            r#"{"locals": 1}"#,
            "test.json:1:12: an object, or an array of objects, with the content of `locals` must stand here, but it is a number",
        ),
        (
            r#"{"dependency": {}}"#,
            "test.json:1:16: `dependency` needs a label: an object whose property is the label",
        ),
        (
            "[1]",
            "test.json:1:2: an object with the attributes and blocks must stand here, but it is a number",
        ),
    ] {
        let given = errors(text);
        assert_eq!(given.lines().next(), Some(expected), "{text}");
    }
    let (body, diagnostics) =
        parse(&file("{\n \"a\": tru,\n \"locals\": {\"x\": [1 2], \"y\": 1},\n \"c\": 2\n}"), &SCHEMA);
    assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
    assert!(body.attribute("c").is_some() && body.blocks[0].body.attribute("y").is_some());
}

#[test]
fn what_is_nested_too_deeply_is_an_error_and_not_a_crash() {
    for (open, close) in [("[", "]"), ("{\"k\":", "}")] {
        let nested = |levels: usize| format!("{{\"a\":{}1{}}}", open.repeat(levels), close.repeat(levels));
        assert_eq!(errors(&nested(500)), "");
        for levels in [10_000, 1_000_000] {
            let given = errors(&nested(levels));
            assert!(given.lines().next().is_some_and(|line| line.contains("levels deep")), "{levels}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(body("\u{feff}{\"a\": 1}").attributes.len(), 1);
}

/// Text made of the pieces that matter to the language.
fn json_like() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"locals\"",
        "\"dependency\"",
        "\"include\"",
        "\"path\"",
        "\"//\"",
        "1",
        "-2.5e3",
        "true",
        "null",
        "\"${",
        "}\"",
        "\\u00e9",
        "\\ud83d",
        "\\n",
        "\\\"",
        " ",
        "\n",
        "x",
        "%{ if a }",
        "%{ endif }",
        "~",
        "é",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

fn check_places(expr: &Expr, length: usize) {
    assert!(expr.span.start <= expr.span.end && expr.span.end as usize <= length, "{expr:?}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_places_are_in_the_file(text in prop_oneof![".*", json_like()]) {
        let source = file(&text);
        let (body, diagnostics) = parse(&source, &SCHEMA);
        for attribute in &body.attributes {
            check_places(&attribute.expr, text.len());
        }
        for diagnostic in &diagnostics {
            let span = diagnostic.location.as_ref().map(|location| location.span).unwrap_or_default();
            prop_assert!(text.get(span.range()).is_some(), "{diagnostic:?}");
        }
    }
}

use proptest::prelude::*;

use super::super::ast::{Attribute, ExprKind, SplatStep};
use super::super::ast::{Block, ObjectItem, TemplatePart};
use super::*;

fn file(text: &str) -> Arc<SourceFile> {
    SourceFile::new("test.hcl", text)
}

fn body(text: &str) -> Body {
    let (body, diagnostics) = parse(&file(text));
    assert!(diagnostics.is_empty(), "{}", messages(&diagnostics));
    body
}

fn expression(text: &str) -> Expr {
    parse_expression(&file(text)).unwrap_or_else(|diagnostics| panic!("{text}: {}", messages(&diagnostics)))
}

fn messages(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|diagnostic| {
        let trace = diagnostic.trace.iter().map(|frame| format!(" ({} {})", frame.message, frame.location));
        format!("{diagnostic}{}", trace.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a file, a line each.
fn errors(text: &str) -> String {
    messages(&parse(&file(text)).1)
}

fn string(expr: &Expr) -> &str {
    match &expr.kind {
        ExprKind::String(text) => text,
        other => panic!("not a plain string: {other:?}"),
    }
}

/// The expression with all its grouping made visible.
fn shape(expr: &Expr) -> String {
    let list = |exprs: &[Expr]| exprs.iter().map(shape).collect::<Vec<_>>().join(" ");
    match &expr.kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(truth) => truth.to_string(),
        ExprKind::Number(number) => number.to_string(),
        ExprKind::String(text) => format!("{text:?}"),
        ExprKind::Template(parts) => format!("(template {})", parts_shape(parts)),
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::GetAttr { target, name } => format!("{}.{}", shape(target), name.name),
        ExprKind::Index { target, key } => format!("{}[{}]", shape(target), shape(key)),
        ExprKind::Splat { target, steps } => format!("(splat {}{})", shape(target), steps_shape(steps)),
        ExprKind::Call { name, arguments, expand } => {
            format!("{}({}{})", name.name, list(arguments), if *expand { "..." } else { "" })
        }
        ExprKind::Unary { op, operand } => format!("({op:?} {})", shape(operand)),
        ExprKind::Binary { op, left, right } => format!("({op:?} {} {})", shape(left), shape(right)),
        ExprKind::Conditional { condition, yes, no } => {
            format!("(? {} {} {})", shape(condition), shape(yes), shape(no))
        }
        ExprKind::Paren(inner) => format!("({})", shape(inner)),
        ExprKind::Tuple(elements) => format!("[{}]", list(elements)),
        ExprKind::Object(items) => {
            let items =
                items.iter().map(|ObjectItem { key, value }| format!("{}={}", shape(key), shape(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(" "))
        }
        ExprKind::For(each) => {
            let key_name = each.key_name.as_ref().map(|name| format!("{},", name.name)).unwrap_or_default();
            let key = each.key.as_ref().map(|key| format!("{}=>", shape(key))).unwrap_or_default();
            let condition =
                each.condition.as_ref().map(|test| format!(" if {}", shape(test))).unwrap_or_default();
            let group = if each.group { "..." } else { "" };
            let (value, collection) = (shape(&each.value), shape(&each.collection));
            format!(
                "(for {key_name}{} in {collection}: {key}{value}{group}{condition})",
                each.value_name.name
            )
        }
    }
}

fn steps_shape(steps: &[SplatStep]) -> String {
    let steps = steps.iter().map(|step| match step {
        SplatStep::Attr(name) => format!(" .{}", name.name),
        SplatStep::Index(key) => format!(" [{}]", shape(key)),
        SplatStep::Splat(inner) => format!(" (*{})", steps_shape(inner)),
    });
    steps.collect()
}

fn parts_shape(parts: &[TemplatePart]) -> String {
    let parts = parts.iter().map(|part| match part {
        TemplatePart::Literal(text) => format!("{text:?}"),
        TemplatePart::Interpolation(expr) => format!("${{{}}}", shape(expr)),
        TemplatePart::If { condition, yes, no } => {
            format!("(if {} [{}] [{}])", shape(condition), parts_shape(yes), parts_shape(no))
        }
        TemplatePart::For { value_name, collection, body, .. } => {
            format!("(for {} in {} [{}])", value_name.name, shape(collection), parts_shape(body))
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn attributes_and_blocks_keep_their_order_labels_and_places() {
    let text = "# first\na = 1 // one\n/* two\n lines */ b = \"x\"\n\nblock \"one\" two {\n  c = true\n  inner {}\n}\none { d = 2 }\n";
    let body = body(text);
    let names: Vec<_> = body.attributes.iter().map(|attribute| &*attribute.name.name).collect();
    assert_eq!(names, ["a", "b"]);
    let block = body.blocks("block").next().unwrap();
    assert_eq!(block.labels.iter().map(|label| &*label.name).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(block.body.blocks.len(), 1);
    assert!(block.body.attribute("c").is_some());
    assert!(body.blocks[1].body.attribute("d").is_some());
    assert_eq!(text.get(body.attributes[0].span.range()), Some("a = 1"));
    assert_eq!(text.get(body.blocks[1].span.range()), Some("one { d = 2 }"));
}

#[test]
fn operators_bind_as_in_hcl() {
    for (text, expected) in [
        ("1 + 2 * 3", "(Add 1 (Multiply 2 3))"),
        ("1 * 2 + 3", "(Add (Multiply 1 2) 3)"),
        ("10 - 4 - 3", "(Subtract (Subtract 10 4) 3)"),
        ("a || b && c", "(Or a (And b c))"),
        ("a == b && c != d", "(And (Equal a b) (NotEqual c d))"),
        ("a < b == c >= d", "(Equal (Less a b) (GreaterEqual c d))"),
        ("-46+5", "(Add (Negate 46) 5)"),
        ("!a && b", "(And (Not a) b)"),
        ("!a.b[0]", "(Not a.b[0])"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"),
        ("(a ? b : c) % 2", "(Modulo ((? a b c)) 2)"),
        ("(\n1\n+\n2\n)", "((Add 1 2))"),
    ] {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn traversals_splats_and_calls_are_read() {
    for (text, expected) in [
        ("a.b[\"c\"].0.d", "a.b[\"c\"][0].d"),
        ("a.*.b.c[0]", "(splat a .b .c)[0]"),
        ("a[*].b[0].c", "(splat a .b [0] .c)"),
        ("a[*].b[*].c", "(splat a .b (* .c))"),
        ("f(1, [2], xs...)", "f(1 [2] xs...)"),
        ("f(\n  1,\n  2,\n)", "f(1 2)"),
        ("provider::aws::arn(x)", "provider::aws::arn(x)"),
        ("[for x in xs : x if x != null]", "(for x in xs: x if (NotEqual x null))"),
        ("{for k, v in m : k => v...}", "(for k,v in m: k=>v...)"),
        ("{\n  for k, v in m :\n  k => v\n}", "(for k,v in m: k=>v)"),
        (
            "{a = 1, \"b\" : 2, (c) = 3, d\n= 4}".replace("d\n=", "d =").as_str(),
            "{\"a\"=1 \"b\"=2 (c)=3 \"d\"=4}",
        ),
        ("{\n  null = 1\n  true : 2\n  1 = 3\n}", "{\"null\"=1 \"true\"=2 1=3}"),
        ("[1, 2,]", "[1 2]"),
        ("[]", "[]"),
        ("{}", "{}"),
        ("{ # comment\n}", "{}"),
    ] {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn strings_resolve_escapes() {
    assert_eq!(
        string(&expression(r#""a\n\t\"\\ \u00e9 \U0001F600 $${x} %%{y} $ 5% $$""#)),
        "a\n\t\"\\ é 😀 ${x} %{y} $ 5% $$"
    );
}

#[test]
fn templates_keep_a_lone_interpolation_apart_from_text() {
    for (text, expected) in [
        ("\"${x}\"", "(template ${x})"),
        ("\"a${x}b\"", "(template \"a\" ${x} \"b\")"),
        ("\"  ${~ x ~}  b\"", "(template ${x} \"b\")"),
        ("\"${x ~}  \"", "(template ${x} \"\")"),
        ("\"${ {a = \"}\"}[\"a\"] }\"", "(template ${{\"a\"=\"}\"}[\"a\"]})"),
        ("\"${\n  f(\"${y}\")\n}\"", "(template ${f((template ${y}))})"),
        ("\"%{ if a }yes%{ else }no%{ endif }\"", "(template (if a [\"yes\"] [\"no\"]))"),
        ("\"%{ for x in xs ~} ${x}, %{ endfor ~}\"", "(template (for x in xs [${x} \", \"]))"),
    ] {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn heredocs_end_at_their_marker_and_lose_indentation_where_asked() {
    let body =
        body("a = <<EOT\n  one\n  EOTX\n\n EOT\nb = <<-EOT\n    one\n      two\n\n    three\n  EOT\nc = 1\n");
    assert_eq!(string(&body.attributes[0].expr), "  one\n  EOTX\n\n");
    assert_eq!(string(&body.attributes[1].expr), "one\n  two\n\nthree\n");
    assert_eq!(&*body.attributes[2].name.name, "c");
}

#[test]
fn heredocs_hold_interpolations_and_directives() {
    let text =
        "<<-EOT\n    a ${x}\n    %{ for y in ys ~}\n    - ${y}\n    %{ endfor ~}\n    \\n $${z}\n  EOT\n";
    let expected = r#"(template "a " ${x} "\n" (for y in ys ["    - " ${y} "\n"]) "    \\n ${z}\n")"#;
    assert_eq!(shape(&expression(text)), expected);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let body = body("\u{feff}a = 1\r\nb = [\r\n  1,\r\n]\r\nc = <<EOT\r\nx\r\nEOT\r\n");
    assert_eq!(body.attributes.len(), 3);
    assert_eq!(string(&body.attributes[2].expr), "x\r\n");
}

#[test]
fn parsing_goes_on_after_an_error_at_the_next_line_of_the_body() {
    let (body, diagnostics) =
        parse(&file("a = 1 +\nb = 2\nblock {\n  c = [1 2]\n  d = 4\n}\ne = (\n  1 2\n)\nf = 5\n"));
    let names: Vec<_> = body.attributes.iter().map(|Attribute { name, .. }| &*name.name).collect();
    assert_eq!(names, ["b", "f"]);
    let Block { body: inner, .. } = &body.blocks[0];
    assert!(inner.attribute("d").is_some() && inner.attribute("c").is_none());
    assert_eq!(
        messages(&diagnostics),
        "test.hcl:1:8: expected an expression, found the end of the line\n\
         test.hcl:4:10: expected `,` or `]`, found `2` (in the list that is opened here test.hcl:4:7)\n\
         test.hcl:8:5: expected `)`, found `2` (in the expression in parentheses that is opened here test.hcl:7:5)"
    );
}

#[test]
fn a_bracket_that_is_never_closed_costs_only_its_own_lines() {
    let (body, diagnostics) =
        parse(&file("locals {\n  a = [1,\n  b = 2\n}\ninputs = {\n  c = f(1\n}\nd = 3\n"));
    assert_eq!(
        messages(&diagnostics),
        "test.hcl:3:5: expected `,` or `]`, found `=` (in the list that is opened here test.hcl:2:7)\n\
         test.hcl:7:1: expected `,` or `)`, found `}` (in the call that is opened here test.hcl:6:8)"
    );
    assert!(body.blocks[0].body.attribute("b").is_some());
    assert!(body.attribute("d").is_some());
}

#[test]
fn errors_say_what_was_expected_and_where_a_bracket_was_opened() {
    for (text, expected) in [
        ("block {\n  a = 1\n", "test.hcl:1:7: the `{` of this block is never closed"),
        ("a = {\n  b = 1\n", "test.hcl:1:5: the `{` of this object is never closed"),
        (
            "a = [1,\nb = 2\n",
            "test.hcl:2:3: expected `,` or `]`, found `=` (in the list that is opened here test.hcl:1:5)",
        ),
        ("a\n", "test.hcl:1:2: expected `=` or a block after `a`, found the end of the line"),
        ("\"a\" = 1\n", "test.hcl:1:1: an attribute's name stands without quotes here"),
        ("a = \"x\nb = 1\n", "test.hcl:1:5: this string is never closed"),
        ("a = \"\\q\"\n", "test.hcl:1:6: `\\q` is not an escape"),
        ("a = 1 b = 2\n", "test.hcl:1:7: expected a new line after this attribute, found `b`"),
        ("a = 1,\n", "test.hcl:1:6: expected a new line after this attribute, found `,`"),
        ("a = 'x'\n", "test.hcl:1:5: expected an expression, found `'`"),
        ("}\na = 1\n", "test.hcl:1:1: this `}` closes nothing"),
        ("a = <<EOT\nx\n", "test.hcl:1:5: this heredoc is never closed by a line with `EOT` alone"),
        ("a = \"${x\"\n", "test.hcl:1:6: this interpolation is never closed by `}`"),
        ("a = \"%{ if x }y\"\n", "test.hcl:1:6: this `%{ if }` is never closed"),
        ("a = 1\na = 2\n", "test.hcl:2:1: the attribute `a` is set twice (first set here test.hcl:1:1)"),
        ("/* a\n", "test.hcl:1:1: this comment is never closed"),
        (
            "b { a = 1, c = 2 }\n",
            "test.hcl:1:10: expected `}` after the only attribute of a block on one line, found `,`",
        ),
    ] {
        assert_eq!(errors(text), expected, "{text}");
    }
}

#[test]
fn what_is_nested_too_deeply_is_an_error_and_not_a_crash() {
    for (open, close) in
        [("[", "]"), ("(", ")"), ("{a=", "}"), ("f(", ")"), ("\"${", "}\""), ("!", ""), ("a ? 1 : ", "")]
    {
        let nested = |levels: usize| format!("a = {}1{}\n", open.repeat(levels), close.repeat(levels));
        assert_eq!(errors(&nested(500)), "", "{open}");
        assert!(errors(&nested(50_000)).contains("levels deep"), "{open}");
    }
    let blocks = |levels: usize| format!("{}{}", "b {\n".repeat(levels), "}\n".repeat(levels));
    assert_eq!(errors(&blocks(500)), "");
    assert!(errors(&blocks(50_000)).contains("levels deep"));
    assert_eq!(errors(&format!("a = 1{}\n", " + 1".repeat(2_900))), "");
    assert!(errors(&format!("a = 1{}\n", " + 1".repeat(50_000))).contains("steps in a row"));
    assert!(errors(&format!("a = b{}\n", ".c".repeat(50_000))).contains("steps in a row"));
}

#[test]
fn many_attributes_are_told_apart() {
    let text = (0..2_000).map(|index| format!("a{index} = {index}\n")).collect::<Vec<_>>().concat();
    assert_eq!(body(&text).attributes.len(), 2_000);
    assert!(errors(&format!("{text}a1999 = 1\n")).contains("`a1999` is set twice"));
}

/// Every expression lies within the one around it.
fn check_spans(expr: &Expr, outer: Span) {
    let span = expr.span;
    assert!(
        outer.start <= span.start && span.start <= span.end && span.end <= outer.end,
        "{expr:?} in {outer:?}"
    );
    let each = |exprs: &[&Expr]| exprs.iter().for_each(|inner| check_spans(inner, span));
    match &expr.kind {
        ExprKind::GetAttr { target, .. } => each(&[target]),
        ExprKind::Splat { target, steps } => {
            each(&[target]);
            for step in steps {
                if let SplatStep::Index(key) = step {
                    each(&[key]);
                }
            }
        }
        ExprKind::Index { target, key } => each(&[target, key]),
        ExprKind::Call { arguments, .. } => each(&arguments.iter().collect::<Vec<_>>()),
        ExprKind::Unary { operand, .. } => each(&[operand]),
        ExprKind::Binary { left, right, .. } => each(&[left, right]),
        ExprKind::Conditional { condition, yes, no } => each(&[condition, yes, no]),
        ExprKind::Paren(inner) => each(&[inner]),
        ExprKind::Tuple(elements) => each(&elements.iter().collect::<Vec<_>>()),
        ExprKind::Object(items) => items.iter().for_each(|item| each(&[&item.key, &item.value])),
        ExprKind::For(inner) => each(&[&inner.collection, &inner.value]),
        ExprKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Interpolation(inner) = part {
                    each(&[inner]);
                }
            }
        }
        _ => {}
    }
}

fn check_body(body: &Body, outer: Span) {
    assert!(outer.start <= body.span.start && body.span.end <= outer.end);
    for attribute in &body.attributes {
        check_spans(&attribute.expr, attribute.span);
        assert!(body.span.start <= attribute.span.start && attribute.span.end <= body.span.end);
    }
    for block in &body.blocks {
        assert!(body.span.start <= block.span.start && block.span.end <= body.span.end);
        check_body(&block.body, block.span);
    }
}

/// Text made of the pieces that matter to the language.
fn hcl_like() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a", "b-c", " ", "\n", "=", "{", "}", "[", "]", "(", ")", "\"", "${", "%{", "~", "<<E\n", "E\n",
        "<<-E\n", "1", "2.5e3", ".", "*", "[*]", "...", ",", ":", "=>", "for ", "in ", "if ", "else",
        "endif", "endfor", "?", "!", "-", "+", "&&", "||", "==", "#", "//", "/*", "*/", "\\", "$${", "é",
        "\u{feff}", "\r\n", "null", "::",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_spans_nest(text in prop_oneof![".*", hcl_like()]) {
        let source = file(&text);
        let (body, diagnostics) = parse(&source);
        check_body(&body, Span::new(0, text.len()));
        for diagnostic in &diagnostics {
            let span = diagnostic.location.as_ref().map(|location| location.span).unwrap_or_default();
            prop_assert!(text.get(span.range()).is_some());
        }
        if let Ok(expr) = parse_expression(&source) {
            check_spans(&expr, Span::new(0, text.len()));
        }
        let _ = parse_template(&source);
    }
}

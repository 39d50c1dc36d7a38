use super::super::parse_expression;
use super::super::scope::{CallError, MapScope, Resolved};
use super::*;

fn names() -> MapScope<'static> {
    let cluster = Value::object([("name", Value::string("dev")), ("nodes", Value::integer(3))]);
    let zones = Value::tuple([Value::string("a"), Value::string("b")]);
    MapScope::new([
        ("cluster", cluster.clone()),
        ("zones", zones),
        ("clusters", Value::tuple([cluster])),
        ("nothing", Value::Null),
        ("later", Value::Unknown),
        ("secret", Value::Sensitive(Arc::new(Value::string("s3cret")))),
    ])
}

fn evaluated(text: &str) -> Result<Value, Box<Diagnostic>> {
    let file = SourceFile::new("test.hcl", text);
    let expr = parse_expression(&file).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    evaluate(&expr, &file, &names())
}

fn value(text: &str) -> Value {
    evaluated(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    let error = evaluated(text).expect_err(text);
    match &error.help {
        Some(help) => format!("{}: {} ({help})", error.code, error),
        None => format!("{}: {error}", error.code),
    }
}

#[test]
fn expressions_have_the_values_hcl_gives_them() {
    for (text, expected) in [
        ("1 + 2 * 3", Value::integer(7)),
        ("\"4\" / 2", Value::integer(2)),
        ("-7 % 3", Value::integer(-1)),
        ("1 == \"1\"", Value::Bool(false)),
        ("\"a\" != \"b\"", Value::Bool(true)),
        ("[1] == [1.0]", Value::Bool(true)),
        ("2 > 1 && \"true\"", Value::Bool(true)),
        ("false && nothing", Value::Bool(false)),
        ("true || nope", Value::Bool(true)),
        ("true ? 1 : nope", Value::integer(1)),
        ("true ? 1 : \"x\"", Value::string("1")),
        ("cluster.name", Value::string("dev")),
        ("cluster[\"name\"]", Value::string("dev")),
        ("zones[1]", Value::string("b")),
        ("zones.0", Value::string("a")),
        ("zones[\"1\"]", Value::string("b")),
        ("clusters[*].name", Value::tuple([Value::string("dev")])),
        ("clusters.*.nodes[0]", Value::integer(3)),
        ("cluster[*].name", Value::tuple([Value::string("dev")])),
        ("nothing[*].name", Value::tuple([])),
        ("[for z in zones : \"zone-${z}\"][0]", Value::string("zone-a")),
        ("[for i, z in zones : i if z == \"b\"]", Value::tuple([Value::integer(1)])),
        ("{for k, v in cluster : v => k}[\"3\"]", Value::string("nodes")),
        ("{for z in zones : \"all\" => z...}.all[1]", Value::string("b")),
        ("\"${zones}\"[0]", Value::string("a")),
        ("\"n=${cluster.nodes}\"", Value::string("n=3")),
        ("\"%{ for i, z in zones }${i}${z}%{ endfor }\"", Value::string("0a1b")),
        ("\"%{ if nothing == null }none%{ else }some%{ endif }\"", Value::string("none")),
        ("{a = 1, a = 2}.a", Value::integer(2)),
        ("try(nope, cluster.nope, \"fallback\")", Value::string("fallback")),
        ("can(cluster.nope)", Value::Bool(false)),
        ("can(cluster.name)", Value::Bool(true)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn what_is_computed_from_the_unknown_is_unknown() {
    for text in [
        "later.a[0]",
        "later + 1",
        "\"x${later}\"",
        "[for x in later : x]",
        "later ? 1 : 2",
        "later == 1",
        "!later",
    ] {
        assert_eq!(value(text), Value::Unknown, "{text}");
    }
    assert_eq!(value("later && false"), Value::Bool(false));
    assert_eq!(value("[later, 1][1]"), Value::integer(1));
}

#[test]
fn what_is_computed_from_the_sensitive_is_sensitive() {
    for text in [
        "\"x${secret}\"",
        "secret == \"a\"",
        "[for x in [secret] : x][0]",
        "secret == \"\" ? 1 : 2",
        "{a = secret}.a",
    ] {
        assert!(matches!(value(text), Value::Sensitive(_)), "{text}");
    }
    assert!(!matches!(value("{a = secret, b = 1}.b"), Value::Sensitive(_)));
}

#[test]
fn errors_name_the_thing_its_place_and_what_there_is_instead() {
    for (text, expected) in [
        (
            "clutser.name",
            "hcl::unknown_variable: test.hcl:1:1: there is no `clutser` here (did you mean `cluster`?)",
        ),
        (
            "cluster.nmae",
            "hcl::no_attribute: test.hcl:1:9: `cluster` has no attribute `nmae` (did you mean `name`?)",
        ),
        (
            "cluster.version",
            "hcl::no_attribute: test.hcl:1:9: `cluster` has no attribute `version` (it has `name`, `nodes`)",
        ),
        (
            "zones[2]",
            "hcl::index: test.hcl:1:7: `zones` has no element 2 (it has 2 elements, with the indexes 0 to 1)",
        ),
        (
            "zones[-1]",
            "hcl::index: test.hcl:1:7: `zones` has no element -1 (it has 2 elements, with the indexes 0 to 1)",
        ),
        (
            "clusters.name",
            "hcl::type: test.hcl:1:10: `clusters` is a tuple, which has no attribute `name` (use `[0].name` for one element, or `[*].name` for all of them)",
        ),
        ("nothing.name", "hcl::null: test.hcl:1:9: `nothing` is null, so it has no attribute `name`"),
        ("1 / 0", "hcl::arithmetic: test.hcl:1:5: `1 / 0` divides by zero"),
        ("1 + \"x\"", "hcl::type: test.hcl:1:5: `\"x\"` must be a number, but it is a string"),
        (
            "\"${cluster}-x\"",
            "hcl::type: test.hcl:1:4: `cluster` in a template must be a string, but it is an object (use `jsonencode(…)` or `join(\", \", …)` to make text of it)",
        ),
        (
            "\"a${nothing}\"",
            "hcl::null: test.hcl:1:5: `nothing` in a template must be a string, but it is null",
        ),
        (
            "{for z in zones : \"a\" => z}",
            "hcl::duplicate_key: test.hcl:1:19: two elements of this for expression have the key `a` (write `...` behind the value to group the values of one key)",
        ),
        (
            "[for x in 5 : x]",
            "hcl::type: test.hcl:1:11: `5` in a for expression must be a list, a set, a map or an object, but it is a number",
        ),
        (
            "{cluster.name = 1}",
            "hcl::ambiguous_key: test.hcl:1:2: the key `cluster.name` could be a path or a name with dots (put it in parentheses to use its value, or in quotes to use it as it is)",
        ),
        ("nope(1)", "hcl::unknown_function: test.hcl:1:1: there is no function `nope`"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn only_the_path_that_is_written_is_asked_of_the_scope() {
    struct Lazy;
    impl Scope for Lazy {
        fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
            assert_eq!((name, path), ("local", &["a", "b", "c"][..]));
            Ok(Some(Resolved {
                value: Value::object([("c", Value::tuple([Value::integer(7)]))]),
                consumed: 2,
            }))
        }
        fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, CallError>> {
            None
        }
    }
    let file = SourceFile::new("test.hcl", "local.a[\"b\"].c[0]");
    let expr = parse_expression(&file).unwrap();
    assert_eq!(evaluate(&expr, &file, &Lazy).unwrap(), Value::integer(7));
}

#[test]
fn deep_expressions_do_not_overflow_the_stack() {
    assert_eq!(value(&format!("1{}", " + 1".repeat(2_000))), Value::integer(2_001));
    assert_eq!(value(&format!("{}7{}", "[".repeat(500), "][0]".repeat(500))), Value::integer(7));
}

//! `slipway.hcl` of chance: it is read or refused with places, and nothing is started for that.

use proptest::prelude::*;

use super::Project;
use crate::terragrunt::ReaderOptions;

/// What the file is made of, and what it is not.
const PARTS: &[&str] = &[
    "estate {\n  root    = VALUE\n  exclude = VALUE\n}\n",
    "engine {\n  use = VALUE\n  parallelism = VALUE\n}\n",
    "engine {\n  unit_timeout = VALUE\n  unit_memory = VALUE\n  cache_size = VALUE\n  fail_fast = VALUE\n  share_providers = VALUE\n}\n",
    "unit VALUE {\n  timeout = VALUE\n}\n",
    "cluster \"dev\" {\n  unit = VALUE\n  name = VALUE\n  region = VALUE\n  verify {\n    version = VALUE\n    min_ready_nodes = VALUE\n    addons = VALUE\n    timeout = VALUE\n  }\n}\n",
    "cluster VALUE {\n  unit = \"a\"\n  name = outputs.VALUE\n  region = \"r\"\n  argocd {\n    version = VALUE\n    flavor = VALUE\n    repository {\n      url = VALUE\n      credentials = VALUE\n    }\n    root {\n      path = VALUE\n      revision = VALUE\n    }\n  }\n}\n",
    "policy \"p\" {\n  units = VALUE\n  deny = VALUE\n  enforcement = VALUE\n}\n",
    "policy \"p\" {\n  opa {\n    policies = VALUE\n  }\n}\n",
    "policy \"p\" {\n  command {\n    program = VALUE\n  }\n}\n",
    "cost {\n  max_monthly_increase = VALUE\n  max_unit_increase = VALUE\n}\n",
    "locals {\n  x = VALUE\n  y = local.x\n}\n",
    "VALUE = VALUE\n",
    "VALUE {\n",
    "}\n",
];
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1e20000",
    "1e999999999",
    "\"\"",
    "\"live\"",
    "\"../..\"",
    "\"\\u001b[31m\"",
    "\"90s\"",
    "\"-1s\"",
    "\"99999999999999999999h\"",
    "\"300MB\"",
    "\"99999999999999999999GB\"",
    "[]",
    "[1, \"a\"]",
    "{}",
    "{ a = 1 }",
    "local.x",
    "local.y",
    "outputs.a",
    "outputs[0].b",
    "each.key",
    "get_env(\"HOME\")",
    "run_cmd(\"touch\", \"started\")",
    "file(\"slipway.hcl\")",
    "[for c in plan.resource_changes : c]",
    "\"${local.x}\"",
    "\"name=\"",
    "\"...\"",
    "\u{65e5}",
    "\"\u{202e}\"",
    "<<E\n  x\nE",
    "(",
    "'",
];

fn text() -> impl Strategy<Value = String> {
    let part =
        (proptest::sample::select(PARTS), proptest::collection::vec(proptest::sample::select(VALUES), 8));
    let part = part.prop_map(|(part, values)| {
        values.iter().fold(part.to_owned(), |text, value| text.replacen("VALUE", value, 1))
    });
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

fn read(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("slipway.hcl");
    std::fs::write(&file, bytes).unwrap();
    let options = ReaderOptions { exec: false, ..ReaderOptions::new(dir.path(), "") };
    if let Err(diagnostics) = Project::read(&file, options) {
        assert!(diagnostics.iter().any(crate::hcl::diagnostic::Diagnostic::is_error));
        for diagnostic in diagnostics {
            assert!(!diagnostic.to_string().is_empty());
            if let Some(location) = &diagnostic.location {
                assert!(location.file.text().get(location.span.range()).is_some(), "{diagnostic:?}");
            }
        }
    }
    assert!(!dir.path().join("started").exists(), "a program was started");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_of_its_words_is_read_or_refused_with_places(text in text()) {
        read(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused_with_places(
        text in text(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = text.into_bytes();
        bytes.push(b'\n');
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes);
    }
}

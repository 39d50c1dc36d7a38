//! Folders of saved plans by somebody who knows how they are written: they are wholly what they say, or refused.

use proptest::prelude::*;

use super::folder::{MANIFEST, SUMS, SavedFolder};
use crate::support::digest::sha256;

/// Values as a manifest has them, and as it has not.
const VALUES: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "1",
    "-1",
    "1e999999999",
    "18446744073709551616",
    "\"a\"",
    "\"../../x\"",
    "\"plans/a.tfplan\"",
    "\"/dev/zero\"",
    "\"\\u001b\"",
    "\"2026-01-01T00:00:00Z\"",
    "[\"a\"]",
    "{\"a\":\"b\"}",
    "\"native\"",
];
/// What a manifest is made of; `@` is a value that may be another.
const FIELDS: &[(&str, &str)] = &[
    ("version", "1"),
    ("slipway", "\"0.1.0\""),
    ("created", "\"2026-01-01T00:00:00Z\""),
    ("user", "null"),
    ("dirty", "false"),
    ("engine", "\"native\""),
    ("signer", "null"),
    ("files", "{}"),
    ("later", "[]"),
];
const UNIT: &[(&str, &str)] = &[
    ("name", "\"a\""),
    ("after", "[]"),
    ("plan", "\"plans/a.tfplan\""),
    ("sha256", "\"SUM\""),
    ("summary", "{\"add\":1,\"change\":0,\"destroy\":0,\"changes\":true,\"resources\":[]}"),
    ("mocked", "[]"),
    ("tool", "\"tofu\""),
    ("version", "\"1\""),
    ("inputs", "\"x\""),
    ("source", "\"x\""),
    ("state", "null"),
];

type Odd = Vec<(proptest::sample::Index, &'static str)>;

fn object(fields: &[(&str, &str)], odd: &Odd) -> String {
    let mut fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (at, value) in odd {
        let at = at.index(fields.len());
        (*value).clone_into(&mut fields[at].1);
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    fields.join(",")
}

fn open(manifest: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("plans")).unwrap();
    let files = [(MANIFEST, manifest), ("plans/a.tfplan", b"a plan")];
    let mut sums = String::new();
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).unwrap();
        sums.extend([sha256(content).as_str(), "  ", name, "\n"]);
    }
    std::fs::write(dir.path().join(SUMS), sums).unwrap();
    if let Ok(folder) = SavedFolder::open(dir.path()) {
        for unit in &folder.manifest.units {
            assert_eq!(folder.plan(&unit.plan), Some(b"a plan".as_slice()));
        }
        assert!(!folder.manifest.units.is_empty(), "a plan that belongs to nobody is one too many");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_manifest_of_any_values_is_that_of_its_plans_or_refused(
        fields in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(VALUES)), 0..3),
        unit in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(VALUES)), 0..3),
        units in 0_usize..3,
    ) {
        let unit = object(UNIT, &unit).replace("SUM", &sha256(b"a plan"));
        let units = vec![format!("{{{unit}}}"); units].join(",");
        open(format!("{{{},\"units\":[{units}]}}", object(FIELDS, &fields)).as_bytes());
    }

    #[test]
    fn a_manifest_of_any_bytes_is_refused(bytes in any::<Vec<u8>>()) {
        open(&bytes);
    }
}

#[test]
fn what_is_changed_at_random_is_a_folder_that_holds() {
    let unit = object(UNIT, &Vec::new()).replace("SUM", &sha256(b"a plan"));
    let text = format!("{{{},\"units\":[{{{unit}}}]}}", object(FIELDS, &Vec::new()));
    let manifest: super::manifest::Manifest = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest.units.len(), 1);
    open(text.as_bytes());
}

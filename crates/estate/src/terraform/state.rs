//! States, as the tools write them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::outputs::{Output, Outputs, OutputsError, object_in, to_outputs};
use slipway_support::fs::read_regular;

/// What a state says, as far as others need it.
#[derive(Debug)]
pub struct State {
    /// The outputs, or which of them cannot be taken over.
    pub outputs: Result<Outputs, OutputsError>,
    /// Whether it holds any resource.
    pub has_resources: bool,
    /// The types of what is in it, data sources included.
    pub types: BTreeSet<String>,
    /// Which one it is; none where there is none yet.
    pub mark: Option<StateMark>,
}

/// Which state it is, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateMark {
    /// The id that a state gets when it is first written, and keeps.
    pub lineage: String,
    /// It rises with every change.
    pub serial: u64,
}

impl State {
    /// That of a unit that was never applied.
    pub fn none_yet() -> Self {
        Self { outputs: Ok(Outputs::new()), has_resources: false, types: BTreeSet::new(), mark: None }
    }

    /// Whether it tells of anything: a resource, or an output.
    pub fn holds_something(&self) -> bool {
        self.has_resources || self.outputs.as_ref().is_ok_and(|outputs| !outputs.is_empty())
    }

    /// Whether it is what became of another one.
    pub fn follows(&self, earlier: &Self) -> bool {
        self.is_no_older_than(earlier) && self.mark != earlier.mark
    }

    /// Whether it is another one, or what became of it.
    pub fn is_no_older_than(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.mark, &other.mark) else { return false };
        own.lineage == other.lineage && own.serial >= other.serial
    }
}

/// The version of the file format that is understood; it has not changed since Terraform 0.12.
pub(super) const VERSION: u64 = 4;

/// The file format.
#[derive(Deserialize)]
struct StateFile {
    version: u64,
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    mode: String,
    #[serde(default, rename = "type")]
    type_name: String,
    #[serde(default)]
    instances: Vec<serde::de::IgnoredAny>,
}

/// The state in a text; `None` for one of another version, or one that is encrypted.
pub fn parse(text: &[u8]) -> Option<State> {
    let file: StateFile = serde_json::from_slice(text).ok()?;
    let managed = |resource: &Resource| resource.mode == "managed" && !resource.instances.is_empty();
    (file.version == VERSION).then(|| State {
        has_resources: file.resources.iter().any(managed),
        types: file.resources.into_iter().map(|resource| resource.type_name).collect(),
        mark: Some(StateMark { lineage: file.lineage, serial: file.serial }),
        outputs: to_outputs(file.outputs),
    })
}

/// The state in a file; none where there is none, or it is not one that we can read.
pub fn in_file(file: &Path) -> Option<State> {
    parse(&read_regular(file).ok()?)
}

/// Which state it is that the tool shows (`state pull`); none where it shows nothing.
pub fn mark_in(answer: &str) -> Result<Option<StateMark>, serde_json::Error> {
    let text = object_in(answer);
    if text.is_empty() { Ok(None) } else { serde_json::from_str(text).map(Some) }
}

/// Whether two files hold the same resources and outputs.
pub fn are_alike(one: &Path, other: &Path) -> bool {
    let read = |file: &Path| serde_json::from_slice::<serde_json::Value>(&read_regular(file).ok()?).ok();
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    ["resources", "outputs"].iter().all(|part| one.get(part) == other.get(part))
}

/// Whether a text is that of a state, of whatever version.
pub fn is_state(text: &[u8]) -> bool {
    let Ok(state) = serde_json::from_slice::<serde_json::Value>(text) else { return false };
    ["lineage", "serial"].iter().all(|key| state.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_hcl::value::Value;

    #[test]
    fn outputs_and_resources_are_read_from_a_state() {
        let text = br#"{"version":4,"serial":7,"lineage":"abc","outputs":{"id":{"value":"vpc-1","type":"string"},"key":{"value":"s","type":"string","sensitive":true}},
            "resources":[{"mode":"data","type":"aws_region","instances":[{}]},{"mode":"managed","type":"aws_vpc","instances":[{}]}]}"#;
        let state = parse(text).unwrap();
        assert!(state.has_resources);
        assert_eq!(state.types, BTreeSet::from(["aws_region".to_owned(), "aws_vpc".to_owned()]));
        assert_eq!(state.mark, Some(StateMark { lineage: "abc".to_owned(), serial: 7 }));
        let outputs = state.outputs.unwrap();
        assert_eq!(outputs.get("id"), Some(&Value::string("vpc-1")));
        assert!(matches!(outputs.get("key"), Some(Value::Sensitive(_))));
    }

    #[test]
    fn numbers_are_exact_or_refused_by_the_name_of_their_output() {
        let state = |number: &str| {
            let text = format!(
                r#"{{"version":4,"serial":7,"outputs":{{"a":{{"value":1}},"big":{{"value":[{{"n":{number}}}],"sensitive":true}}}}}}"#
            );
            parse(text.as_bytes()).unwrap()
        };
        let exact = [
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-0.1234567890123456789012345678901", "-0.1234567890123456789012345678901"),
            ("-0", "-0"),
            ("1E+400", &format!("1{}", "0".repeat(400))),
            ("1e-7", "0.0000001"),
        ];
        for (written, expected) in exact {
            let outputs = state(written).outputs.unwrap();
            let Some(Value::Sensitive(big)) = outputs.get("big") else { panic!("{outputs:?}") };
            let Some(Value::Number(number)) = big.as_elements().and_then(|all| all[0].get("n")) else {
                panic!("{big:?}")
            };
            assert_eq!(number.to_string(), expected);
        }
        for written in
            ["1e999999999", "-1e999999999", "1e-999999999", "1e99999999999999999999", &"7".repeat(30_000)]
        {
            let state = state(written);
            let error = state.outputs.unwrap_err().to_string();
            assert!(
                error.starts_with("the output \"big\" holds a number of more than 20000 digits"),
                "{error}"
            );
            assert!(state.mark.is_some(), "what else it says can be read");
        }
    }

    #[test]
    fn data_alone_is_no_resource_and_what_is_encrypted_is_left_to_the_tool() {
        assert!(
            !parse(br#"{"version":4,"resources":[{"mode":"data","instances":[{}]}]}"#).unwrap().has_resources
        );
        assert!(parse(br#"{"serial":1,"meta":{},"encrypted_data":"x"}"#).is_none());
    }
}

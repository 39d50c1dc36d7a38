//! What tools are told of a provider's schema: of the types that they can meet, once.
//!
//! A tool decodes the schemas of all types of its provider, hundreds of them, to plan three resources, and does so for each of the
//! processes that it would start. What it cannot meet is left out of the answer, byte by byte; and it is told that the answer
//! may be kept, as it may here: whoever has to be asked by somebody is asked by us.
//!
//! The numbers of fields are those of `tfplugin5.proto` and `tfplugin6.proto`, which are the same in both.

use std::collections::BTreeSet;

use super::methods;
use super::protobuf::{Field, fields, pieces};

/// Fields of the answer to the question for the schema that are maps by the names of types: of resources, of data sources, of
/// ephemeral resources.
const TYPES: &[u32] = &[2, 3, 8];
/// The same of the answer to the question for the schemas of identities.
const IDENTITIES: &[u32] = &[1];
/// The field of capabilities, with the one that says that nobody has to ask. A field that is there twice counts as both.
const MAY_BE_KEPT: &[u8] = &[6 << 3 | 2, 2, 2 << 3, 1];

/// What is told of an answer to a question whose path is this, where that is another one: with the types of these names alone, where
/// any are given.
pub fn told(path: &str, answer: &[u8], names: Option<&BTreeSet<String>>) -> Option<Vec<u8>> {
    if methods::asks_for_identities(path) {
        return narrowed(answer, IDENTITIES, names?);
    }
    if !methods::asks_for_schema(path) {
        return None;
    }
    let mut told = match names {
        Some(names) => narrowed(answer, TYPES, names)?,
        None => answer.to_vec(),
    };
    told.extend_from_slice(MAY_BE_KEPT);
    Some(told)
}

/// The message without those entries of the maps whose keys are not among the names; `None` where it is no message.
fn narrowed(message: &[u8], maps: &[u32], names: &BTreeSet<String>) -> Option<Vec<u8>> {
    let mut narrowed = Vec::new();
    for (field, written) in pieces(message)? {
        let is_left_out = match field {
            Some(Field::Bytes(place, entry)) if maps.contains(&place) => !names.contains(key(entry)?),
            _ => false,
        };
        if !is_left_out {
            narrowed.extend_from_slice(written);
        }
    }
    Some(narrowed)
}

/// The key of an entry of a map; one that is not written is empty.
fn key(entry: &[u8]) -> Option<&str> {
    let key = fields(entry)?.into_iter().find_map(|field| match field {
        Field::Bytes(1, key) => Some(key),
        _ => None,
    });
    std::str::from_utf8(key.unwrap_or_default()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::protobuf::is_schema_optional;
    use super::*;

    const SCHEMA: &str = "/tfplugin5.Provider/GetSchema";

    fn message(place: u8, value: &[u8]) -> Vec<u8> {
        [&[place << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn entry(place: u8, name: &str) -> Vec<u8> {
        message(place, &[message(1, name.as_bytes()), message(2, b"\x08\x01")].concat())
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn types_that_nobody_can_meet_are_left_out_and_all_else_is_as_it_was() {
        let provider = message(1, b"\x08\x01");
        let function = entry(7, "arn_parse");
        let of = |entries: &[Vec<u8>]| entries.concat();
        let whole = of(&[
            provider.clone(),
            entry(2, "aws_vpc"),
            entry(2, "aws_subnet"),
            entry(3, "aws_region"),
            function.clone(),
            entry(8, "aws_vpc"),
            entry(8, "aws_secret"),
        ]);
        let told = told(SCHEMA, &whole, Some(&names(&["aws_vpc", "arn"]))).unwrap();
        let kept = of(&[provider, entry(2, "aws_vpc"), function, entry(8, "aws_vpc"), MAY_BE_KEPT.to_vec()]);
        assert_eq!(told, kept);
    }

    #[test]
    fn an_answer_may_be_kept_and_its_other_capabilities_stay() {
        let whole = message(6, b"\x08\x01");
        assert!(!is_schema_optional(&whole));
        let told = told(SCHEMA, &whole, None).unwrap();
        assert!(is_schema_optional(&told) && told.starts_with(&whole));
    }

    #[test]
    fn identities_go_with_their_types_and_other_answers_are_left_alone() {
        let whole = [entry(1, "aws_vpc"), entry(1, "aws_subnet"), message(2, b"")].concat();
        let path = "/tfplugin6.Provider/GetResourceIdentitySchemas";
        let narrowed = told(path, &whole, Some(&names(&["aws_subnet"]))).unwrap();
        assert_eq!(narrowed, [entry(1, "aws_subnet"), message(2, b"")].concat());
        assert_eq!(told(path, &whole, None), None);
        assert_eq!(told("/tfplugin6.Provider/GetFunctions", &whole, Some(&names(&[]))), None);
        assert_eq!(
            told(SCHEMA, &[0xff; 12], Some(&names(&[]))),
            None,
            "what nobody understands is told whole"
        );
    }
}

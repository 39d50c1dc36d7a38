//! Protocol Buffers as far as the repo-server is asked by them: JSON is written by a table of its fields, and of an answer the texts
//! are read by their numbers.

use serde_json::{Map, Value};

/// How a field of JSON is written.
pub(super) enum Kind {
    /// A text.
    Text,
    /// A truth value.
    Flag,
    /// A whole number.
    Number,
    /// Any JSON, in the message that Kubernetes keeps it in.
    Json,
    /// A number or a text, in the message that Kubernetes keeps it in.
    NumberOrText,
    /// A message of its own.
    Message(Shape),
    /// Several of a kind.
    Many(&'static Kind),
    /// Names, each with one of a kind.
    Named(&'static Kind),
    /// A message whose fields stand beside the others in JSON.
    Beside(Shape),
    /// A message whose only field this is.
    Within(&'static Kind),
}

/// A field: its name in JSON, its number in the message, and how it is written.
pub(super) type Field = (&'static str, u32, Kind);

/// The fields of a message.
pub(super) type Shape = &'static [Field];

/// Why a value cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// Whoever renders would not hear of it, and render something else.
    #[error("it has \"{0}\", which this version of Slipway cannot tell the repo-server")]
    Unknown(String),
    /// It is of another type.
    #[error("its \"{0}\" is not of the type that Argo CD has it in")]
    Type(&'static str),
}

const VARINT: u64 = 0;
const BYTES: u64 = 2;

/// A JSON object as a message.
pub(super) fn written(value: &Value, shape: Shape) -> Result<Vec<u8>, Unfit> {
    let fields = value.as_object().ok_or(Unfit::Type("object"))?;
    if let Some(name) = fields.keys().find(|name| !has(shape, name)) {
        return Err(Unfit::Unknown(name.clone()));
    }
    let mut bytes = Vec::new();
    put_fields(&mut bytes, fields, shape)?;
    Ok(bytes)
}

fn has(shape: Shape, name: &str) -> bool {
    shape.iter().any(|(known, _, kind)| match kind {
        Kind::Beside(inner) => has(inner, name),
        _ => *known == name,
    })
}

fn put_fields(bytes: &mut Vec<u8>, fields: &Map<String, Value>, shape: Shape) -> Result<(), Unfit> {
    for (name, number, kind) in shape {
        if let Kind::Beside(inner) = kind {
            let mut message = Vec::new();
            put_fields(&mut message, fields, inner)?;
            if !message.is_empty() {
                put_bytes(bytes, *number, &message);
            }
        } else if let Some(value) = fields.get(*name).filter(|value| !value.is_null()) {
            put(bytes, (name, *number), kind, value)?;
        }
    }
    Ok(())
}

fn put(
    bytes: &mut Vec<u8>,
    (name, number): (&'static str, u32),
    kind: &Kind,
    value: &Value,
) -> Result<(), Unfit> {
    let unfit = || Unfit::Type(name);
    match kind {
        Kind::Text => put_bytes(bytes, number, value.as_str().ok_or_else(unfit)?.as_bytes()),
        Kind::Flag => {
            put_number(bytes, (number, VARINT), u64::from(value.as_bool().ok_or_else(unfit)?));
        }
        Kind::Number => {
            put_number(bytes, (number, VARINT), value.as_i64().ok_or_else(unfit)?.cast_unsigned());
        }
        Kind::Json => {
            let mut message = Vec::new();
            put_bytes(&mut message, 1, value.to_string().as_bytes());
            put_bytes(bytes, number, &message);
        }
        Kind::NumberOrText => {
            let mut message = Vec::new();
            if let Some(text) = value.as_str() {
                put_number(&mut message, (1, VARINT), 1);
                put_bytes(&mut message, 3, text.as_bytes());
            } else {
                put_number(&mut message, (1, VARINT), 0);
                put_number(&mut message, (2, VARINT), value.as_i64().ok_or_else(unfit)?.cast_unsigned());
            }
            put_bytes(bytes, number, &message);
        }
        Kind::Message(shape) => put_bytes(bytes, number, &written(value, shape)?),
        Kind::Many(kind) => {
            for item in value.as_array().ok_or_else(unfit)? {
                put(bytes, (name, number), kind, item)?;
            }
        }
        Kind::Named(kind) => {
            for (key, item) in value.as_object().ok_or_else(unfit)? {
                let mut entry = Vec::new();
                put_bytes(&mut entry, 1, key.as_bytes());
                put(&mut entry, (name, 2), kind, item)?;
                put_bytes(bytes, number, &entry);
            }
        }
        Kind::Within(kind) => {
            let mut message = Vec::new();
            put(&mut message, (name, 1), kind, value)?;
            put_bytes(bytes, number, &message);
        }
        Kind::Beside(_) => return Err(unfit()),
    }
    Ok(())
}

fn put_bytes(bytes: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_number(bytes, (number, BYTES), value.len() as u64);
    bytes.extend_from_slice(value);
}

/// The key of a field, and a number behind it.
fn put_number(bytes: &mut Vec<u8>, (number, wire): (u32, u64), value: u64) {
    for mut rest in [u64::from(number) << 3 | wire, value] {
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                bytes.push(low & 0x7f);
                break;
            }
            bytes.push(low | 0x80);
        }
    }
}

/// The texts of a message, each with the number of its field, in their order; none where it is no message.
pub(super) fn texts(mut bytes: &[u8]) -> Option<Vec<(u64, String)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        match key & 7 {
            VARINT => drop(number(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            BYTES => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                if let Ok(text) = std::str::from_utf8(value) {
                    found.push((key >> 3, text.to_owned()));
                }
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << (7 * place);
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INNER: Shape = &[("group", 1, Kind::Text)];
    const SHAPE: Shape = &[
        ("repoURL", 1, Kind::Text),
        ("recurse", 2, Kind::Flag),
        ("id", 16, Kind::Number),
        ("count", 3, Kind::NumberOrText),
        ("values", 4, Kind::Many(&Kind::Text)),
        ("options", 5, Kind::Named(&Kind::Flag)),
        ("", 6, Kind::Beside(INNER)),
        ("object", 7, Kind::Json),
        ("array", 8, Kind::Within(&Kind::Many(&Kind::Text))),
    ];

    #[test]
    fn a_message_is_written_as_the_encoding_says() {
        let value = json!({
            "repoURL": "ab", "recurse": true, "id": 300, "count": 2, "values": ["x", "y"],
            "options": { "k": false }, "group": "g", "object": {"a": 1}, "array": [],
        });
        let expected: &[u8] = &[
            0x0a, 2, b'a', b'b', 0x10, 1, 0x80, 0x01, 0xac, 0x02, 0x1a, 4, 0x08, 0, 0x10, 2, 0x22, 1, b'x',
            0x22, 1, b'y', 0x2a, 5, 0x0a, 1, b'k', 0x10, 0, 0x32, 3, 0x0a, 1, b'g', 0x3a, 9, 0x0a, 7, b'{',
            b'"', b'a', b'"', b':', b'1', b'}', 0x42, 0,
        ];
        assert_eq!(written(&value, SHAPE).unwrap(), expected);
    }

    #[test]
    fn what_the_table_does_not_know_is_refused_and_never_left_out() {
        let unknown = Unfit::Unknown("newer".to_owned());
        assert_eq!(written(&json!({ "newer": 1 }), SHAPE), Err(unknown));
        assert_eq!(written(&json!({ "recurse": "yes" }), SHAPE), Err(Unfit::Type("recurse")));
    }

    #[test]
    fn an_answer_is_read_and_one_that_is_cut_off_is_none() {
        let answer = [0x0a, 2, b'{', b'}', 0x28, 7, 0x22, 3, b'a', b'b', b'c'];
        let read = texts(&answer).unwrap();
        assert_eq!(read, [(1, "{}".to_owned()), (4, "abc".to_owned())]);
        assert_eq!(texts(&answer[..9]), None);
        assert_eq!(texts(&[0xff; 12]), None);
    }
}

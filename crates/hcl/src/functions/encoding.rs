//! Functions between text and other forms of it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::budget::take;
use super::super::json;
use super::super::limits::check_values;
use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::Arguments;
use super::{Called, Function, csv, yaml_decode, yaml_encode};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64decode", (1, 1), base64_decode),
    Function::new("base64encode", (1, 1), |arguments| {
        Ok(Value::string(STANDARD.encode(&*arguments.string(0)?)))
    }),
    Function::new("base64gzip", (1, 1), base64_gzip),
    Function::new("csvdecode", (1, 1), |arguments| {
        csv::decode(&arguments.string(0)?).map_err(CallError::new)
    }),
    Function::new("jsondecode", (1, 1), json_decode),
    Function::new("jsonencode", (1, 1), |arguments| {
        Ok(json::encode_text(arguments.get(0))?.map_or(Value::Unknown, Value::string))
    })
    .with_nulls(),
    Function::new("textdecodebase64", (2, 2), text_decode),
    Function::new("textencodebase64", (2, 2), text_encode),
    Function::new("urlencode", (1, 1), url_encode),
    Function::new("yamldecode", (1, 1), |arguments| {
        yaml_decode::decode(&arguments.string(0)?)
            .map_err(|message| Arguments::wrong(0, format!("is not YAML that can be read: {message}")))
    }),
    Function::new("yamlencode", (1, 1), |arguments| {
        Ok(Value::string(yaml_encode::encode(arguments.get(0))?))
    })
    .with_nulls(),
];

fn bytes_of(arguments: &Arguments<'_>, index: usize) -> Called<Vec<u8>> {
    let text = arguments.string(index)?;
    // Go's decoder skips line breaks.
    let plain: String = text.chars().filter(|letter| !matches!(letter, '\n' | '\r')).collect();
    STANDARD.decode(plain).map_err(|error| Arguments::wrong(index, format!("is not base64: {error}")))
}

fn base64_decode(arguments: &Arguments<'_>) -> Called {
    let text = String::from_utf8(bytes_of(arguments, 0)?);
    text.map(Value::string).map_err(|_| Arguments::wrong(0, "does not decode to UTF-8 text"))
}

fn base64_gzip(arguments: &Arguments<'_>) -> Called {
    let text = arguments.string(0)?;
    take(text.len() as u64 / 16)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    let compressed = compressed.map_err(|error| CallError::new(format!("cannot compress: {error}")))?;
    Ok(Value::string(STANDARD.encode(compressed)))
}

fn json_decode(arguments: &Arguments<'_>) -> Called {
    let text = arguments.string(0)?;
    check_values(json::most_values(&text))?;
    let json =
        serde_json::from_str(&text).map_err(|error| Arguments::wrong(0, format!("is not JSON: {error}")))?;
    json::from_json(&json).map_err(|error| Arguments::wrong(0, format!("holds {error}")))
}

/// The encodings by their names at IANA that need no table.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
    Latin1,
}

fn encoding(arguments: &Arguments<'_>) -> Called<Encoding> {
    let name = arguments.string(1)?;
    match name.to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" | "US-ASCII" => Ok(Encoding::Utf8),
        "UTF-16LE" => Ok(Encoding::Utf16Little),
        "UTF-16BE" | "UTF-16" => Ok(Encoding::Utf16Big),
        "ISO-8859-1" | "ISO_8859-1" | "LATIN1" => Ok(Encoding::Latin1),
        _ => Err(Arguments::wrong(
            1,
            format!(
                "names the encoding `{name}`, which is not supported; UTF-8, UTF-16LE, UTF-16BE and ISO-8859-1 are"
            ),
        )),
    }
}

fn text_encode(arguments: &Arguments<'_>) -> Called {
    let text = arguments.string(0)?;
    let bytes = match encoding(arguments)? {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Little => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Big => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Latin1 => {
            let bytes = text.chars().map(|letter| u8::try_from(u32::from(letter)));
            bytes
                .collect::<Result<Vec<u8>, _>>()
                .map_err(|_| Arguments::wrong(0, "has characters that ISO-8859-1 has not"))?
        }
    };
    Ok(Value::string(STANDARD.encode(bytes)))
}

fn text_decode(arguments: &Arguments<'_>) -> Called {
    let bytes = bytes_of(arguments, 0)?;
    let wide = |pair: fn([u8; 2]) -> u16| -> Option<String> {
        let units =
            bytes.chunks(2).map(|chunk| chunk.try_into().ok().map(pair)).collect::<Option<Vec<u16>>>()?;
        String::from_utf16(&units).ok()
    };
    let text = match encoding(arguments)? {
        Encoding::Utf8 => String::from_utf8(bytes.clone()).ok(),
        Encoding::Utf16Little => wide(u16::from_le_bytes),
        Encoding::Utf16Big => wide(u16::from_be_bytes),
        Encoding::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
    };
    text.map(Value::string).ok_or_else(|| Arguments::wrong(0, "does not hold text in that encoding"))
}

fn url_encode(arguments: &Arguments<'_>) -> Called {
    let mut encoded = String::new();
    for byte in arguments.string(0)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => encoded.extend(format!("%{other:02X}").chars()),
        }
    }
    Ok(Value::string(encoded))
}

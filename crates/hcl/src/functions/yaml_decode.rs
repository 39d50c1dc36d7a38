//! YAML to values, with the scalars resolved as Terraform resolves them: `yes` is true, `0o17` is a number.

use std::collections::HashMap;
use std::sync::Arc;

use bigdecimal::num_bigint::BigInt;
use granit_parser::{Event, Parser, ScalarStyle};

use super::super::convert::to_string;
use super::super::number::Number;
use super::super::value::{Fields, Value};
use super::date_time;

/// Aliases are copied where they stand; more values than this are an attack.
const MAX_VALUES: usize = 1_000_000;

/// How deep collections may stand in each other.
const MOST_DEPTH: usize = 600;

/// A collection that is being read.
enum Open {
    Sequence { elements: Vec<Value>, anchor: usize },
    Mapping { fields: Fields, merged: Fields, key: Option<Key>, anchor: usize },
}

enum Key {
    Name(Arc<str>),
    Merge,
}

/// The value of a text with one document.
pub(super) fn decode(text: &str) -> Result<Value, String> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        reader.event(event).map_err(|message| format!("{message} at line {}", span.start.line()))?;
    }
    reader.document.ok_or_else(|| "there is no document in it".to_owned())
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    document: Option<Value>,
    values: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) if self.document.is_some() => {
                return Err("there is more than one document".to_owned());
            }
            Event::Alias(anchor) => {
                let value =
                    self.anchors.get(&anchor).cloned().ok_or("an alias names what is not complete yet")?;
                self.values += size(&value);
                self.put(value)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let tag = tag.as_ref().map(|tag| tag.core_suffix().unwrap_or("").to_owned());
                if plain && tag.is_none() && text == "<<" && self.expects_key() {
                    self.merge_key();
                    return Ok(());
                }
                let value = match tag.as_deref() {
                    Some("str") => Value::string(&text),
                    Some("binary") | None if !plain => Value::string(&text),
                    None | Some("int" | "float" | "bool" | "null") => resolve(&text)?,
                    Some(_) if plain => resolve(&text)?,
                    Some(_) => Value::string(&text),
                };
                self.anchor(anchor, &value);
                self.put(value)?;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() >= MOST_DEPTH => {
                return Err(format!("it is nested more than {MOST_DEPTH} levels deep"));
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open.push(Open::Sequence { elements: Vec::new(), anchor });
            }
            Event::MappingStart(_, anchor, _) => {
                self.open.push(Open::Mapping {
                    fields: Fields::new(),
                    merged: Fields::new(),
                    key: None,
                    anchor,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor) = match self.open.pop() {
                    Some(Open::Sequence { elements, anchor }) => (Value::Tuple(Arc::new(elements)), anchor),
                    Some(Open::Mapping { fields, mut merged, anchor, .. }) => {
                        merged.extend(fields);
                        (Value::Object(Arc::new(merged)), anchor)
                    }
                    None => return Err("a collection ends that never began".to_owned()),
                };
                self.anchor(anchor, &value);
                self.put(value)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn merge_key(&mut self) {
        if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
            *key = Some(Key::Merge);
        }
    }

    /// Puts a value where the next one belongs.
    fn put(&mut self, value: Value) -> Result<(), String> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(format!("there are more than {MAX_VALUES} values"));
        }
        match self.open.last_mut() {
            None => self.document = Some(value),
            Some(Open::Sequence { elements, .. }) => elements.push(value),
            Some(Open::Mapping { fields, merged, key, .. }) => match key.take() {
                None => {
                    let name = to_string(&value).ok_or("a key must be a string, a number or a boolean")?;
                    *key = Some(Key::Name(name));
                }
                Some(Key::Name(name)) => {
                    fields.insert(name, value);
                }
                Some(Key::Merge) => merge(merged, &value)?,
            },
        }
        Ok(())
    }
}

/// `<<`: a mapping or several, of which the first ones win.
fn merge(merged: &mut Fields, value: &Value) -> Result<(), String> {
    let one = std::slice::from_ref(value);
    for mapping in value.as_elements().unwrap_or(one) {
        let fields = mapping.as_fields().ok_or("only a mapping can be merged with `<<`")?;
        for (key, value) in fields {
            merged.entry(Arc::clone(key)).or_insert_with(|| value.clone());
        }
    }
    Ok(())
}

fn size(value: &Value) -> usize {
    match (value.as_elements(), value.as_fields()) {
        (Some(elements), _) => elements.iter().map(size).sum::<usize>() + 1,
        (_, Some(fields)) => fields.values().map(size).sum::<usize>() + 1,
        _ => 1,
    }
}

/// What a plain scalar means.
fn resolve(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Value::Bool(false));
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return Err("an infinite number cannot be held".to_owned());
        }
        ".nan" | ".NaN" | ".NAN" => return Err("what is not a number cannot be held".to_owned()),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Ok(Value::string(text));
    }
    if let Some(time) = date_time::from_yaml(text) {
        return Ok(Value::string(time));
    }
    let radix = |digits: Option<&str>, base: u32| {
        let digits =
            digits.filter(|digits| digits.chars().all(|digit| digit.is_digit(base)) && !digits.is_empty())?;
        BigInt::parse_bytes(digits.as_bytes(), base).map(Number::from)
    };
    let number = radix(text.strip_prefix("0o"), 8)
        .or_else(|| radix(text.strip_prefix("0x"), 16))
        .or_else(|| is_decimal(text).then(|| text.parse().ok()).flatten());
    Ok(number.map_or_else(|| Value::string(text), Value::Number))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()),
        None => digits(mantissa) && !mantissa.is_empty(),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        digits(unsigned) && !unsigned.is_empty()
    });
    mantissa_fits && exponent_fits
}

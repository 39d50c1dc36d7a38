//! What a document means, as whoever deploys it reads it: YAML 1.1 as the libraries of Kubernetes do.

use std::cell::OnceCell;
use std::collections::HashMap;

use granit_parser::ScalarStyle;
use serde_json::{Map, Number, Value as Json};

use super::ManifestObject;
use crate::manifest::{Node, Value};

/// An object of more values is not looked at: aliases can make millions of a few lines.
const MOST_VALUES: usize = 200_000;
/// Nor one that is nested deeper.
const DEEPEST: usize = 100;

impl ManifestObject {
    /// What it says; none where it is too large to be looked at, or says something of which the meaning is not known.
    pub fn value(&self) -> Option<Json> {
        let mut reading = Reading { document: &self.document, anchors: OnceCell::new(), left: MOST_VALUES };
        reading.json(&self.node, 0)
    }

    /// The line of what a way of keys and numbers leads to, or of the last that is there on the way.
    pub fn line_of<'a>(&self, way: impl IntoIterator<Item = &'a str>) -> usize {
        let (mut node, mut line) = (&self.node, self.line);
        for step in way {
            if let Value::Alias(anchor) = node.value
                && let Some(meant) = anchors(&self.document).remove(&anchor)
            {
                node = meant;
            }
            let next = match &node.value {
                Value::Mapping(pairs) => {
                    let pair = pairs.iter().rev().find(|(name, _)| name.text() == Some(step));
                    pair.map(|(name, value)| (name.line, value))
                }
                Value::Sequence(items) => {
                    step.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (item.line, item))
                }
                Value::Scalar(..) | Value::Alias(_) => None,
            };
            let Some((at, below)) = next else { break };
            (node, line) = (below, at);
        }
        line
    }
}

/// What the anchors of a document are on.
fn anchors(document: &Node) -> HashMap<usize, &Node> {
    document.each().filter_map(|node| Some((node.anchor?, node))).collect()
}

struct Reading<'a> {
    document: &'a Node,
    /// Looked for where there is an alias, once for all of them.
    anchors: OnceCell<HashMap<usize, &'a Node>>,
    left: usize,
}

impl Reading<'_> {
    fn json(&mut self, node: &Node, depth: usize) -> Option<Json> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        Some(match &node.value {
            Value::Scalar(text, ScalarStyle::Plain) => plain(text),
            Value::Scalar(text, _) => Json::String(text.clone()),
            Value::Alias(anchor) => {
                let meant = *self.anchors.get_or_init(|| anchors(self.document)).get(anchor)?;
                self.json(meant, depth + 1)?
            }
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.json(item, depth + 1));
                Json::Array(items.collect::<Option<_>>()?)
            }
            Value::Mapping(pairs) => self.mapping(pairs, depth)?,
        })
    }

    fn mapping(&mut self, pairs: &[(Node, Node)], depth: usize) -> Option<Json> {
        let (mut own, mut merged) = (Map::new(), Map::new());
        for (name, value) in pairs {
            let key = name.text()?;
            let read = self.json(value, depth + 1)?;
            if key != "<<" || !matches!(name.value, Value::Scalar(_, ScalarStyle::Plain)) {
                own.insert(key.to_owned(), read);
                continue;
            }
            let others = match read {
                Json::Array(others) => others,
                other => vec![other],
            };
            for other in others {
                let Json::Object(other) = other else { return None };
                for (key, value) in other {
                    merged.entry(key).or_insert(value);
                }
            }
        }
        for (key, value) in merged {
            own.entry(key).or_insert(value);
        }
        Some(Json::Object(own))
    }
}

/// A scalar without quotes.
fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Json::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Json::Bool(false);
        }
        _ => {}
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number = is_number.then(|| number(&text.replace('_', ""))).flatten();
    number.map_or_else(|| Json::String(text.to_owned()), Json::Number)
}

fn number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let radix = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8), ("0", 8)];
    let of_radix = |(prefix, radix): &(&str, u32)| {
        let digits = digits.strip_prefix(prefix).filter(|digits| !digits.is_empty())?;
        i64::from_str_radix(digits, *radix).ok()
    };
    if let Some(value) = radix.iter().find_map(of_radix) {
        return Some(Number::from(if sign.is_empty() { value } else { -value }));
    }
    if digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.is_empty() {
        let digits = digits.trim_start_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        return format!("{sign}{digits}").parse().ok();
    }
    let is_float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    let value = is_float.then(|| digits.parse::<f64>().ok()).flatten().filter(|value| value.is_finite())?;
    // As JSON has it: a whole number has no point.
    let value = if sign.is_empty() { value } else { -value };
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}").parse().ok()
    } else {
        Number::from_f64(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_kubernetes_reads() {
        let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        let numbers = [
            ("8080", "8080"),
            ("0777", "511"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("-3", "-3"),
            ("+3", "3"),
            ("0", "0"),
            ("1.5", "1.5"),
            ("1e3", "1000"),
            ("2.0", "2"),
            ("yes", "true"),
            ("off", "false"),
            ("~", "null"),
        ];
        for (text, meant) in numbers {
            assert_eq!(plain(text), json(meant), "{text}");
        }
        for text in ["1.2.3", "2026-01-05", "100m", "1Gi", "v1", "-", ".", "0xg", "080b", "1:30", "1e", "+"] {
            assert_eq!(plain(text), Json::String(text.to_owned()), "{text}");
        }
    }
}

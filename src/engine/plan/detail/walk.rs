//! Walks two values side by side, down to the single values that differ.

use serde_json::Value;

use super::lines::{document, lines};
use super::{AttributeChange, Change, Shown};
use crate::engine::plan::mask::Secrets;
use crate::terraform::any_marked;

/// What differs between before and after.
pub fn attributes(change: &Change, secrets: &Secrets) -> Vec<AttributeChange> {
    let mut walk = Walk { secrets, replace: &change.replace_paths, path: Vec::new(), found: Vec::new() };
    walk.compare(&Place {
        before: &change.before,
        after: &change.after,
        unknown: &change.after_unknown,
        sensitive: [&change.before_sensitive, &change.after_sensitive],
    });
    walk.found
}

/// One place in everything that the tool tells of a value; null where one has nothing there.
struct Place<'a> {
    before: &'a Value,
    after: &'a Value,
    unknown: &'a Value,
    sensitive: [&'a Value; 2],
}

struct Walk<'a> {
    secrets: &'a Secrets,
    replace: &'a [Vec<Value>],
    path: Vec<Value>,
    found: Vec<AttributeChange>,
}

impl Walk<'_> {
    fn compare(&mut self, place: &Place<'_>) {
        let Place { before, after, unknown, sensitive } = *place;
        let is_unknown = *unknown == Value::Bool(true);
        if !is_unknown && before == after && !any_marked(unknown) {
            return;
        }
        let is_sensitive = sensitive.iter().any(|marks| **marks == Value::Bool(true));
        if !is_unknown && !is_sensitive && self.goes_deeper(place) {
            return;
        }
        let shown = |value: &Value| {
            let masked = is_sensitive || self.secrets.are_in(value);
            match value {
                Value::Null => None,
                _ if masked => Some(Shown::Sensitive),
                value => Some(Shown::Value(value.clone())),
            }
        };
        let before_shown = shown(before);
        let after_shown = if is_unknown { Some(Shown::KnownAfterApply) } else { shown(after) };
        let lines = match (&before_shown, &after_shown) {
            (Some(Shown::Sensitive), _) | (_, Some(Shown::Sensitive | Shown::KnownAfterApply)) => Vec::new(),
            _ => by_lines(before, after),
        };
        self.found.push(AttributeChange {
            path: written(&self.path),
            before: before_shown,
            after: after_shown,
            forces_replacement: self.replace.iter().any(|path| is_prefix(path, &self.path)),
            lines,
            waits_for: Vec::new(),
        });
    }

    /// Objects and lists are compared by what is in them; says whether that was done.
    fn goes_deeper(&mut self, place: &Place<'_>) -> bool {
        let values = [place.before, place.after];
        let has_more = |value: &&Value| match value {
            Value::Object(object) => !object.is_empty(),
            Value::Array(array) => !array.is_empty(),
            _ => false,
        };
        let fits = |same: fn(&Value) -> bool| values.iter().all(|value| value.is_null() || same(value));
        if !values.iter().any(has_more) && !any_marked(place.unknown) {
            return false;
        }
        if fits(Value::is_object) && (place.unknown.is_object() || values.iter().any(has_more)) {
            let mut keys: Vec<&String> = Vec::new();
            for object in values.into_iter().chain([place.unknown]).filter_map(Value::as_object) {
                for key in object.keys() {
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
            for key in keys {
                self.step(Value::from(key.as_str()), place, &|value| &value[key.as_str()]);
            }
            return true;
        }
        if fits(Value::is_array) && place.unknown.as_object().is_none_or(serde_json::Map::is_empty) {
            self.lists(place);
            return true;
        }
        false
    }

    /// Lists by position; what a list has lost or got at its beginning, or in its middle, moves the rest, so equal
    /// ends are set apart first.
    fn lists(&mut self, place: &Place<'_>) {
        let empty = Vec::new();
        let list = |value: &'_ Value| value.as_array().map_or(0, Vec::len);
        let before = place.before.as_array().unwrap_or(&empty);
        let after = place.after.as_array().unwrap_or(&empty);
        let longest = before.len().max(after.len()).max(list(place.unknown));
        let shift = if any_marked(place.unknown) || before.len() == after.len() {
            0
        } else {
            let equal = before.iter().zip(after).take_while(|(before, after)| before == after).count();
            let ends = before.iter().skip(equal).rev().zip(after.iter().skip(equal).rev());
            ends.take_while(|(before, after)| before == after).count()
        };
        for index in 0..longest - shift {
            let ended = |length: usize| index + shift >= length;
            let (gone, new) = (ended(after.len()), ended(before.len()));
            self.path.push(Value::from(index));
            let at = |value: &'_ Value| value.get(index).cloned().unwrap_or_default();
            let before = if new { Value::Null } else { at(place.before) };
            let after = if gone { Value::Null } else { at(place.after) };
            let sensitive = place.sensitive.map(at);
            self.compare(&Place {
                before: &before,
                after: &after,
                unknown: &at(place.unknown),
                sensitive: [&sensitive[0], &sensitive[1]],
            });
            self.path.pop();
        }
    }

    fn step(&mut self, key: Value, place: &Place<'_>, at: &dyn for<'v> Fn(&'v Value) -> &'v Value) {
        self.path.push(key);
        self.compare(&Place {
            before: at(place.before),
            after: at(place.after),
            unknown: at(place.unknown),
            sensitive: place.sensitive.map(at),
        });
        self.path.pop();
    }
}

fn is_prefix(path: &[Value], of: &[Value]) -> bool {
    path.len() <= of.len() && path.iter().zip(of).all(|(a, b)| a == b)
}

/// `ingress[0].tags["a b"]`.
fn written(path: &[Value]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Value::String(name) if is_name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            other => text = format!("{text}[{other}]"),
        }
    }
    text
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
}

/// Texts of several lines, and JSON documents, line by line.
fn by_lines(before: &Value, after: &Value) -> Vec<super::DiffLine> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_text = |value: &Value| value.is_string() || value.is_null();
    if !is_text(before) || !is_text(after) {
        return Vec::new();
    }
    let (before, after) = (document(&text(before)), document(&text(after)));
    if !before.contains('\n') && !after.contains('\n') {
        return Vec::new();
    }
    lines(&before, &after)
}

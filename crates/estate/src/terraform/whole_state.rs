//! A whole state, with all that it holds, for whoever brings it to another place. Secrets are in it.

use serde_json::{Map, Value, json};

use super::outputs::object_in;
use super::state::VERSION;

/// A state with all that it holds.
#[derive(Clone, PartialEq)]
pub struct WholeState(Map<String, Value>);

/// Never what it holds.
impl std::fmt::Debug for WholeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WholeState({} serial {})", self.lineage(), self.serial())
    }
}

/// Why a state is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no state of version 4 at line {line}, column {column}")]
pub struct NoState {
    line: usize,
    column: usize,
}

impl WholeState {
    /// What the tool shows of a state (`state pull`); none where there is none yet.
    pub fn shown(answer: &str) -> Result<Option<Self>, NoState> {
        let text = object_in(answer);
        if text.is_empty() {
            return Ok(None);
        }
        // What was expected and is not there could be a secret: the place has to do.
        let parsed = serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| NoState { line: error.line(), column: error.column() })?;
        match parsed.get("version").and_then(Value::as_u64) {
            Some(VERSION) => Ok(Some(Self(parsed))),
            _ => Err(NoState { line: 1, column: 1 }),
        }
    }

    /// How many resources it holds, data apart.
    pub fn resources(&self) -> usize {
        let all = self.0.get("resources").and_then(Value::as_array).into_iter().flatten();
        all.filter(|resource| resource.get("mode").is_some_and(|mode| mode == "managed")).count()
    }

    /// Whether it holds a resource or an output.
    pub fn holds_something(&self) -> bool {
        let outputs = self.0.get("outputs").and_then(Value::as_object);
        self.resources() > 0 || outputs.is_some_and(|outputs| !outputs.is_empty())
    }

    /// Whether both hold the same resources and outputs.
    pub fn holds_the_same_as(&self, other: &Self) -> bool {
        ["resources", "outputs"].iter().all(|part| self.0.get(*part) == other.0.get(*part))
    }

    /// What it is called when it takes the place of another one, which the tool takes for its next change.
    #[must_use]
    pub fn in_the_place_of(&self, there: &Self) -> Self {
        let mut state = self.0.clone();
        state.insert("lineage".to_owned(), json!(there.lineage()));
        state.insert("serial".to_owned(), json!(there.serial() + 1));
        Self(state)
    }

    /// What is left at its place when all that it holds has gone to another one.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut state = self.0.clone();
        state.insert("serial".to_owned(), json!(self.serial() + 1));
        state.insert("outputs".to_owned(), json!({}));
        state.insert("resources".to_owned(), json!([]));
        if state.contains_key("check_results") {
            state.insert("check_results".to_owned(), Value::Null);
        }
        Self(state)
    }

    /// Its text, as the tool reads it.
    pub fn text(&self) -> String {
        let mut text = Value::Object(self.0.clone()).to_string();
        text.push('\n');
        text
    }

    fn lineage(&self) -> &str {
        self.0.get("lineage").and_then(Value::as_str).unwrap_or_default()
    }

    fn serial(&self) -> u64 {
        self.0.get("serial").and_then(Value::as_u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(serial: u64, lineage: &str, resources: &str) -> WholeState {
        let text = format!(
            r#"{{"version":4,"terraform_version":"1.11.0","serial":{serial},"lineage":"{lineage}","outputs":{{"n":{{"value":123456789012345678901234567890,"type":"number"}}}},"resources":{resources},"check_results":[]}}"#
        );
        WholeState::shown(&text).unwrap().unwrap()
    }

    #[test]
    fn it_takes_the_place_of_another_one_and_leaves_its_own_empty() {
        let moved = state(7, "old", r#"[{"mode":"managed","type":"a"},{"mode":"data","type":"b"}]"#);
        assert_eq!((moved.resources(), moved.holds_something()), (1, true));
        let there = state(3, "new", "[]").in_the_place_of(&state(2, "x", "[]"));
        let placed = moved.in_the_place_of(&there);
        assert_eq!((placed.lineage(), placed.serial()), ("x", 4));
        assert!(placed.holds_the_same_as(&moved));
        assert!(placed.text().contains("123456789012345678901234567890"), "numbers are exact");
        let left = moved.emptied();
        assert_eq!((left.lineage(), left.serial(), left.holds_something()), ("old", 8, false));
        assert!(!left.holds_the_same_as(&moved) && !left.text().contains("123456789"));
    }

    #[test]
    fn what_is_no_state_is_told_by_its_place_and_never_by_what_it_holds() {
        assert_eq!(WholeState::shown("").unwrap(), None);
        assert_eq!(WholeState::shown("\n").unwrap(), None);
        for (text, place) in [
            (r#"{"version":3,"modules":[]}"#, "line 1, column 1"),
            ("{\"version\":4,\n\"serial\":canary}", "line 2, column 10"),
            (r#"{"encrypted_data":"canary"}"#, "line 1, column 1"),
        ] {
            let error = WholeState::shown(text).unwrap_err().to_string();
            assert!(error.ends_with(place) && !error.contains("canary"), "{error}");
        }
        assert!(!format!("{:?}", state(1, "x", "[]")).contains("1234"));
    }
}

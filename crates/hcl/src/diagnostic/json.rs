//! Diagnostics for editors and programs.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::super::source::{Location, Position};
use super::Diagnostic;
use slipway_support::redact::clean;

/// A diagnostic as JSON, in the shape that `docs/diagnostics.md` describes. Lines and columns count from 1,
/// columns in characters; the end of a range is the first character behind it.
pub fn to_json(diagnostic: &Diagnostic) -> Json {
    let place = diagnostic.location.as_ref();
    let start = place.map(Location::position);
    let path = |path: &Path| path.display().to_string();
    let trace: Vec<Json> = diagnostic
        .trace
        .iter()
        .map(|frame| {
            let Position { line, column } = frame.location.position();
            json!({
                "message": clean(&frame.message),
                "file": path(frame.location.file.path()),
                "line": line,
                "column": column,
                "range": range(&frame.location),
            })
        })
        .collect();
    let suggestions: Vec<Json> = diagnostic
        .suggestion
        .iter()
        .filter_map(|suggestion| {
            let location = suggestion.location.as_ref()?;
            Some(json!({
                "file": path(location.file.path()),
                "range": range(location),
                "newText": clean(&suggestion.text),
            }))
        })
        .collect();
    json!({
        "severity": if diagnostic.is_error() { "error" } else { "warning" },
        "code": diagnostic.code,
        "message": clean(&diagnostic.message),
        "help": diagnostic.help.as_deref().map(clean),
        "file": place.map(|place| path(place.file.path())),
        "line": start.map(|start| start.line),
        "column": start.map(|start| start.column),
        "range": place.map(range),
        "trace": trace,
        "suggestions": suggestions,
        "units": diagnostic.affects.iter().map(|unit| path(unit)).collect::<Vec<_>>(),
    })
}

fn range(location: &Location) -> Json {
    let position = |offset| {
        let Position { line, column } = location.file.position(offset);
        json!({ "line": line, "column": column })
    };
    json!({ "start": position(location.span.start), "end": position(location.span.end) })
}

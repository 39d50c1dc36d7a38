//! Why a unit is among those that a change affects, for people and for programs.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::list::{FindOptions, find_text};
use crate::estate::filter::{RangeUnits, Reason};
use crate::estate::{Component, Estate};
use slipway_support::{path_text, paths, shown};

/// Adds to each unit of what `find_json` lists, in the same order, the files that made it one of a range.
pub fn add_reasons(found: &mut Json, order: &[Component], ranges: &[RangeUnits], base: &Path) {
    let Some(list) = found.as_array_mut() else { return };
    for (fields, component) in list.iter_mut().zip(order) {
        let reasons = reasons(*component, ranges).map(|reason| {
            json!({
                "path": path_text::in_json(&paths::relative(base, &reason.file)),
                "change": reason.kind.word(),
                "because": reason.because,
            })
        });
        let reasons: Vec<Json> = reasons.collect();
        if let (false, Some(fields)) = (reasons.is_empty(), fields.as_object_mut()) {
            fields.insert("affected_by".to_owned(), Json::Array(reasons));
        }
    }
}

/// Units and stacks, one a line as `find_text` lists them from `shown_from`, and under each the files that made it one
/// of a range, as paths from `base`.
pub fn with_reasons(
    estate: &Estate,
    order: &[Component],
    ranges: &[RangeUnits],
    shown_from: Option<&Path>,
    base: &Path,
) -> String {
    let options = FindOptions { external: true, ..FindOptions::default() };
    let mut text = String::new();
    for component in order {
        text += &find_text(estate, std::slice::from_ref(component), shown_from, options);
        for Reason { file, kind, because } in reasons(*component, ranges) {
            let file = paths::relative(base, file);
            let file = file.display().to_string();
            let _ = writeln!(text, "  {} {}: {}", kind.word(), shown::name(&file), shown::name(because));
        }
    }
    text
}

fn reasons(component: Component, ranges: &[RangeUnits]) -> impl Iterator<Item = &Reason> {
    let unit = match component {
        Component::Unit(unit) => Some(unit),
        Component::Stack(_) => None,
    };
    ranges.iter().filter_map(move |range| range.changed.get(&unit?)).flatten()
}

/// A unit that is not here, as `find_json` lists units.
pub fn elsewhere_json(dir: &Path, base: &Path) -> Json {
    json!({ "type": "unit", "path": path_text::in_json(&paths::relative(base, dir)) })
}

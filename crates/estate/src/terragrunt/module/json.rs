//! Module files in JSON.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Constraint;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};

/// What a file declares.
#[derive(Default)]
pub(super) struct Declared {
    pub variables: Vec<Variable>,
    pub outputs: Vec<String>,
}

pub(super) struct Variable {
    pub name: String,
    pub constraint: Option<Constraint>,
    pub has_default: bool,
    pub nullable: Option<bool>,
    pub sensitive: bool,
    pub location: Location,
}

/// The declarations of a file.
pub(super) fn body(file: &Arc<SourceFile>) -> Result<Declared, Box<Diagnostic>> {
    let root: Json = serde_json::from_str(file.text()).map_err(|error| {
        let message = format!("{} is no JSON: {error}", file.path().display());
        Box::new(Diagnostic::error("hcl::syntax", message).at(Location::new(file, Span::default())))
    })?;
    let mut declared = Declared::default();
    for (name, body) in labelled(&root, "variable") {
        let constraint = body.get("type").map(|written| {
            let text = SourceFile::new(file.path(), written.as_str().unwrap_or_default());
            let expr = slipway_hcl::parse_expression(&text).ok();
            expr.as_ref().and_then(Constraint::of).unwrap_or(Constraint::Any)
        });
        declared.variables.push(Variable {
            name: name.clone(),
            constraint,
            has_default: body.get("default").is_some(),
            nullable: body.get("nullable").and_then(Json::as_bool),
            sensitive: ["sensitive", "ephemeral"].iter().any(|name| {
                body.get(*name).is_some_and(|said| !matches!(said, Json::Bool(false) | Json::Null))
            }),
            location: Location::new(file, place(file, name)),
        });
    }
    declared.outputs = labelled(&root, "output").into_iter().map(|(name, _)| name.clone()).collect();
    Ok(declared)
}

/// The blocks of a type by their label; each level may be an object or a list of objects.
fn labelled<'j>(root: &'j Json, kind: &str) -> Vec<(&'j String, &'j Json)> {
    let blocks = objects(root).filter_map(|object| object.get(kind));
    let labels = blocks.flat_map(objects).flatten();
    labels.flat_map(|(name, body)| objects_or_one(body).into_iter().map(move |body| (name, body))).collect()
}

fn objects(json: &Json) -> impl Iterator<Item = &serde_json::Map<String, Json>> {
    objects_or_one(json).into_iter().filter_map(Json::as_object)
}

fn objects_or_one(json: &Json) -> Vec<&Json> {
    json.as_array().map_or_else(|| vec![json], |list| list.iter().collect())
}

/// Where the name is written first, as near as text alone tells.
fn place(file: &SourceFile, name: &str) -> Span {
    let quoted = format!("\"{name}\"");
    file.text().find(&quoted).map_or_else(Span::default, |start| Span::new(start, start + quoted.len()))
}

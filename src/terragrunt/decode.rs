//! Bodies decoded against the tables of what may stand in them.

use std::sync::Arc;

use super::convert::convert;
use super::schema::{self, Spec};
use super::scope::FileScope;
use crate::hcl::ast::{Attribute, Block, Body, Expr};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{Location, Span};
use crate::hcl::suggest::nearest;
use crate::hcl::value::{Fields, Value};

/// What stands in a block: its evaluated attributes, every name of the table, null where it is not set.
pub(crate) fn attributes(
    scope: &FileScope<'_>,
    body: &Body,
    specs: &[Spec],
    what: &str,
    place: Span,
    errors: &mut Vec<Diagnostic>,
) -> Fields {
    check_attributes(scope, body, specs, what, errors);
    specs.iter().map(|spec| (Arc::from(spec.name), value(scope, body, *spec, what, place, errors))).collect()
}

/// Refuses attributes that the table does not hold.
pub(crate) fn check_attributes(
    scope: &FileScope<'_>,
    body: &Body,
    specs: &[Spec],
    what: &str,
    errors: &mut Vec<Diagnostic>,
) {
    for attribute in &body.attributes {
        if !specs.iter().any(|spec| spec.name == &*attribute.name.name) {
            errors.push(unknown_attribute(scope, attribute, specs, what));
        }
    }
}

/// One attribute of the table: null where it is not set, or where what is wrong was added to `errors`.
pub(crate) fn value(
    scope: &FileScope<'_>,
    body: &Body,
    spec: Spec,
    what: &str,
    place: Span,
    errors: &mut Vec<Diagnostic>,
) -> Value {
    let Some(attribute) = body.attribute(spec.name) else {
        if spec.required {
            errors.push(
                Diagnostic::error(
                    "terragrunt::missing_attribute",
                    format!("{what} needs the attribute \"{}\"", spec.name),
                )
                .at(scope.location(place))
                .help(format!("add {} = …", spec.name)),
            );
        }
        return Value::Null;
    };
    match evaluate(scope, &attribute.expr, spec) {
        Ok(value) => value,
        Err(diagnostic) => {
            errors.push(*diagnostic);
            Value::Null
        }
    }
}

fn evaluate(scope: &FileScope<'_>, expr: &Expr, spec: Spec) -> Result<Value, Box<Diagnostic>> {
    scope.session.count(|counts| counts.attributes += 1);
    let value = scope.evaluate(expr)?;
    if spec.required && value.is_null() {
        let message = format!("\"{}\" may not be null", spec.name);
        return Err(Box::new(
            Diagnostic::error("terragrunt::wrong_type", message).at(scope.location(expr.span)),
        ));
    }
    convert(value, spec.kind).map_err(|message| {
        let message = format!("\"{}\" has the wrong type: {message}", spec.name);
        Box::new(Diagnostic::error("terragrunt::wrong_type", message).at(scope.location(expr.span)))
    })
}

/// The fields of a block that was written as an attribute, checked like the block's.
pub(crate) fn fields_of(
    given: &Fields,
    specs: &[Spec],
    what: &str,
    place: &Location,
    errors: &mut Vec<Diagnostic>,
) -> Fields {
    let mut fail = |code, message: String| errors.push(Diagnostic::error(code, message).at(place.clone()));
    for name in given.keys() {
        if !specs.iter().any(|spec| spec.name == &**name) {
            fail("terragrunt::unknown_attribute", format!("{what} has no attribute \"{name}\""));
        }
    }
    let mut fields = Fields::new();
    for spec in specs {
        let value = given.get(spec.name).cloned().unwrap_or(Value::Null);
        if spec.required && value.is_null() {
            fail("terragrunt::missing_attribute", format!("{what} needs the attribute \"{}\"", spec.name));
        }
        let value = convert(value, spec.kind).unwrap_or_else(|message| {
            fail(
                "terragrunt::wrong_type",
                format!("\"{}\" of {what} has the wrong type: {message}", spec.name),
            );
            Value::Null
        });
        fields.insert(Arc::from(spec.name), value);
    }
    fields
}

/// Refuses blocks that the table does not hold, and blocks with the wrong number of labels.
pub(crate) fn check_blocks(
    scope: &FileScope<'_>,
    body: &Body,
    blocks: &[(&str, usize)],
    what: &str,
    errors: &mut Vec<Diagnostic>,
) {
    for block in &body.blocks {
        let kind = &*block.kind.name;
        let Some((_, labels)) = blocks.iter().find(|(name, _)| *name == kind) else {
            let mut diagnostic = Diagnostic::error(
                "terragrunt::unknown_block",
                format!("there is no block \"{kind}\" in {what}"),
            )
            .at(scope.location(block.kind.span));
            if let Some(name) = nearest(kind, blocks.iter().map(|(name, _)| *name)) {
                diagnostic = diagnostic
                    .help(format!("did you mean \"{name}\"?"))
                    .suggest_at(name, scope.location(block.kind.span));
            }
            errors.push(diagnostic);
            continue;
        };
        // A bare `include` is the old form of one with an empty label.
        let bare_include = kind == "include" && block.labels.is_empty();
        if block.labels.len() != *labels && !bare_include {
            let message = match labels {
                0 => format!("\"{kind}\" takes no label"),
                _ => format!("\"{kind}\" needs one label: {kind} \"name\" {{ … }}"),
            };
            errors.push(Diagnostic::error("terragrunt::labels", message).at(scope.location(block.kind.span)));
        }
    }
}

/// Refuses a second block where there may be one only, and a second one of the same label.
pub(crate) fn check_repetition(
    scope: &FileScope<'_>,
    body: &Body,
    repeated: &[&str],
    errors: &mut Vec<Diagnostic>,
) {
    for (index, block) in body.blocks.iter().enumerate() {
        let kind = &*block.kind.name;
        let same = |other: &&Block| {
            other.kind.name == block.kind.name && (!repeated.contains(&kind) || label(other) == label(block))
        };
        if let Some(first) = body.blocks[..index].iter().find(same) {
            let name = label(block).map_or_else(String::new, |label| format!(" \"{label}\""));
            let line = scope.location(first.span).position().line;
            errors.push(
                Diagnostic::error(
                    "terragrunt::repeated_block",
                    format!("the block {kind}{name} stands here again; the first is on line {line}"),
                )
                .at(scope.location(block.kind.span))
                .help("make one block of the two, or give this one another name where it has one"),
            );
        }
    }
}

/// A block's first label.
pub(crate) fn label(block: &Block) -> Option<&str> {
    block.labels.first().map(|label| &*label.name)
}

fn unknown_attribute(scope: &FileScope<'_>, attribute: &Attribute, specs: &[Spec], what: &str) -> Diagnostic {
    let name = &*attribute.name.name;
    let diagnostic = Diagnostic::error(
        "terragrunt::unknown_attribute",
        format!("there is no attribute \"{name}\" in {what}"),
    )
    .at(scope.location(attribute.name.span));
    if let Some((_, instead)) = schema::GONE.iter().find(|(gone, _)| *gone == name) {
        return diagnostic.help(format!("Terragrunt 1.0 removed it: {instead}"));
    }
    match nearest(name, specs.iter().map(|spec| spec.name)) {
        Some(near) => diagnostic
            .help(format!("did you mean \"{near}\"?"))
            .suggest_at(near, scope.location(attribute.name.span)),
        None => diagnostic,
    }
}

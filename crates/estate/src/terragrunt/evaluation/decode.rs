//! Bodies decoded against the tables of what may stand in them.

use std::collections::HashMap;
use std::sync::Arc;

use super::scope::FileScope;
use crate::terragrunt::convert::convert;
use crate::terragrunt::schema::{self, Kind, Spec};
use slipway_hcl::ast::{Attribute, Block, Body, Expr, ExprKind, ObjectItem};
use slipway_hcl::convert::to_string;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, Span};
use slipway_hcl::suggest::nearest;
use slipway_hcl::value::{Fields, Value};

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

/// The attributes of a block that holds no further blocks; those that are there are told.
pub(crate) fn attributes_only(
    scope: &FileScope<'_>,
    body: &Body,
    specs: &[Spec],
    what: &str,
    place: Span,
    errors: &mut Vec<Diagnostic>,
) -> Fields {
    check_blocks(scope, body, &[], what, errors);
    attributes(scope, body, specs, what, place, errors)
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
    scope.session.count(|counts| counts.attributes += 1);
    let overridden = scope.overridden.get();
    let mut borne = Vec::new();
    let errors = if overridden.is_some_and(|over| over.has(what, spec.name)) { &mut borne } else { errors };
    let is_borne =
        |name: &str| spec.name == "inputs" && overridden.is_some_and(|overridden| overridden.has_input(name));
    let value = as_far_as_possible(scope, &attribute.expr, &is_borne, errors);
    converted(scope, &attribute.expr, value, spec).unwrap_or_else(|diagnostic| {
        errors.push(*diagnostic);
        Value::Null
    })
}

/// The value of an expression. Where a field of an object fails, that field is unknown and the others are there, so
/// that everything wrong with a long object is told at once. Of fields that are borne nothing is told.
fn as_far_as_possible(
    scope: &FileScope<'_>,
    expr: &Expr,
    is_borne: &dyn Fn(&str) -> bool,
    errors: &mut Vec<Diagnostic>,
) -> Value {
    let diagnostic = match scope.evaluate(expr) {
        Ok(value) => return value,
        Err(diagnostic) => diagnostic,
    };
    let fields = match &expr.kind {
        ExprKind::Object(items) => fields_as_far_as_possible(scope, items, is_borne, errors),
        _ => None,
    };
    fields.unwrap_or_else(|| {
        errors.push(*diagnostic);
        Value::Unknown
    })
}

/// None where no field is to blame: a key fails, or the fields do not fit together.
fn fields_as_far_as_possible(
    scope: &FileScope<'_>,
    items: &[ObjectItem],
    is_borne: &dyn Fn(&str) -> bool,
    errors: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let before = errors.len();
    let mut borne = Vec::new();
    let mut fields = Fields::new();
    for item in items {
        let name = match &item.key.kind {
            ExprKind::Variable(name) => Arc::clone(name),
            _ => to_string(&scope.evaluate(&item.key).ok()?)?,
        };
        let told = if is_borne(&name) { &mut borne } else { &mut *errors };
        let value = as_far_as_possible(scope, &item.value, &|_| false, told);
        fields.insert(name, value);
    }
    (errors.len() > before || !borne.is_empty()).then(|| Value::Object(Arc::new(fields)))
}

fn converted(scope: &FileScope<'_>, expr: &Expr, value: Value, spec: Spec) -> Result<Value, Box<Diagnostic>> {
    if spec.required && spec.kind != Kind::Any && value.is_null() {
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
    for name in given.keys().filter(|name| !specs.iter().any(|spec| spec.name == &***name)) {
        let message = format!("{what} has no attribute \"{name}\"; Terragrunt passes over it here");
        errors.push(Diagnostic::warning("terragrunt::unknown_attribute", message).at(place.clone()));
    }
    let mut fail = |code, message: String| errors.push(Diagnostic::error(code, message).at(place.clone()));
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
        let mut known = blocks.iter().filter(|(name, _)| *name == kind).map(|(_, labels)| *labels).peekable();
        let Some(labels) = known.peek().copied() else {
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
        if !known.any(|labels| block.labels.len() == labels) && !bare_include {
            let message = match labels {
                0 => format!("\"{kind}\" takes no label"),
                _ => format!("\"{kind}\" needs one label: {kind} \"name\" {{ … }}"),
            };
            errors.push(Diagnostic::error("terragrunt::labels", message).at(scope.location(block.kind.span)));
        }
    }
}

/// Refuses a second block where there may be one only, and a second one of the same label where the language has no
/// meaning for it.
pub(crate) fn check_repetition(
    scope: &FileScope<'_>,
    body: &Body,
    repeated: &[&str],
    repeated_labels: &[(&str, &str)],
    errors: &mut Vec<Diagnostic>,
) {
    let mut firsts: HashMap<(&str, Option<&str>), &Block> = HashMap::new();
    for block in &body.blocks {
        let kind = &*block.kind.name;
        // Without any label, as two bare includes are, there is no telling them apart.
        if label(block).is_some() && repeated_labels.iter().any(|(name, _)| *name == kind) {
            continue;
        }
        let label_counts = repeated.contains(&kind);
        let first = *firsts.entry((kind, label(block).filter(|_| label_counts))).or_insert(block);
        if !std::ptr::eq(first, block) {
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

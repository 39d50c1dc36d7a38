//! Reading the blocks.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Check, Conftest, CostLimits, Enforcement, Opa, Policy};
use crate::estate::filter::{self, Expression, Filter};
use crate::hcl::ast::{Block, Body};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Span;
use crate::hcl::value::{Fields, Value, field};
use crate::project::needs::Sections;
use crate::terragrunt::schema::{Kind, Spec, optional};
use crate::terragrunt::{Document, paths, strings};

/// What is known when the file is read.
const SETTINGS: &[Spec] = &[
    optional("units", Kind::String),
    optional("enforcement", Kind::String),
    optional("command", Kind::Strings),
];
/// What needs a plan.
pub(super) const RULES: &[Spec] = &[DENY, WARN, optional("message", Kind::Any)];
/// Those of them that decide.
const DECISIONS: [Spec; 2] = [DENY, WARN];
const DENY: Spec = optional("deny", Kind::Any);
const WARN: Spec = optional("warn", Kind::Any);
const BLOCKS: &[(&str, usize)] = &[("conftest", 0), ("opa", 0)];
const CONFTEST: &[Spec] = &[
    optional("program", Kind::String),
    optional("policy", Kind::Any),
    optional("namespaces", Kind::Strings),
    optional("all_namespaces", Kind::Bool),
    optional("data", Kind::Any),
];
const OPA: &[Spec] =
    &[optional("program", Kind::String), optional("policy", Kind::Any), optional("package", Kind::String)];
const COST: &[Spec] = &[
    optional("program", Kind::String),
    optional("max_monthly_increase", Kind::Number),
    optional("max_unit_increase", Kind::Number),
    optional("usage_file", Kind::String),
    optional("enforcement", Kind::String),
];

/// The policies of a file.
pub(in crate::project) fn all(
    sections: &Sections,
    needed: bool,
    errors: &mut Vec<Diagnostic>,
) -> Vec<Policy> {
    let mut policies = Vec::new();
    for (number, block) in sections.look().body().blocks("policy").enumerate() {
        let later = sections.later();
        let found = sections.get(needed, ("the policy", block.kind.span), |document| {
            policy(document, block, (later, number))
        });
        match found {
            Ok(policy) => policies.extend(policy),
            Err(found) => errors.extend(found),
        }
    }
    policies
}

/// The `cost` block of a file, where it has one.
pub(in crate::project) fn cost(
    sections: &Sections,
    needed: bool,
    errors: &mut Vec<Diagnostic>,
) -> Option<CostLimits> {
    let block = sections.look().body().blocks("cost").next()?;
    match sections.get(needed, ("the cost block", block.kind.span), |document| limits(document, block)) {
        Ok(limits) => limits,
        Err(found) => {
            errors.extend(found);
            None
        }
    }
}

/// `later` is the file that its rules are evaluated in, and which of the file's blocks it is.
fn policy(
    document: &Document,
    block: &Block,
    (later, number): (&Arc<Document>, usize),
) -> Result<Policy, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let specs: Vec<Spec> = SETTINGS.iter().chain(RULES).copied().collect();
    document.check(&block.body, "policy", &specs, BLOCKS, &[], &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let Some(label) = block.labels.first() else { return Err(errors) };
    let place = block.kind.span.to(label.span);
    let fail = |message: String, help: &str| {
        let message = format!("policy \"{}\": {message}", label.name);
        vec![Diagnostic::error("project::policy", message).at(document.location(place)).help(help)]
    };
    let settings = part(&block.body, SETTINGS);
    let fields = document.attributes(&settings, block.kind.span, "policy", SETTINGS, &Fields::new())?;
    let units = match text(&fields, "units") {
        None => None,
        Some(query) => Some(units(document, block, &query)?),
    };
    Ok(Policy {
        name: label.name.to_string(),
        location: document.location(place),
        enforcement: enforcement(&fields).map_err(|other| {
            fail(format!("enforcement cannot be \"{other}\""), "use deny, or warn to be told only")
        })?,
        check: check(document, block, &fields, &fail)?,
        units,
        document: Arc::clone(later),
        number,
    })
}

fn check(
    document: &Document,
    block: &Block,
    fields: &Fields,
    fail: &dyn Fn(String, &str) -> Vec<Diagnostic>,
) -> Result<Check, Vec<Diagnostic>> {
    let mut checks = Vec::new();
    if DECISIONS.iter().any(|rule| block.body.attribute(rule.name).is_some()) {
        checks.push(Check::Rules);
    }
    let command = strings(fields.get("command"));
    if !command.is_empty() {
        checks.push(Check::Command(command));
    }
    for block in block.body.blocks("conftest") {
        checks.push(Check::Conftest(conftest(document, block)?));
    }
    for block in block.body.blocks("opa") {
        checks.push(Check::Opa(opa(document, block)?));
    }
    let help = "give it one of: deny and warn, conftest, opa, command";
    match checks.len() {
        1 => Ok(checks.remove(0)),
        0 => Err(fail("nothing in it decides".to_owned(), help)),
        _ => Err(fail("more than one thing in it decides".to_owned(), help)),
    }
}

/// The query, at its place in the file where it is written out there, so that what is wrong with it can be shown.
fn units(document: &Document, block: &Block, query: &str) -> Result<Filter, Vec<Diagnostic>> {
    let span = block.body.attribute("units").map_or(block.kind.span, |attribute| attribute.expr.span);
    let location = document.location(span);
    let inner = Span { start: span.start.saturating_add(1), end: span.end.saturating_sub(1) };
    let filter = if location.file.slice(inner) == query {
        filter::parse_at(&location.file, inner)
    } else {
        filter::parse(query)
    };
    let filter = filter.map_err(|wrong| vec![*wrong])?;
    if filter.expression.any(|part| matches!(part, Expression::Git(_))) {
        let message = "a policy is about units, not about what changed between commits";
        let help = "select by name, path or attribute, as in units = \"prod/**\"";
        return Err(vec![Diagnostic::error("project::policy", message).at(location).help(help)]);
    }
    Ok(filter)
}

fn conftest(document: &Document, block: &Block) -> Result<Conftest, Vec<Diagnostic>> {
    let fields = block_fields(document, block, "conftest", CONFTEST)?;
    Ok(Conftest {
        program: text(&fields, "program").unwrap_or_else(|| "conftest".to_owned()),
        policy: located(document, block, one_or_more(field(&fields, "policy"), &["policy"])),
        namespaces: strings(fields.get("namespaces")),
        all_namespaces: field(&fields, "all_namespaces").as_bool().unwrap_or_default(),
        data: located(document, block, one_or_more(field(&fields, "data"), &[])),
    })
}

fn opa(document: &Document, block: &Block) -> Result<Opa, Vec<Diagnostic>> {
    let fields = block_fields(document, block, "opa", OPA)?;
    Ok(Opa {
        program: text(&fields, "program").unwrap_or_else(|| "opa".to_owned()),
        policy: located(document, block, one_or_more(field(&fields, "policy"), &["policy"])),
        package: text(&fields, "package").unwrap_or_else(|| "terraform".to_owned()),
    })
}

fn limits(document: &Document, block: &Block) -> Result<CostLimits, Vec<Diagnostic>> {
    let fields = block_fields(document, block, "cost", COST)?;
    let fail = |message: String, help: &str| {
        let diagnostic = Diagnostic::error("project::cost", message);
        vec![diagnostic.at(document.location(block.kind.span)).help(help)]
    };
    let limit = |name: &str| match field(&fields, name) {
        Value::Number(number) => match number.to_string().parse::<f64>() {
            Ok(limit) if limit >= 0.0 && limit.is_finite() => Ok(Some(limit)),
            _ => Err(fail(format!("{name} cannot be {number}"), "use an amount from 0")),
        },
        _ => Ok(None),
    };
    Ok(CostLimits {
        program: text(&fields, "program").unwrap_or_else(|| CostLimits::default().program),
        max_monthly_increase: limit("max_monthly_increase")?,
        max_unit_increase: limit("max_unit_increase")?,
        usage_file: text(&fields, "usage_file")
            .and_then(|file| located(document, block, vec![file]).into_iter().next()),
        enforcement: enforcement(&fields).map_err(|other| {
            fail(format!("enforcement cannot be \"{other}\""), "use deny, or warn to be told only")
        })?,
    })
}

fn block_fields(
    document: &Document,
    block: &Block,
    what: &str,
    specs: &[Spec],
) -> Result<Fields, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    document.check(&block.body, what, specs, &[], &[], &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    document.attributes(&block.body, block.kind.span, what, specs, &Fields::new())
}

/// The attributes of a table, without the others of a body.
pub(super) fn part(body: &Body, specs: &[Spec]) -> Body {
    let attributes = specs.iter().filter_map(|spec| body.attribute(spec.name).cloned());
    Body { attributes: attributes.collect(), blocks: Vec::new(), span: body.span }
}

fn enforcement(fields: &Fields) -> Result<Enforcement, String> {
    match text(fields, "enforcement").as_deref() {
        None | Some("deny") => Ok(Enforcement::Deny),
        Some("warn") => Ok(Enforcement::Warn),
        Some(other) => Err(other.to_owned()),
    }
}

/// Paths count from the file.
fn located(document: &Document, block: &Block, given: Vec<String>) -> Vec<PathBuf> {
    let file = document.location(block.kind.span).file;
    let dir = paths::folder(file.path());
    given.into_iter().map(|path| paths::join(dir, path)).collect()
}

/// One text, or several.
fn one_or_more(value: &Value, otherwise: &[&str]) -> Vec<String> {
    match value.as_str() {
        Some(text) => vec![text.to_owned()],
        None if value.is_null() => otherwise.iter().map(|text| (*text).to_owned()).collect(),
        None => strings(Some(value)),
    }
}

/// A string that is set and not empty.
fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

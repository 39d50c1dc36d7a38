//! `expansion` blocks: one `dependency`, `unit` or `stack` block that stands for many.
//!
//! As Terragrunt's main branch reads them: `for_each` over a set or a map, or a `count`. What the block makes is
//! addressed by its label and its key, `app["web"]`; in its attributes stand `each.key` and `each.value`, or
//! `count.index`. Names and folders are the author's to keep apart.

use std::sync::Arc;

use super::decode;
use super::experiment::BLOCK_ITERATION;
use super::scope::FileScope;
use crate::terragrunt::schema::{self, COUNT, FOR_EACH};
use slipway_hcl::ast::{Block, Expr};
use slipway_hcl::budget::{VARIABLE, allowed};
use slipway_hcl::convert::to_string;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Span;
use slipway_hcl::value::Value;
use slipway_support::counted::with_commas;

/// The name of the block, and of what stands in it.
pub(crate) const BLOCK: &str = "expansion";
/// The names that it gives to the attributes beside it.
pub(crate) const NAMES: [&str; 2] = ["each", "count"];
/// The most that one block may stand for: as many as one stack may generate.
const MOST: u64 = 100_000;

/// One of the things that an expanded block stands for.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// What tells it from the others: a key of `for_each`, or a number from 0.
    pub key: Arc<str>,
    /// `each` or `count`, with its value.
    pub name: (&'static str, Value),
}

/// How an instance is addressed; a block that is not expanded by its label alone.
pub(crate) fn address(name: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{name}[{key}]"),
        None => name.to_owned(),
    }
}

/// What the block titled `title` stands for; none where it is not expanded, and nothing where its expansion is wrong:
/// that is then among `errors`.
pub(crate) fn instances(
    file: &FileScope<'_>,
    block: &Block,
    title: &str,
    evaluate: &dyn Fn(&Expr) -> Result<Value, Box<Diagnostic>>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Vec<Instance>> {
    let mut blocks = block.body.blocks(BLOCK);
    let expansion = blocks.next()?;
    let what = format!("the expansion of {title}");
    let wrong = |place: Span, (message, help): Wrong| {
        vec![Diagnostic::error("terragrunt::expansion", message).at(file.location(place)).help(help)]
    };
    let found = match blocks.next() {
        Some(second) => {
            let message = format!("{title} has more than one expansion block");
            Err(wrong(second.kind.span, (message, "leave one of them".to_owned())))
        }
        None => collection(file, expansion, &what).and_then(|(name, expr)| {
            let value = evaluate(expr).map_err(|diagnostic| vec![*diagnostic])?;
            let made = if name == COUNT.name { counted(&value, title) } else { each_of(&value, title) };
            made.map_err(|found| wrong(expr.span, found))
        }),
    };
    Some(found.unwrap_or_else(|found| {
        errors.extend(found);
        Vec::new()
    }))
}

/// The one attribute of an expansion block that is allowed to be there.
fn collection<'b>(
    file: &FileScope<'_>,
    block: &'b Block,
    what: &str,
) -> Result<(&'static str, &'b Expr), Vec<Diagnostic>> {
    if let Some(off) = file.experiment_needed(BLOCK_ITERATION, what, block.kind.span) {
        return Err(vec![off]);
    }
    let mut errors = Vec::new();
    decode::check_attributes(file, &block.body, schema::EXPANSION, what, &mut errors);
    decode::check_blocks(file, &block.body, &[], what, &mut errors);
    if let Some(label) = block.labels.first() {
        let message = format!("\"{BLOCK}\" takes no label");
        errors.push(Diagnostic::error("terragrunt::labels", message).at(file.location(label.span)));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (message, place, help) = match (block.body.attribute(FOR_EACH.name), block.body.attribute(COUNT.name))
    {
        (Some(each), None) => return Ok((FOR_EACH.name, &each.expr)),
        (None, Some(count)) => return Ok((COUNT.name, &count.expr)),
        (Some(_), Some(count)) => ("has for_each and count", count.span, "leave one of them"),
        (None, None) => ("has neither for_each nor count", block.kind.span, "give it one of them"),
    };
    Err(vec![
        Diagnostic::error("terragrunt::expansion", format!("{what} {message}"))
            .at(file.location(place))
            .help(help),
    ])
}

/// What is wrong, and the way out.
type Wrong = (String, String);

/// Refuses what can be neither counted nor gone through.
fn concrete(value: &Value, name: &str, title: &str) -> Result<(), Wrong> {
    let (state, help) = match value {
        value if value.is_marked() => {
            ("sensitive", "its keys become names: use what may be shown, or nonsensitive(…)")
        }
        Value::Unknown => ("not known before something is run", "use what is known when the file is read"),
        Value::Null if name == COUNT.name => ("null", "write 0 for none"),
        Value::Null => ("null", "write {} for none"),
        _ => return Ok(()),
    };
    Err((format!("the {name} of {title} is {state}"), help.to_owned()))
}

fn numbered(index: usize) -> Instance {
    let number = Value::integer(i64::try_from(index).unwrap_or(i64::MAX));
    Instance { key: Arc::from(index.to_string()), name: ("count", Value::object([("index", number)])) }
}

fn counted(value: &Value, title: &str) -> Result<Vec<Instance>, Wrong> {
    concrete(value, COUNT.name, title)?;
    let Value::Number(number) = value else {
        let message = format!("the count of {title} has to be a number, this is {}", value.type_name());
        return Err((message, "write a whole number".to_owned()));
    };
    if number.is_negative() {
        let message = format!("the count of {title} is {number}: it may not be below zero");
        return Err((message, "write 0 for none".to_owned()));
    }
    if !number.is_whole() {
        let message = format!("the count of {title} is {number}: it has to be whole");
        return Err((message, "round it with floor(…) or ceil(…)".to_owned()));
    }
    let count = number.as_i64().and_then(|count| u64::try_from(count).ok()).unwrap_or(u64::MAX);
    Ok((0..few_enough(count, COUNT.name, title)?).map(numbered).collect())
}

fn few_enough(count: u64, name: &str, title: &str) -> Result<usize, Wrong> {
    let most = allowed(MOST);
    if count > most {
        let message = format!("the {name} of {title} asks for more than {}", with_commas(most));
        return Err((message, format!("ask for fewer; {VARIABLE}=2 allows twice as many")));
    }
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn each_of(value: &Value, title: &str) -> Result<Vec<Instance>, Wrong> {
    let each = |key: Arc<str>, value: Value| {
        let fields = [("key", Value::String(Arc::clone(&key))), ("value", value)];
        Instance { key, name: ("each", Value::object(fields)) }
    };
    concrete(value, FOR_EACH.name, title)?;
    match value {
        Value::Set(elements) => {
            few_enough(elements.len() as u64, FOR_EACH.name, title)?;
            let instance = |element: &Value| {
                let key = match element {
                    Value::String(_) | Value::Number(_) => to_string(element),
                    _ => None,
                };
                let key = key.ok_or_else(|| {
                    let message = format!(
                        "the keys of the for_each of {title} have to be strings or numbers, this is {}",
                        element.type_name()
                    );
                    (message, "make a set of strings: toset([\"a\", \"b\"])".to_owned())
                })?;
                Ok(each(key, element.clone()))
            };
            elements.iter().map(instance).collect()
        }
        Value::Map(fields) | Value::Object(fields) => {
            few_enough(fields.len() as u64, FOR_EACH.name, title)?;
            Ok(fields.iter().map(|(key, value)| each(Arc::clone(key), value.clone())).collect())
        }
        other => {
            let message =
                format!("the for_each of {title} has to be a set or a map, this is {}", other.type_name());
            let help = match other {
                Value::Tuple(_) | Value::List(_) => "make a set of it: toset(…)",
                _ => "write toset([\"a\", \"b\"]) or { name = value }",
            };
            Err((message, help.to_owned()))
        }
    }
}

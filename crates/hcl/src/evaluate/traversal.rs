//! Names with the attributes, indexes and splats behind them.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, SplatStep};
use super::super::convert::{described, to_number, to_string};
use super::super::diagnostic::Diagnostic;
use super::super::limits::list_bytes;
use super::super::source::{Location, Span};
use super::super::value::Value;
use super::error::fail;
use super::{Evaluated, Evaluator};

/// One step of a chain, with the span of all that stands before it.
struct Step<'e> {
    kind: StepKind<'e>,
    target: Span,
    span: Span,
}

enum StepKind<'e> {
    /// An attribute, or an index by a literal string.
    Name(&'e str),
    Key(&'e Expr),
}

impl Evaluator<'_> {
    /// A chain as a whole, so that a scope sees as much of the path as is written.
    pub(super) fn traversal(&self, expr: &Expr) -> Evaluated {
        let mut steps = Vec::new();
        let mut root = expr;
        loop {
            let (target, kind, span) = match &root.kind {
                ExprKind::GetAttr { target, name } => (target, StepKind::Name(&name.name), name.span),
                ExprKind::Index { target, key } => match &key.kind {
                    ExprKind::String(text) => (target, StepKind::Name(text), key.span),
                    _ => (target, StepKind::Key(key), key.span),
                },
                _ => break,
            };
            steps.push(Step { kind, target: target.span, span });
            root = target;
        }
        steps.reverse();
        let (mut value, consumed) = match &root.kind {
            ExprKind::Variable(name) => self.variable(name, root.span, &steps)?,
            _ => (self.expression(root)?, 0),
        };
        for step in steps.iter().skip(consumed) {
            value = match step.kind {
                StepKind::Name(name) => self.attribute(value, name, step.span, step.target)?,
                StepKind::Key(key) => {
                    let index = self.expression(key)?;
                    self.index(value, index, step.span, step.target)?
                }
            };
        }
        Ok(value)
    }

    fn variable(&self, name: &str, span: Span, steps: &[Step<'_>]) -> Evaluated<(Value, usize)> {
        let path = steps.iter().map_while(|step| match step.kind {
            StepKind::Name(name) => Some(name),
            StepKind::Key(_) => None,
        });
        let path: Vec<&str> = path.collect();
        let resolved =
            self.scope.variable(name, &path).map_err(|diagnostic| self.used_at(*diagnostic, span, steps))?;
        if let Some(resolved) = resolved {
            return Ok((resolved.value, resolved.consumed));
        }
        let error = self.error("hcl::unknown_variable", span, format!("there is no `{name}` here"));
        let known = self.scope.variable_names();
        let known = known.iter().map(String::as_str);
        fail(self.with_known(error, name, known, "the names here are", span))
    }

    /// What a scope says of a name, with its place: the name itself where that is wrong, and else one more step
    /// on the way to where it went wrong.
    fn used_at(&self, mut diagnostic: Diagnostic, root: Span, steps: &[Step<'_>]) -> Box<Diagnostic> {
        let names = steps.iter().take_while(|step| matches!(step.kind, StepKind::Name(_)));
        let names: Vec<&Step<'_>> = names.collect();
        let to = |step: Option<&&Step<'_>>| step.map_or(root, |step| root.to(step.span));
        if diagnostic.location.is_some() {
            let place = to(names.first());
            let name = self.named(place);
            return Box::new(diagnostic.via(format!("{name} is used here"), self.location(place)));
        }
        let wrong = diagnostic.suggestion.as_mut().and_then(|suggestion| {
            let is_wrong =
                |name: &&&Step<'_>| matches!(name.kind, StepKind::Name(name) if name == suggestion.wrong);
            let step = names.iter().find(is_wrong)?;
            suggestion.location = Some(self.name_location(step.span));
            Some(step)
        });
        diagnostic.location = Some(self.location(to(wrong.or(names.last()))));
        Box::new(diagnostic)
    }

    /// The place of a name, without the quotes of one in brackets.
    fn name_location(&self, span: Span) -> Location {
        let quoted = self.file.slice(span).starts_with('"');
        let inner = Span { start: span.start + 1, end: span.end.saturating_sub(1) };
        self.location(if quoted { inner } else { span })
    }

    /// `target.name` and `target["name"]`.
    fn attribute(&self, target: Value, name: &str, span: Span, target_span: Span) -> Evaluated {
        match target {
            Value::Sensitive(inner) => {
                let value = self.attribute(Arc::unwrap_or_clone(inner), name, span, target_span)?;
                Ok(value.marked_if(true))
            }
            Value::Unknown => Ok(Value::Unknown),
            Value::Object(ref fields) | Value::Map(ref fields) => {
                if let Some(value) = fields.get(name) {
                    return Ok(value.clone());
                }
                let message = format!("{} has no attribute `{name}`", self.named(target_span));
                let error =
                    self.error("hcl::no_attribute", span, message).help("it has no attributes at all");
                let known = fields.keys().map(|key| &**key);
                fail(self.with_known(error, name, known, "it has", self.name_location(span).span))
            }
            Value::Null => {
                let message = format!("{} is null, so it has no attribute `{name}`", self.named(target_span));
                fail(self.error("hcl::null", span, message))
            }
            // A string of digits is an index of a list too.
            Value::Tuple(_) | Value::List(_) if name.parse::<usize>().is_ok() => {
                self.index(target, Value::string(name), span, target_span)
            }
            other => {
                let what = described(&other);
                let message =
                    format!("{} is {what}, which has no attribute `{name}`", self.named(target_span));
                let error = self.error("hcl::type", span, message);
                let list = matches!(other, Value::Tuple(_) | Value::List(_) | Value::Set(_));
                let help = format!("use `[0].{name}` for one element, or `[*].{name}` for all of them");
                fail(if list { error.help(help) } else { error })
            }
        }
    }

    /// `target[key]`.
    fn index(&self, target: Value, key: Value, span: Span, target_span: Span) -> Evaluated {
        let (target, target_marked) = target.unmarked();
        let (key, key_marked) = key.unmarked();
        let value = self.plain_index(target, &key, span, target_span)?;
        Ok(value.marked_if(target_marked || key_marked))
    }

    fn plain_index(&self, target: Value, key: &Value, span: Span, target_span: Span) -> Evaluated {
        if matches!(key, Value::Null) {
            let message = format!("{} cannot be indexed by null", self.named(target_span));
            return fail(self.error("hcl::null", span, message));
        }
        if matches!(target, Value::Unknown) || matches!(key, Value::Unknown) {
            return Ok(Value::Unknown);
        }
        match target {
            Value::Object(_) | Value::Map(_) => match to_string(key) {
                Some(name) => self.attribute(target, &name, span, target_span),
                None => fail(self.wrong_type(span, "the key", "a string", key)),
            },
            Value::Tuple(elements) | Value::List(elements) => {
                let Some(number) = to_number(key) else {
                    return fail(self.wrong_type(span, "the index", "a number", key));
                };
                if !number.is_whole() {
                    let message = format!("an index must be a whole number, {number} is not");
                    return fail(self.error("hcl::index", span, message));
                }
                let found = number.as_i64().and_then(|index| usize::try_from(index).ok());
                if let Some(value) = found.and_then(|index| elements.get(index)) {
                    return Ok(value.clone());
                }
                let message = format!("{} has no element {number}", self.named(target_span));
                let help = match elements.len() {
                    0 => "it is empty".to_owned(),
                    1 => "it has one element, with the index 0".to_owned(),
                    count => format!("it has {count} elements, with the indexes 0 to {}", count - 1),
                };
                fail(self.error("hcl::index", span, message).help(help))
            }
            Value::Set(_) => {
                let message = format!("{} is a set, whose elements have no index", self.named(target_span));
                Err(Box::new(
                    self.error("hcl::type", span, message).help("make a list of it with `tolist(…)`"),
                ))
            }
            Value::Null => fail(self.error(
                "hcl::null",
                span,
                format!("{} is null, so it cannot be indexed", self.named(target_span)),
            )),
            other => {
                let message =
                    format!("{} is {}, which cannot be indexed", self.named(target_span), described(&other));
                fail(self.error("hcl::type", span, message))
            }
        }
    }

    /// `target[*]` with its steps.
    pub(super) fn splat(&self, target: &Expr, steps: &[SplatStep]) -> Evaluated {
        let value = self.expression(target)?;
        self.splat_value(value, steps, target.span)
    }

    fn splat_value(&self, target: Value, steps: &[SplatStep], target_span: Span) -> Evaluated {
        let (target, marked) = target.unmarked();
        let each = |elements: Arc<Vec<Value>>| -> Evaluated<Arc<Vec<Value>>> {
            if steps.is_empty() {
                return Ok(elements);
            }
            self.take_bytes(list_bytes(elements.len()), target_span)?;
            let walked = elements.iter().map(|element| self.walk(element.clone(), steps, target_span));
            Ok(Arc::new(walked.collect::<Result<_, _>>()?))
        };
        let value = match target {
            Value::Unknown => Value::Unknown,
            Value::Null => Value::Tuple(Arc::default()),
            Value::Tuple(elements) => Value::Tuple(each(elements)?),
            Value::List(elements) | Value::Set(elements) => Value::List(each(elements)?),
            single => Value::Tuple(each(Arc::new(vec![single]))?),
        };
        Ok(value.marked_if(marked))
    }

    fn walk(&self, element: Value, steps: &[SplatStep], target_span: Span) -> Evaluated {
        let mut value = element;
        for step in steps {
            value = match step {
                SplatStep::Attr(name) => self.attribute(value, &name.name, name.span, target_span)?,
                SplatStep::Index(key) => {
                    let index = self.expression(key)?;
                    self.index(value, index, key.span, target_span)?
                }
                SplatStep::Splat(inner) => self.splat_value(value, inner, target_span)?,
            };
        }
        Ok(value)
    }
}

//! Templates.

use super::super::ast::{Expr, TemplatePart};
use super::super::convert::to_string;
use super::super::limits::check_text;
use super::super::source::Span;
use super::super::value::Value;
use super::collection::Walk;
use super::error::{fail, note};
use super::{Evaluated, Evaluator};

/// The text so far, and what its parts were.
struct Text {
    span: Span,
    written: String,
    marked: bool,
    unknown: bool,
}

impl Evaluator<'_> {
    /// A lone interpolation keeps its type; everything else is a string.
    pub(super) fn template(&self, parts: &[TemplatePart], span: Span) -> Evaluated {
        if let [TemplatePart::Interpolation(expr)] = parts {
            return self.expression(expr);
        }
        let mut text = Text { span, written: String::new(), marked: false, unknown: false };
        self.parts(parts, &mut text)?;
        let value = if text.unknown { Value::Unknown } else { Value::string(text.written) };
        Ok(value.marked_if(text.marked))
    }

    fn parts(&self, parts: &[TemplatePart], text: &mut Text) -> Evaluated<()> {
        let mut wrong = None;
        for part in parts {
            if let Err(error) = self.part(part, text) {
                note(&mut wrong, error);
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    fn part(&self, part: &TemplatePart, text: &mut Text) -> Evaluated<()> {
        match part {
            TemplatePart::Literal(literal) => self.push(literal, text, text.span)?,
            TemplatePart::Interpolation(expr) => self.interpolation(expr, text)?,
            TemplatePart::If { condition, yes, no } => {
                let (decision, marked) = self.expression(condition)?.unmarked();
                text.marked |= marked;
                if matches!(decision, Value::Unknown) {
                    text.unknown = true;
                    return Ok(());
                }
                let truth = self.truth(&decision, condition.span, "the condition")?;
                self.parts(if truth { yes } else { no }, text)?;
            }
            TemplatePart::For { key_name, value_name, collection, body } => {
                let (value, marked) = self.expression(collection)?.unmarked();
                text.marked |= marked;
                let Walk::Rounds(rounds) = self.rounds(value, collection)? else {
                    text.unknown = true;
                    return Ok(());
                };
                for round in rounds.iter() {
                    self.take_steps(1, collection.span)?;
                    let scope = self.round_scope(key_name.as_ref(), value_name, round);
                    self.with_scope(&scope).parts(body, text)?;
                }
            }
        }
        Ok(())
    }

    fn interpolation(&self, expr: &Expr, text: &mut Text) -> Evaluated<()> {
        let (value, marked) = self.expression(expr)?.unmarked();
        text.marked |= marked;
        match value {
            Value::Unknown => text.unknown = true,
            Value::String(part) => self.push(&part, text, expr.span)?,
            other => {
                let Some(part) = to_string(&other) else {
                    let what = format!("{} in a template", self.named(expr.span));
                    let error = self.wrong_type(expr.span, &what, "a string", &other);
                    let help = "use `jsonencode(…)` or `join(\", \", …)` to make text of it";
                    return fail(if other.is_null() { error } else { error.help(help) });
                };
                self.push(&part, text, expr.span)?;
            }
        }
        Ok(())
    }

    /// Writes a part, which is there a second time from then on.
    fn push(&self, part: &str, text: &mut Text, span: Span) -> Evaluated<()> {
        self.take_bytes(part.len(), span)?;
        if let Err(problem) = check_text(text.written.len() + part.len()) {
            return fail(self.error("hcl::limit", span, problem.to_string()));
        }
        text.written.push_str(part);
        Ok(())
    }
}

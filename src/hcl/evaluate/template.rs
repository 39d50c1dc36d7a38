//! Templates.

use super::super::ast::{Expr, TemplatePart};
use super::super::convert::to_string;
use super::super::limits::check_text;
use super::super::value::Value;
use super::collection::Walk;
use super::error::{fail, note};
use super::{Evaluated, Evaluator};

/// The text so far, and what its parts were.
#[derive(Default)]
struct Text {
    written: String,
    marked: bool,
    unknown: bool,
}

impl Evaluator<'_> {
    /// A lone interpolation keeps its type; everything else is a string.
    pub(super) fn template(&self, parts: &[TemplatePart]) -> Evaluated {
        if let [TemplatePart::Interpolation(expr)] = parts {
            return self.expression(expr);
        }
        let mut text = Text::default();
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
            TemplatePart::Literal(literal) => text.written.push_str(literal),
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
                for round in rounds {
                    self.take_steps(1, collection.span)?;
                    self.check_length(text, 0, collection)?;
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
            Value::String(part) => {
                self.check_length(text, part.len(), expr)?;
                text.written.push_str(&part);
            }
            other => {
                let Some(part) = to_string(&other) else {
                    let what = format!("{} in a template", self.named(expr.span));
                    let error = self.wrong_type(expr.span, &what, "a string", &other);
                    let help = "use `jsonencode(…)` or `join(\", \", …)` to make text of it";
                    return fail(if other.is_null() { error } else { error.help(help) });
                };
                text.written.push_str(&part);
            }
        }
        Ok(())
    }

    fn check_length(&self, text: &Text, more: usize, expr: &Expr) -> Evaluated<()> {
        let problem = check_text(text.written.len() + more).err();
        problem.map_or(Ok(()), |problem| fail(self.error("hcl::limit", expr.span, problem.to_string())))
    }
}

//! From syntax to values.
//!
//! After HCL's specification and its reference implementation. Two rules hold everywhere: what is computed
//! from something unknown is unknown, and what is computed from something sensitive is sensitive.

mod call;
mod collection;
mod error;
mod located;
mod operator;
mod template;
#[cfg(test)]
mod tests;
mod traversal;

use std::sync::Arc;

use self::error::{Evaluated, note};
use super::ast::{Expr, ExprKind};
use super::budget::{self, Spent};
use super::diagnostic::Diagnostic;
use super::limits::{self, MOST_DEPTH};
use super::scope::Scope;
use super::source::{SourceFile, Span};
use super::stack::with_room;
use super::value::Value;

/// Evaluates an expression of `file` with the names of `scope`.
pub fn evaluate(expr: &Expr, file: &Arc<SourceFile>, scope: &dyn Scope) -> Result<Value, Box<Diagnostic>> {
    let _evaluation = budget::Evaluation::begin(None);
    Evaluator { file, scope }.expression(expr)
}

/// The file that expressions stand in and the names they can use.
#[derive(Clone, Copy)]
struct Evaluator<'a> {
    file: &'a Arc<SourceFile>,
    scope: &'a dyn Scope,
}

impl<'a> Evaluator<'a> {
    fn expression(&self, expr: &Expr) -> Evaluated {
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(truth) => Ok(Value::Bool(*truth)),
            ExprKind::Number(number) => Ok(Value::Number(number.clone())),
            ExprKind::String(text) => Ok(Value::String(Arc::clone(text))),
            // The rest can be nested: the stack grows where an expression is deeper than it.
            _ => with_room(|| self.compound(expr)),
        }
    }

    fn compound(&self, expr: &Expr) -> Evaluated {
        let Some(_level) = budget::Level::enter() else {
            let message = format!("evaluation goes more than {MOST_DEPTH} levels deep here");
            return error::fail(self.error("hcl::limit", expr.span, message));
        };
        self.take_steps(1, expr.span)?;
        match &expr.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {
                self.expression(expr)
            }
            ExprKind::Template(parts) => self.template(parts, expr.span),
            ExprKind::Variable(_) | ExprKind::GetAttr { .. } | ExprKind::Index { .. } => self.traversal(expr),
            ExprKind::Splat { target, steps } => self.splat(target, steps),
            ExprKind::Call { name, arguments, expand } => self.call(expr, name, arguments, *expand),
            ExprKind::Unary { op, operand } => self.unary(*op, operand),
            ExprKind::Binary { op, left, right } => self.binary(expr, *op, left, right),
            ExprKind::Conditional { condition, yes, no } => self.conditional(expr, condition, yes, no),
            ExprKind::Paren(inner) => self.expression(inner),
            ExprKind::Tuple(elements) => {
                self.take_bytes(limits::list_bytes(elements.len()), expr.span)?;
                self.checked(Value::Tuple(Arc::new(self.all(elements)?)), expr.span)
            }
            ExprKind::Object(items) => {
                self.take_bytes(limits::object_bytes(items.len()), expr.span)?;
                self.checked(self.object(items)?, expr.span)
            }
            ExprKind::For(each) => self.checked(self.for_expression(each)?, expr.span),
        }
    }

    /// Counts the work that is done, so that it comes to an end.
    fn take_steps(&self, steps: u64, span: Span) -> Evaluated<()> {
        budget::take(steps).map_err(|spent| self.spent(spent, span))
    }

    /// Counts the bytes of a value that is made.
    fn take_bytes(&self, bytes: usize, span: Span) -> Evaluated<()> {
        budget::make(bytes).map_err(|spent| self.spent(spent, span))
    }

    #[cold]
    fn spent(&self, spent: Spent, span: Span) -> Box<Diagnostic> {
        spent.at(&self.location(span))
    }

    /// The value, where it is not too large.
    fn checked(&self, value: Value, span: Span) -> Evaluated {
        match limits::check(&value) {
            Ok(weight) => {
                self.take_steps(weight.steps(), span)?;
                Ok(value)
            }
            Err(problem) => error::fail(self.error("hcl::limit", span, problem.to_string())),
        }
    }

    /// The values of several expressions that do not need each other; what is wrong with any of them is told.
    fn all(&self, exprs: &[Expr]) -> Evaluated<Vec<Value>> {
        let mut values = Vec::with_capacity(exprs.len());
        let mut wrong = None;
        for expr in exprs {
            match self.expression(expr) {
                Ok(value) => values.push(value),
                Err(error) => note(&mut wrong, error),
            }
        }
        wrong.map_or(Ok(values), Err)
    }

    /// An evaluation with some more names in front of those that are known.
    fn with_scope<'b>(&self, scope: &'b dyn Scope) -> Evaluator<'b>
    where
        'a: 'b,
    {
        Evaluator { file: self.file, scope }
    }
}

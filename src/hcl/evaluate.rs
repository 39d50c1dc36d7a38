//! From syntax to values.

use std::sync::Arc;

use super::ast::{Expr, ExprKind};
use super::diagnostic::Diagnostic;
use super::scope::Scope;
use super::source::{Location, SourceFile};
use super::value::Value;

/// Evaluates an expression of `file` with the names of `scope`.
pub fn evaluate(expr: &Expr, file: &Arc<SourceFile>, scope: &dyn Scope) -> Result<Value, Box<Diagnostic>> {
    match &expr.kind {
        ExprKind::Null => Ok(Value::Null),
        ExprKind::Bool(truth) => Ok(Value::Bool(*truth)),
        ExprKind::Number(number) => Ok(Value::Number(number.clone())),
        ExprKind::String(text) => Ok(Value::String(Arc::clone(text))),
        ExprKind::Variable(name) => match scope.variable(name, &[])? {
            Some(resolved) => Ok(resolved.value),
            None => Err(Box::new(
                Diagnostic::error("hcl::unknown_variable", format!("there is no variable `{name}`"))
                    .at(Location::new(file, expr.span)),
            )),
        },
        _ => Err(Box::new(
            Diagnostic::error("hcl::unsupported", "this expression cannot be evaluated")
                .at(Location::new(file, expr.span)),
        )),
    }
}

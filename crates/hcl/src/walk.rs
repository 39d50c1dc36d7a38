//! Looking at every expression inside another.

use super::ast::{Body, Expr, ExprKind, SplatStep, TemplatePart};
use super::stack::with_room;

/// Shows `visit` every expression of a body and of the blocks in it; see [`expressions`].
pub fn body<'e>(body: &'e Body, visit: &mut dyn FnMut(&'e Expr) -> bool) {
    for attribute in &body.attributes {
        expressions(&attribute.expr, visit);
    }
    for block in &body.blocks {
        self::body(&block.body, visit);
    }
}

/// Shows `visit` an expression, and then those in it where the answer is true. A bare name as an object's key
/// is a string and no expression.
pub fn expressions<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr) -> bool) {
    // Trees can be as high as the parser lets them be.
    with_room(|| {
        if !visit(expr) {
            return;
        }
        let mut each = |expr: &'e Expr| expressions(expr, visit);
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Variable(_) => {}
            ExprKind::Template(parts) => template(parts, visit),
            ExprKind::GetAttr { target, .. } => each(target),
            ExprKind::Index { target, key } => {
                each(target);
                each(key);
            }
            ExprKind::Splat { target, steps } => {
                each(target);
                splat(steps, visit);
            }
            ExprKind::Call { arguments, .. } => arguments.iter().for_each(each),
            ExprKind::Unary { operand, .. } => each(operand),
            ExprKind::Binary { left, right, .. } => {
                each(left);
                each(right);
            }
            ExprKind::Conditional { condition, yes, no } => {
                each(condition);
                each(yes);
                each(no);
            }
            ExprKind::Paren(inner) => each(inner),
            ExprKind::Tuple(elements) => elements.iter().for_each(each),
            ExprKind::Object(items) => {
                for item in items {
                    if !matches!(item.key.kind, ExprKind::Variable(_)) {
                        each(&item.key);
                    }
                    each(&item.value);
                }
            }
            ExprKind::For(inner) => {
                each(&inner.collection);
                inner.key.iter().for_each(&mut each);
                each(&inner.value);
                inner.condition.iter().for_each(each);
            }
        }
    });
}

fn splat<'e>(steps: &'e [SplatStep], visit: &mut dyn FnMut(&'e Expr) -> bool) {
    for step in steps {
        match step {
            SplatStep::Attr(_) => {}
            SplatStep::Index(key) => expressions(key, visit),
            SplatStep::Splat(inner) => splat(inner, visit),
        }
    }
}

fn template<'e>(parts: &'e [TemplatePart], visit: &mut dyn FnMut(&'e Expr) -> bool) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => expressions(expr, visit),
            TemplatePart::If { condition, yes, no } => {
                expressions(condition, visit);
                template(yes, visit);
                template(no, visit);
            }
            TemplatePart::For { collection, body, .. } => {
                expressions(collection, visit);
                template(body, visit);
            }
        }
    }
}

//! Which root names an expression uses, found without evaluating it.

use crate::hcl::ast::{Expr, ExprKind, SplatStep, TemplatePart};

/// Whether the name `root` is used anywhere in `expr`.
pub(crate) fn uses(expr: &Expr, root: &str) -> bool {
    let any = |expr: &Expr| uses(expr, root);
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => false,
        ExprKind::Variable(name) => &**name == root,
        ExprKind::Template(parts) => in_template(parts, root),
        ExprKind::GetAttr { target, .. } => any(target),
        ExprKind::Index { target, key } => any(target) || any(key),
        ExprKind::Splat { target, steps } => {
            any(target) || steps.iter().any(|step| matches!(step, SplatStep::Index(key) if any(key)))
        }
        ExprKind::Call { arguments, .. } => arguments.iter().any(any),
        ExprKind::Unary { operand, .. } => any(operand),
        ExprKind::Binary { left, right, .. } => any(left) || any(right),
        ExprKind::Conditional { condition, yes, no } => any(condition) || any(yes) || any(no),
        ExprKind::Paren(inner) => any(inner),
        ExprKind::Tuple(elements) => elements.iter().any(any),
        // A bare name as a key is a string and no reference.
        ExprKind::Object(items) => items.iter().any(|item| {
            let key = !matches!(item.key.kind, ExprKind::Variable(_)) && any(&item.key);
            key || any(&item.value)
        }),
        ExprKind::For(each) => {
            let optional = each.key.iter().chain(&each.condition);
            any(&each.collection) || any(&each.value) || optional.into_iter().any(any)
        }
    }
}

fn in_template(parts: &[TemplatePart], root: &str) -> bool {
    parts.iter().any(|part| match part {
        TemplatePart::Literal(_) => false,
        TemplatePart::Interpolation(expr) => uses(expr, root),
        TemplatePart::If { condition, yes, no } => {
            uses(condition, root) || in_template(yes, root) || in_template(no, root)
        }
        TemplatePart::For { collection, body, .. } => uses(collection, root) || in_template(body, root),
    })
}

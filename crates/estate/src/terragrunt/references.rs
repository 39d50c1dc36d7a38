//! Which root names an expression uses, found without evaluating it.

use slipway_hcl::ast::{Body, Expr, ExprKind};
use slipway_hcl::walk;

/// Whether the name `root` is used anywhere in `expr`.
pub(crate) fn uses(expr: &Expr, root: &str) -> bool {
    found(root, |visit| walk::expressions(expr, visit))
}

/// Whether the name `root` is used anywhere in a file.
pub(crate) fn uses_in(body: &Body, root: &str) -> bool {
    found(root, |visit| walk::body(body, visit))
}

/// Whether the name is among the expressions that `walk` shows.
fn found<'e>(root: &str, walk: impl FnOnce(&mut dyn FnMut(&'e Expr) -> bool)) -> bool {
    let mut used = false;
    walk(&mut |expr| {
        used |= matches!(&expr.kind, ExprKind::Variable(name) if &**name == root);
        !used
    });
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_hcl::parse_expression;
    use slipway_hcl::source::SourceFile;

    #[test]
    fn a_name_is_found_wherever_it_is_a_reference_and_not_where_it_is_a_key() {
        let used =
            |text: &str| uses(&parse_expression(&SourceFile::new("a.hcl", text)).unwrap(), "dependency");
        assert!(used("\"a-${upper(dependency.vpc.outputs.id)}\""));
        assert!(used("local.a[*].b[dependency.x.outputs.y]"));
        assert!(used("{ (dependency.x.outputs.y) = 1 }"));
        assert!(used("[for each in local.a : each if dependency.x.enabled]"));
        assert!(!used("{ dependency = local.dependency }"));
    }
}

//! What is written of a unit, wherever it is: in its own file and in those that are merged under it.

use std::collections::HashMap;
use std::rc::Rc;

use super::include::Strategy;
use super::scope::FileScope;
use slipway_hcl::ast::{Expr, ExprKind, ObjectItem};

/// The unit's own file, and those that are merged under it, the uppermost first.
pub(crate) fn files<'r>(scope: &Rc<FileScope<'r>>) -> Vec<Rc<FileScope<'r>>> {
    let includes = scope.includes();
    let merged = includes.list.iter().rev().filter(|include| include.strategy != Strategy::NoMerge);
    std::iter::once(Rc::clone(scope)).chain(merged.map(|include| Rc::clone(&include.scope))).collect()
}

/// Where each input is written: in the object itself, or in the last one that a `merge` takes.
pub(crate) fn written_items(expr: &Expr) -> HashMap<&str, &ObjectItem> {
    let mut items = HashMap::new();
    add_written_items(expr, &mut items);
    items
}

fn add_written_items<'e>(expr: &'e Expr, found: &mut HashMap<&'e str, &'e ObjectItem>) {
    match &expr.kind {
        ExprKind::Paren(inner) => add_written_items(inner, found),
        ExprKind::Object(items) => {
            for item in items {
                if let ExprKind::Variable(key) | ExprKind::String(key) = &item.key.kind {
                    found.entry(&**key).or_insert(item);
                }
            }
        }
        ExprKind::Call { name: function, arguments, .. } if &*function.name == "merge" => {
            for argument in arguments.iter().rev() {
                add_written_items(argument, found);
            }
        }
        _ => {}
    }
}

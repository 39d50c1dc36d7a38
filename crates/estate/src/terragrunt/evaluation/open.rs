//! Inputs that rest on outputs which nobody knows yet: those of a unit that is planned and not applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::dependency::DependencyBlock;
use super::file_config::FileConfig;
use super::scope::FileScope;
use super::written::{files, written_items};
use crate::terragrunt::outputs::OutputSource;
use slipway_hcl::ast::{Expr, ExprKind, ObjectItem};
use slipway_hcl::value::Value;
use slipway_hcl::walk;

/// The inputs that are not known in full, with the folders of the units that they wait for. Which these are is told by how an
/// input is written; of one whose expression does not tell it, all dependencies that have such outputs are named.
pub(crate) fn inputs(
    scope: &Rc<FileScope<'_>>,
    config: &FileConfig,
) -> BTreeMap<Arc<str>, BTreeSet<PathBuf>> {
    // Where nobody has asked for outputs, all of them are unknown.
    if scope.session.outputs.is_none_or(OutputSource::are_unknown) {
        return BTreeMap::new();
    }
    let inputs = config.inputs.iter().flatten();
    let open: Vec<&Arc<str>> =
        inputs.filter(|(_, value)| !value.is_wholly_known()).map(|(name, _)| name).collect();
    if open.is_empty() {
        return BTreeMap::new();
    }
    let waited_for: Vec<&DependencyBlock> =
        config.dependency.iter().filter(|block| block.has_open_outputs()).collect();
    let folders = |blocks: &mut dyn Iterator<Item = &DependencyBlock>| -> BTreeSet<PathBuf> {
        blocks.map(|block| block.target(scope)).collect()
    };
    let files = files(scope);
    let written =
        files.iter().filter_map(|file| Some(written_items(&file.file.body.attribute("inputs")?.expr)));
    let written: Vec<HashMap<&str, &ObjectItem>> = written.collect();
    let each = |name: &Arc<str>| {
        let item = written.iter().find_map(|items| items.get(&**name));
        let named = item.map(|item| {
            folders(&mut waited_for.iter().copied().filter(|block| names(&item.value, &block.name)))
        });
        let found = named.filter(|found| !found.is_empty());
        (Arc::clone(name), found.unwrap_or_else(|| folders(&mut waited_for.iter().copied())))
    };
    open.into_iter().map(each).collect()
}

/// Whether an expression has `dependency.NAME` in it.
fn names(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    walk::expressions(expr, &mut |expr| {
        found |= match &expr.kind {
            ExprKind::GetAttr { target, name: label } => is_dependency(target) && &*label.name == name,
            ExprKind::Index { target, key } => {
                is_dependency(target) && matches!(&key.kind, ExprKind::String(label) if &**label == name)
            }
            _ => false,
        };
        !found
    });
    found
}

fn is_dependency(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Variable(root) if &**root == "dependency")
}

impl DependencyBlock {
    /// Whether it has outputs that are not known.
    fn has_open_outputs(&self) -> bool {
        self.known_outputs().is_some_and(|outputs: &Value| !outputs.is_wholly_known())
    }
}

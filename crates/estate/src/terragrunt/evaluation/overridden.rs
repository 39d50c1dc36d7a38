//! What the file that a stack has left beside a unit's own says instead of it: what fails in the unit there is no error.
//!
//! As Terragrunt has it since 1.1.3: a unit of a catalogue asks for values that not every stack hands over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decode::label;
use slipway_hcl::ast::{Body, Expr, ExprKind};

/// The names that come from the file above.
#[derive(Default)]
pub(crate) struct Overridden {
    /// Attributes of the file, and `remote_state` as either.
    attributes: BTreeSet<Arc<str>>,
    /// Inputs that are written by their names.
    inputs: BTreeSet<Arc<str>>,
    /// Whether the source does.
    source: bool,
    /// Blocks of which the one above takes the place, or that are joined to it.
    blocks: BTreeSet<Arc<str>>,
    /// The labels of `extra_arguments`.
    extra_arguments: BTreeSet<Arc<str>>,
    /// Those of `dependency` blocks: the ones above take their place.
    dependencies: BTreeSet<Arc<str>>,
}

/// The codes of errors about a name that is not there.
pub(crate) const NAMES_NOT_THERE: &[&str] =
    &["hcl::no_attribute", "terragrunt::not_exposed", "terragrunt::unknown_name"];
/// The codes of errors that what would hold a name is not there.
pub(crate) const NO_NAMES_AT_ALL: &[&str] = &["hcl::unknown_variable", "terragrunt::no_values"];

impl Overridden {
    /// What a file that is merged on top has.
    pub fn by(body: &Body) -> Self {
        let attributes = body.attributes.iter().map(|attribute| &attribute.name.name);
        let blocks = body.blocks("remote_state").map(|block| &block.kind.name);
        let whole = body.blocks.iter().map(|block| &block.kind.name);
        let arguments = body.blocks("terraform").flat_map(|block| block.body.blocks("extra_arguments"));
        Self {
            attributes: attributes.chain(blocks).filter(|name| &***name != "inputs").cloned().collect(),
            inputs: body.attribute("inputs").map(|inputs| names(&inputs.expr)).unwrap_or_default(),
            source: body.blocks("terraform").any(|block| block.body.attribute("source").is_some()),
            blocks: whole.cloned().collect(),
            extra_arguments: arguments.filter_map(label).map(Arc::from).collect(),
            dependencies: body.blocks("dependency").filter_map(label).map(Arc::from).collect(),
        }
    }

    /// Whether an attribute of the file, or of its `terraform` block, is among them.
    pub fn has(&self, what: &str, attribute: &str) -> bool {
        match what {
            "this file" => self.attributes.contains(attribute),
            "terraform" => attribute == "source" && self.source,
            _ => false,
        }
    }

    /// Whether what stands in a block of the file is: by its name, or that of a block in `terraform` and its label.
    pub fn has_block(&self, kind: &str, name: Option<&str>) -> bool {
        match kind {
            "dependencies" | "engine" | "errors" | "exclude" => self.blocks.contains(kind),
            "extra_arguments" => name.is_some_and(|name| self.extra_arguments.contains(name)),
            "dependency" => name.is_some_and(|name| self.dependencies.contains(name)),
            _ => false,
        }
    }

    pub fn has_input(&self, name: &str) -> bool {
        self.inputs.contains(name)
    }
}

fn names(expr: &Expr) -> BTreeSet<Arc<str>> {
    let ExprKind::Object(items) = &expr.kind else { return BTreeSet::new() };
    let name = |key: &Expr| match &key.kind {
        ExprKind::Variable(name) | ExprKind::String(name) => Some(Arc::clone(name)),
        _ => None,
    };
    items.iter().filter_map(|item| name(&item.key)).collect()
}

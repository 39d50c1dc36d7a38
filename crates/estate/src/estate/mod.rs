//! The estate: the tree of units, the graph over it, and its order.

mod clean;
mod discover;
mod expand;
pub mod filter;
mod gates;
mod glimpse;
mod graph;
mod kept;
mod locate;
mod look;
mod near;
pub(crate) mod reading;
mod render;
mod restrict;
mod stack;
mod templates;
mod upstream;
mod validate;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::kept::Learnt;
use crate::terragrunt::Outline;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_support::slots::{Slots, slot};
use slipway_support::unit_name;

pub use clean::{clean_stacks, generated_folders, state_files};
pub use discover::behind_links;
pub use expand::{Templates, expand_for, expand_stacks};
pub use gates::{GateKind, PlannedGate};
pub use glimpse::{Glimpse, Worth, glimpse};
pub use graph::Graph;
pub use locate::locate;
pub use look::{Look, UnitLook, look_over};
pub use render::{Rendered, render_all};
pub use stack::{Component, Stack, StackIndex};
pub use upstream::upstream_errors;
pub use validate::{ValidateOptions, Validation, validate};
pub use walk::unit_files;

/// A unit by its place in [`Estate::units`]; the same number is its node in the [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitIndex(pub usize);

slot!(UnitIndex);

/// The units and stacks under a folder, and the units outside of it that they depend on.
#[derive(Debug)]
pub struct Estate {
    /// The folder that was walked, absolute.
    pub root: PathBuf,
    /// The folder that units and stacks are named from, absolute: the estate's root, of which `root` may be a part.
    pub named_from: PathBuf,
    /// In the order of their paths.
    pub units: Slots<UnitIndex, Unit>,
    /// The stacks under the folder, in the order of their paths.
    pub stacks: Slots<StackIndex, Stack>,
    /// For each stack that something depends on, by its folder, the folders of its units: the dependency is one
    /// on all of them.
    pub stack_units: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// What is wrong with them, and with their edges.
    pub diagnostics: Vec<Diagnostic>,
    /// What the next reading of the same need not find out again; none where nobody keeps it, or nothing is new.
    learnt: Option<Box<Learnt>>,
}

impl Estate {
    /// The unit of an index; indices come from the estate itself or from its graph.
    pub fn unit(&self, index: UnitIndex) -> &Unit {
        &self.units[index]
    }

    /// The unit in a folder (absolute).
    pub fn find(&self, dir: &Path) -> Option<UnitIndex> {
        self.units.iter().position(|unit| unit.dir == dir).map(UnitIndex)
    }

    /// What messages and tables call a unit, see [`unit_name`]: the same whatever part of the estate was walked.
    pub fn name(&self, index: UnitIndex) -> String {
        unit_name::name(&self.named_from, &self.unit(index).dir)
    }

    /// Every unit with its index.
    pub fn iter(&self) -> impl Iterator<Item = (UnitIndex, &Unit)> {
        self.units.pairs()
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// One unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// Its folder relative to the one that was walked; begins with `..` where it lies outside.
    pub path: PathBuf,
    /// Whether it lies outside of the folder that was walked.
    pub external: bool,
    /// Whether it is only what a stack makes units from: by itself it is not whole, and nothing is done with it.
    pub template: bool,
    /// What its configuration says.
    pub outline: Box<Outline>,
    /// The units it depends on that are there, each once, in the order of the blocks.
    pub dependencies: Vec<Edge>,
}

impl Unit {
    /// What it is called as seen from `base` (absolute), see [`unit_name`].
    pub fn seen_from(&self, base: &Path) -> String {
        unit_name::name(base, &self.dir)
    }
}

/// One dependency.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The unit depended on.
    pub to: UnitIndex,
    /// The label of the `dependency` block; none for a path in `dependencies`.
    pub name: Option<String>,
    /// Where the block stands.
    pub location: Location,
}

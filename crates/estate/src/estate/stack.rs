//! Stacks beside units.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Estate, Graph, UnitIndex};
use crate::terragrunt::paths;
use crate::terragrunt::stack::{STACK_DIR, STACK_FILE};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::path_text;
use slipway_support::slots::slot;

/// A stack by its place in [`Estate::stacks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackIndex(pub usize);

slot!(StackIndex);

/// One stack: a folder with a `terragrunt.stack.hcl`.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// Its folder relative to the estate's root; begins with `..` where it lies outside.
    pub path: PathBuf,
    /// Its file.
    pub file: PathBuf,
    /// The units generated from it and from the stacks in it, as far as they are here.
    pub units: Vec<UnitIndex>,
    /// The files that were read to evaluate it, its own first; its own alone where it was not evaluated.
    pub files_read: Vec<PathBuf>,
}

impl Stack {
    pub(super) fn new(root: &Path, dir: PathBuf) -> Self {
        let path = paths::relative(root, &dir);
        let file = dir.join(STACK_FILE);
        Self { dir, path, files_read: vec![file.clone()], file, units: Vec::new() }
    }

    /// The path as seen from `base` (absolute).
    pub fn seen_from(&self, base: &Path) -> String {
        path_text::shown(&paths::relative(base, &self.dir))
    }
}

/// A unit or a stack: what `find` lists and filters select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// A unit.
    Unit(UnitIndex),
    /// A stack.
    Stack(StackIndex),
}

impl Estate {
    /// The stack of an index.
    pub fn stack(&self, index: StackIndex) -> &Stack {
        &self.stacks[index]
    }

    /// The stack in a folder (absolute).
    pub fn find_stack(&self, dir: &Path) -> Option<StackIndex> {
        self.stacks.iter().position(|stack| stack.dir == dir).map(StackIndex)
    }

    /// The path of a component, relative to the estate's root.
    pub fn path_of(&self, component: Component) -> &Path {
        match component {
            Component::Unit(index) => &self.unit(index).path,
            Component::Stack(index) => &self.stack(index).path,
        }
    }

    /// Units and stacks in the order of their paths.
    pub fn components(&self) -> Vec<Component> {
        let units = self.iter().map(|(index, _)| Component::Unit(index));
        let mut components: Vec<Component> = units.chain(self.stack_indices()).collect();
        self.sort(&mut components);
        components
    }

    fn stack_indices(&self) -> impl Iterator<Item = Component> {
        self.stacks.slots().map(Component::Stack)
    }

    /// By the text, as Terragrunt sorts: `a-b` comes before `a/b`.
    fn sort(&self, components: &mut [Component]) {
        components.sort_by(|a, b| self.path_of(*a).as_os_str().cmp(self.path_of(*b).as_os_str()));
    }

    /// Which units belong to which stack: those in its `.terragrunt-stack`.
    pub(super) fn assign_units(&mut self) {
        // In the order of their paths, part by part: what lies in one folder stands together.
        let places: BTreeMap<&Path, UnitIndex> =
            self.units.pairs().map(|(index, unit)| (&*unit.dir, index)).collect();
        for stack in &mut self.stacks {
            let generated = stack.dir.join(STACK_DIR);
            let inside =
                places.range(generated.as_path()..).take_while(|(dir, _)| dir.starts_with(&generated));
            stack.units.extend(inside.map(|(_, index)| *index));
            stack.units.sort_unstable();
            stack.units.dedup();
        }
    }

    /// A folder is a unit or a stack: Terragrunt refuses one that is both.
    pub(super) fn refuse_both(&mut self) {
        let units: HashSet<&Path> = self.units.iter().map(|unit| &*unit.dir).collect();
        let both = self.stacks.iter().filter(|stack| units.contains(&*stack.dir));
        let errors: Vec<Diagnostic> = both
            .map(|stack| {
                let message = format!("{} is a unit and a stack at once", stack.seen_from(&self.named_from));
                Diagnostic::error("estate::unit_and_stack", message)
                    .help("move terragrunt.hcl or terragrunt.stack.hcl into a folder of its own")
            })
            .collect();
        self.diagnostics.extend(errors);
    }
}

impl Graph {
    /// Every unit after those it depends on, with the stacks, which depend on nothing, in the first wave.
    pub fn components(&self, estate: &Estate, external: bool) -> Vec<Component> {
        let waves = self.waves_among(&|unit| external || !estate.unit(unit).external);
        let mut waves = waves.into_iter().map(|wave| wave.into_iter().map(Component::Unit));
        let mut order: Vec<Component> =
            waves.next().into_iter().flatten().chain(estate.stack_indices()).collect();
        estate.sort(&mut order);
        order.extend(waves.flatten());
        order
    }
}

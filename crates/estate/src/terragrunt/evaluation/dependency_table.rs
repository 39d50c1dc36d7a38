//! The `dependency` blocks of a file or a unit, put together.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::dependency::DependencyBlock;
use super::expansion::address;
use super::include::Strategy;
use slipway_hcl::diagnostic::Diagnostic;

/// What tells one dependency from another: its label, and its key where the block is expanded.
pub(crate) type Address = (Arc<str>, Option<Arc<str>>);

/// The dependencies of a file, once they are read.
pub(crate) enum TableState {
    Open,
    Reading,
    Done(Rc<Table>),
}

/// The dependency blocks of a unit, merged with those it includes.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub blocks: Vec<DependencyBlock>,
    /// Blocks of a label that stands again further down in their file: the unit waits for them, and that is all.
    pub waited_for: Vec<DependencyBlock>,
    /// What is wrong with the blocks that are missing.
    pub errors: Vec<Diagnostic>,
    /// The places of the blocks by their names, once somebody asks.
    pub places: OnceCell<HashMap<Arc<str>, Place>>,
}

/// Where in the table something lies that has a name.
#[derive(Clone)]
pub(crate) enum Place {
    One(usize),
    /// What an expanded block stands for, by key.
    Each(BTreeMap<Arc<str>, usize>),
}

/// What `dependency.NAME` is.
#[derive(Clone, Copy)]
pub(crate) enum Named<'t> {
    One(&'t DependencyBlock),
    Each(Instances<'t>),
}

/// What an expanded block stands for.
#[derive(Clone, Copy)]
pub(crate) struct Instances<'t> {
    table: &'t Table,
    places: &'t BTreeMap<Arc<str>, usize>,
}

impl<'t> Instances<'t> {
    pub fn get(self, key: &str) -> Option<&'t DependencyBlock> {
        self.table.blocks.get(*self.places.get(key)?)
    }

    pub fn iter(self) -> impl Iterator<Item = (&'t Arc<str>, &'t DependencyBlock)> {
        let block = move |(key, place): (&'t Arc<str>, &usize)| Some((key, self.table.blocks.get(*place)?));
        self.places.iter().filter_map(block)
    }
}

impl Table {
    /// What has that name.
    pub fn find(&self, name: &str) -> Option<Named<'_>> {
        match self.places().get(name)? {
            Place::One(place) => self.blocks.get(*place).map(Named::One),
            Place::Each(places) => Some(Named::Each(Instances { table: self, places })),
        }
    }

    fn places(&self) -> &HashMap<Arc<str>, Place> {
        self.places.get_or_init(|| {
            let mut places: HashMap<Arc<str>, Place> = HashMap::new();
            for (place, block) in self.blocks.iter().enumerate().rev() {
                let name = Arc::clone(&block.name);
                match &block.key {
                    None => drop(places.insert(name, Place::One(place))),
                    Some(key) => match places.entry(name).or_insert_with(|| Place::Each(BTreeMap::new())) {
                        Place::One(_) => {}
                        Place::Each(each) => drop(each.insert(Arc::clone(key), place)),
                    },
                }
            }
            places
        })
    }

    /// Refuses a name of a block that is expanded and of one that is not: what it means could not be said.
    pub fn refuse_both(&mut self) {
        if self.blocks.iter().all(|block| block.key.is_none()) {
            return;
        }
        let plain = self.blocks.iter().filter(|block| block.key.is_none());
        let plain: HashSet<Arc<str>> = plain.map(|block| Arc::clone(&block.name)).collect();
        let mut told: HashSet<Arc<str>> = HashSet::new();
        for block in self.blocks.iter().filter(|block| block.key.is_some() && plain.contains(&block.name)) {
            if told.insert(Arc::clone(&block.name)) {
                let message =
                    format!("dependency \"{}\" is there with an expansion and without one", block.name);
                self.errors.push(
                    Diagnostic::error("terragrunt::expansion", message)
                        .at(block.location.clone())
                        .help("give one of them another name"),
                );
            }
        }
    }

    /// The last block at a place, found without keeping the places: while the table is put together.
    pub fn find_last(&self, place: &Address) -> Option<&DependencyBlock> {
        self.blocks.iter().rev().find(|block| block.place() == *place)
    }

    /// Takes out blocks that count and have no folder. An included file may leave it empty for the child to fill in, so
    /// only what is merged can be judged.
    pub fn drop_pathless(&mut self) {
        let pathless = |block: &&DependencyBlock| block.config_path().is_empty() && block.enabled();
        self.waited_for.retain(|block| !pathless(&block));
        for block in self.blocks.iter().filter(pathless) {
            let message = format!("the config_path of {} is empty", block.title());
            self.errors.push(
                Diagnostic::error("terragrunt::config_path", message)
                    .at(block.location.clone())
                    .help("name the folder of the unit it depends on"),
            );
        }
        self.blocks.retain(|block| !pathless(&block));
    }
}

/// The blocks of an included file under those of the file that includes it, by name.
pub(crate) fn merge_blocks(
    under: Vec<DependencyBlock>,
    over: Vec<DependencyBlock>,
    strategy: Strategy,
    errors: &mut Vec<Diagnostic>,
) -> Vec<DependencyBlock> {
    let mut merged = under;
    let mut places: HashMap<Address, usize> =
        merged.iter().enumerate().map(|(place, block)| (block.place(), place)).collect();
    for block in over {
        let place = *places.entry(block.place()).or_insert(merged.len());
        match merged.get_mut(place) {
            None => merged.push(block),
            Some(existing) if strategy == Strategy::Deep => {
                if let Err(message) = existing.merge(&block) {
                    let message = format!("{} cannot be merged: {message}", block.title());
                    errors.push(Diagnostic::error("terragrunt::merge", message).at(block.location.clone()));
                }
            }
            Some(existing) => *existing = block,
        }
    }
    merged
}

pub(crate) fn titled(name: &str, key: Option<&str>) -> String {
    format!("dependency \"{}\"", address(name, key))
}

impl DependencyBlock {
    /// What tells it from the others.
    pub fn place(&self) -> Address {
        (Arc::clone(&self.name), self.key.clone())
    }

    /// What it is called in expressions: `name`, or `name[key]`.
    pub fn address(&self) -> Cow<'_, str> {
        match &self.key {
            Some(key) => Cow::Owned(address(&self.name, Some(key))),
            None => Cow::Borrowed(&self.name),
        }
    }

    /// As messages name it.
    pub fn title(&self) -> String {
        titled(&self.name, self.key.as_deref())
    }

    /// The warning about an instance that another block has made already; blocks that are not expanded are judged where all
    /// labels are.
    pub fn stands_again(&self, first: &Self) -> Option<Diagnostic> {
        self.key.as_ref()?;
        let line = first.location.position().line;
        let message =
            format!("{} stands here again, the first is on line {line}: the last one counts", self.title());
        let diagnostic = Diagnostic::warning("terragrunt::repeated_label", message);
        Some(diagnostic.at(self.location.clone()).help("let each key be of one block only"))
    }
}

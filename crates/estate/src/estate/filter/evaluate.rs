//! Holding queries against an estate.

use std::cell::OnceCell;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::query::{Filter, Filters};
use super::situation::RangeUnits;
use super::syntax::{Attribute, Expression, GitRange, GraphExpression, PathPattern, Reach, Type};
use crate::estate::reading::Readings;
use crate::estate::{Component, Estate, Stack, StackIndex, UnitIndex};
use crate::terragrunt::{Outline, paths};
use slipway_support::slots::{Slots, slot};
use tracing::debug;

/// What queries are held against.
pub struct FilterContext<'a> {
    estate: &'a Estate,
    /// Relative paths in queries are seen from here.
    working_dir: &'a Path,
    ranges: &'a [RangeUnits],
    items: Slots<ItemIndex, Item<'a>>,
    readings: Readings,
    dependents: OnceCell<Slots<UnitIndex, Vec<ItemIndex>>>,
}

/// What queries select.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Units of the estate.
    pub units: BTreeSet<UnitIndex>,
    /// Its stacks.
    pub stacks: BTreeSet<StackIndex>,
    /// The folders (absolute) of units that a Git range found at one of its commits and that are not here.
    pub elsewhere: Vec<PathBuf>,
}

impl Selected {
    /// Whether a unit or a stack is among it.
    pub fn contains(&self, component: Component) -> bool {
        match component {
            Component::Unit(unit) => self.units.contains(&unit),
            Component::Stack(stack) => self.stacks.contains(&stack),
        }
    }
}

/// One thing that can be selected: the units of the estate by their index, then its stacks, then the units that are
/// elsewhere.
struct Item<'a> {
    dir: &'a Path,
    external: bool,
    what: What<'a>,
}

enum What<'a> {
    Unit(&'a Outline),
    Stack(&'a Stack),
    Elsewhere(&'a Outline),
}

/// An item by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ItemIndex(usize);

slot!(ItemIndex);

type Set = BTreeSet<ItemIndex>;

impl<'a> FilterContext<'a> {
    /// An estate seen from a folder, with what is known of the Git ranges that the queries use.
    pub fn new(estate: &'a Estate, working_dir: &'a Path, ranges: &'a [RangeUnits]) -> Self {
        let units = estate.units.iter().map(|unit| Item {
            dir: &unit.dir,
            external: unit.external,
            what: What::Unit(&unit.outline),
        });
        let stacks = estate.stacks.iter().map(|stack| Item {
            dir: &stack.dir,
            external: false,
            what: What::Stack(stack),
        });
        let elsewhere = ranges.iter().flat_map(|range| &range.elsewhere).map(|outline| Item {
            dir: &outline.dir,
            external: false,
            what: What::Elsewhere(outline),
        });
        let items = units.chain(stacks).chain(elsewhere).collect();
        Self {
            estate,
            working_dir,
            ranges,
            items,
            readings: Readings::default(),
            dependents: OnceCell::new(),
        }
    }

    /// What the queries select; without queries, every unit and stack of the folder that was walked.
    pub fn select(&self, filters: &Filters) -> Selected {
        self.select_among(filters, &|item: &Item<'_>| !item.external)
    }

    /// What the queries select, also among the units outside of the folder that was walked.
    pub fn select_anywhere(&self, filters: &Filters) -> Selected {
        self.select_among(filters, &|_| true)
    }

    fn select_among(&self, filters: &Filters, counts: &dyn Fn(&Item<'_>) -> bool) -> Selected {
        let here = self.estate.units.len() + self.estate.stacks.len();
        let here = self.items.pairs().take(here);
        let everything: Set = here.filter(|(_, item)| counts(item)).map(|(index, _)| index).collect();
        let (taking, selecting): (Vec<_>, Vec<_>) =
            filters.iter().partition(|filter| filter.expression.is_negation());
        let mut selected = if selecting.is_empty() { everything.clone() } else { Set::new() };
        for filter in selecting {
            let mut candidates = everything.clone();
            candidates.extend(self.elsewhere_in(&filter.expression));
            let found = self.evaluate(filter, &candidates);
            debug!(%filter, units = %self.shown(&found), "a query selects");
            selected.extend(found);
        }
        // Each is held against the same set: what one takes away may be where another starts from.
        let mut kept = selected.clone();
        for filter in taking {
            let left = self.evaluate(filter, &selected);
            debug!(%filter, units = %self.shown(&(&selected - &left)), "a query takes away");
            kept.retain(|item| left.contains(item));
        }
        let mut answer = Selected::default();
        for item in kept {
            match self.items[item].what {
                What::Unit(_) => drop(answer.units.insert(UnitIndex(item.0))),
                What::Stack(_) => drop(answer.stacks.insert(StackIndex(item.0 - self.estate.units.len()))),
                What::Elsewhere(outline) => answer.elsewhere.push(outline.dir.clone()),
            }
        }
        answer.elsewhere.sort();
        answer.elsewhere.dedup();
        answer
    }

    /// The folders of items, for the debug log.
    fn shown(&self, items: &Set) -> String {
        let dirs = items.iter().map(|item| self.items[*item].dir);
        let below = dirs.map(|dir| dir.strip_prefix(&self.estate.root).unwrap_or(dir).display().to_string());
        below.collect::<Vec<_>>().join(", ")
    }

    fn evaluate(&self, filter: &Filter, among: &Set) -> Set {
        let base = filter.base.as_deref().unwrap_or(self.working_dir);
        Query { context: self, base }.evaluate(&filter.expression, among)
    }

    /// The units elsewhere that a query can select: those of the ranges that it names.
    fn elsewhere_in(&self, expression: &Expression) -> Set {
        let names = |known: &RangeUnits| {
            expression.any(|part| matches!(part, Expression::Git(range) if *range == known.range))
        };
        self.ranges
            .iter()
            .filter(|known| names(known))
            .flat_map(|known| self.elsewhere(&known.range))
            .collect()
    }

    fn changed(&self, range: &GitRange) -> Set {
        let mut changed: Set = self.elsewhere(range).into_iter().collect();
        for known in self.ranges.iter().filter(|known| known.range == *range) {
            changed.extend(known.changed.keys().map(|unit| ItemIndex(unit.0)));
            let stacks = known.stacks.iter().map(|stack| self.estate.units.len() + stack.0);
            changed.extend(stacks.map(ItemIndex));
        }
        changed
    }

    /// The items of a range's units that are not here.
    fn elsewhere(&self, range: &GitRange) -> Vec<ItemIndex> {
        let mut next = self.estate.units.len() + self.estate.stacks.len();
        let mut found = Vec::new();
        for known in self.ranges {
            if known.range == *range {
                found.extend((next..next + known.elsewhere.len()).map(ItemIndex));
            }
            next += known.elsewhere.len();
        }
        found
    }

    fn dependencies(&self, item: ItemIndex) -> Vec<ItemIndex> {
        let unit = self.estate.units.as_slice().get(item.0);
        unit.into_iter().flat_map(|unit| unit.dependencies.iter().map(|edge| ItemIndex(edge.to.0))).collect()
    }

    fn dependents(&self, item: ItemIndex) -> Vec<ItemIndex> {
        let all = self.dependents.get_or_init(|| {
            let mut dependents = Slots::for_each_of(&self.estate.units, Vec::new());
            for (index, unit) in self.estate.iter() {
                for edge in &unit.dependencies {
                    dependents[edge.to].push(ItemIndex(index.0));
                }
            }
            dependents
        });
        all.as_slice().get(item.0).cloned().unwrap_or_default()
    }
}

/// A context as one query sees it.
struct Query<'c, 'a> {
    context: &'c FilterContext<'a>,
    /// Relative paths are seen from here.
    base: &'c Path,
}

impl Query<'_, '_> {
    fn evaluate(&self, expression: &Expression, among: &Set) -> Set {
        let those =
            |wanted: &dyn Fn(ItemIndex) -> bool| among.iter().copied().filter(|item| wanted(*item)).collect();
        match expression {
            Expression::Path(pattern) => those(&|item| self.at(pattern, self.context.items[item].dir)),
            Expression::Attribute(attribute) => those(&|item| self.has(attribute, item)),
            Expression::Git(range) => {
                let changed = self.context.changed(range);
                those(&|item| changed.contains(&item))
            }
            Expression::Not(inner) => {
                let without = self.evaluate(inner, among);
                those(&|item| !without.contains(&item))
            }
            Expression::All(parts) => {
                let all = among.clone();
                parts.iter().fold(all, |left, part| self.evaluate(part, &left))
            }
            Expression::Graph(graph) => self.around(graph, among),
        }
    }

    fn at(&self, pattern: &PathPattern, path: &Path) -> bool {
        if pattern.is_absolute() {
            return pattern.glob.matches(&path.to_string_lossy());
        }
        pattern.glob.matches(&paths::relative(self.base, path).to_string_lossy())
    }

    fn has(&self, attribute: &Attribute, item: ItemIndex) -> bool {
        let found = &self.context.items[item];
        match attribute {
            Attribute::Name(glob) => {
                found.dir.file_name().is_some_and(|name| glob.matches(&name.to_string_lossy()))
            }
            Attribute::Type(kind) => (*kind == Type::Stack) == matches!(found.what, What::Stack(_)),
            Attribute::External(external) => found.external == *external,
            Attribute::Source(glob) => match found.what {
                What::Unit(outline) | What::Elsewhere(outline) => {
                    outline.source.as_ref().is_some_and(|source| glob.matches(source.expose()))
                }
                What::Stack(_) => false,
            },
            // As written or seen from the working folder: a pattern such as `**.yaml` means both.
            Attribute::Reading(pattern) => {
                let read =
                    |file: &PathBuf| pattern.glob.matches(&file.to_string_lossy()) || self.at(pattern, file);
                match found.what {
                    What::Unit(outline) | What::Elsewhere(outline) => {
                        self.context.readings.of(outline).iter().any(read)
                    }
                    What::Stack(stack) => stack.files_read.iter().any(read),
                }
            }
        }
    }

    fn around(&self, graph: &GraphExpression, among: &Set) -> Set {
        let targets = self.evaluate(&graph.target, among);
        let mut found = if graph.without_target { Set::new() } else { targets.clone() };
        if let Some(reach) = &graph.dependencies {
            self.follow(&targets, reach, &mut found, &|item| self.context.dependencies(item));
        }
        if let Some(reach) = &graph.dependents {
            self.follow(&targets, reach, &mut found, &|item| self.context.dependents(item));
        }
        found
    }

    /// Adds what can be reached from the targets. A target counts only where another one leads to it.
    fn follow(
        &self,
        targets: &Set,
        reach: &Reach,
        found: &mut Set,
        neighbours: &dyn Fn(ItemIndex) -> Vec<ItemIndex>,
    ) {
        let within = reach.within.as_ref().map(|folder| paths::join(self.base, folder));
        let depth = reach.depth.unwrap_or(usize::MAX);
        let mut seen = targets.clone();
        let mut open: VecDeque<(ItemIndex, usize)> = targets.iter().map(|target| (*target, 0)).collect();
        while let Some((item, steps)) = open.pop_front() {
            if steps == depth {
                continue;
            }
            for next in neighbours(item) {
                if within.as_ref().is_some_and(|folder| !self.context.items[next].dir.starts_with(folder)) {
                    continue;
                }
                found.insert(next);
                if seen.insert(next) {
                    open.push_back((next, steps + 1));
                }
            }
        }
    }
}

//! Holding queries against an estate.

use std::cell::OnceCell;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::syntax::{Attribute, Expression, GitRange, GraphExpression, PathPattern, Reach, Type};
use super::{Filter, Filters};
use crate::estate::reading::Readings;
use crate::estate::{Estate, UnitIndex};
use crate::terragrunt::{Outline, paths};

/// What queries are held against.
pub struct FilterContext<'a> {
    estate: &'a Estate,
    /// Relative paths in queries are seen from here.
    working_dir: &'a Path,
    ranges: &'a [RangeUnits],
    items: Vec<Item<'a>>,
    readings: Readings,
    dependents: OnceCell<Vec<Vec<usize>>>,
}

/// The units that differ between two commits.
#[derive(Clone, Debug)]
pub struct RangeUnits {
    /// The commits, as the query names them.
    pub range: GitRange,
    /// Those of the estate that are new or changed.
    pub changed: BTreeSet<UnitIndex>,
    /// The folders of those that are gone, and what they were.
    pub removed: Vec<Outline>,
}

/// What queries select.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Units of the estate.
    pub units: BTreeSet<UnitIndex>,
    /// The folders (absolute) of units that were there at the first commit of a Git range and are gone.
    pub removed: Vec<PathBuf>,
}

/// One thing that can be selected: the units of the estate by their index, then those that are gone.
struct Item<'a> {
    dir: &'a Path,
    external: bool,
    outline: &'a Outline,
}

type Set = BTreeSet<usize>;

impl<'a> FilterContext<'a> {
    /// An estate seen from a folder, with what is known of the Git ranges that the queries use.
    pub fn new(estate: &'a Estate, working_dir: &'a Path, ranges: &'a [RangeUnits]) -> Self {
        let units = estate.units.iter();
        let mut items: Vec<Item<'a>> = units
            .map(|unit| Item { dir: &unit.dir, external: unit.external, outline: &unit.outline })
            .collect();
        let removed = ranges.iter().flat_map(|range| &range.removed);
        items.extend(removed.map(|outline| Item { dir: &outline.dir, external: false, outline }));
        Self {
            estate,
            working_dir,
            ranges,
            items,
            readings: Readings::default(),
            dependents: OnceCell::new(),
        }
    }

    /// What the queries select; without queries, every unit of the folder that was walked.
    pub fn select(&self, filters: &Filters) -> Selected {
        let everything: Set = (0..self.items.len())
            .filter(|item| !self.items[*item].external && !self.is_gone(*item))
            .collect();
        let (taking, selecting): (Vec<_>, Vec<_>) =
            filters.iter().partition(|filter| filter.expression.is_negation());
        let mut selected = if selecting.is_empty() { everything.clone() } else { Set::new() };
        for filter in selecting {
            let mut candidates = everything.clone();
            candidates.extend(self.gone_in(&filter.expression));
            selected.extend(self.evaluate(filter, &candidates));
        }
        // Each is held against the same set: what one takes away may be where another starts from.
        let kept: Vec<Set> = taking.iter().map(|filter| self.evaluate(filter, &selected)).collect();
        selected.retain(|item| kept.iter().all(|kept| kept.contains(item)));
        let (units, removed): (Set, Set) = selected.into_iter().partition(|item| !self.is_gone(*item));
        Selected {
            units: units.into_iter().map(UnitIndex).collect(),
            removed: removed.into_iter().map(|item| self.items[item].dir.to_path_buf()).collect(),
        }
    }

    fn evaluate(&self, filter: &Filter, among: &Set) -> Set {
        let base = filter.base.as_deref().unwrap_or(self.working_dir);
        Query { context: self, base }.evaluate(&filter.expression, among)
    }

    fn is_gone(&self, item: usize) -> bool {
        item >= self.estate.units.len()
    }

    /// The removed units of the ranges that a query names: only it can select them.
    fn gone_in(&self, expression: &Expression) -> Set {
        self.ranges
            .iter()
            .filter(|known| {
                expression.any(|part| matches!(part, Expression::Git(range) if *range == known.range))
            })
            .flat_map(|known| self.removed(&known.range))
            .collect()
    }

    fn changed(&self, range: &GitRange) -> Set {
        let known = self.ranges.iter().filter(|known| known.range == *range);
        let changed = known.flat_map(|known| known.changed.iter().map(|unit| unit.0));
        changed.chain(self.removed(range)).collect()
    }

    /// The items of the units that a range removed.
    fn removed(&self, range: &GitRange) -> impl Iterator<Item = usize> {
        let mut next = self.estate.units.len();
        let mut found = Vec::new();
        for known in self.ranges {
            if known.range == *range {
                found.extend(next..next + known.removed.len());
            }
            next += known.removed.len();
        }
        found.into_iter()
    }

    fn dependencies(&self, item: usize) -> Vec<usize> {
        let unit = self.estate.units.get(item);
        unit.into_iter().flat_map(|unit| unit.dependencies.iter().map(|edge| edge.to.0)).collect()
    }

    fn dependents(&self, item: usize) -> Vec<usize> {
        let all = self.dependents.get_or_init(|| {
            let mut dependents = vec![Vec::new(); self.estate.units.len()];
            for (index, unit) in self.estate.iter() {
                for edge in &unit.dependencies {
                    dependents[edge.to.0].push(index.0);
                }
            }
            dependents
        });
        all.get(item).cloned().unwrap_or_default()
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
            |wanted: &dyn Fn(usize) -> bool| among.iter().copied().filter(|item| wanted(*item)).collect();
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

    fn has(&self, attribute: &Attribute, item: usize) -> bool {
        let found = &self.context.items[item];
        match attribute {
            Attribute::Name(glob) => {
                found.dir.file_name().is_some_and(|name| glob.matches(&name.to_string_lossy()))
            }
            Attribute::Type(kind) => *kind == Type::Unit,
            Attribute::External(external) => found.external == *external,
            Attribute::Source(glob) => {
                found.outline.source.as_deref().is_some_and(|source| glob.matches(source))
            }
            // As written or seen from the working folder: a pattern such as `**.yaml` means both.
            Attribute::Reading(pattern) => self
                .context
                .readings
                .of(found.outline)
                .iter()
                .any(|file| pattern.glob.matches(&file.to_string_lossy()) || self.at(pattern, file)),
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
        neighbours: &dyn Fn(usize) -> Vec<usize>,
    ) {
        let within = reach.within.as_ref().map(|folder| paths::join(self.base, folder));
        let depth = reach.depth.unwrap_or(usize::MAX);
        let mut seen = targets.clone();
        let mut open: VecDeque<(usize, usize)> = targets.iter().map(|target| (*target, 0)).collect();
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

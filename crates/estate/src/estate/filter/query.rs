//! Queries, one and several.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::syntax::{Attribute, Expression, GitRange};
use super::{limits, parser};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What it asks for.
    pub expression: Expression,
    /// The folder that relative paths in it are seen from; none for the working folder.
    pub base: Option<PathBuf>,
}

impl fmt::Display for Filter {
    /// A query that means the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

/// Reads one query, as it stands behind `--filter`; the error says what is wrong with it, and where in it.
pub fn parse(query: &str) -> Result<Filter, Box<Diagnostic>> {
    let (source, span) = given(query);
    parse_at(&source, span)
}

/// A query as the command line gives it.
fn given(query: &str) -> (Arc<SourceFile>, Span) {
    (SourceFile::new("--filter", query), Span::new(0, query.len()))
}

/// Reads the query at a place of a file.
pub fn parse_at(source: &Arc<SourceFile>, span: Span) -> Result<Filter, Box<Diagnostic>> {
    if span.range().len() > limits::LONGEST_QUERY {
        return Err(Box::new(limits::too_long(source, span)));
    }
    parser::parse(source, span).map(|expression| Filter { expression, base: None })
}

/// Several queries: what any of them selects, without what those reject that only take away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    queries: Vec<Filter>,
    spent: limits::Spent,
}

impl Filters {
    /// Reads several queries; all that is wrong with any of them.
    pub fn parse<S: AsRef<str>>(queries: impl IntoIterator<Item = S>) -> Result<Self, Vec<Diagnostic>> {
        let mut filters = Self::default();
        let mut errors = Vec::new();
        for query in queries {
            let (source, span) = given(query.as_ref());
            let read = parse_at(&source, span);
            match read.and_then(|filter| filters.add(filter, &|| Location::new(&source, span))) {
                Ok(()) => {}
                Err(error) if error.code == limits::TOO_MANY => return Err(vec![*error]),
                Err(error) => errors.push(*error),
            }
        }
        if errors.is_empty() { Ok(filters) } else { Err(errors) }
    }

    /// Adds one more query, of which `place` tells where it stands; the same one twice says nothing new.
    pub(super) fn add(
        &mut self,
        filter: Filter,
        place: &dyn Fn() -> Location,
    ) -> Result<(), Box<Diagnostic>> {
        if self.queries.contains(&filter) {
            return Ok(());
        }
        self.spent.add(&filter.expression).map_err(|message| Box::new(limits::too_many(message, place())))?;
        self.queries.push(filter);
        Ok(())
    }

    /// One query alone.
    pub fn one(filter: Filter) -> Self {
        Self { queries: vec![filter], ..Self::default() }
    }

    /// Whether there are none, so that everything is selected.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The queries.
    pub fn iter(&self) -> impl Iterator<Item = &Filter> {
        self.queries.iter()
    }

    /// Whether some part of some query is so.
    pub fn any(&self, wanted: impl Fn(&Expression) -> bool) -> bool {
        self.queries.iter().any(|filter| filter.expression.any(&wanted))
    }

    /// Whether dependents are asked for, which may lie outside of the folder that is walked.
    pub fn ask_for_dependents(&self) -> bool {
        self.any(|part| matches!(part, Expression::Graph(graph) if graph.dependents.is_some()))
    }

    /// Whether what is wrong with a unit may hide that it is meant: what it depends on or reads is asked for.
    pub fn look_into_units(&self) -> bool {
        self.any(|part| match part {
            Expression::Graph(graph) => graph.dependents.is_some(),
            Expression::Attribute(attribute) => {
                matches!(attribute, Attribute::Reading(_) | Attribute::Source(_))
            }
            Expression::Git(_) => true,
            _ => false,
        })
    }

    /// The Git ranges that are named, each once.
    pub fn ranges(&self) -> Vec<GitRange> {
        let mut ranges: Vec<GitRange> = Vec::new();
        for filter in &self.queries {
            filter.expression.walk(&mut |part| {
                if let Expression::Git(range) = part
                    && !ranges.contains(range)
                {
                    ranges.push(range.clone());
                }
            });
        }
        ranges
    }

    /// Queries for what these select and that lies in a Git range as well.
    #[must_use]
    pub fn within(self, range: GitRange) -> Self {
        let (taking, selecting): (Vec<Filter>, Vec<Filter>) =
            self.queries.into_iter().partition(|filter| filter.expression.is_negation());
        let range = Expression::Git(range);
        let narrowed = selecting.into_iter().map(|filter| {
            let expression = Expression::All(vec![filter.expression, range.clone()]);
            Filter { expression, ..filter }
        });
        let mut filters: Vec<Filter> = narrowed.collect();
        if filters.is_empty() {
            filters.push(Filter { expression: range, base: None });
        }
        filters.extend(taking);
        Self { queries: filters, spent: self.spent }
    }
}

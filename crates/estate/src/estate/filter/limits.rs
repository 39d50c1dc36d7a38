//! How many queries there may be, and how long. Lists are written by programs, too: what is far beyond any list of
//! units that somebody means is refused with its place, instead of being held against every unit for hours.

use std::sync::Arc;

use super::syntax::Expression;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};

/// The most queries that are held together, and the most parts that they may have in all: an estate of ten thousand
/// units can be named unit by unit.
pub const MOST_PARTS: usize = 10_000;
/// The longest query, in bytes.
pub const LONGEST_QUERY: usize = 64 * 1024;
/// The longest file of queries, in bytes.
pub const LONGEST_FILE: u64 = 16 * 1024 * 1024;
/// The most Git ranges: each is a comparison of two whole trees.
pub const MOST_RANGES: usize = 50;

/// The code of the error that more of the same would only repeat.
pub(super) const TOO_MANY: &str = "filter::too_many";

/// What the queries that were added so far take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    parts: usize,
    ranges: usize,
}

impl Spent {
    /// Counts one more query; the error says which limit it goes over.
    pub fn add(&mut self, expression: &Expression) -> Result<(), String> {
        expression.walk(&mut |part| {
            self.parts = self.parts.saturating_add(1);
            self.ranges = self.ranges.saturating_add(usize::from(matches!(part, Expression::Git(_))));
        });
        if self.parts > MOST_PARTS {
            return Err(parts());
        }
        if self.ranges > MOST_RANGES {
            return Err(format!("the queries name more than {MOST_RANGES} ranges of commits"));
        }
        Ok(())
    }
}

fn parts() -> String {
    format!("the queries have more than {MOST_PARTS} parts together")
}

/// The error for the first query that is one too many.
pub(super) fn too_many_parts(place: Location) -> Diagnostic {
    too_many(parts(), place)
}

/// The error for queries that go over a limit.
pub(super) fn too_many(message: String, place: Location) -> Diagnostic {
    let help = "name folders by wildcards, such as ./live/dev/**, or make several runs of it";
    Diagnostic::error(TOO_MANY, message).at(place).help(help)
}

/// The error for a query that is too long to be read.
pub(super) fn too_long(source: &Arc<SourceFile>, span: Span) -> Diagnostic {
    let message = format!("the query has more than {LONGEST_QUERY} bytes");
    // Its beginning is enough to find it.
    let start = Span { end: span.start, ..span };
    let help = "say it in a shorter one, with wildcards such as ./live/dev/**";
    Diagnostic::error("filter::too_long", message).at(Location::new(source, start)).help(help)
}

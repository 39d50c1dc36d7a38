//! Terragrunt's filter queries: which units of an estate are meant.
//!
//! A query is read by [`parse`] into an [`Expression`]; [`Filters`] are several of them, held together against an
//! estate. What they mean is told by example in `docs/filters.md`.

mod evaluate;
mod files;
mod generated;
mod lexer;
mod limits;
mod parser;
mod query;
mod range;
mod since;
mod situation;
mod syntax;

#[cfg(test)]
mod tests;

use slipway_hcl::diagnostic::Diagnostic;

pub use evaluate::{FilterContext, Selected};
pub use files::{EXCLUDES_FILE, FILTERS_FILE};
pub use query::{Filter, Filters, parse, parse_at};
pub use since::FileOwners;
pub use situation::{RangeUnits, Reason, Situation};
pub use syntax::{Attribute, Expression, GitRange, GraphExpression, PathPattern, Reach, Type};

impl Situation<'_> {
    /// What differs in a range.
    pub fn units(&self, range: &GitRange) -> Result<RangeUnits, Box<Diagnostic>> {
        let found = match &range.to {
            Some(to) => self.between(range, to),
            None => since::since(self, range),
        };
        let mut found = found.map_err(|error| situation::no_range(&error))?;
        found.elsewhere.sort_by(|one, other| one.dir.cmp(&other.dir));
        found.elsewhere.dedup_by(|one, other| one.dir == other.dir);
        Ok(found)
    }
}

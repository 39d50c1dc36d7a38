//! The grammar of filter queries.

mod filter;

use std::sync::Arc;

pub use filter::syntax::Expression;

use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{SourceFile, Span};

/// Reads one query, as `slipway::estate::filter::parse` does.
pub fn parse_filter(query: &str) -> Result<Expression, Box<Diagnostic>> {
    let source: Arc<SourceFile> = SourceFile::new("--filter", query);
    filter::parse(&source, Span::new(0, query.len()))
}

//! Files of queries: `.terragrunt-filters`, and `.terragrunt-excludes` of what is left out.

use std::path::Path;
use std::sync::Arc;

use super::{Filter, Filters, parse_at};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{SourceFile, Span};

/// The name of the file of queries that are always there.
pub const FILTERS_FILE: &str = ".terragrunt-filters";

/// The name of the file of queries whose units are left out.
pub const EXCLUDES_FILE: &str = ".terragrunt-excludes";

impl Filters {
    /// Adds the queries of a file, one a line; blank lines and those that begin with `#` say nothing. Relative
    /// paths in them are seen from `base`.
    pub fn add_file(&mut self, file: &Path, base: &Path) -> Result<(), Vec<Diagnostic>> {
        self.add_lines(file, base, "")
    }

    /// Adds the negations of the queries of a file, as a `.terragrunt-excludes` holds them.
    pub fn add_excludes(&mut self, file: &Path, base: &Path) -> Result<(), Vec<Diagnostic>> {
        self.add_lines(file, base, "!")
    }

    fn add_lines(&mut self, file: &Path, base: &Path, sign: &str) -> Result<(), Vec<Diagnostic>> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let message = format!("{} cannot be read: {error}", file.display());
            vec![Diagnostic::error("filter::unreadable", message)]
        })?;
        // The sign is written in, so that a line means exactly what it would behind --filter.
        let lines = text.lines().map(|line| match line.trim() {
            query if query.is_empty() || query.starts_with('#') => String::new(),
            query => format!("{sign}{query}"),
        });
        let lines: Vec<String> = lines.collect();
        let source = SourceFile::new(file, lines.join("\n"));
        let mut errors = Vec::new();
        for filter in queries(&source) {
            match filter {
                Ok(filter) => self.push(Filter { base: Some(base.to_path_buf()), ..filter }),
                Err(error) => errors.push(*error),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn queries(source: &Arc<SourceFile>) -> impl Iterator<Item = Result<Filter, Box<Diagnostic>>> {
    let mut start = 0;
    source.text().split('\n').filter_map(move |line| {
        let span = Span::new(start, start + line.len());
        start += line.len() + 1;
        (!line.is_empty()).then(|| parse_at(source, span))
    })
}

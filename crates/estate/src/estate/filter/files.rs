//! Files of queries: `.terragrunt-filters`, and `.terragrunt-excludes` of what is left out.

use std::collections::HashSet;
use std::path::Path;

use super::limits::{LONGEST_FILE, MOST_PARTS, TOO_MANY, too_many_parts};
use super::query::{Filter, Filters, parse_at};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};

/// The name of the file of queries that are always there.
pub const FILTERS_FILE: &str = ".terragrunt-filters";

/// The name of the file of queries whose units are left out.
pub const EXCLUDES_FILE: &str = ".terragrunt-excludes";

/// After how many wrong lines of a file the others are not looked at.
const MOST_ERRORS: usize = 100;

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
        let unreadable = |what: String| {
            let message = format!("{} cannot be read: {what}", file.display());
            vec![Diagnostic::error("filter::unreadable", message)]
        };
        let length = file.metadata().map_err(|error| unreadable(error.to_string()))?.len();
        if length > LONGEST_FILE {
            return Err(unreadable(format!("it has more than {LONGEST_FILE} bytes")));
        }
        let text = SourceFile::read(file).map_err(|error| vec![*error])?;
        // The sign is written in, so that a line means exactly what it would behind --filter.
        let lines = text.text().lines().map(|line| match line.trim() {
            query if query.is_empty() || query.starts_with('#') => String::new(),
            query => format!("{sign}{query}"),
        });
        let lines: Vec<String> = lines.collect();
        let source = SourceFile::new(file, lines.join("\n"));
        let mut seen = HashSet::new();
        let queries: Vec<Span> = lines_of(&source).filter(|span| seen.insert(source.slice(*span))).collect();
        // Before any of them is read, which takes the longest.
        if let Some(span) = queries.get(MOST_PARTS) {
            return Err(vec![too_many_parts(Location::new(&source, *span))]);
        }
        let mut errors = Vec::new();
        for span in queries {
            let read = parse_at(&source, span).and_then(|filter| {
                let filter = Filter { base: Some(base.to_path_buf()), ..filter };
                self.add(filter, &|| Location::new(&source, span))
            });
            match read {
                Ok(()) => {}
                Err(error) if error.code == TOO_MANY => return Err(vec![*error]),
                Err(error) => errors.push(*error),
            }
            // Of a file that is no list of queries this says enough.
            if errors.len() == MOST_ERRORS {
                break;
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The lines that say something.
fn lines_of(source: &SourceFile) -> impl Iterator<Item = Span> {
    let mut start = 0;
    source.text().split('\n').filter_map(move |line| {
        let span = Span::new(start, start + line.len());
        start += line.len() + 1;
        (!line.is_empty()).then_some(span)
    })
}

//! Source files and places in them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use slipway_support::fs::read_text;

/// The most bytes of a configuration: 32 MiB. What is made of it takes many times as much.
pub const MOST_SOURCE: u64 = 32 * 1024 * 1024;

/// A half-open range of byte offsets into one file's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets; what lies past 4 GiB is cut off, files of that size are refused on reading.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// As a range of `usize`, for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A line and a column, both counted from 1; columns count characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One file's text with the path it was read from.
#[derive(Debug)]
pub struct SourceFile {
    path: Arc<Path>,
    text: OnceLock<String>,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Takes the text as it was read; a byte order mark stays in it, so that offsets are those of the file.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        let path = Arc::from(path.into());
        Arc::new(Self { path, text: OnceLock::from(text.into()), line_starts: OnceLock::new() })
    }

    /// A file of which only places are known so far: its text is read when somebody asks for it, and is empty where it cannot
    /// be read by then.
    pub fn unread(path: impl Into<Arc<Path>>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: OnceLock::new(), line_starts: OnceLock::new() })
    }

    /// Where the text came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is written in HCL's JSON syntax, which its name tells.
    pub fn is_json(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "json")
    }

    /// Where the text came from, for whoever keeps it.
    pub fn shared_path(&self) -> Arc<Path> {
        Arc::clone(&self.path)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| read_text(&self.path).unwrap_or_default())
    }

    /// The text of a span, empty where the span does not fall on characters of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text().get(span.range()).unwrap_or_default()
    }

    /// Where an offset lies.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text().get(start as usize..offset as usize).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// One line's text without its line end; lines count from 1.
    pub fn line(&self, line: usize) -> &str {
        let starts = self.line_starts();
        let Some(start) = line.checked_sub(1).and_then(|index| starts.get(index)) else { return "" };
        let end = starts.get(line).map_or(self.text().len(), |next| *next as usize);
        self.text().get(*start as usize..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after = self.text().match_indices('\n').map(|(index, _)| Span::new(index + 1, 0).start);
            std::iter::once(0).chain(after).collect()
        })
    }
}

/// A span in a file that is known.
#[derive(Clone, Debug)]
pub struct Location {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The range in it.
    pub span: Span,
}

impl Location {
    /// A location from its two parts.
    pub fn new(file: &Arc<SourceFile>, span: Span) -> Self {
        Self { file: Arc::clone(file), span }
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        self.file.position(self.span.start)
    }
}

impl std::fmt::Display for Location {
    /// `path:line:column`, as editors and terminals link it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.file.path().display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile::new("a.hcl", "é = 1\nb = \"ü\"\n");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        assert_eq!(file.position(7), Position { line: 2, column: 1 });
        assert_eq!(file.line(2), "b = \"ü\"");
        assert_eq!(file.line(9), "");
    }

    #[test]
    fn a_file_whose_places_are_known_is_read_when_they_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.hcl");
        let early = SourceFile::unread(path.as_path());
        let gone = SourceFile::unread(folder.path().join("gone.hcl"));
        std::fs::write(&path, "a = 1\nb = 2\n").unwrap();
        assert_eq!(Location::new(&early, Span::new(6, 7)).position(), Position { line: 2, column: 1 });
        assert_eq!(early.slice(Span::new(6, 11)), "b = 2");
        assert_eq!((gone.text(), gone.position(6)), ("", Position { line: 1, column: 1 }));
    }

    #[test]
    fn a_location_prints_as_editors_link_it() {
        let file = SourceFile::new("live/root.hcl", "a = 1\nb = 2\n");
        assert_eq!(Location::new(&file, Span::new(6, 7)).to_string(), "live/root.hcl:2:1");
    }
}

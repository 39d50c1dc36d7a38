//! Source files as they are read from a disk.

use std::path::Path;
use std::sync::Arc;

use slipway_support::fs::{Obstacle, read_regular_within};

use super::diagnostic::Diagnostic;
use super::source::{Location, MOST_SOURCE, SourceFile, Span};

impl SourceFile {
    /// Reads a file, which must be a regular one, hold UTF-8 text, and be no larger than a configuration may be.
    pub fn read(path: &Path) -> Result<Arc<Self>, Box<Diagnostic>> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            let message = format!("{} cannot be read: {cause}", path.display());
            Box::new(Diagnostic::error("hcl::unreadable", message))
        };
        let bytes = read_regular_within(path, MOST_SOURCE).map_err(|error| match Obstacle::of(&error) {
            Some(Obstacle::TooLarge(most)) => unreadable(&format!("it has more than {} MiB", most >> 20)),
            _ => unreadable(&error),
        })?;
        String::from_utf8(bytes).map(|text| Self::new(path, text)).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(start).copied().unwrap_or_default();
            // The replacement character stands where the wrong byte does, so that it can be pointed at.
            let shown = Self::new(path, String::from_utf8_lossy(error.as_bytes()));
            let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
            let message = format!("the file is not UTF-8 text: here is the byte {byte:#04x}");
            let diagnostic = Diagnostic::error("hcl::encoding", message).at(Location::new(&shown, span));
            Box::new(diagnostic.help("save it in UTF-8"))
        })
    }
}

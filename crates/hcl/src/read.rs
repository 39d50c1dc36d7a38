//! Source files as they are read from a disk.

use std::path::Path;
use std::sync::Arc;

use slipway_support::fs::read_regular;

use super::diagnostic::Diagnostic;
use super::source::{Location, MOST_SOURCE, SourceFile, Span};

impl SourceFile {
    /// Reads a file, which must be a regular one, hold UTF-8 text, and be no larger than a configuration may be.
    pub fn read(path: &Path) -> Result<Arc<Self>, Box<Diagnostic>> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            let message = format!("{} cannot be read: {cause}", path.display());
            Box::new(Diagnostic::error("hcl::unreadable", message))
        };
        let too_large = || unreadable(&format!("it has more than {} MiB", MOST_SOURCE >> 20));
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > MOST_SOURCE) {
            return Err(too_large());
        }
        let bytes = read_regular(path).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > MOST_SOURCE {
            return Err(too_large());
        }
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

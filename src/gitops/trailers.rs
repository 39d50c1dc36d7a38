//! The trailers of our commits: what was done, to what, by whom. History, rollback and freeze are read from them.

use std::fmt::Write as _;

pub(super) const APP: &str = "Slipway-App";
pub(super) const CONTAINER: &str = "Slipway-Container";
pub(super) const IMAGE: &str = "Slipway-Image";
pub(super) const PREVIOUS: &str = "Slipway-Previous";
pub(super) const SOURCE: &str = "Slipway-Source";
pub(super) const ROLLBACK_OF: &str = "Slipway-Rollback-Of";
pub(super) const PROMOTED_FROM: &str = "Slipway-Promoted-From";
pub(super) const UNFREEZES: &str = "Slipway-Unfreezes";

/// A commit message: the subject, and trailers as Git reads them (`git interpret-trailers`).
pub(super) fn message(subject: &str, trailers: &[(&str, &str)]) -> String {
    let mut text = format!("{}\n\n", one_line(subject));
    for (key, value) in trailers {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{key}: {}", one_line(value));
    }
    text
}

/// The value of the last trailer `key` in a block of trailers, one a line.
pub(super) fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    block.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
}

/// A line break in a value would let it speak for another trailer.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_bring_a_trailer_of_its_own() {
        let text = message("app-a: v1 → v2", &[(SOURCE, "me\nSlipway-Image: evil:v1"), (IMAGE, "x:v2")]);
        assert_eq!(
            text,
            "app-a: v1 → v2\n\nSlipway-Source: me Slipway-Image: evil:v1\nSlipway-Image: x:v2\n"
        );
        assert_eq!(value(&text, IMAGE), Some("x:v2"));
        assert_eq!(value(&text, PREVIOUS), None);
    }
}

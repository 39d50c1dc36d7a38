//! The clusters of slipway.hcl.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::candidate::starting;
use super::place::Place;
use super::words::Words;
use crate::support::fs::read_text;
use crate::terragrunt::{Document, ReaderOptions};

/// Their labels, with the unit that makes each where that is written out.
pub fn clusters(current: &OsStr) -> Vec<CompletionCandidate> {
    let place = Place::of(&Words::typed());
    let Some((place, file)) = place.and_then(|place| Some((place.working_dir, place.file?))) else {
        return Vec::new();
    };
    let options = ReaderOptions { exec: false, ..ReaderOptions::new(&place, "plan") };
    let labels = match Document::read(&file, options) {
        Ok(document) => {
            let labels = document.body().blocks("cluster").filter_map(|block| block.labels.first());
            labels.map(|label| label.name.to_string()).collect()
        }
        // One that does not parse still has them.
        Err(_) => read_text(&file).map(|text| labels(&text)).unwrap_or_default(),
    };
    starting(current, labels.into_iter().map(|label| (label, String::new())))
}

/// The labels of lines such as `cluster "dev" {`.
fn labels(text: &str) -> Vec<String> {
    let label = |line: &str| {
        let rest = line.trim_start().strip_prefix("cluster")?.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(label, _)| label.to_owned())
    };
    text.lines().filter_map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clusters_of_a_broken_file_are_found() {
        assert_eq!(
            labels("cluster \"dev\" {\n  unit = \n\n  cluster \"x\n cluster\"prod\"{}"),
            ["dev", "prod"]
        );
    }
}

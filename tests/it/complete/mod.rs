//! What shells are told when somebody presses the tabulator.

mod shells;
mod values;

use std::path::Path;

use crate::support::slipway::Slipway;

/// What may come next, each with the word on it; the last word is the one that is typed.
fn ask(dir: &Path, words: &[&str]) -> Vec<(String, String)> {
    let slipway =
        Slipway::new(dir, Path::new("")).env_remove("SLIPWAY_TF_PATH").env("SLIPWAY_COMPLETE", "fish");
    let ended = slipway.run(&[&["--", "slipway"], words].concat()).exits(0);
    assert_eq!(ended.stderr, "", "somebody is in the middle of a line");
    let pair = |line: &str| {
        let (value, is) = line.split_once('\t').unwrap_or((line, ""));
        (value.to_owned(), is.to_owned())
    };
    ended.stdout.lines().map(pair).collect()
}

/// Only the values.
fn values(dir: &Path, words: &[&str]) -> Vec<String> {
    ask(dir, words).into_iter().map(|(value, _)| value).collect()
}

//! What a run leaves to be read: files of reports, the display on a terminal, lines, the page in a browser.

mod files;
mod journal;
mod loudness;
mod otlp;
mod page;
mod runner;
mod terminal;
mod unbegun;

use crate::support::estate::Estate;

/// A network, a cluster on it that fails when it is applied, and an identity behind that; beside them a bucket.
fn broken() -> Estate {
    let estate = Estate::chain();
    let unit = "live/cluster/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
    estate.write(unit, &text.replace("inputs = {", "inputs = {\n  fail = true"));
    estate
}

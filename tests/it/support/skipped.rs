//! Tests that show nothing, or not all they could, because something that they need is not on this machine.
//!
//! They end well, and a harness shows no output of those: so each is told past it, and noted in the file whose lines
//! `make test` counts and names at its end.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Notes that a test has shown nothing, and why.
pub fn skipped(why: &str) {
    note("skipped", why);
}

/// Notes that a test has shown only a part, and why.
pub fn partly_skipped(why: &str) {
    note("partly skipped", why);
}

fn note(how: &str, why: &str) {
    // Tests run on threads of their names.
    let thread = std::thread::current();
    let line = format!("{how}: {}: {why}\n", thread.name().unwrap_or("a test"));
    let notes = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped-tests");
    let mut file = OpenOptions::new().create(true).append(true).open(notes).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    // Whoever watches sees it at once; `println!` would be kept from them.
    let _closed = std::io::stderr().write_all(line.as_bytes());
}

/// Why tests that take a real Terragrunt are skipped.
pub const NO_TERRAGRUNT: &str = "there is no terragrunt on PATH";

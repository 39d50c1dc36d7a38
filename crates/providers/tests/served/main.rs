//! Real providers, asked as a tool asks them, and by tools themselves.
//!
//! They are those of the test bed, which `make setup` installs.

#![expect(clippy::disallowed_methods, reason = "tests lay out the files that are read")]

#[cfg(test)]
mod processes;
#[cfg(test)]
mod tool;
#[cfg(test)]
mod tools;

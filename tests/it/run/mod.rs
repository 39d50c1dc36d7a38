//! Runs with real tools on estates whose states are local files.

mod apply;
mod errors;
mod signals;

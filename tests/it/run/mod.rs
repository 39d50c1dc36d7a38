//! Runs with real tools: on estates whose states are local files, and on the emulated AWS.

mod apply;
mod aws;
mod errors;
mod identity;
mod resume;
mod signals;

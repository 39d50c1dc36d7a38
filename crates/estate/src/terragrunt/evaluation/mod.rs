//! The evaluation of files: scopes, locals, includes, dependencies, functions, and the reader over them.
//!
//! These need each other by their nature, and only these: a local calls a function, which reads a file, which has locals, includes
//! and dependencies of its own. Whoever is outside comes in by the [`Reader`]: [`Reader::outline`] asks for no outputs,
//! [`Reader::evaluate`] takes them, [`Reader::check`] does without and tells the places.

mod as_value;
pub mod check;
pub(super) mod decode;
pub(super) mod dependency;
pub(super) mod dependency_table;
pub(super) mod expansion;
pub(super) mod experiment;
pub(super) mod feature;
pub(super) mod file_config;
pub(super) mod functions;
pub(super) mod include;
pub(super) mod labelled;
pub(super) mod locals;
pub(super) mod merge;
pub(super) mod open;
pub(super) mod outline;
pub(super) mod overridden;
pub(super) mod parsed_file;
pub(super) mod patterns;
pub(super) mod reader;
pub(super) mod scope;
pub(super) mod unit;
pub(super) mod unit_evaluation;
pub(super) mod written;

pub use reader::Reader;

//! Everyone who watches a run: all are listeners of the same events.

pub mod json_log;
pub mod line;
pub mod log_files;
pub mod model;
pub mod plain;
mod policy;
pub mod summary;
pub mod terminal;

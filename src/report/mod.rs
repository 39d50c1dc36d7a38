//! Everyone who watches a run: all are listeners of the same events.

#[cfg(test)]
mod any_journal;
mod blast;
mod counts;
pub mod csv;
pub mod detail_text;
mod durations;
#[cfg(test)]
mod fixture;
pub mod foreign;
mod html;
pub mod joined;
pub mod json_log;
mod junit;
pub mod kind;
pub mod line;
pub mod log_files;
mod markdown;
pub mod model;
pub mod otlp;
pub mod plain;
mod policy;
pub mod preview;
pub mod proposal;
mod run_report;
pub mod standing;
pub mod step_outputs;
pub mod summary;
mod table;
pub mod terminal;
mod timeline;
pub mod unbegun;
pub mod verification;
pub mod voice;
mod words;

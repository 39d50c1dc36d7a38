//! Terragrunt's dialect of HCL: blocks, includes, functions, dependency outputs.
//!
//! A [`Reader`] reads each file once and evaluates units: [`Reader::outline`] is what the graph needs, without
//! outputs; [`Reader::evaluate`] is the whole unit. Within one evaluation each file is a scope in which
//! locals, includes, features and dependencies are found at their first use and kept: these call each other, and are a
//! folder of their own, `evaluation`. Stacks ([`stack`]) are read by it and become files that it reads.

mod boundary;
mod cache;
mod cache_dir;
pub mod config;
mod convert;
pub mod copy_pattern;
mod counts;
mod document;
mod evaluation;
mod footprint;
mod options;
pub mod outputs;
mod overlay;
pub mod paths;
mod questions;
mod references;
pub mod schema;
pub mod stack;
pub mod variable_files;

#[cfg(test)]
pub(crate) mod tests;

pub use boundary::Boundary;
pub use cache_dir::{terragrunt_unit_cache, terragrunt_working_dir};
pub(crate) use convert::{AsJson, Shown};
pub use convert::{strings, to_json};
pub use counts::Counts;
pub use document::Document;
pub use evaluation::experiment::EXPERIMENTS;
pub use evaluation::functions::{DEFAULT_RETRYABLE_ERRORS, FUNCTIONS_NOT_IN_TERRAGRUNT};
pub use evaluation::outline::{OrderOnly, Outline, OutlineDependency};
pub use evaluation::{Reader, check};
pub use footprint::{Footprint, paths_in};
pub use options::{AwsIdentity, OutlineStore, ReaderOptions, WorkingDirOf};
pub(crate) use questions::Question;

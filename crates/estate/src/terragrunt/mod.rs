//! Terragrunt's dialect of HCL: blocks, includes, functions, dependency outputs.
//!
//! A [`Reader`] reads each file once and evaluates units: [`Reader::outline`] is what the graph needs, without
//! outputs; [`Reader::evaluate`] is the whole unit. Within one evaluation each file is a scope in which
//! locals, includes, features and dependencies are found at their first use and kept.

mod as_value;
mod boundary;
mod cache;
mod cache_dir;
pub mod check;
pub mod config;
mod convert;
pub mod copy_pattern;
mod counts;
mod decode;
mod dependency;
mod dependency_table;
mod document;
mod expansion;
mod experiment;
mod feature;
mod file_config;
mod footprint;
mod functions;
mod include;
mod labelled;
mod locals;
mod merge;
mod options;
mod outline;
pub mod outputs;
mod overlay;
mod overridden;
mod parsed_file;
pub mod paths;
mod patterns;
mod reader;
mod references;
pub mod schema;
mod scope;
mod session;
pub mod stack;
mod unit;
pub mod variable_files;

#[cfg(test)]
pub(crate) mod tests;

pub use boundary::Boundary;
pub use cache_dir::{terragrunt_unit_cache, terragrunt_working_dir};
pub use convert::{strings, to_json};
pub use counts::Counts;
pub use document::Document;
pub use experiment::EXPERIMENTS;
pub use footprint::Footprint;
pub use functions::{DEFAULT_RETRYABLE_ERRORS, FUNCTIONS_NOT_IN_TERRAGRUNT};
pub use options::{AwsIdentity, ReaderOptions, WorkingDirOf};
pub use outline::{OrderOnly, Outline, OutlineDependency};
pub use reader::Reader;

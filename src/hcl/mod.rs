//! The HCL language: syntax with spans, values, evaluation and Terraform's functions.

pub mod ast;
pub mod budget;
pub mod convert;
pub mod diagnostic;
mod evaluate;
pub mod functions;
pub mod go_regex;
pub mod json;
pub mod json_syntax;
pub mod limits;
pub mod number;
mod parser;
#[cfg(test)]
mod reference_tests;
pub mod scope;
pub mod source;
pub(crate) mod stack;
pub mod suggest;
mod types;
pub mod value;
pub mod walk;

pub use evaluate::evaluate;
pub use parser::{parse, parse_expression, parse_template};

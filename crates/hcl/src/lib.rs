//! The HCL language: syntax with spans, values, evaluation and Terraform's functions.
//!
//! A parser that goes on behind an error, so that a file with several gets them all; every node knows its bytes, so that
//! every error can show them. Values are Terraform's: unknown and sensitive ones among them, numbers of any precision.
//! Functions answer what Terraform answers. What an evaluation may take in steps and bytes is bounded ([`budget`]).
//!
//! It knows nothing of Terragrunt: whoever evaluates says what names mean, by a [`scope::Scope`].
//!
//! # Example
//!
//! ```
//! use slipway_hcl::scope::MapScope;
//! use slipway_hcl::source::SourceFile;
//! use slipway_hcl::value::Value;
//!
//! let file = SourceFile::new("network.hcl", "name = \"${team}-network\"\nports = [80,\n");
//! let (body, errors) = slipway_hcl::parse(&file);
//! // What is read before an error, and behind it, is there.
//! assert_eq!(errors[0].code, "hcl::syntax");
//!
//! let scope = MapScope::new([("team", Value::string("blue"))]);
//! let name = &body.attribute("name").ok_or("it is there")?.expr;
//! assert_eq!(slipway_hcl::evaluate(name, &file, &scope).map_err(|error| error.message)?, Value::string("blue-network"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests lay out the files that are read"))]

pub mod ast;
pub mod budget;
pub mod convert;
pub mod diagnostic;
mod evaluate;
pub mod functions;
pub mod json;
pub mod json_syntax;
pub mod limits;
pub mod number;
mod parser;
mod read;
#[cfg(test)]
mod reference_tests;
pub mod scope;
pub mod source;
pub mod stack;
pub mod suggest;
mod types;
pub mod value;
pub mod walk;
pub mod write;

pub use evaluate::evaluate;
pub use parser::{parse, parse_expression, parse_template};
pub use slipway_support::go_regex;

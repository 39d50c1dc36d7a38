//! The HCL language: syntax with spans, values, evaluation and Terraform's functions.

pub mod ast;
pub mod diagnostic;
pub mod number;
pub mod scope;
pub mod source;
pub mod value;

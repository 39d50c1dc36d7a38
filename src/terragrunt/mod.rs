//! Terragrunt's dialect of HCL: blocks, includes, functions, dependency outputs.

pub mod config;
pub mod outputs;

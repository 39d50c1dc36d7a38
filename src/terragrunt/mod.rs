//! Terragrunt's dialect of HCL: blocks, includes, functions, dependency outputs.

//! The HCL language: syntax with spans, values, evaluation and Terraform's functions.

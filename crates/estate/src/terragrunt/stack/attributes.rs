//! The attributes of units and stacks of a stack file that more than one reader asks for.

use crate::terragrunt::schema::{self, Spec, optional, required};

/// Where it is generated.
pub(super) const PATH: Spec = required("path", schema::Kind::String);
/// What it is made from.
pub(super) const SOURCE: Spec = required("source", schema::Kind::String);
/// Whether it is generated beside `.terragrunt-stack`.
pub(super) const NO_DOT: Spec = optional("no_dot_terragrunt_stack", schema::Kind::Bool);

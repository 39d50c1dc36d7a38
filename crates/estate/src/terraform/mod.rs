//! Terraform's own files: what a module's folder declares, which files belong to it, variable files, states, and what the
//! tools say of outputs.
//!
//! A module is read once ([`Module::read`]), with those that it calls by a path where these matter ([`ModuleTree::read`]);
//! native and JSON syntax go through one reader. Which files `tofu` and `terraform` take for a module's is said once, in
//! [`files`]. Nothing here knows of Terragrunt, of units, or of what a run does with an answer.

mod constraint;
mod declared;
pub mod files;
mod marks;
mod module;
pub mod outputs;
mod reads;
mod requirements;
mod schema;
pub mod state;
mod tree;
pub mod variable_files;
mod whole_state;

#[cfg(test)]
mod tests;

pub use constraint::Constraint;
pub use files::ToolKind;
pub use marks::any_marked;
pub use module::{Backend, Hidden, Module, ModuleCall, Variable, Written};
pub use reads::{FILE_FUNCTIONS, Reads};
pub use requirements::{ProviderRequirement, ProviderVersion, Requirements};
pub use tree::{LocalModules, ModuleTree};
pub use whole_state::{NoState, WholeState};

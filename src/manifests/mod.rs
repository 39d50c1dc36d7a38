//! Manifests held to the schemas of their kinds before they are pushed: those that a cluster publishes, or those of files.
//!
//! The schemas are asked for and not the API server's own judgement by a dry run: that would need rights to change everything that is
//! deployed, the namespace and the kinds that the same commit brings, and it says no to what Argo CD would replace or make anew
//! (jobs, hooks, names that are made up). Whoever is logged in may read schemas. What only the API server knows (rules of admission,
//! names that are taken, how fields go together) is not seen here.
//!
//! | file | idea |
//! |---|---|
//! | `cluster` | kinds and schemas as an API server publishes them |
//! | `files` | schemas in files, in the layouts that teams keep |
//! | `definitions` | schemas out of the custom resource definitions beside the manifests |
//! | `found` | what is known of a kind |
//! | `strict` | a schema in which every field is known |
//! | `verdict` | one object held to one schema, with lines |
//! | `judge` | all objects held to what is known of their kinds |

mod cluster;
mod definitions;
mod files;
mod found;
mod judge;
mod strict;
mod verdict;

pub use self::cluster::ClusterSchemas;
pub use self::files::{FileSchemas, SchemaFileError};
pub use self::judge::{SchemaSource, Schemas};

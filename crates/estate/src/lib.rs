//! Reads Terragrunt estates: the tree of units under a folder, with Terragrunt's meaning.
//!
//! [`terragrunt`] is the dialect: blocks, includes, functions, dependencies, stacks. A file is read in two passes. The
//! outline is what can be known without anyone's outputs; finding and ordering need no more. The evaluation needs the
//! outputs of what a unit depends on.
//!
//! [`terraform`] is what a module's folder declares, and what states and variable files say; it knows nothing of Terragrunt.
//!
//! [`estate`] is the tree: discovery, the graph and its order, filters, what a commit affects, validation. No unit is dropped
//! because of a mistake in it, and every mistake is told, with its place. [`view`] shows it: lists, graphs, pictures, pages.
//!
//! # Example
//!
//! ```
//! use slipway_estate::estate::{Estate, Graph};
//! use slipway_hcl::json::to_json;
//! use slipway_estate::terragrunt::outputs::NoOutputs;
//! use slipway_estate::terragrunt::{Reader, ReaderOptions};
//!
//! # let folder = tempfile::tempdir()?;
//! # let live = folder.path().canonicalize()?;
//! # for (unit, text) in [
//! #     ("network", "inputs = { cidr = cidrsubnet(\"10.0.0.0/8\", 8, 2) }"),
//! #     ("cluster", "dependencies {\n  paths = [\"../network\"]\n}"),
//! # ] {
//! #     std::fs::create_dir_all(live.join(unit))?;
//! #     std::fs::write(live.join(unit).join("terragrunt.hcl"), text)?;
//! # }
//! let reader = Reader::new(ReaderOptions::new(&live, "plan"));
//! let estate = Estate::discover(&live, &reader);
//! assert!(!estate.has_errors());
//!
//! // The order in which the units may run.
//! let graph = Graph::build(&estate).map_err(|cycles| cycles[0].to_string())?;
//! let order: Vec<String> = graph.order().into_iter().map(|unit| estate.name(unit)).collect();
//! assert_eq!(order, ["network", "cluster"]);
//!
//! // One unit, with everything evaluated.
//! let unit = reader.evaluate(&live.join("network/terragrunt.hcl"), &NoOutputs).map_err(|errors| errors[0].to_string())?;
//! assert_eq!(to_json(&unit.inputs["cidr"]), Some("10.2.0.0/16".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests lay out the files that are read"))]

pub mod estate;
pub mod terraform;
pub mod terragrunt;
pub mod view;

//! Slipway takes a platform team from Terragrunt code to a running GitOps cluster on EKS, and keeps it there.
//!
//! The library is a house with floors: each module may use the modules under it and never one above.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 9 | [`cli`] | one file a command |
//! | 8 | [`report`] | everyone who watches a run |
//! | 7 | [`run`] | the scheduler, the journal, gates as nodes |
//! | 6 | [`engine`] | one unit turned into commands |
//! | 5 | [`cluster`], [`argocd`], [`gitops`] | EKS, Argo CD, the manifests repository |
//! | 4 | [`estate`] | the tree of units and its graph |
//! | 3 | [`terragrunt`] | Terragrunt's dialect |
//! | 2 | [`hcl`] | the HCL language |
//! | 1 | [`support`] | processes, files, Git |
//!
//! Data flows one way: text → syntax → config → unit → graph → run → events → reports.
//!
//! # As a library
//! The floors up to [`estate`], and [`gitops`], stand for themselves: with `default-features = false` they come without
//! AWS, Kubernetes and the program, and read Terragrunt estates for whoever wants to.
//!
//! ```
//! use slipway::estate::{Estate, Graph};
//! use slipway::hcl::json::to_json;
//! use slipway::terragrunt::outputs::NoOutputs;
//! use slipway::terragrunt::{Reader, ReaderOptions};
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

#[cfg(feature = "program")]
pub mod argocd;
#[cfg(feature = "program")]
pub mod cli;
#[cfg(feature = "program")]
pub mod cluster;
#[cfg(feature = "program")]
pub mod engine;
pub mod estate;
pub mod gitops;
pub mod hcl;
#[cfg(feature = "program")]
pub mod report;
#[cfg(feature = "program")]
pub mod run;
pub mod support;
pub mod terragrunt;

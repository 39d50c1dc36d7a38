//! Slipway takes a platform team from Terragrunt code to a running GitOps cluster on EKS, and keeps it there.
//!
//! A house with floors: each may use what is under it and never what is above. The lower floors are crates, so that the
//! compiler holds that; they stand for themselves, and come without AWS, Kubernetes and the program.
//!
//! | floor | where | what lives there |
//! |---|---|---|
//! | 10 | [`cli`] | one file a command |
//! | 9 | [`launch`] | how a run begins and ends |
//! | 8 | [`report`], [`ui`] | everyone who watches a run; the two streams |
//! | 7 | [`run`] | the scheduler, the journal, gates as nodes |
//! | 6 | [`engine`], [`pipeline`] | one unit turned into commands; the pipelines that `slipway ci` writes |
//! | 5 | [`cluster`], [`argocd`], [`registry`], [`forge`], [`manifests`] | EKS, Argo CD, registries of images, GitHub and GitLab, schemas of manifests |
//! | 4 | [`project`], [`scaffold`] | `slipway.hcl`; what `slipway init` writes |
//! | 3 | `slipway_estate`: [`terraform`], [`terragrunt`], [`estate`], [`view`]; `slipway_gitops` | Terraform's files, Terragrunt's dialect, the tree of units and what is seen of it; the manifests repository |
//! | 2 | `slipway_hcl`; `slipway_providers` | the HCL language; providers of Terraform that tools share |
//! | 1 | `slipway_support` | processes, files, Git |
//!
//! Data flows one way: text → syntax → config → unit → graph → run → events → reports.

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests lay out the files that are read"))]

pub mod argocd;
pub mod cli;
pub mod cluster;
pub mod engine;
pub mod forge;
pub mod launch;
pub mod manifests;
pub mod pipeline;
pub mod project;
pub mod registry;
pub mod report;
pub mod run;
pub mod scaffold;
pub mod ui;

pub use slipway_estate::{estate, terraform, terragrunt, view};
pub use slipway_gitops as gitops;
pub use slipway_hcl as hcl;
pub use slipway_support as support;

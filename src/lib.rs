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

pub mod argocd;
pub mod cli;
pub mod cluster;
pub mod engine;
pub mod estate;
pub mod gitops;
pub mod hcl;
pub mod report;
pub mod run;
pub mod support;
pub mod terragrunt;

//! Which kustomizations reach a manifest, and whether an edit of it would show behind them.
//!
//! Kustomize replaces images: by `images`, by patches, by replacements, in overlays that may stand anywhere in the repository.
//! An edit of the manifest under them would change nothing in the cluster.

mod check;
mod climb;
mod known;
mod labels;
mod overrides;
mod patch;
mod read;
mod way;

pub(super) use self::known::{Kustomizations, reachable};
pub(super) use self::overrides::{may_be, specification};
pub(super) use self::read::referenced;
pub use self::way::Deployed;

#[cfg(test)]
mod tests;

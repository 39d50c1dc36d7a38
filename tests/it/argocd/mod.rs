//! Argo CD on the bed: its manifests, controllers and CRDs are the real ones, nothing runs in its pods.

mod life;
mod promotion;
pub mod world;

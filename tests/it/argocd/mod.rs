//! Argo CD on the bed: its manifests, controllers and CRDs are the real ones, nothing runs in its pods.

mod life;
pub mod world;

//! Argo CD on the bed: its manifests, controllers and CRDs are the real ones, nothing runs in its pods.

mod acting;
mod after;
mod beside;
mod charts;
mod connected;
mod door;
mod down;
mod drifting;
mod killed;
mod life;
mod logs;
mod notifying;
mod preview;
mod processes;
mod promotion;
mod scaffolded;
mod unanswered;
mod upgrading;
mod waiting;
pub mod world;

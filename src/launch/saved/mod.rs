//! Plans in a folder: saved when they are made, applied another time.

mod apply;
mod handed;
mod save;
mod signature;

pub use self::apply::{SavedApply, apply_saved};
pub use self::handed::bring;
pub use self::save::Saving;
pub use self::signature::{Signing, Trust};

/// The way out of most refusals.
const PLAN_AGAIN: &str = "nothing was touched; save the plans anew with `slipway plan --out`";

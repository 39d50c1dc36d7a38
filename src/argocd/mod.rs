//! Argo CD: its installation, its Applications and what they say of themselves.
//!
//! [`bootstrap`] applies the install [`Manifest`] and what connects the manifests repository, all by
//! server-side apply, so that a second time changes nothing. [`wait_green`] waits until the Applications are
//! green at a commit; [`uninstall`] goes the way back.

mod application;
mod bootstrap;
mod drift;
mod error;
mod followed;
mod last_words;
mod look;
mod manifest;
mod objects;
mod resources;
mod sources;
mod uninstall;
mod wait;
mod wanted;

pub use application::{ApplicationStatus, ResourceKey};
pub use bootstrap::{BootstrapSpec, Progress, bootstrap, wait_available};
pub use drift::{Drift, drift};
pub use error::ArgoCdError;
pub use followed::behind;
pub use look::is_green;
pub use manifest::{Manifest, ManifestSpec};
pub use objects::{Change, Changes};
pub use resources::OUTPUT_PREFIX;
pub use sources::SourceStatus;
pub use uninstall::{Removed, uninstall};
pub use wait::{status, wait_green};
pub use wanted::{Ancestry, Wanted, WantedImage};

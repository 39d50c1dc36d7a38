//! Argo CD: its installation, its Applications and what they say of themselves.
//!
//! [`bootstrap`] applies the install [`Manifest`] and what connects the manifests repository, all by
//! server-side apply, so that a second time changes nothing. [`wait_green`] waits until the Applications are
//! green at a commit; [`sync`] and its like ask Argo CD for something, by its Applications alone; [`uninstall`] goes the
//! way back.

mod acts;
mod application;
mod bootstrap;
mod by_hand;
mod closer;
mod clusters;
mod drift;
mod error;
mod facts;
mod followed;
mod green;
mod images;
mod installation;
mod last_words;
mod leftover;
mod live;
mod look;
mod manifest;
mod notifications;
mod objects;
mod rehearsed;
mod render;
mod repositories;
mod resources;
mod running;
mod sets;
mod sources;
mod tailing;
mod told;
mod tree;
mod uninstall;
mod upgrade;
mod wait;
mod wanted;
mod watched;
mod windows;

pub use acts::{SyncSpec, Synced, refresh, rollback, sync, synced};
pub use application::{ApplicationStatus, ResourceKey};
pub use bootstrap::{BootstrapSpec, Progress, Rehearsal, bootstrap, rehearse, wait_available};
pub use clusters::{Access, OtherCluster};
pub use drift::{Drift, drift};
pub use error::ArgoCdError;
pub use facts::Facts;
pub use followed::behind;
pub use installation::Installation;
pub use look::{running_in, unseen};
pub use manifest::{Manifest, ManifestSpec};
pub use objects::{Change, Changes};
pub use rehearsed::Step;
pub use render::{Fate, ObjectChange, Preview, PreviewSpec, Previewed, State, preview};
pub use resources::OUTPUT_PREFIX;
pub use running::{Running, Somewhere};
pub use sources::SourceStatus;
pub use tailing::{LogLine, Tailed, follow_logs};
pub use tree::{Branch, PodLog, logs, tree};
pub use uninstall::{Removed, uninstall};
pub use upgrade::{Note, Upgrade};
pub use wait::{not_green, status, status_of, wait_green};
pub use wanted::{Ancestry, Wanted, WantedImage};

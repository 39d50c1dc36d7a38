//! How a run begins and ends: the project is opened once, units are chosen, a person agrees, locks are held, and what came
//! of it is concluded.
//!
//! Nothing here knows arguments or exit codes: whoever calls brings plain values and gets a [`Conclusion`] or a
//! [`CommandError`].
//!
//! | what | by |
//! |---|---|
//! | the project, its estate, and who reads it | [`Workspace`] |
//! | which units are meant, in their order | [`Selectors`], [`Selection`] |
//! | `up`, `down`, `apply`, `destroy` | [`launch`] |
//! | `plan`, with what is saved | [`plan`] |
//! | saved plans | [`apply_saved`] |
//! | units that are no longer in the tree | [`destroy_removed`] |
//! | a run that stopped | [`resume`] |
//! | a run that other machines work on | [`join`] |
//! | something of a person's own over units | [`run_errand`] |
//!
//! All of these but the last end in `execute`: the folder of the run, its graph, who watches, the agreement, the locks, the scheduler,
//! the summary.

mod agree;
mod begin;
mod broken_locks;
mod cache;
mod conclusion;
mod engines;
mod errand;
mod error;
mod execute;
mod features;
mod fleet;
mod graph;
mod home;
mod join;
mod kept_outlines;
mod left_behind;
mod left_out;
mod locks;
mod manifests;
mod nothing;
mod options;
mod planning;
mod prepared;
mod readers;
mod removed;
mod reports;
mod request;
mod resume;
mod runner;
mod saved;
mod select;
mod selectors;
mod shared;
mod shared_states;
mod stacks;
mod state_move;
mod target;
mod watching;
mod workspace;

pub use self::agree::Consent;
pub use self::begin::{Launch, launch};
pub use self::broken_locks::unlock_run;
pub use self::conclusion::Conclusion;
pub use self::errand::{ErrandLaunch, run_errand};
pub use self::error::CommandError;
pub use self::fleet::{Asked, ask, ask_all, ask_found, place};
pub use self::join::{Joining, cancel, join, observer};
pub use self::left_out::leave_out;
pub use self::manifests::manifests;
pub use self::nothing::{no_units, refuse_nothing};
pub use self::options::{Invocation, ReportFiles, RunOptions, Scope, Sharing, Tools};
pub use self::planning::{Planning, plan};
pub use self::removed::{DestroyRemoved, destroy_removed};
pub use self::resume::{Resuming, resume};
pub use self::saved::{SavedApply, Signing, Trust, apply_saved};
pub use self::select::Selection;
pub use self::selectors::{Matched, Selectors, inside};
pub use self::stacks::{counted, expand, generate_first, stale_ones, whole, write_generated};
pub use self::state_move::{Moved, Moves, StateMove, move_states};
pub use self::target::{Target, choose, other_clusters};
pub use self::watching::screen;
pub use self::workspace::{Workspace, refuse_anothers_file, working_dir};

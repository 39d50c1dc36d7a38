//! The run: scheduler, cancellation, journal, gates as nodes of the graph, and the events they emit.
//!
//! A run is a graph of [`node::Node`]s, each with a piece of [`node::Work`]. The [`scheduler`] starts what is
//! ready, the [`events::Events`] write every event to the [`journal`] before anyone sees it, and the listeners
//! of the floor above draw, log and report.

pub mod agreement;
pub mod ahead;
pub mod approval;
pub mod assemble;
pub mod blast;
pub mod command;
pub mod drift;
pub mod durations;
pub mod errand;
pub mod event;
pub mod events;
pub mod folder;
pub mod gate;
pub mod home;
pub mod journal;
pub mod last_looks;
pub mod left_locks;
pub mod locks;
pub mod memory;
pub mod mode;
pub mod node;
pub mod past;
pub mod plans;
pub mod policy;
mod replan;
pub mod retry;
mod run_number;
pub mod saved;
pub mod saved_gate;
pub mod scheduler;
pub mod shared;
pub mod signals;
pub mod tail;
pub mod time_limit;
pub mod unit;
pub mod unit_loader;
pub mod work_folders;

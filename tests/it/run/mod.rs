//! Runs with real tools: on estates whose states are local files, and on the emulated AWS.

mod apply;
mod aws;
mod directly;
mod errand;
mod errors;
mod identity;
mod interrupts;
mod killed;
mod kills;
mod lock_table;
mod locks;
mod moving_states;
mod providers;
mod records;
mod resume;
mod shared;
mod shared_destroying;
mod shared_providers;
mod shared_providers_roles;
mod shared_providers_six;
mod shared_saved;
mod shared_store;
mod signals;
mod streams;
mod versions;

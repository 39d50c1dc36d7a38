//! Is a cluster usable: against the emulated EKS with a real API server, and against servers that misbehave.

mod faults;
pub mod on_bed;
mod verify;

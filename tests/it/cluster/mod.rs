//! Is a cluster usable: against the emulated EKS with a real API server, and against servers that misbehave.

mod access;
mod connection;
mod context;
mod faults;
mod findings;
mod kubectl;
mod many;
pub mod on_bed;
mod upgrade;
mod verify;
pub mod world;

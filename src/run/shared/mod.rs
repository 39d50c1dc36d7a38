//! One run over many machines, without a server: what each has done is told by objects under one address.
//!
//! | object | who writes it | what it says |
//! |---|---|---|
//! | `run.json` | whoever comes first, once | the command, the units and their order, the commit ([`record::Start`]) |
//! | `plans/DIGEST.sealed` | whoever comes first, once | the saved plans that are applied, encrypted, where there are any ([`record::StartPlans`]) |
//! | `claims/FENCE/UNIT` | one of those who want the unit, once | who works on it ([`record::Claim`]) |
//! | `released/FENCE/UNIT` | who claimed it | it is given back, unfinished |
//! | `ends/UNIT` | who claimed it, once | how it ended, and what was seen meanwhile ([`record::End`]) |
//! | `beats/MACHINE` | each machine, again and again | that it lives |
//! | `cancelled` | anybody | nothing more is to begin |
//!
//! **Claims.** All that has to be exclusive is an object that is written only where none is there. A claim holds as long as its machine
//! gives signs of life. One that gave none for one and a half leases, by the clock of whoever waits, is replaced by a claim with the
//! next higher fence; clocks are never compared.
//!
//! **Leases.** A machine is sure of its claims for one lease from the moment at which it last began to give a sign of life and then saw
//! no higher claim. Nothing is changed by one that is not sure: it asks first. One that was replaced interrupts its tool and takes the
//! other's answer for its own. The state's lock is the last word all the while.
//!
//! Every machine has the whole graph. What another machine ends is an end here as well, with all that was seen, so that each has the
//! whole journal and the whole report.

pub mod board;
pub mod bucket;
pub mod listing;
pub mod observer;
pub mod places;
pub mod record;
pub mod store;
pub mod work;

#[cfg(test)]
mod tests;

pub use self::board::Board;
pub use self::bucket::Bucket;
pub use self::observer::Observer;
pub use self::places::Places;
pub use self::record::Start;
pub use self::store::{Store, StoreError};
pub use self::work::SharedWork;

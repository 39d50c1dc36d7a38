//! What comes out of a repository, and out of a folder of ours that somebody else has had, is not trusted.

mod costs;
mod deleting;
mod generator;
mod json_lines;
mod poison;
mod reading;
mod records;
mod run;
mod secrets;
mod shown;
mod stand_in;
mod stopping;
mod sweep;
mod tripwires;
mod untrusted;
pub mod world;
mod writing;

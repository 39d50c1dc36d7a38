//! Changes proposed by pull requests and merge requests, against emulated forges over real Git repositories.

mod commented;
mod crowd;
mod login;
mod merged;
mod overlapping;
mod requests;
mod statuses;
mod trouble;

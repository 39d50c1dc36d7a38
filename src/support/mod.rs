//! What every floor uses: processes, files, Git.

pub mod git;
pub mod secret;

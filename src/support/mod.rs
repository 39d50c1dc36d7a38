//! What every floor uses: processes, files, Git.

pub mod fs;
pub mod git;
pub mod interrupt;
pub mod paths;
pub mod process;
pub mod secret;

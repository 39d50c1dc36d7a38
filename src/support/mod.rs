//! What every floor uses: processes, files, Git.

pub mod secret;

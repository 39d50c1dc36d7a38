//! The helpers that the fuzzed modules use.

#[path = "../../src/support/digest.rs"]
pub mod digest;
#[path = "../../src/support/fs.rs"]
pub mod fs;
#[path = "../../src/support/glob.rs"]
pub mod glob;
#[path = "../../src/support/paths.rs"]
pub mod paths;

/// Stands for the errors of Git, which nothing fuzzed runs.
pub mod git {
    /// Never made.
    #[derive(Debug, thiserror::Error)]
    #[error("git")]
    pub struct GitError;
}

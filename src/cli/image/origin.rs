//! Who asks for a bump, and what was built: the pipeline's run, and when the commit was made that it built.

use std::path::Path;

use jiff::Timestamp;

use crate::gitops::{bump_source, bump_source_commit};
use crate::support::environment::variable;
use crate::support::git::Git;

/// The pipeline or person behind this.
pub(super) fn source() -> Option<String> {
    bump_source(variable)
}

/// When the commit was made that the pipeline built: as it says, or as the repository does that it stands in.
pub(super) fn source_time() -> Option<String> {
    let said = variable("CI_COMMIT_TIMESTAMP");
    let is_time = |text: &String| text.parse::<Timestamp>().is_ok();
    said.filter(is_time).or_else(|| {
        let commit = bump_source_commit(variable)
            .filter(|commit| commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let asked =
            ["show", "--no-patch", "--no-show-signature", "--format=%cI", "--end-of-options", &commit, "--"];
        let time = Git::new(Path::new(".")).ask(&asked).ok()?.trim().to_owned();
        Some(time).filter(is_time)
    })
}

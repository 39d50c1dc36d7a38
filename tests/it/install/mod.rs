//! What a release consists of, and how it gets onto a machine that has neither Rust nor a clone.

mod packed;
mod script;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::root;

/// What the tests build is for.
pub const TARGET: &str = "x86_64-unknown-linux-musl";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = "https://github.com/example/slipway";

/// A program that is static as a release is, and is the one under test all the same: a release build takes minutes. None
/// where this machine cannot link one.
fn stand_in() -> Option<&'static Path> {
    static MADE: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("slipway.c"), folder.path().join("slipway"));
        let ours = env!("CARGO_BIN_EXE_slipway");
        let text = format!(
            "#include <unistd.h>\nint main(int n, char **words) {{ execv(\"{ours}\", words); return 127; }}\n"
        );
        std::fs::write(&source, text).unwrap();
        let linked = Command::new("cc").args(["-static", "-o"]).arg(&program).arg(&source).output().unwrap();
        linked.status.success().then_some((folder, program))
    });
    made.as_ref().map(|(_, program)| program.as_path())
}

pub const NO_STATIC: &str = "cc cannot link a static program here";

/// Runs `packaging/dist`, of one commit.
fn dist(arguments: &[&str], out: &Path) -> Output {
    Command::new(root().join("packaging/dist"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap()
}

/// The same, and it has to go well.
#[track_caller]
fn packed(arguments: &[&str], out: &Path) {
    let ended = dist(arguments, out);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The folder with the release that is packed once for all tests.
pub fn release() -> Option<&'static Path> {
    static MADE: OnceLock<Option<TempDir>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let program = stand_in()?;
        let out = tempfile::tempdir().unwrap();
        packed(&["pack", "--target", TARGET, "--binary", program.to_str().unwrap()], out.path());
        packed(&["finish", "--repository", REPOSITORY], out.path());
        Some(out)
    });
    made.as_ref().map(TempDir::path)
}

/// What the archive for a target is called.
pub fn archive(target: &str) -> String {
    format!("slipway-{VERSION}-{target}.tar.gz")
}

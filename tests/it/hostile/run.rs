//! What a repository names is not started by whoever only looks at it.

use std::path::{Path, PathBuf};

use super::generator::program;
use crate::plans::{commit, git};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// A program that leaves a line with its name in a file beside the estate.
fn trap(estate: &Path, name: &str) -> PathBuf {
    let script = estate.join(".git/traps").join(name);
    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    program(&script, &format!("echo {name} >> '{}'", ran(estate).display()));
    script
}

fn ran(estate: &Path) -> PathBuf {
    estate.join(".git/ran")
}

#[test]
fn what_the_repositorys_own_git_settings_name_runs_in_no_command() {
    let tool = tool("tofu");
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("bucket", &[]);
    commit(&estate);
    let root = estate.path();
    let set = |key: &str, value: &str| git(root, &["config", key, value]);
    for key in
        ["core.fsmonitor", "core.sshCommand", "filter.evil.clean", "filter.evil.smudge", "diff.external"]
    {
        set(key, &trap(root, key).display().to_string());
    }
    for key in ["diff.evil.textconv", "credential.helper", "gpg.ssh.program", "core.askPass", "core.pager"] {
        set(key, &trap(root, key).display().to_string());
    }
    set("core.hooksPath", &root.join(".git/traps").display().to_string());
    set("gpg.format", "ssh");
    set("user.signingkey", "/no/such/key");
    estate.write(".git/info/attributes", "* filter=evil diff=evil\n");
    estate.write("live/bucket/notes", "changed\n");
    let slipway = || Slipway::new(root, &tool);
    slipway().run(&["find", "--affected=HEAD"]).exits(0).says("bucket");
    slipway().run(&["plan", "--out", "saved", "--no-sign"]).exits(0).says("saved");
    // The key is the repository's affair, the program is not: the real one finds no such key.
    slipway().run(&["plan", "--out", "signed"]).exits(1).says("/no/such/key does not sign");
    slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
    slipway().run(&["find", "--filter", "[HEAD...HEAD]"]).exits(0).says("");
    assert!(!ran(root).exists(), "{}", std::fs::read_to_string(ran(root)).unwrap());
}

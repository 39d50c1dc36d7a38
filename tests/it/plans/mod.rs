//! Plans: the table over all units, the detail on demand, and plans that are saved, verified and applied.

pub mod drift;
mod looks;
mod replan;
mod saved;
mod signed;
mod stages;
mod table;
mod tampered;
mod through;
mod wrapped;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::estate::Estate;

/// Nobody may see it, but whoever may read a plan of the tool's own.
pub const SECRET: &str = "correct-horse-battery-staple";

/// A unit without dependencies whose module is given as it stands, in files of its own.
pub fn unit(estate: &Estate, name: &str, module: &str) {
    estate.write(&format!("infra/{name}/main.tf"), module);
    estate.write(
        &format!("live/{name}/terragrunt.hcl"),
        &format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"${{get_repo_root()}}/infra/{name}\"\n}}\n"
        ),
    );
}

/// Commits all that is there, without what a run leaves behind.
pub fn commit(estate: &Estate) {
    estate.write(".gitignore", "states/\n.slipway/\nsaved*/\n.terragrunt-cache/\n");
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "--allow-empty", "--message", "as it is"]);
}

pub fn git(folder: &Path, arguments: &[&str]) {
    let author = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let ended = Command::new("git").current_dir(folder).args(author).args(arguments).status().unwrap();
    assert!(ended.success(), "git {arguments:?}");
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

//! The caches of modules and providers: what is kept of them, and what goes.

mod bound;
mod in_use;
mod killed;
mod providers;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

/// A repository of modules: at each of the tags `v1`, `v2`, … another one, of some size.
struct Tags(TempDir);

impl Tags {
    fn new(count: usize) -> Self {
        let tags = Self(tempfile::Builder::new().prefix("slipway-modules-").tempdir().unwrap());
        tags.git(&["init", "--quiet", "--initial-branch=main"]);
        for number in 1..=count {
            let text = format!(
                "variable \"value\" {{\n  type = string\n}}\noutput \"value\" {{\n  value = \"v{number} ${{var.value}}\"\n}}\n"
            );
            std::fs::write(tags.0.path().join("main.tf"), text).unwrap();
            std::fs::write(tags.0.path().join("ballast"), number.to_string().repeat(100_000)).unwrap();
            tags.git(&["add", "--all"]);
            tags.git(&["commit", "--quiet", "-m", "one"]);
            tags.git(&["tag", &format!("v{number}")]);
        }
        tags
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let status =
            Command::new("git").current_dir(self.0.path()).args(identity).args(arguments).status().unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    /// An estate with a unit for each tag, called by it, and with hooks of one's own.
    fn estate(&self, count: usize) -> Estate {
        let estate = Estate::new();
        for number in 1..=count {
            self.unit(&estate, &format!("v{number}"), "");
        }
        estate
    }

    fn unit(&self, estate: &Estate, tag: &str, in_terraform: &str) {
        let source = format!("git::file://{}?ref={tag}", self.0.path().display());
        estate.write(
            &format!("live/{tag}/terragrunt.hcl"),
            &format!(
                "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\nterraform {{\n  source = \
                 \"{source}\"\n{in_terraform}}}\ninputs = {{\n  value = \"x\"\n}}\n"
            ),
        );
    }
}

fn slipway(estate: &Estate) -> Slipway {
    Slipway::new(estate.path(), &tool("tofu"))
}

/// What is kept, as `slipway cache` says it.
fn listed(estate: &Estate) -> Value {
    slipway(estate).run(&["cache", "--format", "json"]).exits(0).json()
}

/// The names of the folders of what is kept, what was used least lately first.
fn kept(estate: &Estate) -> Vec<String> {
    let listed = listed(estate);
    let name = |entry: &Value| entry["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    listed["entries"].as_array().unwrap().iter().map(name).collect()
}

/// The folder of the module at a tag.
fn tree(estate: &Estate, tag: &str) -> Option<PathBuf> {
    trees(estate).into_iter().find(|tree| {
        let text = std::fs::read_to_string(tree.join("main.tf")).unwrap_or_default();
        text.contains(&format!("\"{tag} "))
    })
}

/// The folders of all modules.
fn trees(estate: &Estate) -> Vec<PathBuf> {
    let folder = estate.path().join(".slipway/modules/.terragrunt-cache");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Sets when a folder was used last: so many days ago.
fn used_days_ago(folder: &Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    std::fs::File::open(folder).unwrap().set_modified(then).unwrap();
}

/// Removes what the flags say.
fn prune(estate: &Estate, flags: &[&str]) -> Ended {
    slipway(estate).run(&[&["cache", "prune"], flags].concat()).exits(0)
}

/// A file of ours in the place where what is taken away lies before it is deleted.
fn gone(estate: &Estate) -> PathBuf {
    estate.path().join(".slipway/gone")
}

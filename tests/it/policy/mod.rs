//! Policies over the plans of real tools: what they deny is not applied.

mod cost;
mod programs;
mod rules;

use std::path::{Path, PathBuf};

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

/// `networking`, and `cluster` on it; the policies are given.
fn estate(policies: &str) -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("cluster", &["networking"]);
    estate.write("slipway.hcl", &format!("estate {{\n  root = \"live\"\n}}\n\n{policies}"));
    estate
}

fn slipway(estate: &Estate, tool: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), tool).run(arguments)
}

/// A node of the summary.
fn node(ended: &Ended, name: &str) -> serde_json::Value {
    let nodes = ended.json()["nodes"].as_array().unwrap().clone();
    nodes.into_iter().find(|node| node["name"] == name).unwrap()
}

/// A program of the test's own in the estate.
fn script(estate: &Estate, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let file = estate.write(name, text);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

/// Whether a text stands in any file under a folder.
fn stands_anywhere(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(path);
                }
            }
        }
    }
    found
}

//! The documentation is true: what is made from the code is what the code says, what is typed in it can be typed, and every
//! link leads somewhere.
//!
//! `UPDATE_DOCS=1 cargo test --lib documented` writes anew what is made from the code.

mod commands;
mod configuration;
mod diagnostics;
mod exit_codes;
mod page;
mod site;
mod typed;
mod variables;
mod verify;

use std::path::{Path, PathBuf};

pub use self::page::Page;

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether pages are to be written anew, not held to what they should say.
pub fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// The files under a folder of the repository whose names end so, by their paths in it, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(repository().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The pages of the site, and those that people read in the repository beside it.
fn pages() -> Vec<Page> {
    let beside = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from);
    let paths = files("docs", ".md").into_iter().chain(beside);
    paths.map(|path| Page::read(repository(), &path.to_string_lossy())).collect()
}

/// The files of the program's own source, with their text, without those of tests.
fn sources() -> Vec<(PathBuf, String)> {
    let folders = ["src", "crates"].into_iter().filter(|folder| repository().join(folder).is_dir());
    let mut found = Vec::new();
    for path in folders.flat_map(|folder| files(folder, ".rs")) {
        let is_test = path.components().any(|part| {
            let part = part.as_os_str();
            part == "tests" || part == "tests.rs" || part == "documented"
        });
        if !is_test {
            let text = std::fs::read_to_string(repository().join(&path)).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            found.push((path, text));
        }
    }
    found
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|").replace('<', "&lt;")
}

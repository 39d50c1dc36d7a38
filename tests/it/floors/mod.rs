//! The floors of the house: code uses what is below it. Between crates the compiler holds that, between the folders of
//! `src/` this does.

mod circles;
mod ways;

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::root;

/// The folders of `src/`, from the top; those of one floor stand together.
const FLOORS: [&[&str]; 8] = [
    &["cli"],
    &["launch"],
    &["ui"],
    &["report"],
    &["run"],
    &["engine"],
    &["argocd", "cluster"],
    &["project"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The floor that a file of any crate stands on, as the architecture counts them.
fn floor_of(file: &str) -> u32 {
    let rooms = [
        ("src/cli/", 10),
        ("src/launch/", 9),
        ("src/ui/", 8),
        ("src/report/", 8),
        ("src/run/", 7),
        ("src/engine/", 6),
        ("src/argocd/", 5),
        ("src/cluster/", 5),
        ("src/project/", 4),
        ("crates/estate/", 3),
        ("crates/gitops/", 3),
        ("crates/hcl/", 2),
        ("crates/support/", 1),
    ];
    let room = rooms.iter().find(|(room, _)| file.starts_with(room));
    room.unwrap_or_else(|| panic!("{file} stands on no floor")).1
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

#[test]
fn no_room_uses_one_above_it() {
    let named = Regex::new(r"\bcrate::(\w+)").unwrap();
    let src = root().join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (height, rooms) in FLOORS.iter().enumerate() {
        for file in rooms.iter().flat_map(|room| sources(&src.join(room))) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                for used in named.captures_iter(line).filter_map(|found| floor(&found[1])) {
                    seen += 1;
                    if used < height {
                        let place = file.strip_prefix(&src).unwrap().display().to_string();
                        wrong.push(format!("{place}:{}: {}", number + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(seen > 500, "only {seen} uses were found");
    assert!(wrong.is_empty(), "these use a floor above them:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_a_floor() {
    let folders = std::fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap());
    for folder in folders.filter(|entry| entry.path().is_dir()) {
        let name = folder.file_name().into_string().unwrap();
        assert!(floor(&name).is_some(), "src/{name} stands on no floor");
    }
}

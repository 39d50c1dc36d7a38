//! The floors of the house: code uses what is below it. Between crates the compiler holds that, between the folders of
//! `src/` this does.

mod circles;
mod ways;

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::root;

/// The rooms of the house with their floors, as the architecture counts them. Of two on one floor the first may use the
/// second, not the other way round.
const ROOMS: [(&str, u32); 19] = [
    ("src/cli", 10),
    ("src/launch", 9),
    ("src/ui", 8),
    ("src/report", 8),
    ("src/run", 7),
    ("src/pipeline", 6),
    ("src/engine", 6),
    ("src/registry", 5),
    ("src/argocd", 5),
    ("src/cluster", 5),
    ("src/forge", 5),
    ("src/manifests", 5),
    ("src/project", 4),
    ("src/scaffold", 4),
    ("crates/estate", 3),
    ("crates/gitops", 3),
    ("crates/hcl", 2),
    ("crates/providers", 2),
    ("crates/support", 1),
];

/// The floor of a folder or a file of the project; none of what is in no room.
fn floor(path: &str) -> Option<u32> {
    ROOMS.iter().find(|(room, _)| Path::new(path).starts_with(room)).map(|(_, floor)| *floor)
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
    let src: Vec<&str> = ROOMS.iter().filter_map(|(room, _)| room.strip_prefix("src/")).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (height, room) in src.iter().enumerate() {
        for file in sources(&root().join("src").join(room)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let of_room = |name: &str| src.iter().position(|room| *room == name);
                for used in named.captures_iter(line).filter_map(|found| of_room(&found[1])) {
                    seen += 1;
                    if used < height {
                        let place = file.strip_prefix(root()).unwrap().display().to_string();
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
        assert!(floor(&format!("src/{name}")).is_some(), "src/{name} stands on no floor");
    }
}

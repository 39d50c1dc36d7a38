//! Everything that is missing is written, or nothing; what is there stays.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{init, paths, read};

const SOURCE: &[&str] = &[
    "source",
    "--image",
    "ghcr.io/acme/web",
    "--manifests-repo",
    "https://git.example.com/manifests.git",
    "--app",
    "web",
    "--dockerfile",
    "--format",
    "json",
];
const WORKFLOW: &str = ".github/workflows/release.yml";

/// All files under a folder with what is in them.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.insert(path.clone(), "a folder".to_owned());
            found.extend(tree(&path));
        } else {
            found.insert(path.clone(), std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
    found
}

#[test]
fn what_is_there_is_kept_and_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let answer = init(folder.path(), SOURCE).exits(0).json();
    assert_eq!(paths(&answer, "written"), [WORKFLOW]);
    assert_eq!(paths(&answer, "kept"), ["Dockerfile"]);
    assert_eq!(read(folder.path(), "Dockerfile"), "FROM scratch\n");
    // A second time there is nothing to write.
    let before = tree(folder.path());
    let answer = init(folder.path(), SOURCE).exits(0).json();
    assert!(paths(&answer, "written").is_empty() && paths(&answer, "kept").len() == 2, "{answer}");
    assert_eq!(tree(folder.path()), before);
    let told = init(folder.path(), &SOURCE[..SOURCE.len() - 2]).exits(0);
    assert_eq!(told.stdout, format!("kept  {WORKFLOW}: it was there\nkept  Dockerfile: it was there\n"));
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let into = [SOURCE, &["new/place", "--dry-run"]].concat();
    let looked = init(folder.path(), &into).exits(0).json();
    assert!(tree(folder.path()).is_empty(), "not even the folder");
    let done = init(folder.path(), &into[..into.len() - 1]).exits(0).json();
    assert_eq!((&looked["written"], &looked["next"]), (&done["written"], &done["next"]));
    assert!(folder.path().join("new/place").join(WORKFLOW).is_file());
    let mode = folder.path().join("new/place").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0o055, "a repository is no secret: {mode:o}");
}

#[test]
fn nothing_is_written_where_one_file_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    // A file where a folder has to be, and a folder where a file has to be.
    for (in_the_way, is_folder) in [(".github", false), ("Dockerfile", true)] {
        let place = folder.path().join(in_the_way);
        if is_folder {
            std::fs::create_dir(&place).unwrap();
        } else {
            std::fs::write(&place, "").unwrap();
        }
        let before = tree(folder.path());
        init(folder.path(), SOURCE).exits(5).says(in_the_way).says("is in the way");
        assert_eq!(tree(folder.path()), before);
        if is_folder {
            std::fs::remove_dir(&place).unwrap();
        } else {
            std::fs::remove_file(&place).unwrap();
        }
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), folder.path().join(".github")).unwrap();
    init(folder.path(), SOURCE).exits(5).says(".github");
    assert!(tree(outside.path()).is_empty() && !folder.path().join("Dockerfile").exists());
    // A link in the place of a file is somebody's file.
    std::fs::remove_file(folder.path().join(".github")).unwrap();
    symlink(outside.path().join("nowhere"), folder.path().join("Dockerfile")).unwrap();
    let answer = init(folder.path(), SOURCE).exits(0).json();
    assert_eq!(paths(&answer, "kept"), ["Dockerfile"]);
    assert!(tree(outside.path()).is_empty());
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    symlink("nowhere", folder.path().join("link")).unwrap();
    for name in ["file", "link", "file/below"] {
        let before = tree(folder.path());
        assert_ne!(init(folder.path(), &[SOURCE, &[name]].concat()).code, 0, "{name}");
        assert_eq!(tree(folder.path()), before, "{name}");
    }
}

#[test]
fn nothing_is_left_beside_the_files() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), SOURCE).exits(0);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

//! What a unit is called: its path under the estate's root, as text that no other unit has and that leads back to it.
//!
//! A unit in the root itself is called by the root's own name. The name as *one file name* (of a log, a plan, a work
//! folder) is made from it, in at most [`LONGEST_FILE_NAME`] bytes.

use std::path::{Path, PathBuf};

use super::digest::sha256;
use super::path_text;
use super::paths::{join, relative};

/// The most bytes of a name as a file name. File systems take 255; what is made of it adds an ending, or a random part
/// while it is written.
pub const LONGEST_FILE_NAME: usize = 200;
/// How many bytes of a longer name can still be read in it.
const READABLE: usize = 120;

/// What gates are called begins so: a unit in a folder of that name is told apart by `./`.
const GATES: &[&str] = &["verify ", "argocd ", "applications ", "promotion ", "saved plans"];

/// The name of a unit's configuration file.
pub const UNIT_FILE: &str = "terragrunt.hcl";
/// The file of a unit in HCL's JSON syntax.
pub const UNIT_FILE_JSON: &str = "terragrunt.hcl.json";

/// The name of the unit in `dir` of the estate under `root`, both absolute.
pub fn name(root: &Path, dir: &Path) -> String {
    let path = relative(root, dir);
    if path.as_os_str() != "." {
        let name = path_text::shown(&path);
        return if GATES.iter().any(|gate| name.starts_with(gate)) { format!("./{name}") } else { name };
    }
    // Without a name there is no path to the folder but this one.
    let Some(own) = dir.file_name() else { return "/".to_owned() };
    let name = path_text::shown(Path::new(own));
    if is_unit(&dir.join(own)) { format!("../{name}") } else { name }
}

/// The folder of the unit with that name; the inverse of [`name`].
pub fn dir(root: &Path, name: &str) -> PathBuf {
    let path = path_text::parse(name);
    let dir = join(root, &path);
    let is_root = root.file_name().is_some_and(|own| path.as_os_str() == own);
    if is_root && !is_unit(&dir) { root.to_path_buf() } else { dir }
}

fn is_unit(dir: &Path) -> bool {
    [UNIT_FILE, UNIT_FILE_JSON].iter().any(|file| dir.join(file).is_file())
}

/// A unit's or node's name as one file name that no other name has: `/` becomes `_-`, a `_` is doubled, and a name that
/// would be too long ends in a digest of the whole.
pub fn as_file_name(name: &str) -> String {
    if matches!(name, "" | "." | "..") {
        return format!("_.{name}");
    }
    let file = in_file(name);
    if file.len() <= LONGEST_FILE_NAME {
        return file;
    }
    // Cut before it is encoded, so that no half of a doubled `_` stands before the mark.
    let mut begin = String::new();
    for character in name.chars() {
        let next = in_file(character.encode_utf8(&mut [0; 4]));
        if begin.len() + next.len() > READABLE {
            break;
        }
        begin.push_str(&next);
    }
    // No other name has `_=` in it.
    format!("{begin}_={}", sha256(name.as_bytes()))
}

fn in_file(name: &str) -> String {
    name.replace('_', "__").replace('/', "_-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_unit_in_the_root_is_called_by_its_folder_and_found_by_it() {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path().join("app");
        std::fs::create_dir_all(root.join("app/db")).unwrap();
        assert_eq!(name(&root, &root), "app");
        assert_eq!(dir(&root, "app"), root);
        // Where a unit below has that name, the one in the root has another.
        std::fs::write(root.join("app/terragrunt.hcl"), "").unwrap();
        assert_eq!(name(&root, &root), "../app");
        assert_eq!(dir(&root, "../app"), root);
        assert_eq!(dir(&root, "app"), root.join("app"));
        assert_eq!(name(&root, &root.join("app/db")), "app/db");
        assert_eq!(name(Path::new("/"), Path::new("/")), "/");
        assert_eq!(dir(Path::new("/"), "/"), Path::new("/"));
    }

    #[test]
    fn a_unit_has_no_name_of_a_gate() {
        let root = Path::new("/x");
        assert_eq!(name(root, Path::new("/x/verify dev")), "./verify dev");
        assert_eq!(dir(root, "./verify dev"), Path::new("/x/verify dev"));
    }

    #[test]
    fn names_that_are_nearly_the_same_get_files_of_their_own() {
        let long = "x".repeat(249);
        let names = [
            "a/b",
            "a_b",
            "a_-b",
            "a__b",
            "a_/b",
            "a/_b",
            "v1..2",
            "v1__2",
            ".",
            "..",
            "_.",
            "_..",
            "",
            "../a",
            &format!("{long}/a"),
            &format!("{long}/b"),
            &format!("{long}_"),
        ];
        let mut files = HashMap::new();
        for name in names {
            let file = as_file_name(name);
            assert!(
                !file.contains('/') && file.len() <= LONGEST_FILE_NAME && !matches!(&*file, "." | ".." | "")
            );
            assert_eq!(files.insert(file.clone(), name), None, "{file}");
        }
        // A name that is made to look like the short form of another.
        let long = format!("{}_{long}", "x".repeat(READABLE - 1));
        let short = as_file_name(&long);
        assert_ne!(as_file_name(&short.replacen("_=", "=", 1)), short);
        assert_ne!(as_file_name(&short.replacen("__=", "_=", 1)), short);
        assert_ne!(as_file_name(&short), short);
        // The folders, logs and plans of earlier versions are found again.
        assert_eq!(as_file_name("dev/eu_west/vpc"), "dev_-eu__west_-vpc");
    }

    proptest! {
        #[test]
        fn a_name_leads_back_to_the_folder(parts in proptest::collection::vec("[a-z. \\\\\u{1b}é_-]{1,9}", 1..4)) {
            prop_assume!(parts.iter().all(|part| part != "." && part != ".."));
            let root = Path::new("/nowhere/at all");
            let folder = root.join(parts.join("/"));
            prop_assert_eq!(dir(root, &name(root, &folder)), folder);
        }

        #[test]
        fn two_names_never_share_a_file(one in "[._/x=-]{0,300}", other in "[._/x=-]{0,300}") {
            prop_assume!(one != other);
            prop_assert_ne!(as_file_name(&one), as_file_name(&other));
        }
    }
}

//! Any bytes as an archive: what comes out lies in the folder, and so does what its links lead to.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::unpack;

fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = dir.path().canonicalize().expect("it is there");
    let unpacked = unpack(bytes, &root);
    for entry in std::fs::read_dir(&root).expect("it can be read") {
        let name = entry.expect("an entry").file_name();
        assert!(name == "archive" || name == "tree", "{name:?}");
    }
    if unpacked.is_ok() && !bytes.is_empty() {
        let tree = root.join("tree");
        stays_inside(&tree, &tree);
    }
});

fn stays_inside(folder: &Path, tree: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder of the archive") {
        let path = entry.expect("an entry").path();
        if let Ok(real) = path.canonicalize() {
            assert!(real.starts_with(tree), "{path:?} leads to {real:?}");
        }
        if path.symlink_metadata().expect("it is there").is_dir() {
            stays_inside(&path, tree);
        }
    }
}

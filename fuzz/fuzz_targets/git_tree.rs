//! Any bytes as what Git lists of a commit and tells of its objects: nothing is laid out beyond the folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::support::confined::Root;
use slipway_fuzz::support::git::snapshot::lay_out;

fuzz_target!(|bytes: &[u8]| {
    // What Git lists ends with a zero; the objects stand behind an empty entry.
    let end = bytes.windows(2).position(|pair| pair == b"\0\0").unwrap_or(bytes.len());
    let (listing, objects) = bytes.split_at(end);
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(dir.path().join("tree")).expect("a folder in it");
    std::fs::write(dir.path().join("mine"), "mine").expect("a file in it");
    let root = Root::at(&dir.path().join("tree")).expect("it is there");
    let _told = lay_out(listing, &mut objects.strip_prefix(b"\0\0").unwrap_or(objects), &root);
    assert_eq!(std::fs::read(dir.path().join("mine")).expect("it is there"), b"mine");
    assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 2);
    assert!(!dir.path().join("tree/.git").exists());
});

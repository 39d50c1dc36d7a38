//! Any bytes as the manifest of saved plans, by somebody who knows how digests are listed: every plan that it names is
//! there and has its digest, or the folder is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::engine::plan::folder::{MANIFEST, SUMS, SavedFolder};
use slipway_fuzz::support::digest::sha256;

fuzz_target!(|manifest: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(dir.path().join("plans")).expect("a folder in it");
    let mut sums = String::new();
    for (name, content) in [(MANIFEST, manifest), ("plans/a.tfplan", b"a plan")] {
        std::fs::write(dir.path().join(name), content).expect("a file in it");
        sums += &format!("{}  {name}\n", sha256(content));
    }
    std::fs::write(dir.path().join(SUMS), sums).expect("a file in it");
    if let Ok(folder) = SavedFolder::open(dir.path()) {
        assert!(
            folder.manifest.units.iter().all(|unit| folder.plan(&unit.plan) == Some(b"a plan".as_slice()))
        );
        assert!(!folder.manifest.units.is_empty());
    }
});

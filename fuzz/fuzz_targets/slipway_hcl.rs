//! Any bytes as a slipway.hcl: it is read or refused, with places that are in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway::terragrunt::ReaderOptions;
use slipway_fuzz::project::Project;

fuzz_target!(|bytes: &[u8]| {
    // These look at this machine, which is another one each time.
    if ["file", "path", "fileset", "find_in", "read_", "get_", "sops", "bcrypt"]
        .iter()
        .any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("slipway.hcl");
    std::fs::write(&file, bytes).expect("a file in it");
    let options = ReaderOptions { exec: false, ..ReaderOptions::new(dir.path(), "") };
    if let Err(diagnostics) = Project::read(&file, options) {
        assert!(diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
        for diagnostic in diagnostics {
            assert!(!diagnostic.to_string().is_empty());
            if let Some(location) = &diagnostic.location {
                assert!(location.file.text().get(location.span.range()).is_some(), "{diagnostic:?}");
            }
        }
    }
});

//! Any text as an expression, parsed and evaluated with Terraform's functions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::hcl::{evaluate, json, parse_expression};
use slipway_fuzz::{Names, source};

fuzz_target!(|text: &str| {
    let file = source(text);
    let Ok(expr) = parse_expression(&file) else { return };
    match evaluate(&expr, &file, &Names) {
        Ok(value) => {
            let known = value.is_wholly_known();
            assert_eq!(json::encode(&value).is_some(), known);
            assert!(!format!("{value:?}").is_empty());
        }
        Err(diagnostic) => {
            // An error inside of a template string is placed there.
            let location = diagnostic.location.as_ref().expect("an error has a place");
            assert!(location.file.text().get(location.span.range()).is_some(), "{diagnostic:?}");
        }
    }
});

//! Any text as a filter query; what was read is written as a query that means the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::estate::filter::parse;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(filter) => {
            let written = filter.to_string();
            match parse(&written) {
                Ok(again) => assert_eq!(again, filter, "{text:?} is written as {written:?}"),
                Err(error) => panic!("{text:?} is written as {written:?}, which is refused: {error}"),
            }
        }
        Err(diagnostic) => slipway_fuzz::check_diagnostics(&[*diagnostic], text),
    }
});

//! Any text as a filter query; what was read is written as a query that means the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::parse_filter;

fuzz_target!(|text: &str| {
    match parse_filter(text) {
        Ok(expression) => {
            let written = expression.to_string();
            match parse_filter(&written) {
                Ok(again) => assert_eq!(again, expression, "{text:?} is written as {written:?}"),
                Err(error) => panic!("{text:?} is written as {written:?}, which is refused: {error}"),
            }
        }
        Err(diagnostic) => slipway_fuzz::check_diagnostics(&[*diagnostic], text),
    }
});

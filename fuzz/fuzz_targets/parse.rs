//! Any text as a file, an expression and a template.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::hcl::source::Span;
use slipway_fuzz::hcl::{parse, parse_expression, parse_template};
use slipway_fuzz::{check_body, check_diagnostics, check_expr, source};

fuzz_target!(|text: &str| {
    let file = source(text);
    let whole = Span::new(0, text.len());
    let (body, diagnostics) = parse(&file);
    check_body(&body, text, whole);
    check_diagnostics(&diagnostics, text);
    for parsed in [parse_expression(&file), parse_template(&file)] {
        match parsed {
            Ok(expr) => check_expr(&expr, text, whole),
            Err(diagnostics) => check_diagnostics(&diagnostics, text),
        }
    }
});

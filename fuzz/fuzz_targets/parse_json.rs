//! Any text in HCL's JSON syntax.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_fuzz::hcl::json_syntax::parse;
use slipway_fuzz::hcl::source::Span;
use slipway_fuzz::{JSON_SCHEMA, check_body, check_diagnostics, source};

fuzz_target!(|text: &str| {
    let file = source(text);
    let (body, diagnostics) = parse(&file, &JSON_SCHEMA);
    check_body(&body, text, Span::new(0, text.len()));
    check_diagnostics(&diagnostics, text);
    // What JSON's own reader takes for an object is no syntax error here, templates aside.
    let plain = !text.contains("${") && !text.contains("%{");
    if plain && let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) {
        let attributes = members.keys().all(|name| !matches!(&**name, "locals" | "dependency" | "include"));
        let twice = diagnostics.iter().any(|diagnostic| diagnostic.message.contains("twice"));
        let deep = diagnostics.iter().any(|diagnostic| diagnostic.message.contains("levels deep"));
        let long = diagnostics.iter().any(|diagnostic| diagnostic.message.contains("that can be held"));
        assert!(!attributes || twice || deep || long || diagnostics.is_empty(), "{diagnostics:?}");
    }
});

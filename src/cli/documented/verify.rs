//! `docs/verify.md` has every code of what `verify` finds.

use std::fmt::Write as _;

use super::{repository, update, write};
use crate::cluster::checks::kinds;

const PAGE: &str = "docs/verify.md";
const BEGIN: &str = "\n## Codes\n";

fn codes() -> String {
    let mut text = String::new();
    for kind in kinds::ALL {
        let (first, rest) = kind.why.split_at(1);
        let why = format!("{}{rest}", first.to_uppercase());
        write!(text, "\n### `{}`\n\n{why}. Expected: {}.\n", kind.code, kind.expected).unwrap();
    }
    text
}

#[test]
fn every_code_of_verify_is_explained() {
    let path = repository().join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, codes_there) = page.split_once(BEGIN).expect("the page has no codes");
    let wanted = codes();
    if update() {
        write(&path, &format!("{before}{BEGIN}{wanted}"));
    } else {
        assert_eq!(codes_there, wanted, "run UPDATE_DOCS=1 cargo test --lib documented");
    }
}

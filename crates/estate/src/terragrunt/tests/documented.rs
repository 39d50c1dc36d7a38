//! The language reference leaves out nothing that the code knows.

use crate::terragrunt::evaluation::functions;
use crate::terragrunt::schema::{
    BLOCKS, DEPENDENCIES, DEPENDENCY, ENGINE, ERROR_HOOK, ERRORS_BLOCKS, EXCLUDE, EXPANSION, EXTRA_ARGUMENTS,
    FEATURE, FILE, GENERATE, HOOK, IGNORE, INCLUDE, REMOTE_STATE, REMOTE_STATE_GENERATE, RETRY, TERRAFORM,
    TERRAFORM_BLOCKS,
};

const REFERENCE: &str = include_str!("../../../../../docs/language.md");

/// Whether the page has a word as such, not as a part of another.
fn is_named(word: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_';
    REFERENCE.match_indices(word).any(|(start, _)| {
        let (before, rest) = REFERENCE.split_at(start);
        let before = before.chars().next_back();
        let behind = rest.strip_prefix(word).unwrap().chars().next();
        !before.is_some_and(part) && !behind.is_some_and(part)
    })
}

#[test]
fn every_block_and_attribute_is_in_the_language_reference() {
    let tables = [
        FILE,
        INCLUDE,
        DEPENDENCY,
        DEPENDENCIES,
        EXPANSION,
        TERRAFORM,
        EXTRA_ARGUMENTS,
        HOOK,
        ERROR_HOOK,
        REMOTE_STATE,
        REMOTE_STATE_GENERATE,
        GENERATE,
        FEATURE,
        EXCLUDE,
        RETRY,
        IGNORE,
        ENGINE,
    ];
    let attributes = tables.iter().flat_map(|table| table.iter().map(|spec| spec.name));
    let blocks = [BLOCKS, TERRAFORM_BLOCKS, ERRORS_BLOCKS].into_iter().flatten().map(|(name, _)| *name);
    let missing: Vec<&str> = attributes.chain(blocks).filter(|name| !is_named(name)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_function_is_in_the_language_reference() {
    let missing: Vec<String> = functions::names()
        .into_iter()
        // Four of them are told as one: `…_locking()` and so on.
        .filter(|name| !is_named(name) && !name.starts_with("get_terraform_commands_that_need_"))
        .collect();
    assert_eq!(missing, [""; 0]);
}

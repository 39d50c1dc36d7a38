//! Nothing of the dialect is without a test.

use crate::terragrunt::evaluation::functions;
use crate::terragrunt::schema;

/// Every test of the dialect, and those that compare with the real Terragrunt.
const TESTS: &[&str] = &[
    include_str!("broken.rs"),
    include_str!("dependencies.rs"),
    include_str!("expansion.rs"),
    include_str!("experiments.rs"),
    include_str!("folders.rs"),
    include_str!("merging.rs"),
    include_str!("showing.rs"),
    include_str!("units.rs"),
    include_str!("../../../../../tests/it/dialect/outside.rs"),
    include_str!("../../../../../tests/it/dialect/render.rs"),
    include_str!("../../../../../tests/it/estate/same_as_terragrunt.rs"),
];

fn untested<'a>(words: impl IntoIterator<Item = &'a str>, follows: &[char]) -> Vec<&'a str> {
    let used = |word: &str| {
        TESTS.iter().any(|test| {
            test.match_indices(word).any(|(at, _)| {
                let (before, rest) = test.split_at(at);
                let before = before.chars().next_back().unwrap_or(' ');
                let behind = rest.strip_prefix(word).unwrap().trim_start_matches(' ');
                !before.is_alphanumeric() && before != '_' && behind.starts_with(follows)
            })
        })
    };
    words.into_iter().filter(|word| !used(word)).collect()
}

#[test]
fn every_function_of_terragrunts_is_called_in_a_test() {
    let others = ["deep_merge", "read_terragrunt_config"];
    let names = functions::OF_STRINGS.iter().map(|(name, _)| *name).chain(others);
    assert_eq!(untested(names, &['(']), Vec::<&str>::new());
}

#[test]
fn every_attribute_is_written_in_a_test() {
    let tables = [
        schema::FILE,
        schema::INCLUDE,
        schema::DEPENDENCY,
        schema::DEPENDENCIES,
        schema::EXPANSION,
        schema::TERRAFORM,
        schema::EXTRA_ARGUMENTS,
        schema::HOOK,
        schema::ERROR_HOOK,
        schema::REMOTE_STATE,
        schema::REMOTE_STATE_GENERATE,
        schema::GENERATE,
        schema::FEATURE,
        schema::EXCLUDE,
        schema::RETRY,
        schema::IGNORE,
        schema::ENGINE,
    ];
    let names = tables.into_iter().flatten().map(|spec| spec.name);
    assert_eq!(untested(names, &['=']), Vec::<&str>::new());
}

#[test]
fn every_block_is_written_in_a_test() {
    let tables = [schema::BLOCKS, schema::TERRAFORM_BLOCKS, schema::ERRORS_BLOCKS];
    let names = tables.into_iter().flatten().map(|(name, _)| *name);
    assert_eq!(untested(names, &['{', '"', '\\']), Vec::<&str>::new());
}

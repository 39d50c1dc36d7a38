use proptest::prelude::*;

use super::super::*;

/// The query as it was understood.
fn read(query: &str) -> String {
    parse(query).unwrap().to_string()
}

/// What is wrong with a query: the message, the part of it that is meant, and the way out.
fn refused(query: &str) -> (String, String, String) {
    let error = parse(query).unwrap_err();
    let location = error.location.clone().unwrap();
    let part = location.file.slice(location.span).to_owned();
    (error.message.clone(), part, error.help.clone().unwrap_or_default())
}

#[test]
fn a_word_is_a_name_and_a_word_with_a_slash_is_a_path() {
    assert_eq!(read("vpc"), "name=vpc");
    assert_eq!(read(" my unit "), "name=my unit");
    assert_eq!(read(".hidden"), "name=.hidden");
    assert_eq!(read("live/dev"), "{live/dev}");
    assert_eq!(read("./live/**"), "{./live/**}");
    assert_eq!(read("../other"), "{../other}");
    assert_eq!(read("/srv/live"), "{/srv/live}");
    assert_eq!(read("."), "{.}");
    assert_eq!(read("{vpc}"), "{vpc}");
    assert_eq!(read("{ ./sp ace/a (1) }"), "{./sp ace/a (1)}");
    assert_eq!(read("{./web-[12]}"), "{./web-[12]}");
}

#[test]
fn attributes_take_names_and_paths() {
    assert_eq!(read("name=web-*"), "name=web-*");
    assert_eq!(read("source=git::git@github.com:acme/**"), "source=git::git@github.com:acme/**");
    assert_eq!(read("reading=./common.hcl"), "reading=./common.hcl");
    assert_eq!(read("type = unit"), "type=unit");
    assert_eq!(read("external=false"), "external=false");
}

#[test]
fn graph_operators_take_depths_and_folders() {
    assert_eq!(read("...vpc"), "...name=vpc");
    assert_eq!(read("2...vpc...1"), "2...name=vpc ...1");
    assert_eq!(read("...^vpc..."), "...^name=vpc ...");
    assert_eq!(read("(./live)...vpc...(/srv)"), "(./live)...name=vpc ...(/srv)");
    assert_eq!(read("0...vpc"), "...name=vpc");
    assert_eq!(read("9...9"), "9...name=9");
    assert_eq!(read("apps/web...1"), "{apps/web} ...1");
    assert_eq!(read("...[main...HEAD]"), "...[main...HEAD]");
}

#[test]
fn a_range_of_commits_ends_at_head_unless_it_says() {
    assert_eq!(read("[main]"), "[main...HEAD]");
    assert_eq!(read("[ origin/main ... HEAD~1^2 ]"), "[origin/main...HEAD~1^2]");
    assert_eq!(read("[HEAD@{1}]"), "[HEAD@{1}...HEAD]");
    assert_eq!(read("[main...]"), "[main...]");
}

#[test]
fn a_commit_has_no_dot_at_its_ends() {
    // Found by fuzzing: this was written as `[a....HEAD]`, which reads as another range.
    let (message, part, _) = refused("[a. ... HEAD]");
    assert_eq!((&*message, &*part), ("`a.` names no commit", "a."));
    assert_eq!(read("[v1.2...main.x]"), "[v1.2...main.x]");
}

#[test]
fn negations_cancel_each_other_and_bind_closer_than_the_pipe() {
    assert_eq!(read("!vpc | ./live/** | type=unit"), "!name=vpc | {./live/**} | type=unit");
    assert_eq!(read("!!vpc"), "name=vpc");
    assert_eq!(read("!!!vpc..."), "!name=vpc ...");
    let is_negation = |query: &str| parse(query).unwrap().expression.is_negation();
    assert!(is_negation("!vpc | !db"));
    assert!(!is_negation("!vpc | db"));
    assert!(!is_negation("...!vpc"));
}

#[test]
fn a_near_key_is_suggested() {
    let (message, part, help) = refused("nmae=vpc");
    assert_eq!((message.as_str(), part.as_str()), ("there is no key \"nmae\"", "nmae"));
    assert_eq!(help, "did you mean \"name\"?");
    assert_eq!(refused("region=eu").2, "the keys are name, type, external, reading, source");
    assert_eq!(refused("type=stacks").2, "did you mean \"stack\"?");
    assert_eq!(refused("external=yes").2, "use true, false");
}

#[test]
fn errors_point_at_the_part_that_is_wrong() {
    assert_eq!(refused("./a | {./b").1, "{");
    assert_eq!(refused("[main").0, "`[` is never closed");
    assert_eq!(refused("[...HEAD]").0, "a commit is missing ahead of `...`");
    assert_eq!(refused("{}").1, "{}");
    assert_eq!(refused("vpc |").0, "nothing stands behind `|`");
    assert_eq!(refused("| vpc").0, "nothing stands ahead of `|`");
    assert_eq!(refused("!").0, "nothing stands behind `!`");
    assert_eq!(refused("").0, "the query ends where something to select is expected");
    assert_eq!(refused("name=").0, "`name=` has no value");
    assert_eq!(refused("vpc...db").2, "behind `...` stands a number, a (folder) or nothing");
    assert_eq!(refused("HEAD^").2, "did you mean [HEAD^]?");
    assert_eq!(refused("./web-[12]").2, "with such wildcards a path stands in braces: {./web-[…}");
    assert_eq!(refused(".infra/vpc").2, "did you mean ./.infra/vpc?");
    assert_eq!(refused("{./web-[ab}").1, "./web-[ab");
}

#[test]
fn a_query_that_stands_too_deep_in_itself_is_refused() {
    let deep = "!^".repeat(30_000) + "vpc";
    assert_eq!(refused(&deep).0, "the query stands too deep in itself");
    // A long one is no deep one.
    assert!(parse(&vec!["vpc"; 10_000].join("|")).is_ok());
}

/// Queries as people write them, and worse.
fn queries() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "vpc", "web*", "./a", "a/b", "/x/y", "..", ".", "...", "!", "|", "=", "^", "{", "}", "[", "]", "(",
        ")", "1", "23", " ", "name", "type", "unit", "external", "true", "reading", "source", "main", "HEAD",
        "~1", "**", "?", "[ab]", "ü", "\\", "-",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(query in any::<String>()) {
        let _either = parse(&query);
    }

    #[test]
    fn what_is_printed_reads_as_the_same_query(query in queries()) {
        if let Ok(filter) = parse(&query) {
            let printed = filter.to_string();
            let again = parse(&printed);
            prop_assert_eq!(again.map_err(|error| format!("{printed}: {error}")), Ok(filter));
        }
    }

    #[test]
    fn an_error_lies_within_the_query(query in queries()) {
        if let Err(error) = parse(&query) {
            let span = error.location.as_ref().map(|location| location.span).unwrap_or_default();
            prop_assert!(query.get(span.range()).is_some());
        }
    }
}

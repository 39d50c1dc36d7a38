//! `slipway explain`: what a message means, without a project, a network or a page.

use std::path::Path;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

fn slipway(dir: &Path, arguments: &[&str]) -> Ended {
    Slipway::new(dir, Path::new("")).env_remove("SLIPWAY_TF_PATH").run(arguments)
}

#[test]
fn every_code_that_a_message_shows_is_explained() {
    let estate = Estate::chain();
    estate.write("live/bucket/terragrunt.hcl", "inputs = {\n  value = \n}\n");
    estate.write("live/lost/terragrunt.hcl", "dependency \"a\" {\n  config_path = \"../nowhere\"\n}\n");
    let wrong = slipway(estate.path(), &["plan"]).exits(3).stderr;
    let codes: Vec<&str> = wrong
        .lines()
        .filter_map(|line| line.strip_prefix("error[")?.split_once(']'))
        .map(|(code, _)| code)
        .collect();
    assert!(codes.len() > 1, "{wrong}");
    // The message says where there is more.
    let estate_of_one = Estate::chain();
    estate_of_one.write("live/bucket/terragrunt.hcl", "inputs = {\n  value = \n}\n");
    slipway(estate_of_one.path(), &["plan"]).exits(3).says("`slipway explain hcl::syntax` says more");
    for code in codes {
        let told = slipway(estate.path(), &["explain", code]).exits(0).stdout;
        assert!(told.starts_with(&format!("{code}\n\n")), "{told}");
        assert!(told.contains("slipway says:\n    error["), "{told}");
    }
}

#[test]
fn it_needs_no_project_and_looks_at_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slipway.hcl"), "estate {\n").unwrap();
    let all = slipway(folder.path(), &["explain"]).exits(0);
    assert!(all.stdout.contains("  terragrunt::unknown_attribute  "), "{}", all.stdout);
    assert_eq!(all.stderr, "");
    slipway(folder.path(), &["explain", "estate::cycle", "--untrusted"]).exits(0).says("estate::cycle\n");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left behind");
}

#[test]
fn a_code_that_is_none_is_wrong_usage_with_the_near_one() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = slipway(folder.path(), &["explain", "hcl::sintax"]).exits(64);
    wrong.says("there is no diagnostic hcl::sintax").says("did you mean hcl::syntax?");
    slipway(folder.path(), &["explain", "::error::\u{1b}[31m"]).exits(64).says("`slipway explain` lists all");
    slipway(folder.path(), &["explain", "missing_dependency"])
        .exits(64)
        .says("terragrunt::missing_dependency");
}

#[test]
fn as_json_it_is_what_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let one = slipway(folder.path(), &["explain", "hcl-syntax", "--format", "json"]).exits(0).json();
    let one = &one["diagnostics"].as_array().unwrap()[..];
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["page"], "diagnostics/hcl-syntax.html");
    assert_eq!(one[0]["summary"], "The text is not HCL");
    assert!(one[0]["text"].as_str().unwrap().contains("```hcl app/terragrunt.hcl\n"));
    let all = slipway(folder.path(), &["explain", "--format", "json"]).exits(0).json();
    assert!(all["diagnostics"].as_array().unwrap().len() > 100);
}

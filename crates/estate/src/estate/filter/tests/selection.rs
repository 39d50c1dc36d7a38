use std::path::Path;

use tempfile::TempDir;

use super::super::*;
use crate::estate::Estate;
use crate::terragrunt::{Reader, ReaderOptions};

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// web → service → db, cache → vpc; `outside/dns`, which `service` depends on, lies outside of the estate.
fn estate() -> TempDir {
    let folder = TempDir::new().unwrap();
    let depends = |on: &[&str]| {
        let block = |path: &&str| {
            format!("dependency \"{}\" {{ config_path = \"{path}\" }}\n", path.replace(['.', '/'], "_"))
        };
        on.iter().map(block).collect::<String>()
    };
    let root = folder.path();
    write(root, "outside/dns/terragrunt.hcl", "");
    write(root, "live/vpc/terragrunt.hcl", "");
    write(root, "live/db/terragrunt.hcl", &depends(&["../vpc"]));
    write(root, "live/cache/terragrunt.hcl", &depends(&["../vpc"]));
    write(root, "live/service/terragrunt.hcl", &depends(&["../db", "../cache", "../../outside/dns"]));
    let web = "terraform { source = \"git::https://git.example.com/acme/web.git\" }\n";
    write(root, "live/apps/web-1/terragrunt.hcl", &(depends(&["../../service"]) + web));
    let batch = "locals { common = read_terragrunt_config(\"../../common.hcl\") }\n\
                 terraform { source = \"../../../modules/batch\" }\n";
    write(root, "live/apps/batch/terragrunt.hcl", batch);
    write(root, "live/common.hcl", "locals { a = 1 }\n");
    write(root, "modules/batch/main.tf", "");
    folder
}

/// What several queries select in `live`, one after another.
fn found(folder: &TempDir, queries: &[&str]) -> String {
    let live = folder.path().join("live");
    let reader = Reader::new(ReaderOptions::new(&live, "plan"));
    let estate = Estate::discover(&live, &reader);
    let filters = Filters::parse(queries).unwrap();
    let selected = FilterContext::new(&estate, &live, &[]).select(&filters);
    let names: Vec<String> = selected.units.iter().map(|unit| estate.name(*unit)).collect();
    names.join(" ")
}

#[test]
fn names_and_paths() {
    let folder = estate();
    assert_eq!(found(&folder, &["vpc"]), "vpc");
    assert_eq!(found(&folder, &["*c*"]), "apps/batch cache service vpc");
    assert_eq!(found(&folder, &["./apps/*"]), "apps/batch apps/web-1");
    assert_eq!(found(&folder, &["apps"]), "");
    assert_eq!(found(&folder, &["{**/web-[0-9]}"]), "apps/web-1");
    let absolute = format!("{}/live/d*", folder.path().display());
    assert_eq!(found(&folder, &[&absolute]), "db");
    assert_eq!(found(&folder, &["../outside/*"]), "", "only what lies in the folder is looked at");
}

#[test]
fn attributes() {
    let folder = estate();
    assert_eq!(found(&folder, &["source=**acme/*"]), "apps/web-1");
    assert_eq!(found(&folder, &["reading=common.hcl"]), "apps/batch");
    assert_eq!(found(&folder, &["reading=../modules/**"]), "apps/batch");
    assert_eq!(found(&folder, &["type=stack"]), "");
    assert_eq!(found(&folder, &["service... | external=true"]), "../outside/dns");
    assert_eq!(found(&folder, &["external=true"]), "");
}

#[test]
fn the_graph_is_followed_as_far_as_the_query_says() {
    let folder = estate();
    assert_eq!(found(&folder, &["service..."]), "../outside/dns cache db service vpc");
    assert_eq!(found(&folder, &["service...1"]), "../outside/dns cache db service");
    assert_eq!(found(&folder, &["service...(.)"]), "cache db service vpc");
    assert_eq!(found(&folder, &["...vpc"]), "apps/web-1 cache db service vpc");
    assert_eq!(found(&folder, &["2...^vpc"]), "cache db service");
    assert_eq!(found(&folder, &["(./apps)...service"]), "apps/web-1 service");
    assert_eq!(found(&folder, &["1...db...1"]), "db service vpc");
    assert_eq!(found(&folder, &["...^{./{db,vpc}"]), "apps/web-1 cache db service", "db depends on vpc");
}

#[test]
fn negation_intersection_and_union() {
    let folder = estate();
    assert_eq!(found(&folder, &["!./apps/**"]), "cache db service vpc");
    assert_eq!(found(&folder, &["./apps/* | !batch"]), "apps/web-1");
    assert_eq!(found(&folder, &["!./apps/** | *b*"]), "db");
    assert_eq!(found(&folder, &["vpc", "db"]), "db vpc");
    assert_eq!(found(&folder, &["service... | !...db"]), "../outside/dns cache vpc");
}

#[test]
fn queries_that_only_take_away_come_last_wherever_they_stand() {
    let folder = estate();
    assert_eq!(found(&folder, &["!vpc", "service..."]), "../outside/dns cache db service");
    assert_eq!(found(&folder, &["!*c*", "!...db"]), "");
    assert_eq!(found(&folder, &["!cache", "!vpc..."]), "apps/batch apps/web-1 db service");
}

#[test]
fn files_of_queries_say_where_a_line_is_wrong() {
    let folder = estate();
    write(folder.path(), "live/.terragrunt-filters", "# always\n\n  ./apps/*  \r\nvpc\n");
    write(folder.path(), "live/.terragrunt-excludes", "apps/batch\n");
    let mut filters = Filters::default();
    let live = folder.path().join("live");
    filters.add_file(&live.join(FILTERS_FILE), &live).unwrap();
    filters.add_excludes(&live.join(EXCLUDES_FILE), &live).unwrap();
    let printed: Vec<String> = filters.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["{./apps/*}", "name=vpc", "!{apps/batch}"]);

    write(folder.path(), "live/.terragrunt-filters", "vpc\n# no\ntyp=unit\n");
    let errors = Filters::default().add_file(&live.join(FILTERS_FILE), &live).unwrap_err();
    assert!(
        errors[0].to_string().contains(".terragrunt-filters:3:1: there is no key \"typ\""),
        "{}",
        errors[0]
    );
}

#[test]
fn more_queries_than_anyone_means_are_refused_with_the_place_of_the_first_that_is_too_many() {
    let folder = estate();
    let live = folder.path().join("live");
    let errors = |text: &str| {
        write(folder.path(), "live/.terragrunt-filters", text);
        Filters::default().add_file(&live.join(FILTERS_FILE), &live).unwrap_err()
    };
    let told = |text: &str, expected: &str| {
        let errors = errors(text);
        assert!(errors[0].to_string().contains(expected), "{}", errors[0]);
        errors.len()
    };
    let joined = |count: usize, query: &dyn Fn(usize) -> String, between: &str| {
        (0..count).map(query).collect::<Vec<_>>().join(between)
    };
    let list = joined(1_000_000, &|index| format!("./unit-{index}"), "\n");
    assert_eq!(
        told(&list, ".terragrunt-filters:10001:1: the queries have more than 10000 parts together"),
        1
    );
    let long = joined(1_000_000, &|index| format!("u{index}"), " | ");
    assert_eq!(
        told(&format!("vpc\n{long}\n"), ".terragrunt-filters:2:1: the query has more than 65536 bytes"),
        1
    );
    told(
        &vec!["u"; 12_000].join("|"),
        ".terragrunt-filters:1:1: the queries have more than 10000 parts together",
    );
    let ranges = joined(1000, &|index| format!("[HEAD~{index}]"), "\n");
    assert_eq!(told(&ranges, ".terragrunt-filters:51:1: the queries name more than 50 ranges of commits"), 1);
    assert_eq!(told(&joined(5_000, &|index| format!("typ={index}"), "\n"), ":1:1: there is no key"), 100);
    assert_eq!(told(&" ".repeat(17 * 1024 * 1024), "it has more than 16777216 bytes"), 1);
    let errors = Filters::parse((0..20_000).map(|index| format!("u{index}"))).unwrap_err();
    assert!(errors[0].to_string().contains("--filter:1:1: the queries have more than"), "{}", errors[0]);
}

#[test]
fn the_same_query_a_million_times_is_one() {
    let folder = estate();
    write(folder.path(), "live/.terragrunt-filters", &"./apps/*\n!batch\n".repeat(500_000));
    let live = folder.path().join("live");
    let mut filters = Filters::default();
    filters.add_file(&live.join(FILTERS_FILE), &live).unwrap();
    assert_eq!(filters.iter().count(), 2);
}

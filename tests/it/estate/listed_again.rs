//! Large estates that are listed more than once: what is kept in `.slipway/outlines` saves reading, and changes no answer.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::estate::{Estate, git};
use crate::support::slipway::{Ended, Slipway};

/// The fewest that anything is kept of.
const UNITS: usize = 1000;
const NOTHING_READ: &str =
    "0 files read, 0 parsed (0 bytes), 0 locals and 0 attributes evaluated, 0 commands run";

/// Units in rows of ten, each depending on the one before it, made longer ago than file systems count in.
fn large() -> Estate {
    let estate = sized(UNITS);
    std::thread::sleep(Duration::from_millis(2100));
    estate
}

fn sized(units: usize) -> Estate {
    let estate = Estate::new();
    for unit in 0..units {
        estate.write(&format!("live/dev/unit-{unit}/terragrunt.hcl"), &text_of(unit, unit.wrapping_sub(1)));
    }
    estate
}

fn text_of(unit: usize, before: usize) -> String {
    let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    if unit.is_multiple_of(10) {
        return include.to_owned();
    }
    format!("{include}dependency \"before\" {{\n  config_path = \"../unit-{before}\"\n}}\n")
}

fn slipway(estate: &Estate) -> Slipway {
    Slipway::new(estate.path(), Path::new("tofu"))
}

/// What is listed, by a command that may keep it.
fn list(estate: &Estate, more: &[&str]) -> Ended {
    let arguments = [&["find", "--dag", "--dependencies", "--reading", "--json", "--stats"], more].concat();
    slipway(estate).run(&arguments).exits(0)
}

fn anew(estate: &Estate) -> String {
    list(estate, &["--no-cache"]).stdout
}

fn outlines(estate: &Estate) -> PathBuf {
    estate.path().join(".slipway/outlines")
}

#[test]
fn the_second_list_reads_nothing_and_says_the_same() {
    let estate = large();
    let first = list(&estate, &[]).says("1001 files read");
    let second = list(&estate, &[]).says(NOTHING_READ);
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(second.stdout, anew(&estate));
    let shown = |arguments: &[&str]| slipway(&estate).run(arguments).exits(0).stdout;
    assert_eq!(shown(&["graph"]), shown(&["graph", "--no-cache"]));
    assert_eq!(shown(&["find", "--tree"]), shown(&["find", "--tree", "--no-cache"]));
    assert_eq!(
        shown(&["find", "--filter", "...unit-15", "--format", "json"]),
        shown(&["find", "--filter", "...unit-15", "--format", "json", "--no-cache"])
    );
    // Nobody else can read it.
    let file = fs::read_dir(outlines(&estate)).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    estate.write("live/dev/unit-15/terragrunt.hcl", &text_of(15, 11));
    let third = list(&estate, &[]).says("2 files read, 2 parsed");
    assert_ne!(third.stdout, first.stdout);
    assert_eq!(third.stdout, anew(&estate));
}

#[test]
fn places_of_mistakes_are_told_as_by_whoever_has_read_the_file() {
    let estate = large();
    list(&estate, &[]);
    fs::remove_dir_all(estate.path().join("live/dev/unit-14")).unwrap();
    let told = |more: &[&str]| slipway(&estate).run(&[&["find"], more].concat()).exits(3);
    let kept = told(&[]).says("live/dev/unit-15/terragrunt.hcl:4:1").says("\"../unit-14\"");
    assert_eq!(kept.stderr, told(&["--no-cache"]).stderr);
}

#[test]
fn lists_at_once_and_one_that_is_killed_leave_something_whole() {
    let estate = large();
    let arguments = ["find", "--dag", "--dependencies", "--reading", "--json"];
    for round in 0..4 {
        let lists: Vec<_> = (0..4)
            .map(|_| {
                let mut command = slipway(&estate).into_command(&arguments);
                command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        for unit in [21, 22] {
            estate.write(&format!("live/dev/unit-{unit}/terragrunt.hcl"), &text_of(unit, unit - 1 - round));
        }
        for (index, mut list) in lists.into_iter().enumerate() {
            if index == 0 {
                std::thread::sleep(Duration::from_millis(60 * u64::try_from(round).unwrap()));
                list.kill().unwrap();
            }
            list.wait().unwrap();
        }
        assert_eq!(list(&estate, &[]).stdout, anew(&estate));
    }
    std::thread::sleep(Duration::from_millis(2100));
    list(&estate, &[]);
    assert_eq!(list(&estate, &[]).says(NOTHING_READ).stdout, anew(&estate));
}

#[test]
fn nothing_is_kept_of_small_estates_nor_where_it_is_not_to_be() {
    let small = sized(UNITS - 1);
    list(&small, &[]);
    assert!(!small.path().join(".slipway").exists());
    let estate = large();
    anew(&estate);
    git(estate.path(), &["add", "."]);
    list(&estate, &["--untrusted"]);
    assert!(!estate.path().join(".slipway").exists());
}

#[test]
fn a_folder_of_ours_that_is_none_is_left_as_it_is_and_keeps_nothing() {
    let estate = large();
    let home = estate.path().join(".slipway");
    // What another machine, or another checkout, has kept.
    fs::create_dir_all(home.join("outlines")).unwrap();
    fs::create_dir_all(home.join("modules/fetched")).unwrap();
    let answer = list(&estate, &[]).says("1001 files read").stdout;
    list(&estate, &[]).says("1001 files read");
    assert!(home.join("modules/fetched").exists());
    assert_eq!(fs::read_dir(home.join("outlines")).unwrap().count(), 0);
    fs::remove_dir_all(&home).unwrap();
    fs::write(&home, "a file").unwrap();
    assert_eq!(list(&estate, &[]).says("1001 files read").stdout, answer);
    fs::remove_file(&home).unwrap();
    let elsewhere = estate.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &home).unwrap();
    assert_eq!(list(&estate, &[]).says("1001 files read").stdout, answer);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn what_a_copy_of_the_tree_brings_is_not_believed() {
    let estate = large();
    list(&estate, &[]);
    let copy = tempfile::tempdir().unwrap();
    let status =
        std::process::Command::new("cp").arg("-a").args([estate.path(), copy.path()]).status().unwrap();
    assert!(status.success());
    let there = copy.path().join(estate.path().file_name().unwrap());
    let ended = Slipway::new(&there, Path::new("tofu")).run(&["find", "--stats"]).exits(0);
    ended.says("1001 files read");
    // The original still is.
    list(&estate, &[]).says(NOTHING_READ);
}

#[test]
fn no_more_files_are_kept_than_anybody_needs() {
    let estate = large();
    for feature in 0..18 {
        list(&estate, &["--feature", &format!("number={feature}")]);
    }
    assert_eq!(fs::read_dir(outlines(&estate)).unwrap().count(), 16);
    list(&estate, &["--feature", "number=17"]).says(NOTHING_READ);
    list(&estate, &["--feature", "number=0"]).says("1001 files read");
}

//! Stacks of which nothing is generated, or whose generated folders are not in Git: what asks about units sees theirs.

use std::collections::BTreeSet;

use super::{shop, text_unit};
use crate::hostile::world::git;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

fn slipway(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(arguments)
}

fn commit(estate: &Estate) {
    git(estate.path(), &["add", "--all"]);
    git(estate.path(), &["commit", "--quiet", "--message", "more"]);
}

/// A network that is there, and what stands on it, which a stack makes.
fn standing_on_a_unit() -> Estate {
    let estate = Estate::new();
    estate.unit("vpc", &[]);
    let dependency = "dependency \"vpc\" {\n  config_path = \"${get_repo_root()}/live/vpc\"\n}\n";
    estate.write("units/web/terragrunt.hcl", &text_unit(dependency, "dependency.vpc.outputs.value"));
    let stack = "unit \"web\" {\n  source = \"${get_repo_root()}/units/web\"\n  path = \"web\"\n}\n";
    estate.write("live/prod/terragrunt.stack.hcl", stack);
    estate
}

#[test]
fn what_a_stack_is_made_of_affects_the_units_that_it_makes() {
    let estate = shop();
    estate.write(".gitignore", ".terragrunt-stack/\nlive/shop/beside/\n.slipway/\n");
    git(estate.path(), &["checkout", "--quiet", "-B", "main"]);
    commit(&estate);
    git(estate.path(), &["checkout", "--quiet", "-b", "work"]);
    let affected = |file: &str, more: &str, how: &[&str]| {
        let path = estate.path().join(file);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        estate.write(file, &(before.clone() + more));
        let ended = slipway(&estate, &[&["find", "--affected=main"], how].concat()).exits(0);
        if before.is_empty() {
            std::fs::remove_file(path).unwrap();
        } else {
            std::fs::write(path, before).unwrap();
        }
        let mine = ended.stdout.lines().filter(|line| line.starts_with("shop/"));
        mine.map(|line| line.trim_start_matches("shop/").replace(".terragrunt-stack/", ""))
            .collect::<BTreeSet<_>>()
    };
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let not_generated = ["--expand-stacks"];
    for how in [&not_generated[..], &[]] {
        if how.is_empty() {
            slipway(&estate, &["stack", "generate", "live"]).exits(0);
        }
        assert_eq!(
            affected("units/vpc/more.txt", "x", how),
            of(&["beside", "dev/vpc", "nets/shared", "plain"]),
            "{how:?}"
        );
        assert_eq!(affected("units/app/files/.hidden/text.txt", "x", how), of(&["dev/apps/app"]), "{how:?}");
        assert_eq!(
            affected("stacks/env/terragrunt.stack.hcl", "# x\n", how),
            of(&["dev/apps/app", "dev/vpc"]),
            "{how:?}"
        );
        let all = of(&["beside", "dev/apps/app", "dev/vpc", "nets/shared", "plain"]);
        assert_eq!(affected("live/shared.hcl", "# x\n", how), all, "{how:?}");
        assert_eq!(affected("live/shop/terragrunt.stack.hcl", "# x\n", how), all, "{how:?}");
        assert!(affected("README.md", "x", how).is_empty(), "{how:?}");
    }
    let why = ["find", "--affected=main", "--why", "--expand-stacks"];
    estate.write("units/app/files/.hidden/text.txt", "other\n");
    slipway(&estate, &why)
        .exits(0)
        .says("changed units/app/files/.hidden/text.txt: the unit is generated from it");
}

#[test]
fn a_unit_is_not_destroyed_under_one_whose_stack_is_not_generated() {
    let estate = standing_on_a_unit();
    slipway(&estate, &["apply", "--yes"]).exits(0);
    std::fs::remove_dir_all(estate.path().join("live/prod/.terragrunt-stack")).unwrap();
    let refused = slipway(&estate, &["destroy", "vpc", "--yes"]).exits(5);
    let refused = refused.says("prod/.terragrunt-stack/web stays and still has resources");
    assert!(refused.stderr.contains("it depends on vpc"), "{}", refused.stderr);
}

#[test]
fn the_lock_of_a_unit_is_looked_at_before_its_stack_is_generated() {
    let estate = standing_on_a_unit();
    slipway(&estate, &["unlock", "prod/.terragrunt-stack/web"]).exits(0).says("is not locked");
    slipway(&estate, &["unlock", "prod/.terragrunt-stack/wbe"]).exits(64);
}

#[test]
fn where_there_are_stacks_only_the_way_to_their_units_is_told() {
    let estate = standing_on_a_unit();
    std::fs::remove_dir_all(estate.path().join("live/vpc")).unwrap();
    let ended = slipway(&estate, &["graph", "live"]).exits(64);
    let ended = ended.says("but 1 stack of which nothing is generated");
    assert!(ended.stderr.contains("slipway stack generate"), "{}", ended.stderr);
}

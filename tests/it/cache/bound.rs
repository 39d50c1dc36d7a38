//! How much is kept, and the order in which it goes.

use super::{Tags, gone, kept, listed, prune, slipway, tree, trees, used_days_ago};
use crate::support::estate::Estate;

/// The name of a module's folder.
fn name(estate: &Estate, tag: &str) -> String {
    tree(estate, tag).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn what_was_used_least_lately_goes_first_and_is_fetched_again_when_it_is_needed() {
    let tags = Tags::new(3);
    let estate = tags.estate(3);
    slipway(&estate).run(&["apply", "--yes"]).exits(0);
    for (tag, days) in [("v1", 30), ("v2", 60), ("v3", 10)] {
        used_days_ago(&tree(&estate, tag).unwrap(), days);
    }
    let order = ["v2", "v1", "v3"].map(|tag| name(&estate, tag));
    assert_eq!(kept(&estate), order);
    let entries = &listed(&estate)["entries"];
    assert!(
        entries[0]["names"][0].as_str().unwrap().contains(&*tags.0.path().to_string_lossy()),
        "{entries}"
    );
    assert!(entries[0]["bytes"].as_u64().unwrap() > 100_000, "{entries}");

    // Whoever uses the oldest makes it the newest.
    slipway(&estate).run(&["plan", "v2"]).exits(0);
    assert_eq!(kept(&estate), ["v1", "v3", "v2"].map(|tag| name(&estate, tag)));

    let all = listed(&estate)["bytes"].as_u64().unwrap();
    let most = (all - 1).to_string();
    prune(&estate, &["--max-size", &most, "--dry-run"]).says("1 module would be removed");
    assert_eq!(trees(&estate).len(), 3, "it was only said");
    let pruned = prune(&estate, &["--max-size", &most]).says("1 module removed");
    assert!(pruned.stdout.contains("left"), "{}", pruned.stdout);
    assert_eq!((tree(&estate, "v1"), trees(&estate).len()), (None, 2));
    assert!(!gone(&estate).exists());

    slipway(&estate).run(&["plan", "v1"]).exits(0).says("nothing to change");
    assert!(tree(&estate, "v1").is_some(), "it was fetched again");
    assert_eq!(estate.applied("v1").as_deref(), Some("v1 x"), "a state is no cache");
}

#[test]
fn what_was_not_used_for_so_long_goes_and_nothing_else() {
    let tags = Tags::new(3);
    let estate = tags.estate(3);
    slipway(&estate).run(&["plan"]).exits(0);
    used_days_ago(&tree(&estate, "v1").unwrap(), 40);
    used_days_ago(&tree(&estate, "v2").unwrap(), 20);
    prune(&estate, &[]).says("nothing removed");
    prune(&estate, &["--older-than", "30d"]).says("1 module removed");
    assert!(tree(&estate, "v1").is_none() && tree(&estate, "v2").is_some());
    slipway(&estate).run(&["cache", "prune", "--older-than", "soon"]).exits(64).says("write it like 90d");
    slipway(&estate).run(&["cache", "prune", "--max-size", "much"]).exits(64).says("write it like 300MB");
}

#[test]
fn a_run_keeps_to_the_limit_when_it_ends_and_what_it_uses_stays() {
    let tags = Tags::new(3);
    let estate = tags.estate(3);
    slipway(&estate).run(&["plan", "v1"]).exits(0);
    let ended = slipway(&estate).env("SLIPWAY_CACHE_SIZE", "1KB").run(&["plan", "v2"]).exits(0);
    let ended = ended.says("1 module used least lately were removed from the cache");
    assert!(ended.stderr.contains("what is in use of the cache takes"), "{}", ended.stderr);
    assert!(tree(&estate, "v1").is_none() && tree(&estate, "v2").is_some());
    // The same by slipway.hcl, also of a run that brings nothing.
    slipway(&estate).run(&["plan", "v1"]).exits(0);
    assert_eq!(trees(&estate).len(), 2, "the usual limit is far away");
    estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\nengine {\n  cache_size = \"1KB\"\n}\n");
    slipway(&estate).run(&["plan", "v2"]).exits(0);
    assert!(tree(&estate, "v1").is_none() && tree(&estate, "v2").is_some());
    assert_eq!(listed(&estate)["limit"], 1024);
    estate.write("slipway.hcl", "engine {\n  cache_size = \"much\"\n}\n");
    slipway(&estate)
        .run(&["plan"])
        .exits(3)
        .says("cache_size cannot be \"much\"")
        .says("write it like \"10GB\"");
}

#[test]
fn what_is_no_cache_stays_and_links_lead_nowhere() {
    let tags = Tags::new(1);
    let estate = tags.estate(1);
    slipway(&estate).run(&["apply", "--yes"]).exits(0);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("precious"), "").unwrap();
    let home = estate.path().join(".slipway");
    let trees = home.join("modules/.terragrunt-cache");
    let link = |target: &std::path::Path, name: &str| {
        let name = home.join(name);
        std::fs::create_dir_all(name.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, name).unwrap();
    };
    // A link in the place of a module, in a module, and at each level of the providers.
    link(outside.path(), &format!("modules/.terragrunt-cache/{}", "a".repeat(64)));
    std::fs::create_dir(trees.join("b".repeat(64))).unwrap();
    link(outside.path(), &format!("modules/.terragrunt-cache/{}/folder", "b".repeat(64)));
    link(&outside.path().join("precious"), &format!("modules/.terragrunt-cache/{}/file", "b".repeat(64)));
    link(outside.path(), "providers/host");
    link(outside.path(), "providers/registry.x/org/name/1.0.0/linux_amd64");
    std::fs::create_dir_all(outside.path().join("a/b/c/d")).unwrap();
    // What is not ours.
    std::fs::create_dir_all(trees.join("somebody's")).unwrap();
    let work = home.join("work/v1/module/ballast");
    assert!(work.is_file());
    let pruned = prune(&estate, &["--max-size", "0", "--format", "json"]).json();
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 2, "{pruned}");
    assert!(outside.path().join("precious").is_file() && outside.path().join("a/b/c/d").is_dir());
    assert!(trees.join("somebody's").is_dir() && !trees.join("b".repeat(64)).exists());
    assert!(work.is_file(), "the unit's own folder");
    assert_eq!(estate.applied("v1").as_deref(), Some("v1 x"));
    slipway(&estate).run(&["runs"]).exits(0).says("apply");
    slipway(&estate).run(&["plan", "v1"]).exits(0).says("nothing to change");
}

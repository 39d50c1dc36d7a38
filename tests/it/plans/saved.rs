use std::os::unix::fs::PermissionsExt;

use super::{commit, files, git, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

fn estate() -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("bucket", &[]);
    commit(&estate);
    estate
}

#[test]
fn exactly_the_saved_plans_are_applied_in_order_and_what_has_none_is_not_touched() {
    for tool in terraforms() {
        let estate = estate();
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "networking", "--yes"]).exits(0);
        estate.unit("cluster", &["networking"]);
        commit(&estate);
        let before = std::fs::read(estate.path().join("states/networking.tfstate")).unwrap();
        slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 3 units");

        let manifest = std::fs::read_to_string(estate.path().join("saved/slipway-plans.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let units = manifest["units"].as_array().unwrap();
        let unit = |name: &str| units.iter().find(|unit| unit["name"] == name).unwrap();
        assert_eq!(manifest["version"], 1);
        assert_eq!(manifest["dirty"], false, "{manifest}");
        assert_eq!(manifest["commit"].as_str().unwrap().len(), 40);
        assert_eq!(unit("cluster")["after"][0], "networking");
        let state: serde_json::Value = serde_json::from_slice(&before).unwrap();
        assert_eq!(unit("networking")["state"]["serial"], state["serial"]);
        assert_eq!(unit("networking")["state"]["lineage"], state["lineage"]);
        assert_eq!(unit("cluster")["state"], serde_json::Value::Null, "it has none yet");
        let sums = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(estate.path().join("saved"))
            .output()
            .unwrap();
        assert!(sums.status.success(), "people can check it, too");

        let applied = slipway().run(&["apply", "saved", "--yes", "--format", "json"]).exits(0).json();
        let nodes = applied["nodes"].as_array().unwrap();
        let result = |name: &str| nodes.iter().find(|node| node["name"] == name).unwrap()["result"].clone();
        assert_eq!(result("saved plans"), "passed");
        assert_eq!(result("networking"), "unchanged");
        assert_eq!(result("cluster"), "applied");
        assert_eq!(estate.applied("cluster").as_deref(), Some("cluster < networking"));
        assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));
        assert_eq!(std::fs::read(estate.path().join("states/networking.tfstate")).unwrap(), before);

        // What was applied cannot be applied again: the states have moved on.
        let again = slipway().run(&["apply", "saved", "--yes"]).exits(5);
        drop(again.says("cluster: its state was empty and is at serial"));
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0);
    }
}

#[test]
fn a_checkout_that_has_never_run_anything_applies_them_too() {
    for tool in terraforms() {
        let estate = estate();
        Slipway::new(estate.path(), &tool).run(&["plan", "--out", "saved"]).exits(0).says("saved");
        std::fs::remove_dir_all(estate.path().join(".slipway")).unwrap();
        Slipway::new(estate.path(), &tool).run(&["apply", "saved", "--yes"]).exits(0).says("applied");
        assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));
    }
}

#[test]
fn only_the_owner_can_read_saved_plans_and_nothing_is_saved_over_others() {
    let tool = &terraforms()[0];
    let estate = estate();
    let slipway = || Slipway::new(estate.path(), tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("unsigned");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let saved = estate.path().join("saved");
    assert_eq!((mode(&saved), mode(&saved.join("plans"))), (0o700, 0o700));
    for file in files(&saved) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    slipway().run(&["plan", "--out", "saved"]).exits(64).says("holds something already");
}

#[test]
fn nothing_is_saved_where_a_unit_cannot_be_planned() {
    let tool = &terraforms()[0];
    let estate = estate();
    unit(&estate, "broken", "output \"name\" {\n  value = nowhere.at.all\n}\n");
    let plan = Slipway::new(estate.path(), tool).run(&["plan", "--out", "saved"]);
    plan.exits(1).says("nothing is saved");
    assert!(!estate.path().join("saved").exists());
}

#[test]
fn the_commit_is_told_and_the_content_decides() {
    let tool = &terraforms()[0];
    // As a pull request is planned, and merged in each of the ways that forges offer.
    let merges: [&[&[&str]]; 3] = [
        &[&["merge", "--quiet", "--no-ff", "--message", "merged", "change"]],
        &[&["merge", "--quiet", "--squash", "change"], &["commit", "--quiet", "--message", "squashed"]],
        &[&["cherry-pick", "--allow-empty", "--keep-redundant-commits", "main..change"]],
    ];
    for merge in merges {
        let estate = Estate::new();
        estate.unit("networking", &[]);
        commit(&estate);
        let slipway = || Slipway::new(estate.path(), tool);
        git(estate.path(), &["branch", "--quiet", "--force", "--move", "main"]);
        git(estate.path(), &["checkout", "--quiet", "-b", "change"]);
        estate.unit("cluster", &[]);
        commit(&estate);
        slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved");
        slipway().run(&["apply", "saved"]).exits(5).says("there is nobody to ask");
        git(estate.path(), &["checkout", "--quiet", "main"]);
        git(estate.path(), &["commit", "--quiet", "--allow-empty", "--message", "somebody else's"]);
        for step in merge {
            git(estate.path(), step);
        }
        let applied = slipway().run(&["apply", "saved", "--yes"]).exits(0);
        drop(applied.says("held to what they were made of").says("the plans were made at commit"));
        assert_eq!(estate.applied("cluster").as_deref(), Some("cluster"));
    }
}

#[test]
fn a_change_of_what_an_input_names_refuses_them_though_no_file_of_the_unit_changed() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    unit(
        &estate,
        "own",
        "variable \"policy\" {}\nresource \"terraform_data\" \"x\" {\n  input = file(var.policy)\n}\n",
    );
    let path = "live/own/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(path)).unwrap();
    let inputs = "inputs = {\n  policy = \"${get_repo_root()}/texts/policy.json\"\n}\n";
    estate.write(path, &format!("{text}\n{inputs}"));
    estate.write("texts/policy.json", "a");
    commit(&estate);
    let slipway = || Slipway::new(estate.path(), tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 1 unit");
    estate.write("texts/policy.json", "b");
    let refused = slipway().run(&["apply", "saved", "--yes"]).exits(5);
    drop(refused.says("own: a file that its inputs name is not what it was planned with"));
    let replanned = slipway().run(&["apply", "saved", "--yes", "--replan"]).exits(5);
    drop(replanned.says("terraform_data.x: input is \"b\" and was \"a\""));
    estate.write("texts/policy.json", "a");
    slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
}

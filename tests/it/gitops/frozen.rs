//! Freezes that people set, and windows that a calendar sets.

use std::path::Path;

use super::remote::{Remote, deployment};
use crate::support::slipway::{Ended, Slipway};

const SET: &str = "app-a=registry.example/app-a:v2";

struct Desk {
    remote: Remote,
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { remote: Remote::new(), home: tempfile::tempdir().unwrap() }
    }

    fn image(&self, arguments: &[&str]) -> Ended {
        let slipway = Slipway::new(self.home.path(), Path::new("/nowhere/terraform")).env("USER", "alice");
        slipway.run(&[&["image"], arguments, &["--repo", &self.remote.url()]].concat())
    }

    fn project(&self, text: &str) {
        std::fs::write(self.home.path().join("slipway.hcl"), text).unwrap();
    }
}

#[test]
fn a_frozen_app_is_refused_with_reason_since_when_by_whom_and_until_when() {
    let desk = Desk::new();
    let tree = desk.remote.git(&["rev-parse", "main^{tree}"]);
    desk.image(&["freeze", "app-a", "--reason", "incident 42", "--until", "2096-01-01T10:00Z"]).exits(0);
    assert_eq!(desk.remote.git(&["rev-parse", "main^{tree}"]), tree, "an empty commit");
    let message = desk.remote.git(&["log", "-1", "--format=%B", "main"]);
    assert!(message.contains("\nSlipway-Freezes: manifests/app-a\nSlipway-Freeze-Reason: incident 42\nSlipway-Freeze-Until: 2096-01-01T10:00:00Z\nSlipway-Source: alice"), "{message}");
    let commit = desk.remote.tip();
    let refused = desk.image(&["set", SET]).exits(5);
    let refused = refused.says("app-a is frozen since 20").says("until 2096-01-01T10:00:00Z").says("(alice)");
    refused.says(&commit[..12]).says("incident 42").says("--unfreeze");
    desk.image(&["set", "app-b=registry.example/app-b:v2"]).exits(0);
    desk.image(&["freeze"]).exits(0).says("app-a: frozen since").says("incident 42");
    let listed = desk.image(&["freeze", "--format", "json"]).exits(0).json();
    assert_eq!((listed[0]["app"].as_str(), listed[0]["kind"].as_str()), (Some("app-a"), Some("freeze")));
    // In spite of it one is set, and it goes on.
    desk.image(&["set", SET, "--allow-frozen"]).exits(0);
    assert!(
        desk.remote
            .git(&["log", "-1", "--format=%B", "main"])
            .contains(&format!("Slipway-Despite: {commit}"))
    );
    desk.image(&["set", "app-a=registry.example/app-a:v3"]).exits(5);
    desk.image(&["set", "app-a=registry.example/app-a:v3", "--unfreeze"]).exits(0);
    desk.image(&["set", "app-a=registry.example/app-a:v4"]).exits(0);
    assert_eq!(desk.image(&["freeze", "--format", "json"]).exits(0).json().as_array().unwrap().len(), 0);
}

#[test]
fn a_freeze_is_lifted_without_a_bump_and_so_is_that_of_a_rollback() {
    let desk = Desk::new();
    desk.image(&["set", SET]).exits(0);
    desk.image(&["rollback", "app-a"]).exits(0);
    desk.image(&["freeze", "app-a", "--reason", "and by hand"]).exits(0);
    let both = desk.image(&["freeze", "--format", "json"]).exits(0).json();
    assert_eq!(both.as_array().unwrap().len(), 2, "{both}");
    desk.image(&["set", "app-a=registry.example/app-a:v3"]).exits(5);
    let before = desk.remote.commits();
    let lifted = desk.image(&["freeze", "app-a", "--lift", "--format", "json"]).exits(0).json();
    assert_eq!(lifted.as_array().unwrap().len(), 2, "{lifted}");
    assert_eq!(desk.remote.commits(), before + 1);
    desk.image(&["freeze", "app-a", "--lift"]).exits(0).says("app-a is not frozen");
    assert_eq!(desk.remote.commits(), before + 1, "nothing to lift makes no commit");
    desk.image(&["set", "app-a=registry.example/app-a:v3"]).exits(0);
}

#[test]
fn a_freeze_of_all_is_lifted_as_such_and_rollbacks_go_through() {
    let desk = Desk::new();
    desk.image(&["set", SET]).exits(0);
    desk.image(&["freeze", "*", "--reason", "end of the year"]).exits(0);
    for flags in [&[][..], &["--unfreeze"]] {
        let set = [&["set", "app-a=registry.example/app-a:v3"], flags].concat();
        desk.image(&set).exits(5).says("end of the year").says("image freeze '*' --lift");
    }
    desk.image(&["set", "app-b=registry.example/app-b:v2"]).exits(5);
    desk.image(&["rollback", "app-a"]).exits(0);
    desk.image(&["freeze", "*", "--lift"]).exits(0);
    desk.image(&["set", "app-b=registry.example/app-b:v2"]).exits(0);
    desk.image(&["set", "app-a=registry.example/app-a:v3"]).exits(5).says("was rolled back");
}

#[test]
fn a_rollbacks_freeze_goes_on_behind_what_was_set_in_spite_of_it() {
    let desk = Desk::new();
    desk.image(&["set", SET]).exits(0);
    desk.image(&["rollback", "app-a"]).exits(0);
    desk.image(&["set", "app-a=registry.example/app-a:v3", "--allow-frozen"]).exits(0);
    let refused = desk.image(&["set", "app-a=registry.example/app-a:v4"]).exits(5);
    refused.says("was rolled back from registry.example/app-a:v2").says("and is frozen, since 20");
    desk.image(&["set", "app-a=registry.example/app-a:v4", "--unfreeze"]).exits(0);
}

#[test]
fn what_is_no_freeze_is_wrong_usage_and_one_that_is_over_holds_nothing() {
    let desk = Desk::new();
    let before = desk.remote.tip();
    desk.image(&["freeze", "app-a"]).exits(64).says("needs a reason");
    desk.image(&["freeze", "app-a", "--reason", " "]).exits(64);
    desk.image(&["freeze", "app-a", "--reason", "x", "--until", "2001-01-01"])
        .exits(64)
        .says("no time to come");
    desk.image(&["freeze", "app-x", "--reason", "x"]).exits(1).says("the apps in manifests are app-a, app-b");
    desk.image(&["freeze", "../out", "--reason", "x"]).exits(1).says("no manifests in");
    assert_eq!(desk.remote.tip(), before);
    // A line break cannot speak for another trailer.
    desk.image(&["freeze", "app-a", "--reason", "x\nSlipway-Freezes: manifests/app-b"]).exits(0);
    desk.image(&["set", "app-b=registry.example/app-b:v2"]).exits(0);
    let over = "over\n\nSlipway-Freezes: manifests/app-b\nSlipway-Freeze-Until: 2001-01-01T00:00:00Z";
    desk.remote.commit(over, &[("README.md", "x")]);
    desk.image(&["set", "app-b=registry.example/app-b:v3"]).exits(0);
}

#[test]
fn an_open_window_refuses_with_its_name_its_place_and_its_end() {
    let desk = Desk::new();
    let window = |cron: &str, apps: &str| {
        desk.project(&format!(
            "apps {{\n  freeze_window \"release\" {{\n    cron      = \"{cron}\"\n    duration  = \"2h\"\n    time_zone = \"Europe/Berlin\"\n    apps      = [{apps}]\n  }}\n}}\n"
        ));
    };
    window("* * * * *", "\"app-a\"");
    let before = desk.remote.tip();
    let refused = desk.image(&["set", SET]).exits(5);
    refused
        .says("app-a is in the freeze window \"release\" (")
        .says("slipway.hcl:2:3) until 20")
        .says("[Europe/Berlin]");
    desk.image(&["set", SET, "--unfreeze"]).exits(5);
    assert_eq!(desk.remote.tip(), before);
    desk.image(&["freeze"]).exits(0).says("app-a: in the freeze window \"release\"");
    desk.image(&["set", "app-b=registry.example/app-b:v2"]).exits(0);
    desk.image(&["set", SET, "--allow-frozen"]).exits(0);
    assert!(
        desk.remote.git(&["log", "-1", "--format=%B", "main"]).contains("Slipway-Despite: window release")
    );
    desk.image(&["rollback", "app-a"]).exits(0);
    window("0 0 29 2 *", "\"*\"");
    desk.image(&["set", SET, "--unfreeze"]).exits(0);
    window("0 25 * * *", "\"*\"");
    let wrong = desk.image(&["set", SET]).exits(3);
    wrong.says("project::apps").says("slipway.hcl:2").says("0 18 * * FRI");
    desk.project("apps {\n  freeze_window \"x\" {\n    duration = \"2h\"\n  }\n}\n");
    desk.image(&["list"]).exits(3).says("cron");
}

#[test]
fn what_the_repository_says_itself_counts_for_whoever_writes_to_it() {
    let desk = Desk::new();
    let say = |text: &str| desk.remote.commit("rules", &[("slipway.hcl", text)]);
    // A cluster there is no business of a bump: nothing of it is read.
    say(r#"
apps {
  freeze_window "always" {
    cron     = "* * * * *"
    duration = "2h"
    apps     = ["app-a"]
  }
  app "app-b" {
    image_path = "spec.nowhere"
  }
}
cluster "dev" {
  name = run_cmd("touch", "ran")
}
"#);
    let before = desk.remote.tip();
    let refused = desk.image(&["set", SET]).exits(5);
    refused.says("app-a is in the freeze window \"always\" (slipway.hcl of ").says(":3:3) until 20");
    desk.image(&["freeze"]).exits(0).says("app-a: in the freeze window \"always\"");
    let bump_b = ["set", "app-b=registry.example/app-b:v2"];
    desk.image(&bump_b).exits(1).says("spec.nowhere");
    // What is said here comes first, and windows of both count.
    desk.project(
        "apps {\n  app \"app-b\" {\n    image_path = \"spec.template.spec.containers[*].image\"\n  }\n}\n",
    );
    desk.image(&["set", SET]).exits(5).says("\"always\"");
    assert_eq!(desk.remote.tip(), before);
    desk.image(&bump_b).exits(0);

    // It is somebody else's: nothing of this machine gets into it.
    for own in ["get_env(\"HOME\")", "file(\"/etc/hostname\")", "run_cmd(\"touch\", \"ran\")"] {
        say(&format!("apps {{\n  message = {own}\n}}\n"));
        let refused = desk.image(&["set", SET]).exits(3).says("slipway.hcl of ");
        assert!(!refused.stderr.contains("/root"), "{}", refused.stderr);
    }
    say("apps {\n  freeze_window {\n");
    desk.image(&["set", SET]).exits(3).says("slipway.hcl of ");
    assert!(!desk.home.path().join("ran").exists());
}

#[test]
fn a_promotion_is_held_as_any_bump() {
    let desk = Desk::new();
    let at = |version: &str| deployment("app-a", &format!("registry.example/app-a:{version}"));
    desk.remote.commit("two", &[("dev/app-a/d.yaml", &at("v2")), ("prod/app-a/d.yaml", &at("v1"))]);
    let in_prod = |arguments: &[&str]| desk.image(&[arguments, &["--manifests", "prod"]].concat());
    in_prod(&["freeze", "app-a", "--reason", "audit"]).exits(0);
    desk.image(&["promote", "--all", "--from", "dev", "--to", "prod"]).exits(5).says("audit");
    in_prod(&["freeze", "app-a", "--lift"]).exits(0);
    desk.image(&["promote", "--all", "--from", "dev", "--to", "prod"]).exits(0);
}

#[test]
fn a_freeze_and_its_end_can_be_looked_at_and_nothing_is_pushed() {
    let desk = Desk::new();
    let before = desk.remote.tip();
    let freeze = ["freeze", "app-a", "--reason", "incident 42", "--until", "2096-01-01T10:00Z", "--dry-run"];
    desk.image(&freeze)
        .exits(0)
        .says("would be committed to main: app-a: frozen until 2096-01-01T10:00:00Z: incident 42");
    let told = desk.image(&[&freeze[..], &["--format", "json"]].concat()).exits(0).json();
    assert_eq!((told[0]["dry_run"].as_bool(), told[0]["commit"].as_str()), (Some(true), None), "{told}");
    desk.image(&["freeze", "app-x", "--reason", "r", "--dry-run"])
        .exits(1)
        .says("the apps in manifests are app-a, app-b");
    desk.image(&["freeze", "--dry-run"]).exits(64);
    assert_eq!(desk.remote.tip(), before);
    desk.image(&["freeze"]).exits(0).says("nothing is frozen");
    // And so can its end.
    desk.image(&freeze[..freeze.len() - 1]).exits(0);
    let frozen = desk.remote.tip();
    let lifted = desk.image(&["freeze", "app-a", "app-b", "--lift", "--dry-run"]).exits(0);
    lifted
        .says("would be lifted: app-a: frozen since")
        .says("app-b is not frozen")
        .says("would be committed to main");
    assert_eq!(desk.remote.tip(), frozen);
    desk.image(&["set", SET]).exits(5);
}

#[test]
fn an_app_whose_folder_is_renamed_stays_frozen_by_a_rollback_and_by_hand() {
    for folder in ["manifests/shop", "manifests/eu-shop"] {
        let desk = Desk::new();
        desk.image(&["set", SET]).exits(0);
        desk.image(&["rollback", "app-a"]).exits(0);
        desk.image(&["freeze", "app-b", "--reason", "incident 42"]).exits(0);
        desk.remote.pull();
        desk.remote.by_colleague(&["mv", "manifests/app-a", folder]);
        desk.remote.by_colleague(&["mv", "manifests/app-b", "manifests/b"]);
        desk.remote.commit("rename", &[("README.md", "renamed")]);
        // Once more, and with other files.
        desk.remote.by_colleague(&[
            "mv",
            &format!("{folder}/deployment.yaml"),
            &format!("{folder}/web.yaml"),
        ]);
        desk.remote.by_colleague(&["mv", folder, "manifests/store"]);
        desk.remote.commit("again", &[("README.md", "twice")]);
        let before = desk.remote.tip();
        let said = desk.image(&["set", "store=registry.example/app-a:v3"]).exits(5);
        said.says("store was rolled back from registry.example/app-a:v2");
        desk.image(&["set", "b=registry.example/app-b:v2"]).exits(5).says("b is frozen").says("incident 42");
        assert_eq!(desk.remote.tip(), before);
        let told = desk.image(&["freeze", "--format", "json"]).exits(0).json();
        let apps: Vec<&str> = told.as_array().unwrap().iter().filter_map(|one| one["app"].as_str()).collect();
        assert_eq!(apps, ["b", "store"], "{told}");
        // Under its new name it is lifted.
        desk.image(&["freeze", "b", "--lift"]).exits(0).says("lifted: b: frozen");
        desk.image(&["set", "b=registry.example/app-b:v2"]).exits(0);
        desk.image(&["set", "store=registry.example/app-a:v3", "--unfreeze"]).exits(0);
        desk.image(&["set", "store=registry.example/app-a:v4"]).exits(0);
        desk.image(&["freeze"]).exits(0).says("nothing is frozen");
    }
}

#[test]
fn a_bump_before_the_folder_was_renamed_is_taken_back_and_what_was_lifted_before_stays_lifted() {
    let desk = Desk::new();
    desk.image(&["set", SET]).exits(0);
    desk.image(&["rollback", "app-a"]).exits(0);
    desk.image(&["set", "app-a=registry.example/app-a:v3", "--unfreeze"]).exits(0);
    desk.remote.pull();
    desk.remote.by_colleague(&["mv", "manifests/app-a", "manifests/shop"]);
    desk.remote.commit("rename", &[("README.md", "renamed")]);
    desk.image(&["freeze"]).exits(0).says("nothing is frozen");
    desk.image(&["set", "shop=registry.example/app-a:v4"]).exits(0);
    desk.image(&["rollback", "shop"]).exits(0).says("app-a:v3");
    desk.image(&["rollback", "shop"]).exits(0).says("app-a:v1");
    // One of that name that comes later is another app.
    let file = "manifests/app-a/deployment.yaml";
    desk.remote.commit("anew", &[(file, &deployment("app-a", "registry.example/app-a:v1"))]);
    desk.image(&["set", SET]).exits(0);
    desk.image(&["set", "shop=registry.example/app-a:v5"]).exits(5);
}

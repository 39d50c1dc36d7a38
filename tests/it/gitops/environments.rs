//! Environments of one repository: compared, and one given what another has.

use std::path::Path;

use super::remote::{Remote, deployment};
use crate::support::slipway::{Ended, Slipway};

fn image(remote: &Remote, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(home.path(), Path::new("/nowhere/terraform"));
    slipway.run(&[&["image"], arguments, &["--repo", &remote.url()]].concat())
}

fn at(app: &str, version: &str) -> String {
    deployment(app, &format!("registry.example/{app}:{version}"))
}

fn overlay(tag: &str) -> String {
    format!("resources: [../../base]\nimages:\n  - name: registry.example/web\n    newTag: {tag}\n")
}

/// `dev` and `prod`: two apps in both, one in each only, and one that overlays decide.
fn environments() -> Remote {
    let remote = Remote::empty();
    remote.commit(
        "environments",
        &[
            ("base/d.yaml", &deployment("web", "registry.example/web:v0")),
            ("base/kustomization.yaml", "resources: [d.yaml]\n"),
            ("dev/a/d.yaml", &at("a", "v10")),
            ("prod/a/d.yaml", &at("a", "v9")),
            ("dev/b/d.yaml", &at("b", "v1")),
            ("prod/b/deployment.yaml", &at("b", "v1")),
            ("dev/web/kustomization.yaml", &overlay("v3")),
            ("prod/web/kustomization.yaml", &overlay("v2")),
            ("dev/new/d.yaml", &at("new", "v1")),
            ("prod/old/d.yaml", &at("old", "v1")),
        ],
    );
    remote
}

#[test]
fn two_environments_are_compared_container_by_container() {
    let remote = environments();
    let shown = image(&remote, &["diff", "dev", "prod"]).exits(0);
    let lines: Vec<String> =
        shown.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "APP CONTAINER dev prod dev",
            "a Deployment/a/web registry.example/a:v10 registry.example/a:v9 newer",
            "new Deployment/new/web registry.example/new:v1 - only here",
            "old Deployment/old/web - registry.example/old:v1 only there",
            "web Kustomization/web/web registry.example/web:v3 registry.example/web:v2 newer",
        ]
    );
    let json =
        image(&remote, &["diff", "prod", "dev", "--format", "json", "--detailed-exitcode"]).exits(2).json();
    let verdicts: Vec<&str> =
        json.as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["older", "same", "only there", "only here", "older"]);
    image(&remote, &["diff", "dev", "dev", "--detailed-exitcode"]).exits(0).says("4 of 4 are the same");
    image(&remote, &["diff", "dev", "nowhere"]).exits(1).says("nowhere has no images on main");
}

#[test]
fn all_of_an_environment_is_promoted_in_one_commit() {
    let remote = environments();
    let promote = |more: &[&str]| {
        image(&remote, &[&["promote", "--all", "--from", "dev", "--to", "prod"], more].concat())
    };
    let before = remote.tip();
    let shown = promote(&["--dry-run"]).exits(0);
    assert!(shown.stdout.contains("-    newTag: v2\n+    newTag: v3\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("+++ b/prod/a/d.yaml\n"), "{}", shown.stdout);
    assert_eq!(remote.tip(), before);
    let promoted = promote(&[]).exits(0).says("a: registry.example/a:v9 → registry.example/a:v10");
    assert_eq!(promoted.stdout, shown.stdout, "what is done is shown as what would be");
    assert_eq!(remote.commits(), 2);
    assert_eq!(remote.file("prod/a/d.yaml"), at("a", "v10"));
    assert_eq!(remote.file("prod/web/kustomization.yaml"), overlay("v3"));
    let message = remote.git(&["log", "-1", "--format=%B", "main"]);
    assert_eq!(message.matches("Slipway-Promoted-From: dev/").count(), 2, "{message}");
    promote(&[]).exits(0).says("prod runs what dev runs already");
    assert_eq!(remote.commits(), 2);
}

#[test]
fn where_one_of_all_is_refused_none_is_promoted() {
    let remote = environments();
    remote.commit("hotfix in prod", &[("prod/a/d.yaml", &at("a", "v11"))]);
    let before = remote.tip();
    let promote = |more: &[&str]| {
        image(&remote, &[&["promote", "--all", "--from", "dev", "--to", "prod"], more].concat())
    };
    promote(&[]).exits(5).says("a is at registry.example/a:v11, which is newer");
    remote.commit("no tag", &[("dev/b/d.yaml", &deployment("b", "registry.example/b"))]);
    promote(&["--allow-older"]).exits(1).says("neither a tag nor a digest");
    assert_eq!(remote.file("prod/a/d.yaml"), at("a", "v11"));
    assert_ne!(remote.tip(), before);
    image(&remote, &["promote", "a", "--all", "--from", "dev", "--to", "prod"]).exits(64);
    image(&remote, &["promote", "--from", "dev", "--to", "prod"]).exits(64);
}

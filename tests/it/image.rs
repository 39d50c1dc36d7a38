//! `slipway image` against a repository that says no: nothing is lost, and the cause is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::bed::Bed;
use crate::support::manifests::{bare, deployment, head, seed, url};
use crate::support::slipway::Slipway;

fn slipway(folder: &Path, bed: &Bed) -> Slipway {
    Slipway::new(folder, Path::new("/nowhere/terraform"))
        .env("SLIPWAY_MANIFESTS_URL", url(bed, "manifests"))
        .env("SLIPWAY_MANIFESTS_USERNAME", bed.text("/git/username"))
        .env("SLIPWAY_MANIFESTS_TOKEN", bed.text("/git/password"))
}

#[test]
fn an_application_pipeline_needs_nothing_but_the_repository() {
    let bed = Bed::start(&["git"]);
    let bare = seed(&bed, "manifests");
    let folder = tempfile::tempdir().unwrap();
    let set = |image: &str| slipway(folder.path(), &bed).run(&["image", "set", image]);
    set("app-a=registry.example/app-a:v2").exits(0).says("v1 → registry.example/app-a:v2");
    let second = head(&bare);
    set("app-a=registry.example/app-a:v2").exits(0).says("is there already");
    assert_eq!(head(&bare), second, "no commit where there is nothing to change");
    set("app-a=registry.example/app-a:v1").exits(5).says("--allow-older");
    let list = slipway(folder.path(), &bed).run(&["image", "list", "--format", "json"]).exits(0);
    assert_eq!(list.json()[0]["image"], "registry.example/app-a:v2");
    let history = slipway(folder.path(), &bed).run(&["image", "history", "app-a"]).exits(0);
    history.says("registry.example/app-a:v1 → registry.example/app-a:v2");
}

#[test]
fn what_cannot_be_waited_for_is_told_before_the_push() {
    let bed = Bed::start(&["git"]);
    let bare = seed(&bed, "manifests");
    let before = head(&bare);
    let folder = tempfile::tempdir().unwrap();
    let wait = |cluster: &str| {
        std::fs::write(folder.path().join("slipway.hcl"), cluster).unwrap();
        slipway(folder.path(), &bed).run(&["image", "set", "app-a=registry.example/app-a:v2", "--wait"])
    };
    wait("").exits(64).says("slipway.hcl has no cluster");
    let argocd = "  argocd {\n    version = \"v3.6.1\"\n  }\n";
    // The unit is in another repository: only the cluster's outputs would need it.
    let elsewhere =
        format!("cluster \"dev\" {{\n  unit = \"dev/cluster\"\n  name = outputs.name\n{argocd}}}\n");
    let ended =
        wait(&elsewhere).exits(3).says("there is no unit dev/cluster under .").says("slipway.hcl:2:10");
    ended.says("leave `unit` out where the estate is elsewhere");
    wait("cluster \"dev\" {\n  name = \"dev\"\n}\n").exits(64).says("has no argocd block");
    assert_eq!(head(&bare), before, "nothing was pushed");
}

#[test]
fn a_repository_that_refuses_the_push_is_told_with_its_own_words() {
    let bed = Bed::start(&["git"]);
    let bare = seed(&bed, "manifests");
    let hook = bare.join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\necho 'the branch is frozen for the release' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let before = head(&bare);
    let folder = tempfile::tempdir().unwrap();
    let set = slipway(folder.path(), &bed).run(&["image", "set", "app-a=registry.example/app-a:v2"]);
    set.exits(1).says("the branch is frozen for the release");
    assert_eq!(head(&bare), before);
}

#[test]
fn a_wrong_token_is_refused_and_never_shown() {
    let bed = Bed::start(&["git"]);
    seed(&bed, "manifests");
    let folder = tempfile::tempdir().unwrap();
    let set = slipway(folder.path(), &bed).env("SLIPWAY_MANIFESTS_TOKEN", "wr0ng-t0ken");
    let ended = set.run(&["image", "set", "app-a=registry.example/app-a:v2"]).exits(1).says("credentials");
    assert!(!ended.stderr.contains("wr0ng-t0ken"));
}

#[test]
fn an_image_without_a_tag_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let set = Slipway::new(folder.path(), Path::new("/nowhere/terraform"));
    set.run(&["image", "set", "app-a=registry.example/app-a"]).exits(64).says("neither a tag nor a digest");
}

#[test]
fn what_slipway_hcl_says_of_applications_is_where_their_images_are_set() {
    let (bed, folder) = (Bed::start(&["git"]), tempfile::tempdir().unwrap());
    let bare = seed(&bed, "manifests");
    let project = folder.path().join("slipway.hcl");
    let apps = |path: &str| {
        format!("apps {{\n  age = \"none\"\n  app \"app-a\" {{\n    image_path = \"{path}\"\n  }}\n}}\n")
    };
    let image = |arguments: &[&str]| slipway(folder.path(), &bed).run(&[&["image"], arguments].concat());
    std::fs::write(&project, apps("spec.template.spec.containers[0].image")).unwrap();
    image(&["set", "app-a=registry.example/app-a:v2"]).exits(0);
    // The policy of the file knows no age, and the flag's does.
    image(&["set", "app-a=registry.example/app-a:v1", "--age", "auto"]).exits(5).says("--allow-older");
    image(&["set", "app-a=registry.example/app-a:v1"]).exits(0);
    let before = head(&bare);
    image(&["set", "app-a=registry.example/app-a:v2", "--age", "newest"]).exits(64).says("use auto, semver");
    image(&["set", "app-a=registry.example/app-a:v2", "--age", "semver:>2"]).exits(5).says("is none of them");
    std::fs::write(&project, apps("spec[")).unwrap();
    image(&["set", "app-a=registry.example/app-a:v2"]).exits(3).says("project::apps").says("slipway.hcl:3");
    std::fs::write(&project, apps("spec.replicas")).unwrap();
    image(&["set", "app-a=registry.example/app-a:v2"])
        .exits(1)
        .says("no container that fits app-a#spec.replicas");
    image(&["set", "*=registry.example/app-a:v2"]).exits(64).says("add --all");
    assert_eq!(head(&bare), before);
}

#[test]
fn manifests_that_argo_cd_would_ignore_are_refused_or_told_as_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let web = deployment("web", &[("web", "registry.example/web:v1")]);
    let files = [
        ("manifests/web/d.yaml", web.replace("Deployment", "Deploymnet")),
        ("manifests/web/s.yaml", "apiVersion: v1\nmetadata: {name: web}\nspec: {}\n".to_owned()),
    ];
    let bare = bare(folder.path(), &files);
    let before = head(&bare);
    let image = |arguments: &[&str]| {
        let repository = ["--repo", bare.to_str().unwrap(), "--check-image", "off"];
        let slipway = Slipway::new(folder.path(), Path::new("/nowhere/terraform"));
        slipway.run(&[&["image", "set", "web=registry.example/web:v2"], arguments, &repository].concat())
    };
    let refused =
        image(&[]).exits(5).says("manifests/web/d.yaml:2: apps has no kind Deploymnet; did you mean");
    refused.says("--check-manifests off");
    image(&["--check-manifests", "require", "--dry-run"])
        .exits(5)
        .says("manifests/web/s.yaml:1: this document");
    let project = folder.path().join("slipway.hcl");
    std::fs::write(&project, "apps {\n  check_manifests = \"maybe\"\n}\n").unwrap();
    image(&[]).exits(3).says("it is warn, require or off").says("slipway.hcl:1");
    std::fs::remove_file(&project).unwrap();
    let check = |arguments: &[&str]| {
        let slipway = Slipway::new(folder.path(), Path::new("/nowhere/terraform"));
        slipway.run(&[&["image", "check", "--repo", bare.to_str().unwrap()], arguments].concat())
    };
    let told = check(&["--format", "json"]).exits(1).says("2 mistakes in the manifests").json();
    assert_eq!((&told[0]["rule"], &told[0]["line"]), (&"known".into(), &2.into()));
    assert_eq!(told[0]["code"], "manifests::known");
    assert_eq!((&told[1]["file"], &told[1]["rule"]), (&"manifests/web/s.yaml".into(), &"kind".into()));
    check(&["web"])
        .exits(1)
        .says("error[manifests::known]: manifests/web/d.yaml:2: apps has no kind Deploymnet");
    check(&["api"]).exits(1).says("no manifests in manifests/api").says("the apps in manifests are web");
    assert_eq!(head(&bare), before);
    std::fs::write(&project, "apps {\n  check_manifests = \"off\"\n}\n").unwrap();
    image(&[]).exits(0);
    assert_ne!(head(&bare), before);
}

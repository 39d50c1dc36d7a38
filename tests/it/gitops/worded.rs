//! Commits in the words of a team, and repositories that hold source and manifests.

use std::path::Path;
use std::process::Command;

use crate::support::manifests::{bare, deployment};
use crate::support::slipway::Slipway;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn seeded(folder: &Path) -> std::path::PathBuf {
    let text = deployment("app-a", &[("web", "registry.example/app-a:v1")]);
    bare(folder, &[("manifests/app-a/deployment.yaml", text)])
}

#[test]
fn a_commit_says_what_the_team_wants_and_keeps_its_trailers() {
    let folder = tempfile::tempdir().unwrap();
    let remote = seeded(folder.path());
    let image = |arguments: &[&str]| {
        let run = [&["image"], arguments, &["--repo", remote.to_str().unwrap()]].concat();
        Slipway::new(folder.path(), Path::new("/nowhere/terraform")).env("USER", "alice").run(&run)
    };
    let message = "chore(deploy): {apps} to {images}\n\nJIRA-7";
    image(&["set", "app-a=registry.example/app-a:v2", "--message", message, "--skip-ci"]).exits(0);
    let said = git(&remote, &["log", "-1", "--format=%B", "main"]);
    let head = "chore(deploy): app-a to registry.example/app-a:v2 [skip ci]\n\nJIRA-7\n\nSlipway-App: manifests/app-a\n";
    assert!(said.starts_with(head), "{said}");
    image(&["history", "app-a"]).exits(0).says("registry.example/app-a:v1 → registry.example/app-a:v2");
    std::fs::write(folder.path().join("slipway.hcl"), "apps {\n  message = \"deploy: {subject}\"\n}\n")
        .unwrap();
    image(&["rollback", "app-a"]).exits(0);
    let said = git(&remote, &["log", "-1", "--format=%s", "main"]);
    assert_eq!(said, "deploy: app-a: registry.example/app-a:v2 → v1 (rollback)");
    image(&["set", "app-a=registry.example/app-a:v3", "--message", "{app}"]).exits(64).says("{app}");
    let both = ["set", "app-a=registry.example/app-a:v3", "--skip-ci", "--pull-request"];
    image(&both).exits(64).says("cannot be used with");
}

#[test]
fn a_clone_that_is_named_by_its_path_means_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let remote = seeded(folder.path());
    let clone = folder.path().join("clone");
    git(folder.path(), &["clone", "--quiet", "manifests.git", "clone"]);
    let before = git(&clone, &["rev-parse", "HEAD"]);
    // What is not committed, and a branch of the clone's own, say nothing.
    std::fs::write(clone.join("manifests/app-a/deployment.yaml"), "edited").unwrap();
    git(&clone, &["checkout", "--quiet", "-b", "feature"]);
    let set = ["image", "set", "app-a=registry.example/app-a:v2", "--repo", "."];
    let ended = Slipway::new(&clone, Path::new("/nowhere/terraform")).run(&set).exits(0);
    ended.says("is a clone of").says("v1 → registry.example/app-a:v2");
    assert_eq!(git(&remote, &["log", "-1", "--format=%s", "main"]), "app-a: registry.example/app-a:v1 → v2");
    assert_eq!(git(&clone, &["rev-parse", "HEAD"]), before);
    assert_eq!(std::fs::read_to_string(clone.join("manifests/app-a/deployment.yaml")).unwrap(), "edited");
}

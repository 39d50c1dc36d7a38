//! Units that several open requests change.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::forge::{Forge, Kind, TOKEN};
use crate::support::slipway::{Ended, Slipway};

/// A request that is open, number 1, and a work tree whose units lie where it changes something, as a job of another request has it.
struct World {
    forge: Forge,
    estate: tempfile::TempDir,
}

impl World {
    fn new(kind: Kind) -> Self {
        let forge = Forge::start(kind, &["app-a", "app-b"]);
        let elsewhere = tempfile::tempdir().unwrap();
        let set = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];
        forge.slipway(elsewhere.path()).run(&set).exits(0);
        let estate = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = estate.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("slipway.hcl", "estate {\n  root = \"live\"\n}\n");
        // It is what one of them reads, and what the other one has nothing to do with.
        let reads = "inputs = { text = file(\"${get_repo_root()}/manifests/app-a/deployment.yaml\") }\n";
        write("live/reads/terragrunt.hcl", reads);
        write("live/other/terragrunt.hcl", "inputs = {}\n");
        write("manifests/app-a/deployment.yaml", "text\n");
        write("event.json", &json!({ "pull_request": { "number": 2 } }).to_string());
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
            let mut git = Command::new("git");
            assert!(
                git.current_dir(estate.path()).args(identity).args(arguments).status().unwrap().success()
            );
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "all"]);
        Self { forge, estate }
    }

    fn run(&self, token: &str, arguments: &[&str]) -> Ended {
        let (address, estate) = (&self.forge.address, self.estate.path());
        let slipway = Slipway::new(estate, Path::new("/nowhere/terraform"));
        let slipway = match self.forge.kind {
            Kind::GitHub => slipway
                .env("GITHUB_SERVER_URL", address)
                .env("GITHUB_API_URL", format!("{address}/api/v3"))
                .env("GITHUB_REPOSITORY", "org/manifests")
                .env("GITHUB_BASE_REF", "main")
                .env("GITHUB_EVENT_PATH", estate.join("event.json"))
                .env("GITHUB_TOKEN", token),
            Kind::GitLab => slipway
                .env("CI_SERVER_URL", address)
                .env("CI_API_V4_URL", format!("{address}/api/v4"))
                .env("CI_PROJECT_PATH", "org/manifests")
                .env("CI_MERGE_REQUEST_IID", "2")
                .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
                .env("SLIPWAY_GITLAB_TOKEN", token),
        };
        slipway.run(&[&["ci", "overlaps"], arguments].concat())
    }
}

#[test]
fn a_unit_that_another_open_request_changes_is_named_with_it() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let world = World::new(kind);
        let told = world.run(TOKEN, &[]).exits(0);
        assert!(told.stdout.starts_with("reads  #1 by "), "{}", told.stdout);
        assert!(
            told.stdout.contains(&world.forge.address) && !told.stdout.contains("other"),
            "{}",
            told.stdout
        );
        told.says("other open requests change 1 of these units as well");
        let found = world.run(TOKEN, &["--format", "json", "--refuse"]).exits(5).json();
        assert_eq!((&found[0]["unit"], &found[0]["requests"][0]["number"]), (&json!("reads"), &json!(1)));
        let asked = world.forge.asked();
        let of_files = asked.iter().filter(|one| one.contains("/files") || one.contains("/diffs"));
        assert_eq!(of_files.count(), 2, "once each time: {asked:?}");

        world.run(TOKEN, &["--filter", "other", "--refuse"]).exits(0).says("no other open request");
        // One that is merged is none any more.
        world.forge.merge(1, "merge");
        world.run(TOKEN, &["--refuse"]).exits(0).says("no other open request");
        world.run("wrong", &[]).exits(1);
    }
}

#[test]
fn who_is_in_no_job_of_a_request_asks_nobody() {
    let estate = tempfile::tempdir().unwrap();
    let slipway = Slipway::new(estate.path(), Path::new("/nowhere/terraform"));
    slipway.run(&["ci", "overlaps"]).exits(0).says("this is no job of a pull request");
}

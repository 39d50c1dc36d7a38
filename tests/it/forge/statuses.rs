//! A status of the commit for each environment.

use serde_json::{Value, json};

use crate::support::forge::{Forge, Kind, PUSHER, TOKEN};
use crate::support::slipway::{Ended, Slipway};

const KINDS: [Kind; 2] = [Kind::GitHub, Kind::GitLab];

/// A request that is open, and reports of its jobs.
struct World {
    forge: Forge,
    folder: tempfile::TempDir,
    head: String,
}

impl World {
    fn new(kind: Kind) -> Self {
        let forge = Forge::start(kind, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        let request = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];
        forge.slipway(folder.path()).run(&request).exits(0);
        let head =
            forge.git(&["for-each-ref", "--format=%(objectname)", "--sort=-creatordate", "refs/heads"]);
        let main = forge.git(&["rev-parse", "refs/heads/main"]);
        let head = head.lines().find(|commit| **commit != main).unwrap().to_owned();
        let world = Self { forge, folder, head };
        world.event(&json!({"pull_request": {"number": 1, "head": {"sha": world.head}}}));
        world
    }

    fn event(&self, event: &Value) {
        std::fs::write(self.folder.path().join("event.json"), event.to_string()).unwrap();
    }

    fn report(&self, job: &str, sign: &str, sums: &str) -> &Self {
        let text = format!("<!-- slipway plan -->\n## {sign} slipway plan: so\n\n**{sums}** · 2 units\n");
        let folder = self.folder.path().join("reports").join(format!("report-{job}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("plan.md"), text).unwrap();
        self
    }

    fn status_of_run(&self, run: u64, token: &str, arguments: &[&str]) -> Ended {
        let address = &self.forge.address;
        let slipway = Slipway::new(self.folder.path(), std::path::Path::new("/nowhere/terraform"));
        let slipway = match self.forge.kind {
            Kind::GitHub => slipway
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_SERVER_URL", address)
                .env("GITHUB_API_URL", format!("{address}/api/v3"))
                .env("GITHUB_REPOSITORY", "org/manifests")
                .env("GITHUB_RUN_ID", run.to_string())
                .env("GITHUB_EVENT_PATH", self.folder.path().join("event.json"))
                // Of a pull request it is that of a merge that the forge has only tried.
                .env("GITHUB_SHA", "0".repeat(40))
                .env("GITHUB_TOKEN", token),
            Kind::GitLab => slipway
                .env("CI_SERVER_URL", address)
                .env("CI_API_V4_URL", format!("{address}/api/v4"))
                .env("CI_PROJECT_PATH", "org/manifests")
                .env("CI_PIPELINE_ID", run.to_string())
                .env("CI_PIPELINE_URL", format!("{address}/org/manifests/-/pipelines/{run}"))
                .env("CI_MERGE_REQUEST_IID", "1")
                .env("CI_COMMIT_SHA", &self.head)
                .env("SLIPWAY_GITLAB_TOKEN", token),
        };
        slipway.run(&[&["ci", "status"], arguments].concat())
    }

    fn status(&self, run: u64, arguments: &[&str]) -> Ended {
        self.status_of_run(run, TOKEN, &[&["reports"], arguments].concat())
    }

    /// The statuses that were set: of which commit, by which name, how, and in which words.
    fn set(&self) -> Vec<[String; 4]> {
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let all = self.forge.statuses();
        all.iter().map(|one| ["sha", "context", "state", "description"].map(|key| text(one, key))).collect()
    }

    fn asked(&self, method: &str) -> usize {
        let asked = self.forge.asked();
        asked.iter().filter(|one| one.starts_with(method) && one.contains("status")).count()
    }
}

fn failure(kind: Kind) -> &'static str {
    if kind == Kind::GitHub { "failure" } else { "failed" }
}

#[test]
fn each_environment_has_one_status_that_is_set_anew_where_it_is_another() {
    for kind in KINDS {
        let world = World::new(kind);
        let both = ["--environment", "dev", "--environment", "prod"];
        world.status_of_run(7, TOKEN, &[&["--pending"], &both[..]].concat()).exits(0);
        world.report("dev-000", "✅", "+2 ~1 -0 ±0").report("dev-001", "✅", "+1 ~0 -0 ±0");
        world.report("prod-000", "❌", "+0 ~0 -1 ±0");
        let jobs = ["--job", "dev-000", "--job", "dev-001", "--job", "prod-000", "--job", "prod-001"];
        world.status(7, &jobs).exits(0).says("slipway/plan/dev: 3 to add, 1 to change");
        let head = &world.head;
        let expected = [
            [head, "slipway/plan/dev", "pending", "it is being planned"],
            [head, "slipway/plan/prod", "pending", "it is being planned"],
            [head, "slipway/plan/dev", "success", "3 to add, 1 to change"],
            [
                head,
                "slipway/plan/prod",
                failure(kind),
                "1 of 2 jobs failed; 1 of 2 jobs did not come to an end; 1 to destroy",
            ],
        ];
        assert_eq!(world.set(), expected, "{kind:?}");
        let page = world.forge.statuses()[2]["target_url"].as_str().unwrap().to_owned();
        assert!(page.starts_with(&world.forge.address) && page.ends_with("/7"), "{page}");
        // The same again asks, and sets nothing; what ends late sets nothing over what is newer.
        let asked = world.asked("POST");
        world.status(7, &jobs).exits(0).says("it says so already");
        world.status(6, &jobs).exits(0).says("a newer run has set it");
        assert_eq!(world.asked("POST"), asked, "{kind:?}");
        world.report("prod-000", "✅", "+0 ~0 -0 ±0");
        world.status(8, &both).exits(0).says("slipway/plan/prod: nothing to change");
        assert_eq!(world.set().len(), 6);
        // What somebody has put among the reports is no environment.
        world.report("other-000", "✅", "+9 ~0 -0 ±0");
        world.status(8, &both).exits(0);
        assert_eq!(world.set().len(), 6);
    }
}

#[test]
fn a_merge_queue_has_its_own_and_a_name_of_its_own_where_that_is_asked() {
    let world = World::new(Kind::GitHub);
    world.report("dev-000", "✅", "+2 ~0 -0 ±0");
    let main = world.forge.git(&["rev-parse", "refs/heads/main"]);
    world.event(&json!({"merge_group": {"head_sha": main, "base_sha": "0"}}));
    world.status(7, &["--name", "look"]).exits(0);
    assert_eq!(world.set(), [[&*main, "slipway/look/dev", "success", "2 to add"]]);
}

#[test]
fn a_forge_that_is_busy_is_waited_for_and_pages_are_read() {
    for kind in KINDS {
        let world = World::new(kind);
        world.forge.settings(&json!({"page_size": 1}));
        world.report("dev-000", "✅", "+2 ~0 -0 ±0").report("prod-000", "✅", "+0 ~0 -0 ±0");
        world.forge.faults(&json!([
            {"match": "POST .*status", "status": 502, "times": 1, "after": true},
            {"match": "GET .*status", "status": 503, "times": 1},
            {"match": "GET .*status", "status": 429, "times": 1, "headers": {"Retry-After": "1"}},
        ]));
        world.status(1, &[]).exits(0);
        let set = world.set().len();
        world.status(1, &[]).exits(0).says("it says so already");
        assert_eq!(world.set().len(), set, "{kind:?}: nothing twice");
    }
}

#[test]
fn who_may_not_is_told_and_no_token_is_shown() {
    for kind in KINDS {
        let world = World::new(kind);
        world.report("dev-000", "✅", "+2 ~0 -0 ±0");
        let refused = world.status_of_run(1, PUSHER, &["reports"]).exits(1);
        assert!(!refused.stderr.contains("canary-"), "{}", refused.stderr);
        let limit = json!([{"match": "GET", "status": 429, "times": 9, "headers": {"Retry-After": "3000"}}]);
        world.forge.faults(&limit);
        world.status(1, &[]).exits(1).says("wants to be left alone for 3000 s");
        let dry = world.status_of_run(1, TOKEN, &["reports", "--dry-run"]).exits(0);
        assert_eq!(dry.stdout, "slipway/plan/dev  success  2 to add\n");
        assert!(world.set().is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let slipway = || Slipway::new(folder.path(), std::path::Path::new("/nowhere/terraform"));
    slipway().run(&["ci", "status", "nowhere"]).exits(64).says("there is no report nowhere");
    slipway().run(&["ci", "status", "."]).exits(0).says("this is no job of a pipeline");
    slipway().run(&["ci", "status", "--name", "a/b"]).exits(64).says("write letters, digits");
}

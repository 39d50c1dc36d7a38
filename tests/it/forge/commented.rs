//! The one comment of a pipeline on a request.

use serde_json::json;

use crate::support::forge::{Forge, Kind, PUSHER, TOKEN};
use crate::support::slipway::{Ended, Slipway};

const KINDS: [Kind; 2] = [Kind::GitHub, Kind::GitLab];

/// A request that is open, and reports of its jobs.
struct World {
    forge: Forge,
    folder: tempfile::TempDir,
}

impl World {
    fn new(kind: Kind) -> Self {
        let forge = Forge::start(kind, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        forge
            .slipway(folder.path())
            .run(&["image", "set", "app-a=registry.example/app-a:v2", "--pr"])
            .exits(0);
        std::fs::write(folder.path().join("event.json"), json!({"pull_request": {"number": 1}}).to_string())
            .unwrap();
        Self { forge, folder }
    }

    fn report(&self, job: &str, sign: &str, verdict: &str, add: usize, units: usize) -> &Self {
        let details = (0..units)
            .map(|unit| format!("<details><summary><code>u{unit}</code> +1</summary>\n\n```diff\n+ a.b[{unit}]\n```\n\n</details>\n"))
            .collect::<Vec<String>>().concat();
        let text = format!(
            "<!-- slipway plan -->\n## {sign} slipway plan: {verdict}\n\n**+{add} ~0 -0 ±0** · {units} units\n\n{details}"
        );
        let folder = self.folder.path().join("reports").join(format!("report-{job}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("plan.md"), text).unwrap();
        self
    }

    fn comment_of_run(&self, run: u64, token: &str, arguments: &[&str]) -> Ended {
        let address = &self.forge.address;
        let event = self.folder.path().join("event.json");
        let slipway = Slipway::new(self.folder.path(), std::path::Path::new("/nowhere/terraform"));
        let slipway = match self.forge.kind {
            Kind::GitHub => slipway
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_SERVER_URL", address)
                .env("GITHUB_API_URL", format!("{address}/api/v3"))
                .env("GITHUB_REPOSITORY", "org/manifests")
                .env("GITHUB_RUN_ID", run.to_string())
                .env("GITHUB_EVENT_PATH", event)
                .env("GITHUB_TOKEN", token),
            Kind::GitLab => slipway
                .env("CI_SERVER_URL", address)
                .env("CI_API_V4_URL", format!("{address}/api/v4"))
                .env("CI_PROJECT_PATH", "org/manifests")
                .env("CI_PIPELINE_ID", run.to_string())
                .env("CI_PIPELINE_URL", format!("{address}/org/manifests/-/pipelines/{run}"))
                .env("CI_MERGE_REQUEST_IID", "1")
                .env("SLIPWAY_GITLAB_TOKEN", token),
        };
        slipway.run(&[&["ci", "comment", "reports"], arguments].concat())
    }

    fn comment(&self, run: u64) -> Ended {
        self.comment_of_run(run, TOKEN, &[])
    }

    /// How many requests of a kind the forge was asked since it had answered so many.
    fn asked(&self, method: &str, part: &str) -> usize {
        self.forge.asked().iter().filter(|one| one.starts_with(method) && one.contains(part)).count()
    }
}

fn is_comment(kind: Kind) -> &'static str {
    if kind == Kind::GitHub { "comments" } else { "notes" }
}

#[test]
fn a_request_has_one_comment_that_is_kept_up_to_date_and_goes_with_the_changes() {
    for kind in KINDS {
        let world = World::new(kind);
        let part = is_comment(kind);
        world.report("dev-000", "✅", "changes", 3, 2).report("prod-000", "✅", "nothing to change", 0, 0);
        world.comment(7).exits(0).says("made the comment");
        let said = world.forge.said(1);
        assert_eq!(said.len(), 1, "{kind:?}");
        assert!(said[0].1.starts_with("<!-- slipway comment plan run=7 -->\n## "), "{}", said[0].1);
        assert!(said[0].1.contains("**+3 ~0 -0 ±0**") && said[0].1.contains("`dev-000`"), "{}", said[0].1);
        assert!(said[0].1.contains("the page of the run"), "{}", said[0].1);
        assert_eq!(
            (world.asked("POST", part), world.asked("GET", part)),
            (1, 2),
            "one made, looked at twice"
        );
        // The same again asks, and changes nothing.
        world.comment(7).exits(0).says("says so already");
        world.report("prod-000", "❌", "1 failed", 1, 1);
        world.comment(8).exits(0).says("updated the comment");
        assert_eq!(world.asked("POST", part), 1);
        assert!(world.forge.said(1)[0].1.contains("1 of 2 jobs failed"));
        // What ends late writes over nothing newer.
        world.report("dev-000", "✅", "changes", 99, 1);
        world.comment(6).exits(0).says("a newer run has written the comment");
        assert!(!world.forge.said(1)[0].1.contains("+100"));
        for job in ["dev-000", "prod-000"] {
            world.report(job, "✅", "nothing to change", 0, 0);
        }
        world.comment(9).exits(0).says("deleted the comment");
        assert!(world.forge.said(1).is_empty());
        world.comment(10).exits(0).says("there is no comment");
        assert_eq!(world.asked("POST", part), 1);
    }
}

#[test]
fn two_pipelines_at_once_and_lost_answers_leave_one_comment() {
    for kind in KINDS {
        let world = World::new(kind);
        let part = is_comment(kind);
        world.report("dev-000", "✅", "changes", 3, 2);
        // It was made, and the answer got lost; then busy, then limited.
        world.forge.faults(&json!([
            {"match": format!("POST .*{part}$"), "status": 502, "times": 1, "after": true},
            {"match": format!("GET .*{part}$"), "status": 503, "times": 1},
            {"match": format!("GET .*{part}$"), "status": 429, "times": 1, "headers": {"Retry-After": "1"}},
        ]));
        world.comment(1).exits(0);
        assert_eq!(world.forge.said(1).len(), 1, "{kind:?}");
        world.report("dev-000", "✅", "nothing to change", 0, 0);
        world.comment(2).exits(0);
        world.report("dev-000", "✅", "changes", 3, 2);
        std::thread::scope(|scope| {
            let runs: Vec<_> = (3..7)
                .map(|run| {
                    scope.spawn({
                        let world = &world;
                        move || world.comment(run)
                    })
                })
                .collect();
            for run in runs {
                run.join().unwrap().exits(0);
            }
        });
        world.comment(9).exits(0);
        let said = world.forge.said(1);
        assert_eq!(said.len(), 1, "{kind:?}: {said:?}");
        assert!(said[0].1.contains("run=9"), "{}", said[0].1);
    }
}

#[test]
fn what_somebody_else_says_is_left_alone_whatever_it_looks_like() {
    for kind in KINDS {
        let world = World::new(kind);
        let looks_like = "<!-- slipway comment plan run=999 -->\nall is well";
        world.forge.say(1, "mallory", looks_like);
        world.forge.settings(&json!({"page_size": 1}));
        world.report("dev-000", "✅", "changes", 3, 2);
        world.comment(1).exits(0).says("made the comment");
        world.comment(2).exits(0);
        let said = world.forge.said(1);
        assert_eq!(said.len(), 2, "{kind:?}");
        assert_eq!(said[0], ("mallory".to_owned(), looks_like.to_owned()));
        assert!(said[1].1.contains("run=2"));
    }
}

#[test]
fn three_thousand_units_in_sixty_jobs_fit() {
    for kind in KINDS {
        let world = World::new(kind);
        for job in 0..60 {
            world.report(&format!("prod-{job:03}"), "✅", "changes", 50, 50);
        }
        world.comment(1).exits(0);
        let said = &world.forge.said(1)[0].1;
        assert!(said.chars().count() <= 65_536, "{}", said.chars().count());
        assert!(said.contains("**+3000 ~0 -0 ±0**") && said.contains("Left out"), "{said}");
        assert_eq!(said.matches("<details>").count(), said.matches("</details>").count());
    }
}

#[test]
fn who_may_not_is_told_and_no_token_is_shown() {
    for kind in KINDS {
        let world = World::new(kind);
        world.report("dev-000", "✅", "changes", 3, 2);
        let refused = world.comment_of_run(1, PUSHER, &[]).exits(1);
        assert!(!refused.stderr.contains("canary-"), "{}", refused.stderr);
        world.forge.faults(
            &json!([{"match": "GET", "status": 429, "times": 9, "headers": {"Retry-After": "3000"}}]),
        );
        world.comment(1).exits(1).says("wants to be left alone for 3000 s");
        let dry = world.comment_of_run(1, TOKEN, &["--dry-run"]).exits(0);
        assert!(dry.stdout.contains("slipway plan: changes"), "{}", dry.stdout);
        assert!(world.forge.said(1).is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let slipway = || Slipway::new(folder.path(), std::path::Path::new("/nowhere/terraform"));
    slipway().run(&["ci", "comment", "nowhere"]).exits(64).says("there is no report nowhere");
    slipway().run(&["ci", "comment", "."]).exits(0).says("no job of a pull request");
    slipway().run(&["ci", "comment"]).exits(0).says("no job of a pull request");
}

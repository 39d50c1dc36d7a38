//! The pipeline for GitLab, held to GitLab's own schema and run by the real gitlab-ci-local: from a merge request over the merge
//! to what is applied, on the emulated AWS.
//!
//! Jobs run on this machine. GitLab's API is a server of files. In the place of what brings a release stands one that has the
//! program already.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::{Value, json};

use super::SETTINGS;
use crate::hostile::world::git;
use crate::sources::server::{Page, Server};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::forge::{self, Forge, Kind};
use crate::support::skipped::skipped;
use crate::support::slipway::{Slipway, system_path};
use crate::support::{program, tool};

const KEY: &str = "canary-key-of-sealed-plans-77d0";
const TOKEN: &str = "canary-token-of-the-project-1be4";
/// The pipeline as it runs here, beside the one that is committed.
const HERE: &str = ".gitlab-ci-here.yml";
const NO_RUNNER: &str = "there is no gitlab-ci-local; it needs npm and apt-get when `make setup` is run";
const MERGE_REQUEST: &[(&str, &str)] =
    &[("CI_PIPELINE_SOURCE", "merge_request_event"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1217")];

struct World {
    runner: PathBuf,
    bed: Arc<Bed>,
    bucket: String,
    estate: Estate,
    server: Server,
    home: tempfile::TempDir,
    /// Whether its jobs may comment.
    comments: bool,
}

impl World {
    /// Two environments of which nothing is applied; none where the machine has no runner.
    fn new(bucket: &str, settings: &str) -> Option<Self> {
        let Some(runner) = program("gitlab-ci-local") else {
            skipped(NO_RUNNER);
            return None;
        };
        let bed = Bed::shared();
        bed.put_bucket(bucket);
        let estate = Estate::new();
        estate.keep_states_in_s3(bucket);
        estate.unit("dev/vpc", &[]).unit("dev/web", &[]).unit("prod/vpc", &[]);
        estate.write("slipway.hcl", settings);
        estate.write(".gitignore", ".slipway/\n.gitlab-ci-local/\n");
        let bucket = bucket.to_owned();
        let (server, home) = (Server::start(), tempfile::tempdir().unwrap());
        let world = Self { runner, bed, bucket, estate, server, home, comments: false };
        world.slipway(&["ci", "gitlab"]);
        world.git(&["checkout", "--quiet", "-B", "main"]);
        world.commit("All of it");
        world.git(&["remote", "add", "origin", "git@gitlab.com:acme/infra.git"]);
        Some(world)
    }

    fn slipway(&self, arguments: &[&str]) {
        let slipway = Slipway::new(self.estate.path(), &tool("tofu")).bed(&self.bed);
        slipway.run(arguments).exits(0);
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        git(self.estate.path(), arguments)
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A folder with the tree as it is, in which what brings a release has the program already.
    fn checkout(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let copied =
            Command::new("cp").arg("-R").arg(self.estate.path().join(".")).arg(folder.path()).status();
        assert!(copied.unwrap().success());
        let text = std::fs::read_to_string(folder.path().join(".gitlab-ci.yml")).unwrap();
        std::fs::write(folder.path().join(HERE), with_the_program(&text)).unwrap();
        folder
    }

    /// Runs a pipeline with these variables, in a checkout.
    fn run(&self, checkout: &Path, variables: &[(&str, &str)]) -> Output {
        self.run_jobs(checkout, variables, &[])
    }

    /// Runs these jobs of it, or all.
    fn run_jobs(&self, checkout: &Path, variables: &[(&str, &str)], jobs: &[&str]) -> Output {
        let mut runner = Command::new(&self.runner);
        runner.current_dir(checkout).env_clear();
        runner.env("PATH", system_path()).env("HOME", self.home.path());
        runner.args(["--force-shell-executor", "--shell-isolation", "--no-color", "--file", HERE]);
        let address = self.server.address.as_str();
        let tofu = tool("tofu").display().to_string();
        let bed = self.bed.environment();
        let bed = bed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let ours = [
            ("SLIPWAY_TF_PATH", tofu.as_str()),
            ("SLIPWAY_ENGINE", "native"),
            ("CI_SERVER_URL", address),
            ("CI_API_V4_URL", address),
            ("GOGC", "400"),
        ];
        for (name, value) in bed.chain(ours).chain(variables.iter().copied()) {
            runner.args(["--variable", &format!("{name}={value}")]);
        }
        // Secrets are in a file: arguments can be seen.
        let file = checkout.join(".gitlab-ci-local-variables.yml");
        let secrets = [
            ("SLIPWAY_PLANS_KEY", KEY),
            ("SLIPWAY_GITLAB_TOKEN", TOKEN),
            ("SLIPWAY_COMMENT_TOKEN", forge::TOKEN),
        ];
        // Who may not comment has no token to.
        let secrets = if self.comments { &secrets[..] } else { &secrets[..2] };
        let lines: Vec<String> = secrets.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        std::fs::write(file, lines.concat()).unwrap();
        runner.args(jobs).output().unwrap()
    }

    /// Has GitLab know what the pipeline of a merge request has left.
    fn keep(&self, (number, head, merge): (u64, &str, &str), status: &str, left: &[(&str, Vec<u8>)]) {
        let put = |path: &str, answer: Value| {
            let page = Page::body(answer.to_string()).only_for(&format!("Bearer {TOKEN}"));
            self.server.put(&format!("/projects/acme%2Finfra/{path}"), page);
        };
        let request = json!({"iid": number, "state": "merged", "target_branch": "main", "sha": head,
                             "source_project_id": 1, "target_project_id": 1,
                             "head_pipeline": {"id": number, "status": status}});
        put(&format!("merge_requests/{number}"), request.clone());
        put(&format!("repository/commits/{merge}/merge_requests"), json!([request]));
        // What the jobs of a pipeline leave that this one has begun.
        put(&format!("pipelines/{number}/bridges"), json!([{"downstream_pipeline": {"id": number + 100}}]));
        put(&format!("pipelines/{number}/jobs"), json!([]));
        let mut jobs = Vec::new();
        for (place, (name, sealed)) in left.iter().enumerate() {
            let id = number * 100 + place as u64;
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            zip.start_file("plans.sealed", zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(sealed).unwrap();
            let page = Page::body(zip.finish().unwrap().into_inner()).only_for(&format!("Bearer {TOKEN}"));
            self.server.put(&format!("/projects/acme%2Finfra/jobs/{id}/artifacts"), page);
            jobs.push(json!({"id": id, "name": name, "artifacts_file": {"filename": "artifacts.zip"}}));
        }
        put(&format!("pipelines/{}/jobs", number + 100), json!(jobs));
    }

    fn applied(&self, unit: &str) -> Option<String> {
        let state = self.bed.object(&self.bucket, &format!("{unit}/terraform.tfstate"))?;
        let state: Value = serde_json::from_str(&state).unwrap();
        state["outputs"]["value"]["value"].as_str().map(str::to_owned)
    }
}

/// A pipeline with a stand-in for what brings a release.
fn with_the_program(text: &str) -> String {
    let (before, rest) = text.split_once("include:\n").unwrap();
    let (included, after) = rest.split_once("\n\n").unwrap();
    assert!(included.contains("packaging/gitlab/slipway.yml"), "{included}");
    let folder = Path::new(env!("CARGO_BIN_EXE_slipway")).parent().unwrap().display();
    let stand_in = format!(".slipway:\n  before_script:\n    - export PATH=\"{folder}:$PATH\"\n");
    format!("{before}{stand_in}\n{after}")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    told(output)
}

/// What a job has left, as the runner keeps it.
fn left(checkout: &Path, job: &str) -> Option<Vec<u8>> {
    let kept = checkout.join(".gitlab-ci-local/artifacts").join(job).join("plans.sealed");
    std::fs::read(kept).ok()
}

#[test]
fn what_was_planned_for_a_merge_request_is_what_its_merge_applies() {
    let Some(world) = World::new("ci-gitlab-merged", SETTINGS) else { return };
    let base = world.git(&["rev-parse", "main"]);
    world.git(&["checkout", "--quiet", "-b", "work"]);
    world.estate.change("dev/vpc", "\"dev/vpc\"", "\"reviewed\"");
    let head = world.commit("Another text");
    let checkout = world.checkout();
    let variables = [MERGE_REQUEST, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str())]].concat();
    let said = well(&world.run(checkout.path(), &variables));
    assert!(said.contains("json schema validated"), "{said}");
    let kept = ["plans-dev-000", "plans-prod-000"].map(|job| (job, left(checkout.path(), job).expect(job)));
    assert_eq!(world.applied("dev/vpc"), None, "a merge request applies nothing");
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--squash", "work"]);
    let merge = world.commit("Another text");
    world.keep((7, &head, &merge), "success", &kept);
    let push =
        [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_BEFORE_SHA", &base)];
    let checkout = world.checkout();
    well(&world.run(checkout.path(), &push));
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("reviewed"));
    assert_eq!((world.applied("dev/web"), world.applied("prod/vpc")), (None, None));

    // The next one fails, and is merged all the same.
    world.estate.change("dev/vpc", "\"reviewed\"", "\"unseen\"");
    let next = world.commit("A third text");
    world.keep((8, &next, &next), "failed", &[]);
    let push =
        [("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_BEFORE_SHA", &merge)];
    let refused = world.run(world.checkout().path(), &push);
    assert!(!refused.status.success() && told(&refused).contains("ended with failed"), "{}", told(&refused));
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("reviewed"));
}

/// What a pipeline of the first merge request of a forge knows of itself.
fn of_request(forge: &Forge, pipeline: u64) -> Vec<(&'static str, String)> {
    let address = &forge.address;
    vec![
        ("CI_SERVER_URL", address.clone()),
        ("CI_API_V4_URL", format!("{address}/api/v4")),
        ("CI_PROJECT_PATH", "org/manifests".to_owned()),
        ("CI_MERGE_REQUEST_IID", "1".to_owned()),
        ("CI_PIPELINE_ID", pipeline.to_string()),
    ]
}

#[test]
fn a_merge_request_has_one_comment_with_the_plans_of_all_jobs() {
    for (bucket, per_job) in [("ci-gitlab-comment", 300), ("ci-gitlab-comment-cut", 1)] {
        let settings = SETTINGS.replace("ci {", &format!("ci {{\n  units_per_job = {per_job}"));
        let Some(mut world) = World::new(bucket, &settings) else { return };
        world.comments = true;
        let forge = Forge::start(Kind::GitLab, &["app-a"]);
        let folder = tempfile::tempdir().unwrap();
        let request = ["image", "set", "app-a=registry.example/app-a:v2", "--pr"];
        forge.slipway(folder.path()).run(&request).exits(0);
        let base = world.git(&["rev-parse", "main"]);
        world.git(&["checkout", "--quiet", "-b", "work"]);
        world.estate.change("dev/vpc", "\"dev/vpc\"", "\"reviewed\"");
        world.commit("Another text");
        let checkout = world.checkout();
        if per_job == 1 {
            let cut = Slipway::new(world.estate.path(), &tool("tofu"))
                .bed(&world.bed)
                .run(&["ci", "shards", "--for", "gitlab", &format!("--affected={base}")])
                .exits(0);
            std::fs::write(checkout.path().join(HERE), with_the_program(&cut.stdout)).unwrap();
        }
        for pipeline in [20, 21] {
            let of_request = of_request(&forge, pipeline);
            let of_request = of_request.iter().map(|(name, value)| (*name, value.as_str()));
            let source =
                if per_job == 1 { &[("CI_PIPELINE_SOURCE", "parent_pipeline")][..] } else { MERGE_REQUEST };
            let mut variables: Vec<(&str, &str)> = source.iter().copied().chain(of_request).collect();
            variables.push(("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str()));
            let said = well(&world.run(checkout.path(), &variables));
            let comments = forge.said(1);
            assert_eq!(comments.len(), 1, "{said}\n{comments:?}");
            let comment = &comments[0].1;
            assert!(
                comment.starts_with(&format!("<!-- slipway comment plan run={pipeline} -->")),
                "{comment}"
            );
            assert!(comment.contains("dev/vpc") && comment.contains("**+1 ~0 -0 ±0**"), "{comment}");
        }
    }
}

#[test]
fn the_jobs_of_a_large_estate_are_a_pipeline_of_their_own() {
    let settings = SETTINGS.replace("ci {", "ci {\n  units_per_job = 1");
    let Some(world) = World::new("ci-gitlab-cut", &settings) else { return };
    let base = world.git(&["rev-parse", "main"]);
    world.git(&["checkout", "--quiet", "-b", "work"]);
    world.estate.change("dev/vpc", "\"dev/vpc\"", "\"reviewed\"");
    world.commit("Another text");
    let cut = Slipway::new(world.estate.path(), &tool("tofu"))
        .bed(&world.bed)
        .run(&["ci", "shards", "--for", "gitlab", &format!("--affected={base}")])
        .exits(0);
    assert!(
        cut.stdout.contains("\nplans-dev-000:\n") && !cut.stdout.contains("plans-prod"),
        "{}",
        cut.stdout
    );
    let checkout = world.checkout();
    std::fs::write(checkout.path().join(HERE), with_the_program(&cut.stdout)).unwrap();
    let said = well(&world.run(checkout.path(), &[("CI_PIPELINE_SOURCE", "parent_pipeline")]));
    assert!(said.contains("json schema validated"), "{said}");
    assert!(left(checkout.path(), "plans-dev-000").is_some(), "{said}");
    // Nothing that changed is no pipeline that does not begin.
    let none = Slipway::new(world.estate.path(), &tool("tofu"))
        .bed(&world.bed)
        .run(&["ci", "shards", "--for", "gitlab", "--affected=HEAD"])
        .exits(0);
    assert!(none.stdout.contains("nothing is affected"), "{}", none.stdout);
}

#[test]
fn the_jobs_of_the_next_pipeline_are_cut_by_how_long_units_took_in_this_one() {
    let settings = SETTINGS.replace("ci {", "ci {\n  units_per_job = 2");
    let Some(world) = World::new("ci-gitlab-durations", &settings) else { return };
    world.estate.unit("dev/alone", &[]);
    let wait = "terraform {\n  before_hook \"wait\" {\n    commands = [\"plan\"]\n    execute  = [\"sleep\", \"6\"]\n  }\n";
    world.estate.change("dev/alone", "terraform {\n", wait);
    world.slipway(&["ci", "gitlab"]);
    world.commit("A unit that takes long");
    let checkout = world.checkout();
    let main = std::fs::read_to_string(checkout.path().join(HERE)).unwrap();
    let by_hand = [("CI_PIPELINE_SOURCE", "web"), ("ACTION", "apply"), ("CI_COMMIT_BRANCH", "main")];
    // What is cut, as the pipeline that it begins.
    let cut = || {
        std::fs::write(checkout.path().join(HERE), &main).unwrap();
        well(&world.run_jobs(checkout.path(), &by_hand, &["cut"]));
        let plans = std::fs::read_to_string(checkout.path().join(".gitlab-ci-local/artifacts/cut/plans.yml"));
        plans.unwrap()
    };
    let filter = |plans: &str, job: &str| {
        let script = crate::documented::pipelines::yaml(plans)[job]["script"][2].as_str().unwrap().to_owned();
        ["alone", "vpc", "web"]
            .into_iter()
            .filter(|unit| script.contains(&format!("dev/{unit}}}")))
            .collect::<Vec<_>>()
    };
    let first = cut();
    assert_eq!(filter(&first, "plans-dev-000"), ["alone", "vpc"]);
    std::fs::write(checkout.path().join(HERE), with_the_program(&first)).unwrap();
    let said = well(&world.run(checkout.path(), &[("CI_PIPELINE_SOURCE", "parent_pipeline")]));
    assert!(said.contains("4 units were measured"), "{said}");
    let second = cut();
    assert_eq!(filter(&second, "plans-dev-000"), ["alone"]);
    assert_eq!(filter(&second, "plans-dev-001"), ["vpc", "web"]);
    // The look for drift measures as well.
    std::fs::remove_dir_all(checkout.path().join(".gitlab-ci-local/cache")).unwrap();
    assert_eq!(filter(&cut(), "plans-dev-000"), ["alone", "vpc"]);
    let drift = [("CI_PIPELINE_SOURCE", "schedule"), ("CI_COMMIT_BRANCH", "main")];
    let said = well(&world.run(checkout.path(), &drift));
    assert!(said.contains("4 units were measured"), "{said}");
    assert_eq!(filter(&cut(), "plans-dev-000"), ["alone"]);
}

#[test]
fn code_of_a_fork_is_looked_at_and_a_destroy_asks_twice() {
    let Some(world) = World::new("ci-gitlab-hostile", SETTINGS) else { return };
    let fork = [("CI_PIPELINE_SOURCE", "merge_request_event"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "99")];
    let checkout = world.checkout();
    let said = well(&world.run(checkout.path(), &fork));
    assert!(said.contains("PASS") && said.contains("look"), "{said}");
    assert!(left(checkout.path(), "plans-dev-000").is_none(), "{said}");
    for (folder, again, why) in [
        ("dev/vpc", "dev/web", "not typed twice alike"),
        ("prod/vpc", "prod/vpc", "is not one of dev"),
        ("dev/../prod", "dev/../prod", "without .."),
    ] {
        let pipeline = crate::documented::pipelines::yaml(
            &std::fs::read_to_string(world.estate.path().join(".gitlab-ci.yml")).unwrap(),
        );
        let job = &pipeline["destroy-dev"];
        assert_eq!((&job["rules"][0]["when"], &job["environment"]), (&json!("manual"), &json!("dev")));
        let script = job["script"][1].as_str().unwrap();
        let mut sh = Command::new("sh");
        sh.args(["-e", "-c", script]).env("DESTROY_FOLDER", folder).env("DESTROY_AGAIN", again);
        let output = sh.output().unwrap();
        assert!(!output.status.success() && told(&output).contains(why), "{}", told(&output));
    }
}

//! The workflow run by the real act: from a pull request over the merge to what is applied, on the emulated AWS.
//!
//! Jobs run on this machine. GitHub's API is a server of files: what a pull request's run has left is put there as GitHub hands
//! it out. Actions of others are stand-ins that do nothing, or keep what they are handed; Slipway's own is the real one.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::SETTINGS;
use crate::hostile::world::git;
use crate::sources::server::{Page, Server};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::secrets;
use crate::support::slipway::{Slipway, system_path};
use crate::support::{root, tool};

const KEY: &str = "canary-key-of-sealed-plans-6b1f";
const TOKEN: &str = "canary-token-of-the-job-93ac";
const NOTHING: &str = "runs:\n  using: composite\n  steps:\n    - run: \"true\"\n      shell: bash\n";
/// Keeps the files that it is handed under its name.
const UPLOAD: &str = r#"
inputs:
  name: {}
  path: {}
  if-no-files-found: {}
  overwrite: {}
  retention-days: {}
runs:
  using: composite
  steps:
    - run: |
        mkdir -p "$KEPT/$NAME"
        printf '%s\n' "$FILES" | while read -r file; do
          [ ! -f "$file" ] || cp "$file" "$KEPT/$NAME/"
        done
        [ "$MISSING" = ignore ] || [ -n "$(ls -A "$KEPT/$NAME")" ]
      shell: bash
      env: { NAME: "${{ inputs.name }}", FILES: "${{ inputs.path }}", MISSING: "${{ inputs.if-no-files-found }}" }
"#;
/// Brings what was kept last by a key that begins so.
const RESTORE: &str = r#"
inputs:
  path: {}
  key: {}
  restore-keys: {}
runs:
  using: composite
  steps:
    - run: |
        newest=$(ls -t "$CACHES" | grep "^$BEGINS" | head -n 1) || true
        [ -z "$newest" ] || { mkdir -p "${TO/#\~/$HOME}" && cp -R "$CACHES/$newest/." "${TO/#\~/$HOME}"; }
      shell: bash
      env: { BEGINS: "${{ inputs.restore-keys }}", TO: "${{ inputs.path }}" }
"#;
/// Keeps a folder by a key, unless one is kept by it already.
const SAVE: &str = r#"
inputs:
  path: {}
  key: {}
runs:
  using: composite
  steps:
    - run: '[ -e "$CACHES/$KEY" ] || cp -R "${FROM/#\~/$HOME}" "$CACHES/$KEY"'
      shell: bash
      env: { KEY: "${{ inputs.key }}", FROM: "${{ inputs.path }}" }
"#;

struct World {
    bed: std::sync::Arc<Bed>,
    bucket: String,
    estate: Estate,
    folder: tempfile::TempDir,
    server: Server,
}

impl World {
    /// Two environments, each a bucket and what stands on it, of which nothing is applied.
    fn new(bucket: &str) -> Self {
        Self::with_settings(bucket, SETTINGS)
    }

    fn with_settings(bucket: &str, settings: &str) -> Self {
        let bed = Bed::shared();
        bed.put_bucket(bucket);
        let estate = Estate::new();
        estate.keep_states_in_s3(bucket);
        estate.unit("dev/vpc", &[]).unit("dev/web", &["vpc"]).unit("dev/store", &[]).unit("prod/vpc", &[]);
        let web = std::fs::read_to_string(estate.path().join("live/dev/web/terragrunt.hcl")).unwrap();
        let mocked = "config_path = \"../vpc\"\n  mock_outputs = { value = \"mock\" }";
        estate.write("live/dev/web/terragrunt.hcl", &web.replace("config_path = \"../vpc\"", mocked));
        estate.write("slipway.hcl", settings);
        estate.write(".gitignore", ".slipway/\n");
        let written = Slipway::new(estate.path(), &tool("tofu")).bed(&bed).run(&["ci", "github"]);
        written.exits(0);
        let world = Self {
            bed,
            bucket: bucket.to_owned(),
            estate,
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(),
        };
        for folder in [
            "home",
            "kept",
            "caches",
            "slipway/packaging",
            "upload",
            "nothing",
            "cache/restore",
            "cache/save",
        ] {
            std::fs::create_dir_all(world.folder.path().join(folder)).unwrap();
        }
        let action = std::fs::read_to_string(root().join("action.yml")).unwrap();
        let (before, after) = action.split_once("in the place of a release\n    default: \"\"").unwrap();
        let binary = env!("CARGO_BIN_EXE_slipway");
        let action = format!("{before}in the place of a release\n    default: {binary}{after}");
        for (file, text) in [
            ("slipway/action.yml", &*action),
            ("upload/action.yml", UPLOAD),
            ("cache/action.yml", NOTHING),
            ("cache/restore/action.yml", RESTORE),
            ("cache/save/action.yml", SAVE),
            ("nothing/action.yml", NOTHING),
        ] {
            std::fs::write(world.folder.path().join(file), text).unwrap();
        }
        // Everything there is was applied before there was a pipeline.
        world.git(&["checkout", "--quiet", "-B", "main"]);
        world.commit("All of it");
        world.git(&["remote", "add", "origin", "https://github.com/acme/infra.git"]);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        git(self.estate.path(), arguments)
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs the jobs of an event.
    fn act(&self, event: &str, payload: &Value, jobs: &[&str]) -> Output {
        let file = self.path("event.json");
        std::fs::write(&file, payload.to_string()).unwrap();
        let mut act = Command::new(tool("act"));
        act.current_dir(self.estate.path()).env_clear();
        act.env("PATH", system_path());
        act.env("HOME", self.path("home")).env("XDG_CACHE_HOME", self.path("home"));
        act.args([event, "--platform", "ubuntu-24.04=-self-hosted", "--actor", "ada", "--eventpath"])
            .arg(file);
        // By their names alone: arguments can be seen.
        act.env("GITHUB_TOKEN", TOKEN).env("SLIPWAY_PLANS_KEY", KEY);
        act.args(["--secret", "GITHUB_TOKEN", "--secret", "SLIPWAY_PLANS_KEY"]);
        let mut variables = self.bed.environment();
        let [kept, caches] = ["kept", "caches"].map(|folder| self.path(folder).display().to_string());
        for (name, value) in [
            ("KEPT", &*kept),
            ("CACHES", &*caches),
            ("GITHUB_SERVER_URL", &self.server.address),
            ("GITHUB_API_URL", &self.server.address),
            ("SLIPWAY_TF_PATH", tool("tofu").to_str().unwrap()),
            ("SLIPWAY_ENGINE", "native"),
            ("GOGC", "400"),
        ] {
            variables.push((name.to_owned(), value.to_owned()));
        }
        for (name, value) in variables {
            act.args(["--env", &format!("{name}={value}")]);
        }
        for job in jobs {
            act.args(["--job", job]);
        }
        let workflow = self.estate.path().join(".github/workflows/infrastructure.yml");
        for line in std::fs::read_to_string(workflow).unwrap().lines() {
            let Some(used) = line.trim_start_matches([' ', '-']).strip_prefix("uses: ") else { continue };
            let used = used.split(' ').next().unwrap();
            let (action, version) = used.split_once('@').unwrap();
            // An action may lie in a folder of its repository.
            let repository: Vec<&str> = action.splitn(3, '/').take(2).collect();
            let repository = repository.join("/");
            let folder = match &*repository {
                "OWNER/slipway" => "slipway",
                "actions/upload-artifact" => "upload",
                "actions/cache" => "cache",
                _ => "nothing",
            };
            act.arg("--local-repository")
                .arg(format!("{repository}@{version}={}", self.path(folder).display()));
        }
        let output = act.output().unwrap();
        assert!(!told(&output).contains("canary-"), "{}", told(&output));
        output
    }

    /// A pull request of the branch that is checked out, from a repository.
    fn pull_request(&self, number: u64, from: &str) -> Output {
        let head =
            json!({"ref": "work", "sha": self.git(&["rev-parse", "HEAD"]), "repo": {"full_name": from}});
        let request = json!({"number": number, "head": head, "base": {"ref": "main"}});
        // No other job of this run has left a report, and nobody has commented yet.
        let put = |path: &str, answer: &str| {
            self.server.put(&format!("/repos/acme/infra/{path}"), Page::body(answer.to_owned()));
        };
        put("actions/runs/1/artifacts", "{\"artifacts\": []}");
        put(&format!("issues/{number}/comments"), "[]");
        self.act("pull_request", &json!({"number": number, "pull_request": request}), &[])
    }

    /// Has GitHub know what a pull request's run has left.
    fn keep(&self, number: u64, head: &str, conclusion: &str, merge: &str) {
        let own = json!({"full_name": "acme/infra"});
        let put = |path: &str, answer: Value| {
            self.server.put(&format!("/repos/acme/infra/{path}"), Page::body(answer.to_string()));
        };
        put(
            &format!("commits/{merge}/pulls"),
            json!([{"number": number, "merged_at": "2026-03-14T09:15:02Z", "base": {"ref": "main"},
                    "head": {"sha": head, "repo": own}}]),
        );
        put(
            "actions/workflows/infrastructure.yml/runs",
            json!({"workflow_runs": [{"id": number, "event": "pull_request", "head_sha": head,
                                      "conclusion": conclusion, "head_repository": own}]}),
        );
        self.hand_out(number);
    }

    /// Puts what was uploaded where GitHub has it, as what a run has left.
    fn hand_out(&self, run: u64) {
        let mut artifacts = Vec::new();
        let entries = std::fs::read_dir(self.path("kept")).unwrap().map(|entry| entry.unwrap());
        for (place, entry) in entries.filter(|entry| entry.file_name() != "applied").enumerate() {
            let name = entry.file_name().into_string().unwrap();
            let id = run * 100 + place as u64;
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for file in std::fs::read_dir(entry.path()).unwrap().map(|file| file.unwrap()) {
                let name = file.file_name().into_string().unwrap();
                zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                zip.write_all(&std::fs::read(file.path()).unwrap()).unwrap();
            }
            let zip = Page::body(zip.finish().unwrap().into_inner());
            let zip = zip.only_for(&format!("Bearer {TOKEN}"));
            self.server.put(&format!("/repos/acme/infra/actions/artifacts/{id}/zip"), zip);
            artifacts.push(json!({"id": id, "name": name, "expired": false, "workflow_run": {"id": run}}));
        }
        let answer = json!({"total_count": artifacts.len(), "artifacts": artifacts}).to_string();
        let path = format!("/repos/acme/infra/actions/runs/{run}/artifacts");
        self.server.put(&path, Page::body(answer));
    }

    /// Has GitHub know up to which commit was applied; none where nothing was.
    fn noted(&self, commit: Option<&str>) {
        let run = |commit: &str| json!({"head_sha": commit, "head_branch": "main", "repository_id": 1, "head_repository_id": 1});
        let notes: Vec<Value> = commit
            .into_iter()
            .flat_map(|commit| ["dev", "prod"].map(|name| (name, commit)))
            .enumerate()
            .map(|(id, (name, commit))| {
                json!({"id": id, "name": format!("applied-{name}"), "expired": false, "workflow_run": run(commit)})
            })
            .collect();
        let answer = json!({"artifacts": notes}).to_string();
        self.server.put("/repos/acme/infra/actions/artifacts", Page::body(answer));
    }

    /// The push to main that a merge is.
    fn pushed(&self, before: &str) -> Output {
        let after = self.git(&["rev-parse", "HEAD"]);
        self.act("push", &json!({"ref": "refs/heads/main", "before": before, "after": after}), &[])
    }

    /// What a unit's state keeps, as S3 has it.
    fn applied(&self, unit: &str) -> Option<String> {
        let state = self.bed.object(&self.bucket, &format!("{unit}/terraform.tfstate"))?;
        let state: Value = serde_json::from_str(&state).unwrap();
        state["outputs"]["value"]["value"].as_str().map(str::to_owned)
    }

    fn kept(&self, name: &str) -> bool {
        self.path("kept").join(name).exists()
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    told(output)
}

#[track_caller]
fn badly(output: &Output) -> String {
    assert!(!output.status.success(), "{}", told(output));
    told(output)
}

#[test]
fn what_was_planned_for_a_pull_request_is_what_its_merge_applies() {
    let world = World::new("ci-github-merged");
    let before = world.git(&["rev-parse", "main"]);
    world.git(&["checkout", "--quiet", "-b", "work"]);
    world.estate.change("dev/vpc", "\"dev/vpc\"", "\"reviewed\"");
    world.git(&["commit", "--quiet", "--all", "--message", "Another text"]);
    let head = world.git(&["rev-parse", "HEAD"]);
    let said = well(&world.pull_request(7, "acme/infra"));
    assert!(said.contains("no job changes anything: there is no comment"), "{said}");
    assert!(world.kept("plans-dev-000") && world.kept("plans-prod-000"), "{said}");
    assert_eq!(world.applied("dev/vpc"), None, "a pull request applies nothing");
    // It is merged by a squash: another commit, with the same content.
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--squash", "work"]);
    let merge = world.commit("Another text (#7)");
    world.keep(7, &head, "success", &merge);
    world.noted(None);
    well(&world.pushed(&before));
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("reviewed"));
    assert_eq!(world.applied("prod/vpc"), None, "the pull request did not touch it");
    assert!(world.kept("applied-dev") && world.kept("applied-prod"));
    secrets::search(world.estate.path(), &["act"], std::time::SystemTime::UNIX_EPOCH, &[]);

    // A second pull request. What it was planned on is changed by somebody before it is applied.
    world.git(&["checkout", "--quiet", "-B", "work"]);
    world.estate.change("dev/vpc", "\"reviewed\"", "\"reviewed again\"");
    world.git(&["commit", "--quiet", "--all", "--message", "A third text"]);
    let head = world.git(&["rev-parse", "HEAD"]);
    well(&world.pull_request(8, "acme/infra"));
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--squash", "work"]);
    world.estate.change("dev/vpc", "\"reviewed again\"", "\"never reviewed\"");
    let next = world.commit("A third text (#8)");
    world.keep(8, &head, "success", &next);
    world.noted(Some(&merge));
    let said = badly(&world.pushed(&merge));
    assert!(said.contains("is \"never reviewed\" and was \"reviewed again\""), "{said}");
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("reviewed"), "nothing was touched");
    assert_eq!(world.applied("prod/vpc"), None, "what comes after it does not begin");
}

#[test]
fn by_hand_all_that_differs_is_planned_and_applied_and_drift_is_looked_for() {
    let world = World::new("ci-github-by-hand");
    let by_hand = |action: &str, job: &str| {
        let inputs = json!({"action": action, "environment": "dev"});
        world.act("workflow_dispatch", &json!({"ref": "refs/heads/main", "inputs": inputs}), &[job])
    };
    world.noted(None);
    // A runner of one run: what its first job leaves is handed out before the next begins.
    well(&by_hand("apply", "plan"));
    world.hand_out(1);
    well(&by_hand("apply", "apply-prod"));
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("dev/vpc"));
    assert_eq!(world.applied("prod/vpc").as_deref(), Some("prod/vpc"));
    assert_eq!(world.applied("dev/web"), None, "it rests on what was not there when it was planned");
    // Again, now that it is there.
    well(&by_hand("apply", "plan"));
    world.hand_out(1);
    well(&by_hand("apply", "apply-dev"));
    assert_eq!(world.applied("dev/web").as_deref(), Some("dev/web < dev/vpc"));
    let said = well(&by_hand("drift", "drift"));
    assert!(!said.contains("/plan "), "{said}");
}

#[test]
fn a_large_estate_is_planned_by_jobs_that_are_cut_from_what_is_affected() {
    let settings = SETTINGS.replace("ci {", "ci {\n  units_per_job = 1");
    let world = World::with_settings("ci-github-cut", &settings);
    let apply = Slipway::new(world.estate.path(), &tool("tofu")).bed(&world.bed).run(&["apply", "--yes"]);
    apply.exits(0);
    let before = world.git(&["rev-parse", "main"]);
    world.git(&["checkout", "--quiet", "-b", "work"]);
    for unit in ["dev/vpc", "dev/store"] {
        world.estate.change(unit, "value = \"dev/", "value = \"new/");
    }
    world.git(&["commit", "--quiet", "--all", "--message", "Other texts"]);
    let head = world.git(&["rev-parse", "HEAD"]);
    well(&world.pull_request(7, "acme/infra"));
    assert!(world.kept("plans-dev-000") && world.kept("plans-dev-001") && !world.kept("plans-prod-000"));
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--ff-only", "work"]);
    world.keep(7, &head, "success", &head);
    world.noted(Some(&before));
    well(&world.pushed(&before));
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("new/vpc"));
    assert_eq!(world.applied("dev/store").as_deref(), Some("new/store"));
    // A queue is asked the same as a pull request, of the commit that it would make.
    let queue = json!({"merge_group": {"base_sha": before, "head_sha": head}});
    let said = well(&world.act("merge_group", &queue, &["planned"]));
    assert!(said.contains("/plan"), "{said}");
    // Nothing that is affected is nothing that fails.
    world.git(&["checkout", "--quiet", "-b", "other"]);
    world.estate.write("README.md", "Read me.\n");
    world.git(&["add", "--all"]);
    world.git(&["commit", "--quiet", "--message", "Words"]);
    world.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let said = well(&world.pull_request(8, "acme/infra"));
    assert!(!said.contains("/plan "), "{said}");
}

#[test]
fn the_jobs_of_the_next_run_are_cut_by_how_long_units_took_in_this_one() {
    let settings = SETTINGS.replace("ci {", "ci {\n  units_per_job = 2");
    let world = World::with_settings("ci-github-durations", &settings);
    // Three units of an environment in two jobs; one of them takes longer than the two others.
    let wait = "terraform {\n  before_hook \"wait\" {\n    commands = [\"plan\"]\n    execute  = [\"sleep\", \"6\"]\n  }\n";
    world.estate.change("dev/store", "terraform {\n", wait);
    world.commit("A unit that takes long");
    let by_hand = |job: &str| {
        let inputs = json!({"action": "apply", "environment": "dev"});
        world.act("workflow_dispatch", &json!({"ref": "refs/heads/main", "inputs": inputs}), &[job])
    };
    // What a job of this run has planned, by what it measured.
    let planned = |job: &str| -> Vec<String> {
        let text = std::fs::read(world.path("kept").join(job).join("durations.json")).unwrap();
        let told: Value = serde_json::from_slice(&text).unwrap();
        told.as_object().unwrap().keys().cloned().collect()
    };
    well(&by_hand("plan"));
    assert_eq!(planned("report-dev-000"), ["dev/store", "dev/vpc"]);
    assert_eq!(planned("report-dev-001"), ["dev/web"]);
    world.hand_out(1);
    let said = well(&by_hand("remember"));
    assert!(said.contains("4 units were measured"), "{said}");
    std::fs::remove_dir_all(world.path("kept")).unwrap();
    std::fs::create_dir(world.path("kept")).unwrap();
    well(&by_hand("plan"));
    assert_eq!(planned("report-dev-000"), ["dev/store"]);
    assert_eq!(planned("report-dev-001"), ["dev/vpc", "dev/web"]);
}

#[test]
fn what_nobody_reviewed_is_applied_by_hand_only() {
    let world = World::new("ci-github-unseen");
    let before = world.git(&["rev-parse", "main"]);
    world.estate.change("dev/vpc", "\"dev/vpc\"", "\"unseen\"");
    let commit = world.commit("Pushed");
    world.noted(Some(&before));
    world.server.put(&format!("/repos/acme/infra/commits/{commit}/pulls"), Page::body("[]"));
    let said = badly(&world.pushed(&before));
    assert!(said.contains("came by no pull request"), "{said}");
    assert!(said.contains("run the pipeline by hand"), "{said}");
    assert_eq!(world.applied("dev/vpc"), None);
    // The merge of one whose plan failed is no other.
    world.keep(9, &commit, "failure", &commit);
    let said = badly(&world.pushed(&before));
    assert!(said.contains("the pipeline of pull request #9"), "{said}");
    assert!(said.contains("ended with failure"), "{said}");
    assert_eq!(world.applied("dev/vpc"), None);
}

#[test]
fn code_of_a_fork_is_looked_at_and_nothing_more() {
    let world = World::new("ci-github-fork");
    world.git(&["checkout", "--quiet", "-b", "work"]);
    let text = std::fs::read_to_string(world.estate.path().join("live/root.hcl")).unwrap();
    let started = world.path("started");
    world.estate.write(
        "live/root.hcl",
        &text.replace("locals {", &format!("locals {{\n  x = run_cmd(\"touch\", \"{}\")", started.display())),
    );
    world.git(&["commit", "--quiet", "--all", "--message", "A program"]);
    let output = world.pull_request(10, "mallory/infra");
    assert!(!told(&output).contains("slipway ci comment"), "{}", told(&output));
    assert!(!started.exists(), "{}", told(&output));
    assert!(!world.kept("plans-dev-000"), "{}", told(&output));
    assert!(told(&output).contains("/look ") && !told(&output).contains("/plan "), "{}", told(&output));
}

#[test]
fn a_destroy_asks_twice_for_a_folder_of_its_environment() {
    let world = World::new("ci-github-destroy");
    let apply = ["apply", "--yes"];
    let slipway = || Slipway::new(world.estate.path(), &tool("tofu")).bed(&world.bed);
    slipway().run(&apply).exits(0);
    let destroy = |folder: &str, again: &str| {
        let inputs = json!({"action": "destroy", "environment": "dev", "folder": folder, "again": again});
        world.act("workflow_dispatch", &json!({"ref": "refs/heads/main", "inputs": inputs}), &["destroy-dev"])
    };
    for (folder, again, why) in [
        ("dev/vpc", "dev/vcp", "not typed twice alike"),
        ("", "", "not typed twice alike"),
        ("prod/vpc", "prod/vpc", "is not one of dev"),
        ("dev/../prod/vpc", "dev/../prod/vpc", "without .."),
    ] {
        // What a step prints that ends at once does not always come through the runner.
        let said = (0..3).map(|_| badly(&destroy(folder, again))).find(|said| said.contains(why));
        assert!(said.is_some(), "{folder} is not refused since it is {why}");
    }
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("dev/vpc"));
    well(&destroy("dev/web", "dev/web"));
    assert_eq!(world.applied("dev/web"), None);
    assert_eq!(world.applied("dev/vpc").as_deref(), Some("dev/vpc"));
    assert_eq!(world.applied("prod/vpc").as_deref(), Some("prod/vpc"));
}

//! One environment after another: nothing of the second is changed before the first is green, in one run and in two.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use slipway::argocd::uninstall;

use super::world::World;
use crate::support::estate::Estate;
use crate::support::manifests::head;
use crate::support::slipway::Ended;
use crate::support::tool;

const LONG: Duration = Duration::from_mins(6);
const IMAGE: &str = "manifests/app-a/deployment.yaml";

/// Two clusters, one of EKS and one by a context, that lead to one API server, and so to one Argo CD: what is looked at is which
/// waits for which.
struct Two {
    world: World,
    estate: Estate,
}

impl Two {
    async fn new() -> Self {
        let world = World::new("argo-after").await;
        let estate = Estate::new();
        let config = world.bed.kubectl(&["config", "view", "--raw", "--flatten", "-o", "json"]);
        let mut config: Value = serde_json::from_str(&config).unwrap();
        config["contexts"][0]["name"] = "of-prod".into();
        estate.write("kube.json", &config.to_string());
        estate.unit("dev/cluster", &[]).unit("prod/network", &[]).unit("prod/cluster", &["network"]);
        estate.unit("shared/logs", &[]);
        let two = Self { world, estate };
        two.write("main", "20s");
        two
    }

    /// Writes slipway.hcl, with the branch that prod follows and how long dev's applications may take.
    fn write(&self, branch: &str, timeout: &str) {
        let block = self.world.project("");
        let dev = block.replace("name   =", "unit = \"dev/cluster\"\n  name   =");
        let dev = dev.replace("flavor   =", &format!("sync_timeout = \"{timeout}\"\n    flavor   ="));
        let prod = block.replace("cluster \"dev\"", "cluster \"prod\"");
        let prod =
            prod.replace("region = \"eu-west-1\"", "context = \"of-prod\"\n  kubeconfig = \"kube.json\"");
        let prod = prod.replace("name   = \"argo-after\"\n", "name   = \"argo-after-prod\"\n");
        let prod = prod.replace("name   =", "unit = \"prod/cluster\"\n  after = [\"dev\"]\n  name   =");
        let prod = prod.replace("revision = \"main\"", &format!("revision = \"{branch}\""));
        self.estate.write("slipway.hcl", &format!("estate {{\n  root = \"live\"\n}}\n{prod}{dev}"));
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let slipway = crate::support::slipway::Slipway::new(self.estate.path(), &tool("tofu"));
        let slipway = slipway.bed(&self.world.bed);
        let settings = self.world.settings();
        let slipway = settings.iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value));
        tokio::task::block_in_place(|| slipway.run(arguments))
    }

    /// Runs with an answer in JSON, and has the nodes of it.
    fn nodes(&self, arguments: &[&str], code: i32) -> Nodes {
        Nodes(self.run(&[arguments, &["--yes", "--format", "json"]].concat()).exits(code).json())
    }

    /// The names of what the newest run began, in that order.
    fn began(&self) -> Vec<String> {
        let journal = std::fs::read_to_string(self.estate.newest_run().join("journal.jsonl")).unwrap();
        let events = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let names =
            events.filter_map(|event| Some(event["event"]["node_started"]["node"].as_str()?.to_owned()));
        names.collect()
    }
}

struct Nodes(Value);

impl Nodes {
    fn of(&self, name: &str) -> &Value {
        let nodes = self.0["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["name"] == name).unwrap_or_else(|| panic!("no {name} in {:#}", self.0))
    }

    fn result(&self, name: &str) -> &str {
        self.of(name)["result"].as_str().unwrap()
    }

    /// What a node says of itself: its note, or why it failed.
    fn said(&self, name: &str) -> &str {
        let node = self.of(name);
        ["note", "message"].iter().find_map(|field| node[field].as_str()).unwrap_or_default()
    }

    fn all_skipped(&self, names: &[&str], cause: &str) {
        for name in names {
            assert_eq!(
                (self.result(name), self.of(name)["cause"].as_str()),
                ("skipped", Some(cause)),
                "{name}"
            );
        }
    }
}

const OF_PROD: [&str; 5] =
    ["prod/network", "prod/cluster", "verify prod", "argocd prod", "applications prod"];

#[tokio::test(flavor = "multi_thread")]
async fn the_second_environment_waits_for_the_first_in_one_run_and_alone() {
    let two = Two::new().await;
    let world = &two.world;
    let short = || head(&world.repository)[..12].to_owned();

    // Before the first is there, the second does not begin.
    let alone = two.nodes(&["up", "prod"], 1);
    assert!(alone.said("promotion prod").contains("cluster dev is not there"), "{:#}", alone.0);
    alone.all_skipped(&OF_PROD, "promotion prod");

    // In one run: what does not become green there holds the second back, and nothing else.
    world.push(IMAGE, "app-a:v1", "app-a:v2-broken");
    let nodes = two.nodes(&["up"], 1);
    assert_eq!(nodes.result("applications dev"), "failed", "{:#}", nodes.0);
    nodes.all_skipped(&OF_PROD, "applications dev");
    nodes.all_skipped(&["promotion prod"], "applications dev");
    assert_eq!(nodes.result("shared/logs"), "applied");
    assert!(two.estate.applied("dev/cluster").is_some() && two.estate.applied("prod/network").is_none());
    let graph = two.run(&["graph"]).exits(0);
    assert!(graph.stdout.contains("  promotion prod  ← applications dev\n"), "{}", graph.stdout);

    // The fix is pushed, and the run goes on.
    world.push(IMAGE, "app-a:v2-broken", "app-a:v3");
    two.write("main", "2m");
    let nodes = two.nodes(&["resume"], 0);
    assert_eq!(nodes.said("promotion prod"), format!("dev is green at {}", short()), "{:#}", nodes.0);
    assert!(nodes.said("applications prod").contains(&short()), "{:#}", nodes.0);
    assert!(two.estate.applied("prod/cluster").is_some());
    let began = two.began();
    let place = |name: &str| began.iter().rposition(|begun| begun == name).unwrap();
    for pair in ["applications dev", "promotion prod", "prod/network", "prod/cluster"].windows(2) {
        assert!(place(pair[0]) < place(pair[1]), "{began:?}");
    }

    alone_it_is_looked_at(&two, &short);
    what_was_green_is_known_to_the_one_that_goes_on(&two, &short);
    a_branch_without_the_commit_is_not_promoted(&two, &short);

    two.run(&["down", "--yes"]).exits(0);
    assert!(two.estate.applied("prod/cluster").is_none() && two.estate.applied("dev/cluster").is_none());
    machines_share_the_gates(&two, &short);
    assert_eq!(world.names("customresourcedefinitions").matches("argoproj").count(), 0);
    let spec = world.spec("argocd").await;
    uninstall(world.client.clone(), "argocd", &spec.manifest, LONG, &|_| ()).await.unwrap();
}

/// Two machines bring both up and take them down again: each gate is one machine's, and both know what it found.
fn machines_share_the_gates(two: &Two, short: &dyn Fn() -> String) {
    two.estate.keep_states_in_s3("argo-after");
    two.world.bed.put_bucket("argo-after");
    // What the tools remember of the states in files, which hold nothing any more.
    std::fs::remove_dir_all(two.estate.path().join(".slipway")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-R").arg(two.estate.path().join(".")).arg(other.path()).status();
    assert!(copied.unwrap().success());
    let run = |folder: &Path, arguments: &[&str]| {
        let slipway = crate::support::slipway::Slipway::new(folder, &tool("tofu")).bed(&two.world.bed);
        let settings = two.world.settings();
        let slipway = settings.iter().fold(slipway, |slipway, (name, value)| slipway.env(name, value));
        let arguments = [arguments, &["--yes", "--format", "json", "--lease", "10s"]].concat();
        Nodes(slipway.run(&arguments).exits(0).json())
    };
    let both = |command: &str| {
        let address = format!("s3://argo-after/runs/{command}");
        let arguments = [command, "--shared", &address];
        std::thread::scope(|scope| {
            let second = scope.spawn(|| run(other.path(), &arguments));
            [run(two.estate.path(), &arguments), second.join().unwrap()]
        })
    };
    for nodes in both("up") {
        assert_eq!(nodes.said("promotion prod"), format!("dev is green at {}", short()), "{:#}", nodes.0);
        for gate in ["applications dev", "applications prod"] {
            assert!(nodes.said(gate).contains(&short()), "{:#}", nodes.0);
        }
        assert_eq!(nodes.result("prod/cluster"), "applied");
    }
    let ends = two.world.bed.aws("s3", "/argo-after?list-type=2&prefix=runs/up/ends/");
    for gate in ["verify dev", "argocd dev", "applications dev", "promotion prod"] {
        assert!(ends.contains(&format!("runs/up/ends/{gate}</Key>")), "{gate}: {ends}");
    }
    for nodes in both("down") {
        assert_eq!(nodes.result("dev/cluster"), "destroyed", "{:#}", nodes.0);
    }
}

/// A run of the second alone looks at the first, and asks it for nothing.
fn alone_it_is_looked_at(two: &Two, short: &dyn Fn() -> String) {
    let asked = || {
        let path = "jsonpath={range .items[*]}{.metadata.annotations.argocd\\.argoproj\\.io/refresh}{end}";
        two.world.bed.kubectl(&["-n", "argocd", "get", "applications.argoproj.io", "-o", path])
    };
    two.world.push(IMAGE, "app-a:v3", "app-a:v4-broken");
    let nodes = two.nodes(&["up", "prod"], 1);
    assert_eq!(asked(), "");
    let said = nodes.said("promotion prod");
    assert!(said.contains(&format!("prod waits: dev is not green at {}", short())), "{said}");
    assert!(said.contains("app-a: "), "{said}");
    nodes.all_skipped(&OF_PROD, "promotion prod");
    let told = two.run(&["up", "prod", "--yes"]).exits(1);
    told.says("`slipway argocd wait dev`");
    two.world.push(IMAGE, "app-a:v4-broken", "app-a:v5");
    two.run(&["argocd", "wait", "dev"]).exits(0);
    let nodes = two.nodes(&["up", "prod"], 0);
    assert_eq!(nodes.said("promotion prod"), format!("dev is green at {}", short()));
    assert_eq!(nodes.result("prod/cluster"), "unchanged");
}

/// The commit is kept with the run: whoever goes on with it waits for that one, whatever was pushed since.
fn what_was_green_is_known_to_the_one_that_goes_on(two: &Two, short: &dyn Fn() -> String) {
    let promoted = short();
    let module = two.estate.path().join("infra/text/main.tf");
    let well = std::fs::read_to_string(&module).unwrap();
    let broken = "\nresource \"terraform_data\" \"broken\" {\n  lifecycle {\n    precondition {\n      condition = false\n      error_message = \"not yet\"\n    }\n  }\n}\n";
    std::fs::write(&module, format!("{well}{broken}")).unwrap();
    let nodes = two.nodes(&["up", "prod"], 1);
    assert_eq!(nodes.said("promotion prod"), format!("dev is green at {promoted}"), "{:#}", nodes.0);
    std::fs::write(&module, well).unwrap();
    two.world.add("README.md", "somebody goes on");
    let nodes = two.nodes(&["resume"], 0);
    assert_ne!(short(), promoted);
    let said = nodes.said("applications prod");
    assert!(said.contains(&format!("Synced and Healthy at {promoted}")), "{said}");
}

/// The second follows a branch that does not have what the first is green at.
fn a_branch_without_the_commit_is_not_promoted(two: &Two, short: &dyn Fn() -> String) {
    two.world.commit_on("release", |work| std::fs::write(work.join("NOTES.md"), "a release").unwrap());
    two.world.add("README.md", "nobody has merged this");
    two.write("release", "2m");
    let nodes = two.nodes(&["up"], 1);
    assert_eq!(nodes.said("promotion prod"), format!("dev is green at {}", short()), "{:#}", nodes.0);
    let said = nodes.said("applications prod");
    assert!(
        said.starts_with("release of ") && said.contains(&format!("does not have {}", short())),
        "{said}"
    );
    two.write("main", "2m");
}

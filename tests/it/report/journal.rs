//! Runs that never were: journals written by hand, for `runs show` to make reports of.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::slipway::Slipway;

/// A name that breaks whatever is not careful.
pub const HOSTILE: &str = "x</script><img src=x onerror=alert(1)>\"'`|&\u{202e}evil";

/// A journal under the hands of a test.
pub struct Journal {
    events: Vec<Value>,
}

impl Journal {
    /// A run begins; every node with the names of what it waits for.
    pub fn of(command: &str, nodes: &[(String, Vec<String>)]) -> Self {
        let node =
            |(name, after): &(String, Vec<String>)| json!({ "name": name, "kind": "unit", "after": after });
        let nodes: Vec<Value> = nodes.iter().map(node).collect();
        let start = json!({
            "run": "20261124-150000-abcdef", "command": command, "engine": "native", "nodes": nodes,
            "parallelism": 4, "commit": "0123456789abcdef0123456789abcdef01234567", "user": "ada",
        });
        Self { events: Vec::new() }.then(0.0, json!({ "run_started": start }))
    }

    /// Something happens, at a second of the run.
    pub fn then(mut self, second: f64, event: impl Into<Value>) -> Self {
        let time = jiff::Timestamp::from_second(1_796_000_000).unwrap()
            + jiff::SignedDuration::from_secs_f64(second);
        self.events.push(json!({ "time": time.to_string(), "event": event.into() }));
        self
    }

    /// A node runs through steps, each with its second.
    pub fn runs(self, node: &str, steps: &[(f64, &str)]) -> Self {
        let started = self.then(steps[0].0, json!({ "node_started": { "node": node } }));
        steps.iter().fold(started, |journal, (second, step)| {
            journal.then(*second, json!({ "step": { "node": node, "step": step } }))
        })
    }

    /// A node is planned: resources with their actions.
    pub fn planned(self, second: f64, node: &str, resources: &[(&str, &str)]) -> Self {
        let count = |wanted: &str| resources.iter().filter(|(action, _)| *action == wanted).count();
        let all: Vec<Value> = resources
            .iter()
            .map(|(action, address)| json!({ "action": action, "address": address }))
            .collect();
        let summary = json!({
            "add": count("create"), "change": count("update"), "destroy": count("delete"),
            "replace": count("replace"), "resources": all, "changes": !resources.is_empty(),
        });
        self.then(second, json!({ "planned": { "node": node, "summary": summary } }))
    }

    /// A node ends.
    pub fn ends(self, second: f64, node: &str, seconds: f64, outcome: impl Into<Value>) -> Self {
        let finished = json!({ "node": node, "outcome": outcome.into(), "seconds": seconds });
        self.then(second, json!({ "node_finished": finished }))
    }

    /// The run ends.
    pub fn finished(self, second: f64) -> Self {
        self.then(second, json!({ "run_finished": { "seconds": second } }))
    }

    /// A folder in which the run has been.
    pub fn keep(&self) -> TempDir {
        let folder = tempfile::Builder::new().prefix("slipway-report-").tempdir().unwrap();
        std::fs::write(folder.path().join("slipway.hcl"), "estate {\n  root = \".\"\n}\n").unwrap();
        std::fs::create_dir_all(run(folder.path()).join("logs")).unwrap();
        std::fs::create_dir_all(run(folder.path()).join("plans")).unwrap();
        let lines: String =
            self.events.iter().flat_map(|event| [event.to_string(), "\n".to_owned()]).collect();
        std::fs::write(run(folder.path()).join("journal.jsonl"), lines).unwrap();
        folder
    }
}

/// The folder of the one run.
pub fn run(folder: &Path) -> PathBuf {
    folder.join(".slipway/runs/20261124-150000-abcdef")
}

/// The page of the run that was kept in a folder.
pub fn page(folder: &TempDir) -> PathBuf {
    let shown = Slipway::new(folder.path(), Path::new("tofu"))
        .run(&["runs", "show", "20261124-1500", "--report-html", "run.html"])
        .exits(0);
    assert!(shown.stdout.contains("total"), "{}", shown.stdout);
    folder.path().join("run.html")
}

/// Something of everything.
pub fn mixed() -> Journal {
    let node = |name: &str, after: &[&str]| {
        (name.to_owned(), after.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    };
    let applied = || json!({ "result": "applied" });
    let message = format!("creating Load Balancer: ValidationError: {HOSTILE}\n  on main.tf line 12");
    let failed = json!({ "result": "failed", "message": message, "advice": "name a subnet in two zones" });
    Journal::of(
        "apply",
        &[
            node("dev/eu-west-1/networking", &[]),
            node("dev/eu-west-1/dns", &[]),
            node("dev/eu-west-1/cluster", &["dev/eu-west-1/networking"]),
            node("dev/eu-west-1/database", &["dev/eu-west-1/networking"]),
            node("dev/eu-west-1/cache", &["dev/eu-west-1/networking"]),
            node("dev/eu-west-1/ingress", &["dev/eu-west-1/cluster"]),
            node("dev/eu-west-1/app", &["dev/eu-west-1/ingress", "dev/eu-west-1/database"]),
            node(HOSTILE, &[]),
        ],
    )
    .runs("dev/eu-west-1/networking", &[(0.1, "prepare"), (0.3, "init"), (3.0, "plan"), (6.5, "apply")])
    .planned(6.4, "dev/eu-west-1/networking", &[("create", "aws_vpc.main"), ("replace", "aws_subnet.private[\"a\"]")])
    .runs("dev/eu-west-1/dns", &[(0.1, "prepare"), (0.4, "init"), (3.2, "plan")])
    .planned(5.0, "dev/eu-west-1/dns", &[])
    .ends(5.1, "dev/eu-west-1/dns", 5.0, json!({ "result": "unchanged" }))
    .runs(HOSTILE, &[(0.2, "init"), (2.0, "plan")])
    .planned(4.0, HOSTILE, &[("update", HOSTILE)])
    .ends(9.0, HOSTILE, 8.8, applied())
    .ends(18.0, "dev/eu-west-1/networking", 17.9, applied())
    .runs("dev/eu-west-1/cluster", &[(18.1, "init"), (21.0, "plan"), (24.0, "apply")])
    .planned(23.9, "dev/eu-west-1/cluster", &[("create", "aws_eks_cluster.main"), ("create", "aws_iam_role.cluster")])
    .runs("dev/eu-west-1/database", &[(18.1, "init"), (22.0, "plan"), (24.5, "apply")])
    .planned(24.4, "dev/eu-west-1/database", &[("delete", "aws_db_instance.old"), ("update", "aws_db_instance.main")])
    .then(
        30.0,
        json!({ "retrying": { "node": "dev/eu-west-1/database", "attempt": 1, "seconds": 5.0, "cause": "ThrottlingException: rate exceeded" } }),
    )
    .then(30.0, json!({ "step": { "node": "dev/eu-west-1/database", "step": "trying again in 5 s" } }))
    .then(35.0, json!({ "step": { "node": "dev/eu-west-1/database", "step": "apply" } }))
    .ends(44.0, "dev/eu-west-1/database", 25.9, applied())
    .runs("dev/eu-west-1/cache", &[(44.1, "init"), (45.0, "plan")])
    .planned(46.5, "dev/eu-west-1/cache", &[])
    .ends(46.6, "dev/eu-west-1/cache", 2.5, json!({ "result": "unchanged" }))
    .ends(58.0, "dev/eu-west-1/cluster", 39.9, applied())
    .runs("dev/eu-west-1/ingress", &[(58.1, "init"), (60.0, "plan"), (62.0, "apply")])
    .planned(61.9, "dev/eu-west-1/ingress", &[("create", "aws_lb.main")])
    .ends(71.0, "dev/eu-west-1/ingress", 12.9, failed)
    .ends(71.0, "dev/eu-west-1/app", 0.0, json!({ "result": "skipped", "cause": "dev/eu-west-1/ingress" }))
    .finished(71.2)
}

/// A thing of its own in each of many folders, chained through them.
pub fn large(units: usize) -> Journal {
    let name = |unit: usize| format!("team-{:02}/region-{}/unit-{unit:04}", unit % 40, unit % 3);
    let nodes: Vec<(String, Vec<String>)> =
        (0..units).map(|unit| (name(unit), unit.checked_sub(40).map(name).into_iter().collect())).collect();
    let begins = |unit: usize| f64::from(u32::try_from(unit / 40).unwrap()) * 4.0;
    let mut journal = Journal::of("apply", &nodes);
    for unit in 0..units {
        let at = begins(unit) + 0.1;
        let (name, address) = (name(unit), format!("aws_thing.number[{unit}]"));
        let action = if unit % 97 == 5 { "delete" } else { "create" };
        journal = journal
            .runs(&name, &[(at, "init"), (at + 1.0, "plan"), (at + 2.0, "apply")])
            .planned(at + 2.0, &name, &[(action, &address)])
            .ends(at + 3.5, &name, 3.5, json!({ "result": "applied" }));
    }
    journal.finished(begins(units) + 1.0)
}

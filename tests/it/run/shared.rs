//! One run over several machines: each a process with a checkout of its own, which know each other by a bucket only.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value as Json;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::stopping::{Stoppable, until, until_there};
use crate::support::terraforms;

/// Machines that share a run.
pub struct Machines {
    pub bed: Bed,
    bucket: String,
    /// What every apply of a unit writes its name into.
    pub log: tempfile::TempDir,
    pub checkouts: Vec<Estate>,
}

/// So long a machine may give no sign of life.
pub const LEASE: &str = "3s";

impl Machines {
    /// So many of them, each with these units, whose applies do `work` beside noting their names.
    pub fn new(count: usize, bucket: &str, units: &[(&str, &[&str])], work: &str) -> Self {
        let bed = Bed::start(&["aws"]);
        let log = tempfile::tempdir().unwrap();
        let checkouts = (0..count).map(|_| checkout(log.path(), bucket, units, work)).collect();
        let machines = Self { bed, bucket: bucket.to_owned(), log, checkouts };
        // The bucket of the states, which is that of the runs too.
        let nothing = Estate::new();
        nothing.unit("nothing", &[]).keep_states_in_s3(bucket);
        machines.slipway(&nothing).run(&["plan", "--backend-bootstrap"]).exits(0);
        machines
    }

    fn slipway(&self, checkout: &Estate) -> Slipway {
        Slipway::new(checkout.path(), &terraforms()[0]).bed(&self.bed)
    }

    pub fn on(&self, machine: usize) -> Slipway {
        self.slipway(&self.checkouts[machine])
    }

    pub fn address(&self, run: &str) -> String {
        format!("s3://{}/runs/{run}", self.bucket)
    }

    pub fn start(&self, machine: usize, arguments: &[&str]) -> Child {
        let mut command = self.on(machine).into_command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts the apply of everything, shared.
    pub fn applies(&self, machine: usize, run: &str) -> Child {
        let address = self.address(run);
        self.start(
            machine,
            &["apply", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json", "-j", "2"],
        )
    }

    /// Which units were applied, in that order.
    pub fn applied(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log.path().join("applied")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How often machines have said that they live.
    fn signs_of_life(&self, run: &str) -> u64 {
        let objects = self.objects();
        let keys = objects.split("<Key>").filter_map(|rest| rest.split_once("</Key>")).map(|(key, _)| key);
        let beats = keys.filter(|key| key.starts_with(&format!("runs/{run}/beats/")));
        beats.map(|key| self.bed.aws("s3", &format!("/{}/{key}", self.bucket)).parse::<u64>().unwrap()).sum()
    }

    fn objects(&self) -> String {
        self.bed.aws("s3", &format!("/{}?list-type=2", self.bucket))
    }
}

fn checkout(log: &Path, bucket: &str, units: &[(&str, &[&str])], work: &str) -> Estate {
    let estate = Estate::new();
    for (name, dependencies) in units {
        estate.unit(name, dependencies);
    }
    estate.keep_states_in_s3(bucket);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let log = log.display();
    let command = format!("cd {log}; {work}; echo ${{split(\" \", var.value)[0]}} >> applied");
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    estate
}

pub fn ended(child: Child) -> (Option<i32>, Json, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&stderr).into_owned();
    (status.code(), serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {told}")), told)
}

/// The outcomes of a summary by the names of the units.
pub fn outcomes(summary: &Json) -> BTreeMap<String, String> {
    let rows = summary["nodes"].as_array().unwrap().iter();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    rows.map(|row| (text(&row["name"]), text(&row["result"]))).collect()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

pub const TWELVE: &[(&str, &[&str])] = &[
    ("a", &[]),
    ("b", &[]),
    ("c", &["a"]),
    ("d", &["a"]),
    ("e", &["b"]),
    ("f", &["c", "d"]),
    ("g", &["e"]),
    ("h", &[]),
    ("i", &["h"]),
    ("j", &["f", "g"]),
    ("k", &[]),
    ("l", &["k", "i"]),
];

#[test]
fn three_machines_do_each_unit_once_in_its_order_and_each_has_the_whole_report() {
    let machines = Machines::new(3, "shared-three", TWELVE, "true");
    let address = machines.address("one");
    drop(machines.on(0).run(&["join", &address, "--yes"]).exits(64).says("no run has begun at"));
    drop(machines.on(0).run(&["apply", "--shared", &address]).exits(5).says("there is nobody to ask"));

    let first = machines.applies(0, "one");
    until("the run does not begin", || machines.objects().contains("runs/one/run.json"));
    let others = [
        machines.start(1, &["join", &address, "--yes", "--format", "json", "-j", "2"]),
        machines.applies(2, "one"),
    ];
    for (number, machine) in std::iter::once(first).chain(others).enumerate() {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(0), "machine {number}: {told}");
        let outcomes = outcomes(&summary);
        assert_eq!(outcomes.len(), 12, "{outcomes:?}");
        assert!(outcomes.values().all(|outcome| outcome == "applied"), "{outcomes:?}");
        let planned =
            summary["nodes"].as_array().unwrap().iter().filter(|row| row["plan"]["changes"] == true);
        assert_eq!(planned.count(), 12, "what others did is told as well: {summary}");
    }
    let applied = machines.applied();
    let place = |unit: &str| applied.iter().position(|other| other == unit).unwrap();
    assert_eq!(applied.len(), 12, "{applied:?}");
    for (unit, after) in TWELVE {
        assert!(after.iter().all(|before| place(before) < place(unit)), "{unit}: {applied:?}");
    }
    let objects = machines.objects();
    assert!(!objects.contains("slipway-lock") && !objects.contains("tflock"), "{objects}");
    let workers: std::collections::BTreeSet<String> = TWELVE
        .iter()
        .map(|(unit, _)| machines.bed.aws("s3", &format!("/shared-three/runs/one/ends/{unit}")))
        .map(|end| serde_json::from_str::<Json>(&end).unwrap()["machine"]["id"].to_string())
        .collect();
    assert!(workers.len() > 1, "one machine has done all of it: {workers:?}");

    // Afterwards it tells how it went, and does nothing.
    let again = machines.on(1).run(&["join", &address, "--yes", "--format", "json"]).exits(0);
    assert_eq!(outcomes(&again.json()).len(), 12);
    assert_eq!(machines.applied().len(), 12);

    // Another estate is another run.
    machines.checkouts[1].unit("m", &[]);
    let other = machines.on(1).run(&["apply", "--yes", "--shared", &address]).exits(5);
    drop(other.says("it has no m, which is part of it here"));
    drop(
        machines.on(0).run(&["destroy", "--yes", "--shared", &address]).exits(5).says("is a `slipway apply`"),
    );
}

#[test]
fn a_machine_that_dies_is_replaced_and_its_tool_is_waited_for() {
    let waits = "touch begun-$MACHINE; until [ -e go ]; do sleep 0.05; done";
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"])];
    let machines = Machines::new(3, "shared-dead", units, waits);
    let at = |file: &str| machines.log.path().join(file);

    // A machine that is killed while its tool applies: the tool ends, and what it has done is found.
    let address = machines.address("killed");
    let arguments = ["apply", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json"];
    let mut command = machines.on(0).env("MACHINE", "one").into_command(&arguments);
    let mut dead = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until_there(&at("begun-one"));
    let heir = machines.on(1).env("MACHINE", "two").into_command(&arguments);
    let heir = { heir }.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the other one does not take part", || {
        machines.objects().matches("runs/killed/beats/").count() == 2
    });
    dead.kill().unwrap();
    dead.wait().unwrap();
    until("it is not replaced", || machines.objects().contains("runs/killed/claims/0002/a"));
    std::fs::write(at("go"), "").unwrap();
    let (code, summary, told) = ended(heir);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(outcomes(&summary)["b"], "applied", "{told}");
    assert_eq!(machines.applied(), ["a", "b"], "nothing twice, nothing left out: {told}");
    assert!(!machines.objects().contains("slipway-lock"), "{}", machines.objects());
}

#[test]
fn a_machine_that_was_paused_for_too_long_changes_nothing_when_it_wakes() {
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"])];
    let machines = Machines::new(2, "shared-paused", units, "true");
    let log = machines.log.path().display().to_string();
    for checkout in &machines.checkouts {
        let wait = format!("cd {log}; touch waits-$MACHINE; until [ -e go-$MACHINE ]; do sleep 0.05; done");
        let hook = format!(
            "terraform {{\n  before_hook \"wait\" {{\n    commands = [\"plan\", \"apply\"]\n    execute = [\"sh\", \"-c\", \"{wait}\"]\n  }}\n"
        );
        checkout.change("a", "terraform {\n", &hook);
    }
    let address = machines.address("one");
    let arguments = ["apply", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json"];
    let start = |machine: usize, name: &str| {
        let mut command = machines.on(machine).env("MACHINE", name).into_command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let paused = start(0, "one");
    until_there(&machines.log.path().join("waits-one"));
    signal(&paused, Signal::SIGSTOP);
    std::fs::write(machines.log.path().join("go-two"), "").unwrap();
    let (code, summary, told) = ended(start(1, "two"));
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(outcomes(&summary)["a"], "applied");
    assert_eq!(machines.applied(), ["a", "b"]);

    // Its tool goes on at the moment at which it wakes.
    std::fs::write(machines.log.path().join("go-one"), "").unwrap();
    signal(&paused, Signal::SIGCONT);
    let (code, summary, told) = ended(paused);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(
        outcomes(&summary),
        outcomes(&serde_json::json!({ "nodes": [
        { "name": "a", "result": "applied" }, { "name": "b", "result": "applied" },
    ] }))
    );
    assert_eq!(machines.applied(), ["a", "b"], "nothing twice: {told}");
}

#[test]
fn what_one_machine_gives_back_another_takes_and_whoever_cancels_stops_all() {
    let work = "touch begun-$MACHINE; until [ -e go ]; do sleep 0.05; done";
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["b"])];
    let machines = Machines::new(2, "shared-stopped", units, work);
    let at = |file: &str| machines.log.path().join(file);
    let address = machines.address("one");
    let start = |machine: usize, name: &str| {
        let arguments = ["apply", "--yes", "--shared", &address, "--lease", LEASE];
        Stoppable::start(machines.on(machine).env("MACHINE", name).into_command(&arguments))
    };
    let first = start(0, "one");
    until_there(&at("begun-one"));
    first.interrupt(1);
    std::fs::write(at("go"), "").unwrap();
    let first = first.output();
    assert_eq!(first.status.code(), Some(130), "{}", String::from_utf8_lossy(&first.stderr));
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(told.contains(&format!("go on with it: slipway join {address} --yes")), "{told}");
    assert_eq!(machines.applied(), ["a"], "what it worked on it finished");
    let resumed = machines.on(0).run(&["resume", "--yes"]).exits(5);
    drop(resumed.says(&format!("take part in it: `slipway join {address} --yes`")));
    let refused = machines.on(1).run(&["apply", "--yes"]).exits(5);
    drop(refused.says("changes a, b, c").says("slipway runs unlock"));

    std::fs::remove_file(at("go")).unwrap();
    let second = start(1, "two");
    until_there(&at("begun-two"));
    drop(machines.on(0).run(&["runs", "cancel", &address]).exits(0).says("its machines begin nothing more"));
    let seen = machines.signs_of_life("one");
    until("it gives no sign of life", || machines.signs_of_life("one") > seen + 1);
    std::fs::write(at("go"), "").unwrap();
    let second = second.output();
    assert_eq!(second.status.code(), Some(130), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(machines.applied(), ["a", "b"]);
    drop(machines.on(0).run(&["join", &address, "--yes"]).exits(5).says("was cancelled"));
    machines.on(1).run(&["apply", "--yes"]).exits(0);
    assert_eq!(machines.applied(), ["a", "b", "c"], "another run goes on with what is left");
}

#[test]
fn a_run_is_listed_shown_and_watched_by_whoever_takes_no_part() {
    let work = "touch begun-$MACHINE; until [ -e go ]; do sleep 0.05; done";
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["b"])];
    let machines = Machines::new(1, "shared-seen", units, work);
    let at = |file: &str| machines.log.path().join(file);
    let (below, address) = (format!("s3://{}/runs", machines.bucket), machines.address("one"));
    // A folder with nothing in it: what is looked at is in the bucket.
    let nowhere = tempfile::tempdir().unwrap();
    let far = || Slipway::new(nowhere.path(), Path::new("/nowhere/terraform")).bed(&machines.bed);
    drop(far().run(&["runs", "show", &address]).exits(64).says("no run has begun at"));
    drop(far().run(&["runs", "watch", &address]).exits(64).says("slipway runs --shared"));
    drop(far().run(&["runs", "--shared", &below]).exits(0).says("no run is below"));
    drop(far().run(&["runs", "--shared", "s3:///runs"]).exits(1).says("it names no bucket"));

    let arguments = ["apply", "--yes", "--shared", &address, "--lease", LEASE];
    let mut command = machines.on(0).env("MACHINE", "one").into_command(&arguments);
    let mut dead = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until_there(&at("begun-one"));
    let shown = far().run(&["runs", "show", &address, "--format", "json"]).exits(0).json();
    assert_eq!((&shown["command"], &shown["finished"]), (&"apply".into(), &false.into()), "{shown:#}");
    assert!(shown["nodes"][0]["steps"][0]["name"].as_str().unwrap().starts_with("on "), "{shown:#}");
    let told = far().run(&["runs", "show", &address]).exits(0);
    drop(told.says("3 are left").says(&format!("slipway join {address} --yes")));
    let listed = far().run(&["runs", "--shared", &below, "--format", "json"]).exits(0).json();
    assert_eq!(listed[0]["address"], address, "{listed:#}");
    assert_eq!((&listed[0]["nodes"], &listed[0]["ended"]), (&3.into(), &0.into()), "{listed:#}");
    // The bucket alone, with what is said beside it.
    let all = format!("s3://{}?region=us-east-1", machines.bucket);
    let said = far().run(&["runs", "--shared", &all]).exits(0);
    assert!(said.stdout.contains(&format!("{address}?region=us-east-1 ")), "{}", said.stdout);
    assert!(said.stdout.contains("0 of 3 ended, last sign of life 2"), "{}", said.stdout);

    // One that follows it, also while nobody works on it.
    let mut watch = far().into_command(&["runs", "watch", &address]);
    let log = nowhere.path().join("watched");
    let watch = watch.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    dead.kill().unwrap();
    dead.wait().unwrap();
    let watched = || std::fs::read_to_string(&log).unwrap();
    until("it does not say that nobody is there", || watched().contains("no machine of the run has given"));
    std::fs::write(at("go"), "").unwrap();
    machines.on(0).run(&["join", &address, "--yes"]).exits(0);
    let Output { status, stdout, .. } = watch.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{stdout}{}", watched());
    for unit in ["a", "b", "c"] {
        let is_told = ["=", "✓"].iter().any(|sign| watched().contains(&format!("{sign} {unit} ")));
        assert!(is_told, "{unit}: {}", watched());
    }
    assert!(stdout.contains("apply by ") && stdout.contains("done after"), "{stdout}");
    assert_eq!(machines.applied(), ["a", "b", "c"]);
    let listed = far().run(&["runs", "--shared", &below]).exits(0);
    assert!(listed.stdout.contains("all has ended"), "{}", listed.stdout);

    // What never had a turn is told as machines tell it.
    let broken = machines.address("broken");
    let fails = "terraform {\n  before_hook \"fails\" {\n    commands = [\"plan\", \"apply\"]\n    execute = [\"false\"]\n  }\n";
    machines.checkouts[0].change("b", "terraform {\n", fails);
    machines.on(0).run(&["apply", "--yes", "--shared", &broken]).exits(1);
    let report = nowhere.path().join("report.xml");
    let reported = ["runs", "show", &broken, "--format", "json", "--report-junit", report.to_str().unwrap()];
    let shown = far().run(&reported).exits(0).json();
    let results = outcomes(&shown);
    assert_eq!((&*results["b"], &*results["c"]), ("failed", "skipped"), "{results:?}");
    assert_eq!(shown["finished"], true);
    assert!(std::fs::read_to_string(report).unwrap().contains("<failure"));
    far().run(&["runs", "watch", &broken]).exits(1);
}

/// A hundred kills and pauses over sixty units where the variable is set, and a handful otherwise.
#[test]
fn machines_that_are_killed_and_paused_at_random_do_nothing_twice_and_leave_nothing_out() {
    let (layers, disturbances) =
        if std::env::var_os("SLIPWAY_EVERY_KILL").is_some() { (20, 100) } else { (4, 8) };
    let names: Vec<[String; 3]> =
        (0..layers).map(|layer| ["x", "y", "z"].map(|name| format!("{name}{layer}"))).collect();
    let mut units: Vec<(&str, Vec<&str>)> = Vec::new();
    for (layer, [x, y, z]) in names.iter().enumerate() {
        let before = layer.checked_sub(1).map(|before| names[before].each_ref().map(|name| &**name));
        let [over_x, over_y, _] = before.map_or([None; 3], |before| before.map(Some));
        units.push((x, over_x.into_iter().collect()));
        units.push((y, over_x.into_iter().chain(over_y).collect()));
        units.push((z, Vec::new()));
    }
    let units: Vec<(&str, &[&str])> = units.iter().map(|(name, after)| (*name, after.as_slice())).collect();
    let machines = Machines::new(4, "shared-random", &units, "sleep 0.2");
    let address = machines.address("one");
    let mut random = Random::new();
    let quiet = |machine: usize, arguments: &[&str]| {
        let mut command = machines.on(machine).into_command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let join = |machine: usize| quiet(machine, &["join", &address, "--yes", "-j", "1"]);
    let first = quiet(0, &["apply", "--yes", "--shared", &address, "--lease", LEASE, "-j", "1"]);
    until("the run does not begin", || machines.objects().contains("runs/one/run.json"));
    let mut running: Vec<Child> = std::iter::once(first).chain((1..4).map(join)).collect();
    for _ in 0..disturbances {
        std::thread::sleep(Duration::from_millis(random.below(1500)));
        let machine = usize::try_from(random.below(4)).unwrap();
        if running[machine].try_wait().unwrap().is_some() {
            running[machine] = join(machine);
        } else if random.below(2) == 0 {
            running[machine].kill().unwrap();
            running[machine].wait().unwrap();
            running[machine] = join(machine);
        } else {
            // Longer than anybody waits for it.
            signal(&running[machine], Signal::SIGSTOP);
            std::thread::sleep(Duration::from_secs(5));
            signal(&running[machine], Signal::SIGCONT);
        }
    }
    for (machine, mut child) in running.into_iter().enumerate() {
        child.wait().unwrap();
        let last = machines.on(machine).run(&["join", &address, "--yes", "--format", "json"]).exits(0);
        let outcomes = outcomes(&last.json());
        assert_eq!(outcomes.len(), units.len(), "{outcomes:?}, seed {}", random.seed);
        assert!(outcomes.values().all(|one| one == "applied" || one == "unchanged"), "{outcomes:?}");
    }
    let applied = machines.applied();
    let mut sorted = applied.clone();
    sorted.sort();
    let mut wanted: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted, "each once: {applied:?}, seed {}", random.seed);
    let place = |unit: &str| applied.iter().position(|other| other == unit).unwrap();
    for (unit, after) in units {
        assert!(after.iter().all(|before| place(before) < place(unit)), "{unit}: {applied:?}");
    }
    let objects = machines.objects();
    assert!(!objects.contains("slipway-lock") && !objects.contains("tflock"), "{objects}");
}

/// Numbers that are others each time; the seed is told where something fails.
struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = u64::from(since.subsec_nanos()) | 1;
        Self { seed, state: seed }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }
}

#[test]
fn a_state_that_would_stay_on_one_machine_is_refused_before_anything_is_asked() {
    let estate = Estate::new();
    estate.unit("a", &[]);
    let apply = |wanted: &str| {
        let shared = ["apply", "--yes", "--shared", "s3://nobody-has-this/run"];
        drop(Slipway::new(estate.path(), &terraforms()[0]).run(&shared).exits(5).says(wanted));
    };
    apply("states/a.tfstate is on this machine");
    estate.write("live/root.hcl", "locals {}\n");
    apply("live/a has no remote_state, and its module names no backend");
    assert!(!estate.path().join("states").exists());
}

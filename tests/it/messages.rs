//! What people are told where something is in the way: what it is, where, and the way out.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::stopping::{Stoppable, until};
use crate::support::tool;

fn run(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(arguments)
}

#[test]
fn how_many_at_once_is_at_least_one() {
    for wrong in ["0", "-1", "many", "1.5", "99999999999999999999"] {
        let ended = run(&Estate::new(), &["plan", &format!("-j={wrong}")]).exits(64);
        assert!(!ended.says("write how many, at least 1").stderr.contains("non-zero"));
    }
}

#[test]
fn a_cluster_that_nobody_wrote_down_is_told_with_the_file_and_a_block() {
    let estate = Estate::new();
    for arguments in [&["verify"][..], &["verify", "dev"], &["argocd", "status"]] {
        let ended = run(&estate, arguments).exits(64).says("slipway.hcl has no cluster");
        ended.says("cluster \"dev\" {");
    }
    std::fs::remove_file(estate.path().join("slipway.hcl")).unwrap();
    let ended = run(&estate, &["verify"]).exits(64).says("there is no slipway.hcl in ");
    ended.says(&estate.path().display().to_string());
}

#[test]
fn a_run_that_is_not_there_holds_no_lock_because_it_is_not_there() {
    let estate = Estate::new();
    estate.unit("only", &[]);
    run(&estate, &["runs", "unlock", "nope"]).exits(64).says("there is no run nope");
    run(&estate, &["apply", "--yes"]).exits(0);
    let id = estate.newest_run().file_name().unwrap().to_str().unwrap().to_owned();
    run(&estate, &["runs", "unlock", &id]).exits(0).says("holds no lock");
}

#[test]
fn outputs_of_what_was_never_applied_are_told_as_that_beside_those_that_are_there() {
    let bed = Bed::shared();
    let estate = Estate::new();
    estate.keep_states_in_s3("messages-states");
    estate.unit("applied", &[]).unit("never", &[]);
    let root = std::fs::read_to_string(estate.path().join("live/root.hcl")).unwrap();
    estate.write("live/other.hcl", &root.replace("messages-states", "messages-missing"));
    let unit = std::fs::read_to_string(estate.path().join("live/never/terragrunt.hcl")).unwrap();
    estate.write("live/never/terragrunt.hcl", &unit.replace("root.hcl", "other.hcl"));
    bed.put_bucket("messages-states");
    let slipway = || Slipway::new(estate.path(), &tool("tofu")).bed(&bed);
    slipway().run(&["apply", "applied", "--yes"]).exits(0);
    let ended = slipway().run(&["output"]).exits(1);
    let ended = ended.says("never was never applied: its state bucket messages-missing does not exist");
    let ended = ended.says("slipway apply never --backend-bootstrap");
    assert!(ended.stdout.contains("value = \"applied\""), "{}", ended.stdout);
}

#[test]
fn an_endpoint_that_is_not_there_is_told_by_its_cause() {
    let bed = Bed::shared();
    let estate = Estate::new();
    estate.keep_states_in_s3("messages-states");
    estate.unit("only", &[]);
    let slipway = Slipway::new(estate.path(), &tool("tofu")).bed(&bed);
    let slipway = slipway.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
    let ended = slipway.run(&["output"]).exits(1).says("onnection refused").says("AWS_ENDPOINT_URL");
    for layer in ["dispatch failure", "io error", "client error"] {
        assert!(!ended.stderr.contains(layer), "{}", ended.stderr);
    }
}

/// Holds the lock on a state in a file as the tools do, and says so, until its input ends.
const HOLDER: &str = r#"
import fcntl, json, os, sys
state = sys.argv[1]
lock = open(state, "r+")
fcntl.lockf(lock, fcntl.LOCK_EX)
folder, name = os.path.split(state)
info = {"ID": "11111111-2222", "Who": "somebody@here", "Created": "2026-11-24T10:00:00Z", "Operation": "OperationTypeApply"}
open(os.path.join(folder, f".{name}.lock.info"), "w").write(json.dumps(info))
print("held", flush=True)
sys.stdin.read()
"#;

#[test]
fn a_lock_whose_holder_still_runs_is_waited_for_and_not_released() {
    let estate = Estate::new();
    estate.unit("only", &[]);
    run(&estate, &["apply", "--yes"]).exits(0);
    let unit = std::fs::read_to_string(estate.path().join("live/only/terragrunt.hcl")).unwrap();
    estate.write("live/only/terragrunt.hcl", &unit.replace("\"only\"", "\"other\""));
    let state = estate.path().join("states/only.tfstate");
    let mut holder = Command::new("python3");
    holder.args(["-c", HOLDER]).arg(&state).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = run(&estate, &["apply", "--yes"]).exits(1);
    drop(holder.stdin.take());
    let process = holder.id();
    holder.wait().unwrap();
    let waits = format!("by process {process} on this machine, which still runs: wait for it");
    let ended = ended.says(&waits).says("by somebody@here");
    assert!(!ended.stderr.contains("slipway unlock only"), "nobody is told to break it: {}", ended.stderr);
}

#[test]
fn a_run_that_a_signal_ended_was_stopped_by_whoever_sent_it() {
    let estate = Estate::new();
    estate.unit("only", &[]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", ": \"sleep 30\""));
    let slipway = Slipway::new(estate.path(), &tool("tofu"));
    let command = slipway.into_command(&["apply", "--yes"]);
    let running = Stoppable::start(command);
    until("it never began", || running.said().contains("only: apply"));
    running.signal(&[Signal::SIGTERM; 2]);
    running.output();
    let shown = run(&estate, &["runs", "show"]);
    assert!(
        shown.stdout.contains("it was stopped, ") && !shown.stdout.contains("a person"),
        "{}",
        shown.stdout
    );
}

//! Two runs at once, and locks that are left behind.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::stopping::{Stoppable, until, until_there};
use crate::support::terraforms;

/// An estate with one unit whose apply says `begun` in a file, takes its time, and says `done`.
pub fn slow(seconds: u32) -> Estate {
    doing(&format!("sleep {seconds}"))
}

/// One whose apply waits until it is [let go](let_go).
fn waiting() -> Estate {
    doing("until [ -e go ]; do sleep 0.05; done")
}

/// Has an apply of [`waiting`] end, and waits for that.
fn let_go(estate: &Estate) {
    std::fs::write(estate.path().join("go"), "").unwrap();
    until_there(&estate.path().join("done"));
}

fn doing(work: &str) -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let dir = estate.path().display();
    let command = format!("cd {dir}; touch begun; {work}; echo done >> done");
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    estate
}

/// An estate with its state in a bucket that is there.
fn in_s3(estate: Estate, bed: &Bed, tool: &Path, bucket: &str) -> Estate {
    estate.keep_states_in_s3(bucket);
    Slipway::new(estate.path(), tool).bed(bed).run(&["plan", "--backend-bootstrap"]).exits(0);
    estate
}

pub fn start(slipway: Slipway, arguments: &[&str]) -> Child {
    slipway.into_command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_second_run_over_the_same_units_is_refused_and_names_the_first() {
    let tool = &terraforms()[0];
    let estate = waiting();
    let first = start(Slipway::new(estate.path(), tool).env("USER", "alice"), &["apply", "--yes"]);
    until_there(&estate.path().join("begun"));
    let second = Slipway::new(estate.path(), tool).run(&["destroy", "--yes"]).exits(5);
    drop(
        second.says("(`slipway apply` by alice on ").says(") changes networking").says("nothing was touched"),
    );
    let_go(&estate);
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let runs = Slipway::new(estate.path(), tool).run(&["runs", "--format", "json"]).exits(0);
    assert_eq!(runs.json().as_array().unwrap().len(), 1, "a run that was refused is none");
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
}

#[test]
fn runs_of_two_checkouts_keep_each_other_off_through_the_bucket() {
    let bed = Bed::start(&["aws"]);
    let tool = &terraforms()[0];
    let one = in_s3(waiting(), &bed, tool, "states-two");
    let two = in_s3(waiting(), &bed, tool, "states-two");
    let at = |estate: &Estate| Slipway::new(estate.path(), tool).bed(&bed);
    let objects = || bed.aws("s3", "/states-two?list-type=2");
    let mut first = start(at(&one).env("USER", "alice"), &["apply", "--yes"]);
    until_there(&one.path().join("begun"));
    assert!(objects().contains("networking/terraform.tfstate.slipway-lock"), "{}", objects());
    let refused = at(&two).run(&["apply", "--yes"]).exits(5);
    drop(
        refused.says("`slipway apply` by alice on ").says("changes networking").says("slipway runs unlock "),
    );

    // Killed on this machine: the other run sees that it is dead, and meets the lock of the tool that still works.
    first.kill().unwrap();
    first.wait_with_output().unwrap();
    let meets = at(&two).run(&["apply", "--yes"]).exits(1);
    drop(meets.says("its state is locked by ").says("slipway unlock networking "));
    let_go(&one);
    at(&one).run(&["apply", "--yes"]).exits(0).says("nothing to change");
    at(&two).run(&["apply", "--yes"]).exits(0).says("nothing to change");
    assert!(!two.path().join("done").exists(), "nothing was applied twice");
    assert!(!objects().contains("lock"), "{}", objects());

    // A machine that is gone: nobody here can know, so it is broken by name.
    let lock = json!({ "run": "20260101-000000-abcdef", "command": "up", "user": "bob", "host": "runner-7",
        "process": 1, "since": "2026-01-01T00:00:00Z",
        "identity": { "boot": "another", "namespace": "pid:[1]", "started": 5 } });
    let url = format!("{}/states-two/networking/terraform.tfstate.slipway-lock", bed.text("/aws/endpoint"));
    let put = Command::new("curl")
        .args(["-sSf", "-X", "PUT", "-H", "Content-Type: application/json", "-d", &lock.to_string(), &url])
        .status();
    assert!(put.unwrap().success());
    let run = "20260101-000000-abcdef";
    let refused = at(&one).run(&["apply", "--yes"]).exits(5);
    drop(refused.says("by bob on runner-7, process 1").says(&format!("slipway runs unlock {run}")));
    let other = ["runs", "unlock", "20260101-000000-other"];
    drop(at(&one).run(&other).exits(64).says("there is no run 20260101-000000-other"));
    at(&one).run(&["apply", "--yes"]).exits(5);
    drop(at(&one).run(&["runs", "unlock", run]).exits(0).says("broke the locks of").says("networking"));
    at(&one).run(&["apply", "--yes"]).exits(0);
}

#[test]
fn the_third_ctrl_c_names_the_lock_it_leaves_and_the_command_that_releases_it() {
    let bed = Bed::start(&["aws"]);
    for tool in terraforms() {
        let bucket = format!("states-{}", tool.file_name().unwrap().to_str().unwrap());
        let estate = in_s3(slow(20), &bed, &tool, &bucket);
        let at = || Slipway::new(estate.path(), &tool).bed(&bed);
        let running = Stoppable::start(at().into_command(&["apply", "--yes"]));
        until_there(&estate.path().join("begun"));
        // Saving the state takes its time, so that the kill comes before the lock is released.
        bed.fault(&json!({ "kind": "delay", "service": "s3", "operation": "PutObject", "seconds": 4 }));
        running.interrupt(3);
        let output = running.output();
        bed.mend();
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{told}");
        assert!(told.contains("networking: its state is locked by "), "{told}");
        let (_, command) = told.split_once("`slipway unlock networking ").unwrap();
        let id = command.split('`').next().unwrap();
        // What was being written when it was killed is written all the same.
        until("the state is written", || bed.requests()["under_way"] == 0);

        drop(at().run(&["unlock", "networking"]).exits(0).says(id).says("by       "));
        let blocked = at().run(&["apply", "--yes"]).exits(1);
        drop(blocked.says("its state is locked by ").says(id));
        drop(at().run(&["unlock", "networking", "1234"]).exits(5).says("somebody has taken it since"));
        drop(at().run(&["unlock", "networking", id]).exits(0).says("released lock"));
        drop(at().run(&["unlock", "networking"]).exits(0).says("is not locked"));
        at().run(&["plan"]).exits(0);
    }
}

#[test]
fn a_lock_is_not_released_while_a_tool_works_under_it() {
    let tool = &terraforms()[0];
    let estate = waiting();
    let mut child = start(Slipway::new(estate.path(), tool), &["apply", "--yes"]);
    until_there(&estate.path().join("begun"));
    drop(
        Slipway::new(estate.path(), tool).run(&["unlock", "networking", "x"]).exits(5).says("still works on"),
    );
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    drop(
        Slipway::new(estate.path(), tool).run(&["unlock", "networking", "x"]).exits(5).says("still works on"),
    );
    let_go(&estate);
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0).says("nothing to change");
}

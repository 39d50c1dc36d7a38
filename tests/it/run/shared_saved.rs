//! Saved plans applied by several machines in one run.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use super::shared::{LEASE, Machines, TWELVE, ended, outcomes};
use crate::support::slipway::Slipway;
use crate::support::stopping::{until, until_there};

const KEY: &str = "canary-key-of-shared-plans-41d7";

/// Machines on which these units are applied, with the plans of something more in the folder `saved` of the first; `work` is done
/// where that is applied.
fn planned(count: usize, bucket: &str, units: &[(&str, &[&str])], work: &str) -> Machines {
    let machines = Machines::new(count, bucket, units, "true");
    machines.on(0).run(&["apply", "--yes"]).exits(0);
    let log = machines.log.path();
    std::fs::remove_file(log.join("applied")).unwrap();
    let more = format!(
        "resource \"terraform_data\" \"more\" {{\n  input = \"more\"\n  provisioner \"local-exec\" {{\n    \
         command = \"cd {}; {work}; echo ${{split(\" \", var.value)[0]}} >> applied\"\n  }}\n}}\n",
        log.display()
    );
    change_module(&machines, &more);
    machines.on(0).run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of");
    machines
}

fn change_module(machines: &Machines, more: &str) {
    for checkout in &machines.checkouts {
        let module = std::fs::read_to_string(checkout.path().join("infra/text/main.tf")).unwrap();
        checkout.write("infra/text/main.tf", &format!("{module}{more}"));
    }
}

fn on(machines: &Machines, machine: usize) -> Slipway {
    machines.on(machine).env("SLIPWAY_PLANS_KEY", KEY)
}

/// Begins the apply of the first machine's plans.
fn begins(machines: &Machines, run: &str, arguments: &[&str]) -> Child {
    let address = machines.address(run);
    let saved =
        ["apply", "saved", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json", "-j", "2"];
    spawn(on(machines, 0).env("MACHINE", "one").into_command(&[&saved, arguments].concat()))
}

fn joins(machines: &Machines, machine: usize, run: &str) -> Child {
    let address = machines.address(run);
    let join = ["join", &address, "--yes", "--format", "json", "-j", "2"];
    spawn(on(machines, machine).env("MACHINE", "two").into_command(&join))
}

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn objects(machines: &Machines, bucket: &str) -> String {
    machines.bed.aws("s3", &format!("/{bucket}?list-type=2"))
}

fn begun(machines: &Machines, bucket: &str, run: &str) {
    until("the run does not begin", || objects(machines, bucket).contains(&format!("runs/{run}/run.json")));
}

/// The one object with the plans of a run.
fn sealed(machines: &Machines, bucket: &str, run: &str) -> Option<String> {
    let start = machines.bed.object(bucket, &format!("runs/{run}/run.json"))?;
    let start: Json = serde_json::from_str(&start).unwrap();
    Some(format!("runs/{run}/plans/{}.sealed", start["plans"]["manifest"].as_str().unwrap()))
}

#[test]
fn three_machines_apply_each_saved_plan_once_in_its_order_and_each_has_the_whole_report() {
    let bucket = "shared-saved";
    let machines = planned(3, bucket, TWELVE, "true");
    let address = machines.address("one");
    let alone = ["apply", "saved", "--shared", &address];
    drop(on(&machines, 0).run(&alone).exits(5).says("there is nobody to ask"));
    let first = begins(&machines, "one", &[]);
    begun(&machines, bucket, "one");
    let others = [joins(&machines, 1, "one"), joins(&machines, 2, "one")];
    for (number, machine) in std::iter::once(first).chain(others).enumerate() {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(0), "machine {number}: {told}");
        let outcomes = outcomes(&summary);
        assert_eq!(outcomes.len(), 13, "{outcomes:?}");
        for (unit, _) in TWELVE {
            assert_eq!(outcomes[*unit], "applied", "machine {number}: {told}");
        }
        assert!(summary.to_string().contains("12 as they were saved, 12 with changes"), "{summary}");
    }
    let applied = machines.applied();
    let place = |unit: &str| applied.iter().position(|other| other == unit).unwrap();
    assert_eq!(applied.len(), 12, "{applied:?}");
    for (unit, after) in TWELVE {
        assert!(after.iter().all(|before| place(before) < place(unit)), "{unit}: {applied:?}");
    }
    let workers: std::collections::BTreeSet<String> = TWELVE
        .iter()
        .map(|(unit, _)| machines.bed.object(bucket, &format!("runs/one/ends/{unit}")).unwrap())
        .map(|end| serde_json::from_str::<Json>(&end).unwrap()["machine"]["id"].to_string())
        .collect();
    assert!(workers.len() > 1, "one machine has done all of it: {workers:?}");
    let objects = objects(&machines, bucket);
    assert!(!objects.contains("slipway-lock") && !objects.contains("tflock"), "{objects}");
    // What lies there is for those who have the key, and for no other run.
    let plans = format!("s3://{bucket}/{}", sealed(&machines, bucket, "one").unwrap());
    let other = machines.on(1).env("SLIPWAY_PLANS_KEY", "canary-of-another-key-77");
    drop(other.run(&["ci", "open", &plans, "nothing"]).exits(5).says("not sealed with this key"));
    on(&machines, 1).run(&["ci", "open", &plans, "opened"]).exits(0);
    std::fs::remove_dir_all(machines.checkouts[1].path().join("opened")).unwrap();
    let join = ["join", &address, "--yes"];
    drop(machines.on(1).run(&join).exits(64).says("SLIPWAY_PLANS_KEY is not set"));
    let other = machines.on(1).env("SLIPWAY_PLANS_KEY", "canary-of-another-key-77");
    drop(other.run(&join).exits(5).says("not sealed with this key"));
    drop(on(&machines, 1).run(&[&join[..], &["--require-signature"]].concat()).exits(5).says("not signed"));
    drop(
        on(&machines, 1)
            .run(&["apply", "--yes", "--shared", &address])
            .exits(5)
            .says("it applies saved plans"),
    );
    change_module(&machines, "# another\n");
    on(&machines, 0).run(&["plan", "--out", "other"]).exits(0);
    let other = on(&machines, 0).run(&["apply", "other", "--yes", "--shared", &address]).exits(5);
    drop(other.says("it applies other saved plans"));
    let again = ["apply", "saved", "--replan", "--yes", "--shared", &address];
    drop(on(&machines, 0).run(&again).exits(5).says("it began without --replan, and this is with it"));
    let resumed = on(&machines, 0).run(&["resume", "--yes"]);
    assert!(
        resumed.stderr.contains("slipway join") || resumed.stderr.contains("is done"),
        "{}",
        resumed.stderr
    );
    assert_eq!(machines.applied().len(), 12);
}

#[test]
fn without_a_key_the_plans_stay_where_they_are_and_the_same_folder_takes_part() {
    let bucket = "shared-saved-folder";
    let machines = planned(2, bucket, &[("a", &[]), ("b", &["a"]), ("c", &[])], "true");
    let (from, to) =
        (machines.checkouts[0].path().join("saved"), machines.checkouts[1].path().join("release"));
    assert!(Command::new("cp").arg("-R").args([&from, &to]).status().unwrap().success());
    let address = machines.address("one");
    let apply = |machine: usize, folder: &str| {
        machines.start(
            machine,
            &["apply", folder, "--yes", "--shared", &address, "--lease", LEASE, "--format", "json"],
        )
    };
    let first = apply(0, "saved");
    begun(&machines, bucket, "one");
    let second = apply(1, "release");
    let (code, _, told) = ended(first);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the plans stay on this machine"), "{told}");
    let (code, summary, told) = ended(second);
    assert_eq!((code, outcomes(&summary).len()), (Some(0), 4), "{told}");
    let mut applied = machines.applied();
    applied.sort();
    assert_eq!(applied, ["a", "b", "c"]);
    assert!(!objects(&machines, bucket).contains("/plans/"), "{}", objects(&machines, bucket));
    drop(on(&machines, 1).run(&["join", &address, "--yes"]).exits(5).says("take part with their folder"));
}

#[test]
fn what_was_changed_is_refused_on_whichever_machine_and_nothing_of_it_is_touched() {
    let bucket = "shared-saved-changed";
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &[])];
    let machines = planned(2, bucket, units, "true");
    // A file of one machine: that one takes no part.
    let root = std::fs::read_to_string(machines.checkouts[1].path().join("live/root.hcl")).unwrap();
    machines.checkouts[1].write("live/root.hcl", &format!("{root}# changed\n"));
    let plans = ["plan", "--out", "later"];
    on(&machines, 0).run(&plans).exits(0);
    let (code, _, told) = ended(begins(&machines, "file", &[]));
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machines.applied().len(), 3);
    let address = machines.address("file");
    let refused = on(&machines, 1).run(&["join", &address, "--yes"]).exits(5);
    drop(refused.says("live/root.hcl was changed after the plans were made"));
    machines.checkouts[1].write("live/root.hcl", &root);

    // The state has moved on meanwhile: what was saved before is refused by all, with one reason.
    let address = machines.address("state");
    let apply = |machine: usize, arguments: &[&str]| {
        let later = ["apply", "later", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json"];
        spawn(on(&machines, machine).into_command(&[&later, arguments].concat()))
    };
    let first = apply(0, &[]);
    begun(&machines, bucket, "state");
    let second = joins(&machines, 1, "state");
    for machine in [first, second] {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(5), "{told}");
        let outcomes = outcomes(&summary);
        assert_eq!((&*outcomes["saved plans"], &*outcomes["a"]), ("refused", "skipped"), "{outcomes:?}");
        assert!(summary.to_string().contains("its state has moved on"), "{summary}");
    }
    assert_eq!(machines.applied().len(), 3, "nothing was touched");
    // With --replan, which whoever comes second has from the first, it is found to be there.
    let again = machines.address("again");
    let replan =
        ["apply", "later", "--replan", "--yes", "--shared", &again, "--lease", LEASE, "--format", "json"];
    let first = spawn(on(&machines, 0).into_command(&replan));
    begun(&machines, bucket, "again");
    for machine in [first, joins(&machines, 1, "again")] {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(0), "{told}");
        assert!(summary.to_string().contains("3 with nothing left to do"), "{summary}");
    }
    assert_eq!(machines.applied().len(), 3);
}

#[test]
fn plans_that_somebody_has_put_into_the_bucket_are_not_applied() {
    let bucket = "shared-saved-tampered";
    let work = "touch begun-$MACHINE; until [ -e go ]; do sleep 0.05; done";
    let machines = planned(2, bucket, &[("a", &[]), ("b", &["a"])], work);
    let at = |file: &str| machines.log.path().join(file);
    let first = begins(&machines, "one", &[]);
    until_there(&at("begun-one"));
    let plans = sealed(&machines, bucket, "one").unwrap();
    let address = machines.address("one");
    let join = ["join", &address, "--yes"];
    machines.bed.put_object(
        bucket,
        &plans,
        "slipway-sealed-1\nsomething of somebody's that was never sealed at all",
    );
    drop(on(&machines, 1).run(&join).exits(5).says("not sealed with this key, or were changed since"));
    // Others that are sealed with the same key, such as those of another run.
    on(&machines, 1).run(&["plan", "b", "--out", "other"]).exits(0);
    let place = format!("s3://{bucket}/{plans}");
    on(&machines, 1).run(&["ci", "seal", "other", &place]).exits(0);
    drop(on(&machines, 1).run(&join).exits(5).says("are not those that its run began with"));
    std::fs::write(at("go"), "").unwrap();
    let (code, _, told) = ended(first);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machines.applied(), ["a", "b"], "the first machine has its own");
}

#[test]
fn a_machine_that_is_killed_is_replaced_and_no_plan_is_applied_twice() {
    let waits = "touch begun-$MACHINE; until [ -e go ]; do sleep 0.05; done";
    let units: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"])];
    for (bucket, replans) in [("shared-saved-killed", false), ("shared-saved-killed-replan", true)] {
        let machines = planned(2, bucket, units, waits);
        let at = |file: &str| machines.log.path().join(file);
        let mut dead = begins(&machines, "one", if replans { &["--replan"] } else { &[] });
        until_there(&at("begun-one"));
        let heir = joins(&machines, 1, "one");
        until("the other one does not take part", || {
            objects(&machines, bucket).matches("runs/one/beats/").count() == 2
        });
        dead.kill().unwrap();
        dead.wait().unwrap();
        until("it is not replaced", || objects(&machines, bucket).contains("runs/one/claims/0002/a"));
        // Its tool outlives it, and applies what was planned.
        std::fs::write(at("go"), "").unwrap();
        let (code, summary, told) = ended(heir);
        let outcomes = outcomes(&summary);
        if replans {
            assert_eq!(code, Some(0), "{told}");
            assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("unchanged", "applied"), "{told}");
        } else {
            // What a plan was made on has moved: the rule is the one that holds on one machine.
            assert_eq!(code, Some(5), "{told}");
            assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("refused", "skipped"), "{told}");
            let address = machines.address("two");
            let again = ["apply", "saved", "--replan", "--yes", "--shared", &address];
            on(&machines, 0).run(&again).exits(0);
        }
        assert_eq!(machines.applied(), ["a", "b"], "nothing twice, nothing left out: {told}");
        assert!(!objects(&machines, bucket).contains("slipway-lock"), "{}", objects(&machines, bucket));
    }
}

#[test]
fn a_machine_that_is_killed_before_its_tool_has_changed_anything_leaves_its_plan_to_another() {
    let bucket = "shared-saved-early";
    let machines = planned(2, bucket, &[("a", &[]), ("b", &["a"])], "true");
    // Hooks are in what a plan is held to, so that they are there before it is made.
    let log = machines.log.path().to_owned();
    let wait =
        format!("cd {}; touch waits-$MACHINE; until [ -e go-$MACHINE ]; do sleep 0.05; done", log.display());
    let hook = format!(
        "terraform {{\n  before_hook \"wait\" {{\n    commands = [\"apply\"]\n    execute = [\"sh\", \"-c\", \"{wait}\"]\n  }}\n"
    );
    for checkout in &machines.checkouts {
        checkout.change("a", "terraform {\n", &hook);
        let saved = checkout.path().join("saved");
        if Path::new(&saved).exists() {
            std::fs::remove_dir_all(saved).unwrap();
        }
    }
    machines.on(0).run(&["plan", "--out", "saved"]).exits(0);
    let mut dead = begins(&machines, "one", &[]);
    until_there(&log.join("waits-one"));
    let heir = joins(&machines, 1, "one");
    until("the other one does not take part", || {
        objects(&machines, bucket).matches("runs/one/beats/").count() == 2
    });
    dead.kill().unwrap();
    dead.wait().unwrap();
    std::fs::write(log.join("go-two"), "").unwrap();
    let (code, summary, told) = ended(heir);
    std::fs::write(log.join("go-one"), "").unwrap();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(outcomes(&summary)["a"], "applied", "{told}");
    assert_eq!(machines.applied(), ["a", "b"], "{told}");
}

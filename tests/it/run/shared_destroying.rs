//! Several machines that take everything down: each plans all of it before the first unit goes.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;

use super::shared::{LEASE, Machines, TWELVE, ended, outcomes};
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// Applies everything, and starts to destroy it on each machine.
fn destroy(machines: &Machines, arguments: &[&str]) -> Vec<Child> {
    machines.on(0).run(&["apply", "--yes"]).exits(0);
    let address = machines.address("down");
    let shared = ["destroy", "--yes", "--shared", &address, "--lease", LEASE, "--format", "json"];
    let start = |machine| machines.start(machine, &[&shared, arguments].concat());
    (0..machines.checkouts.len()).map(start).collect()
}

#[test]
fn machines_that_plan_the_same_at_the_same_time_are_not_in_each_others_way() {
    let machines = Machines::new(2, "shared-down", TWELVE, "true");
    for machine in destroy(&machines, &["-j", "12"]) {
        let (code, summary, told) = ended(machine);
        assert_eq!(code, Some(0), "{told}");
        let outcomes = outcomes(&summary);
        assert_eq!(outcomes.len(), 12);
        assert!(outcomes.values().all(|outcome| outcome == "destroyed"), "{outcomes:?}");
    }
}

/// A tool whose first `apply` finds that somebody has written the state since it was planned.
const OVERTAKEN: &str = r#"#!/bin/sh
if [ "$1" = apply ] && mkdir LOG/overtaken 2>/dev/null; then
  TOOL state pull > LOG/state
  sed -e 's/"serial": *[0-9]*/"serial": 99/' \
    -e 's/"outputs": *{/&"more": {"value": "1", "type": "string"},/' LOG/state > LOG/newer
  TOOL state push LOG/newer >&2 || exit 1
fi
exec TOOL "$@"
"#;

#[test]
fn a_plan_that_another_machine_has_overtaken_is_made_anew_in_a_shared_run_alone() {
    for is_shared in [true, false] {
        let machines = Machines::new(1, "shared-overtaken", &[("a", &[])], "true");
        machines.on(0).run(&["apply", "--yes"]).exits(0);
        let tool = machines.log.path().join("tool");
        let script = OVERTAKEN.replace("TOOL", terraforms()[0].to_str().unwrap());
        std::fs::write(&tool, script.replace("LOG", machines.log.path().to_str().unwrap())).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let slipway = Slipway::new(machines.checkouts[0].path(), &tool).bed(&machines.bed);
        let address = machines.address("down");
        let shared: &[&str] = if is_shared { &["--shared", &address] } else { &[] };
        let ended = slipway.run(&[&["destroy", "--yes"], shared].concat());
        assert!(machines.log.path().join("overtaken").exists());
        if is_shared {
            drop(ended.exits(0));
        } else {
            drop(ended.exits(1).says("Saved plan is stale"));
        }
    }
}

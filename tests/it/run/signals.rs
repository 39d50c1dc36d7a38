//! Stopping a run with a real tool holding a real lock.

use nix::sys::signal::Signal;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::stopping::{Stoppable, until_there};
use crate::support::terraforms;

/// An estate whose first unit says `begun` in a file, and then takes its time.
fn slow() -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("cluster", &["networking"]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let command = format!("touch {}/begun; sleep 2", estate.path().display());
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    estate
}

fn interrupted(estate: &Estate, tool: &std::path::Path, signals: &[Signal]) -> std::process::Output {
    let running = Stoppable::start(Slipway::new(estate.path(), tool).into_command(&["up", "--yes"]));
    until_there(&estate.path().join("begun"));
    running.signal(signals);
    running.output()
}

#[test]
fn the_first_ctrl_c_finishes_what_runs_and_starts_nothing_new() {
    for tool in terraforms() {
        let estate = slow();
        let output = interrupted(&estate, &tool, &[Signal::SIGINT]);
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert_eq!(estate.applied("cluster"), None);
    }
}

#[test]
fn after_the_second_ctrl_c_the_state_is_whole_and_unlocked() {
    for tool in terraforms() {
        let estate = slow();
        let output = interrupted(&estate, &tool, &[Signal::SIGINT, Signal::SIGINT]);
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        // The run after it finds a state it can read and no lock in its way.
        Slipway::new(estate.path(), &tool).run(&["up", "--yes"]).exits(0);
        assert_eq!(estate.applied("cluster").as_deref(), Some("cluster < networking"));
    }
}

#[test]
fn sigterm_interrupts_at_once_and_leaves_no_lock() {
    let tool = &terraforms()[0];
    let estate = slow();
    let output = interrupted(&estate, tool, &[Signal::SIGTERM]);
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    Slipway::new(estate.path(), tool).run(&["up", "--yes"]).exits(0);
}

//! Ctrl-C, once and twice.

use std::process::Output;
use std::time::{Duration, Instant};

use super::{Driver, each};
use crate::support::estate::Estate;
use crate::support::stopping::{Stoppable, until_there};

/// An estate whose first unit says `begun` in a file, and then takes its time.
fn slow(seconds: u32) -> Estate {
    let estate = Estate::new();
    estate.unit("network", &[]).unit("cluster", &["network"]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let command = format!("touch {}/begun; sleep {seconds}", estate.path().display());
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    estate
}

fn interrupted(driver: &Driver, estate: &Estate, times: usize) -> Output {
    let running = Stoppable::start(driver.slipway(estate).into_command(&["apply", "--yes"]));
    until_there(&estate.path().join("begun"));
    running.interrupt(times);
    running.output()
}

#[test]
fn the_first_ctrl_c_lets_what_runs_finish_and_starts_nothing_new() {
    each(|driver| {
        let estate = slow(1);
        let output = interrupted(driver, &estate, 1);
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(estate.applied("network").as_deref(), Some("network"));
        assert_eq!(estate.applied("cluster"), None);
    });
}

#[test]
fn the_second_ctrl_c_interrupts_the_tool_once_and_leaves_no_lock() {
    each(|driver| {
        let estate = slow(3);
        let started = Instant::now();
        let output = interrupted(driver, &estate, 2);
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        assert!(!String::from_utf8_lossy(&output.stderr).contains("Two interrupts received"));
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(estate.applied("cluster").as_deref(), Some("cluster < network"));
    });
}

//! Ctrl-C, once and twice.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Driver, each};
use crate::support::estate::Estate;

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
    let mut command = driver.slipway(estate).into_command(&["apply", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !estate.path().join("begun").exists() {
        assert!(Instant::now() < deadline, "the apply did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..times {
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    child.wait_with_output().unwrap()
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

//! A run that is killed: the tool that it started goes on, and the next run waits for it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// A unit whose apply says `begun` in a file, prints a lot for a while, and notes at its end that it was done.
fn talkative() -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let dir = estate.path().display();
    let command = format!(
        "touch {dir}/begun; for i in $(seq 20); do echo line $i; sleep 0.1; done; echo done >> {dir}/done"
    );
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    estate
}

fn wait_for(file: &Path) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !file.exists() {
        assert!(Instant::now() < deadline, "{} did not appear", file.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_run_leaves_its_tool_at_work_and_the_next_run_waits_for_it() {
    for tool in terraforms() {
        let estate = talkative();
        let mut command = Slipway::new(estate.path(), &tool).into_command(&["apply", "--yes"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&estate.path().join("begun"));
        child.kill().unwrap();
        child.wait_with_output().unwrap();
        assert!(!estate.path().join("done").exists(), "it was killed in the middle");

        let next = Slipway::new(estate.path(), &tool).run(&["apply", "--yes"]).exits(0);
        let next = next.says("a tool still works on it (slipway apply, run ");
        assert!(next.stdout.contains("unchanged"), "{}\n{}", next.stdout, next.stderr);
        let done = std::fs::read_to_string(estate.path().join("done")).unwrap();
        assert_eq!(done, "done\n", "it was done once");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert!(!estate.path().join("states/.networking.tfstate.lock.info").exists());
        let log = std::fs::read_dir(estate.path().join(".slipway/runs")).unwrap().flatten();
        let logs: Vec<String> = log
            .filter_map(|run| std::fs::read_to_string(run.path().join("logs/networking.log")).ok())
            .collect();
        assert!(
            logs.iter().any(|log| log.contains("the tool printed") && log.contains("line 20")),
            "what the tool printed meanwhile is in the log of the run after it: {logs:?}"
        );
    }
}

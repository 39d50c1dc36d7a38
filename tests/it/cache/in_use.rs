//! What a process uses is left alone.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Tags, listed, prune, slipway, tree};

const LONGEST: Duration = Duration::from_mins(1);

#[test]
fn what_another_process_uses_stays_until_it_has_ended_and_is_named() {
    let tags = Tags::new(2);
    let estate = tags.estate(2);
    slipway(&estate).run(&["plan", "v2"]).exits(0);
    let (reached, go) = (estate.path().join("reached"), estate.path().join("go"));
    let wait = format!(
        "  before_hook \"wait\" {{\n    commands = [\"plan\"]\n    execute = [\"sh\", \"-c\", \"touch {}; while [ ! -e {} ]; \
         do sleep 0.05; done\"]\n  }}\n",
        reached.display(),
        go.display()
    );
    tags.unit(&estate, "v1", &wait);
    let mut command = slipway(&estate).into_command(&["plan", "v1"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !reached.exists() {
        assert!(begun.elapsed() < LONGEST && child.try_wait().unwrap().is_none(), "it never came there");
        std::thread::sleep(Duration::from_millis(20));
    }
    let entries = listed(&estate)["entries"].clone();
    let used: Vec<bool> =
        entries.as_array().unwrap().iter().map(|entry| entry["in_use"].as_bool().unwrap()).collect();
    assert_eq!(used, [false, true], "{entries}");
    prune(&estate, &["--max-size", "0"]).says("stays: a run uses it").says("1 module removed");
    assert!(tree(&estate, "v1").is_some() && tree(&estate, "v2").is_none());

    std::fs::write(&go, "").unwrap();
    assert!(child.wait().unwrap().success());
    prune(&estate, &["--max-size", "0"]).says("1 module removed");
    assert!(tree(&estate, "v1").is_none());
}

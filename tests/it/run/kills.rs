//! Killed at every entry of its journal, a run goes on to the same end, and nothing is applied twice.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const UNITS: usize = 30;
/// Runs that are killed and gone on with at once.
const AT_ONCE: usize = 2;

/// Thirty units, each on the one at half its number; each notes in a file when it is really applied.
fn estate() -> Estate {
    let estate = Estate::new();
    for number in 1..=UNITS {
        let below = (number > 1).then(|| name(number / 2));
        estate.unit(&name(number), &below.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let note = format!("echo ${{split(\\\" \\\", var.value)[0]}} >> {}/applied", estate.path().display());
    estate.write(
        "infra/text/main.tf",
        &module.replace(": \"true\"", &format!(": \"{}\"", note.replace("\\\"", "\""))),
    );
    estate
}

fn name(number: usize) -> String {
    format!("unit-{number:02}")
}

/// Starts a run and kills it when its journal has exactly that many entries.
///
/// No clock is needed: its log goes into a pipe that holds one packet, and so one event. Whoever has written an event
/// into the journal waits until the packet before it was read.
fn killed_at(entry: usize, estate: &Estate, tool: &Path) {
    let (reader, writer) = pipe2(OFlag::O_DIRECT | OFlag::O_CLOEXEC).unwrap();
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    nix::unistd::write(&writer, b"the first event has to wait behind this").unwrap();
    let mut command =
        Slipway::new(estate.path(), tool).into_command(&["apply", "--yes", "--log-format", "json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::from(writer)).spawn().unwrap();
    drop(command);
    let mut reader = std::fs::File::from(reader);
    let mut packet = vec![0; 1 << 16];
    for _ in 1..entry {
        assert_ne!(reader.read(&mut packet).unwrap(), 0, "it ended before entry {entry}");
    }
    let deadline = Instant::now() + Duration::from_mins(1);
    while entries(estate) < entry {
        assert!(Instant::now() < deadline, "entry {entry} is not written");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(entries(estate), entry, "it went on writing");
}

fn entries(estate: &Estate) -> usize {
    let Ok(runs) = std::fs::read_dir(estate.path().join(".slipway/runs")) else { return 0 };
    let journals = runs.flatten().map(|run| run.path().join("journal.jsonl"));
    journals
        .filter_map(|journal| std::fs::read_to_string(journal).ok())
        .map(|text| text.matches('\n').count())
        .sum()
}

/// Kills a run at an entry of its journal, goes on with it, and looks at what is there then.
fn check(entry: usize, estate: &Estate, tool: &Path) {
    for left in ["states", "applied", ".slipway/runs"] {
        let left = estate.path().join(left);
        let _nothing = std::fs::remove_dir_all(&left).or_else(|_| std::fs::remove_file(&left));
    }
    killed_at(entry, estate, tool);
    let resumed = Slipway::new(estate.path(), tool).run(&["resume", "--yes"]);
    assert_eq!(resumed.code, 0, "killed at entry {entry}:\n{}{}", resumed.stdout, resumed.stderr);
    for number in 1..=UNITS {
        let below = std::iter::successors(Some(number), |number| (*number > 1).then_some(number / 2));
        let expected: Vec<String> = below.map(name).collect();
        assert_eq!(estate.applied(&name(number)), Some(expected.join(" < ")), "killed at entry {entry}");
    }
    let applied = std::fs::read_to_string(estate.path().join("applied")).unwrap();
    let mut applied: Vec<&str> = applied.lines().collect();
    applied.sort_unstable();
    let once: Vec<String> = (1..=UNITS).map(name).collect();
    assert_eq!(applied, once, "killed at entry {entry}: each unit is applied once");
}

#[test]
fn killed_at_every_entry_of_the_journal_a_run_goes_on_to_the_same_end() {
    let tools = terraforms();
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            let (tool, next) = (&tools[worker % tools.len()], &next);
            scope.spawn(move || {
                // Every run after the first one finds its modules ready, so that they are all alike.
                let estate = estate();
                Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
                std::fs::remove_dir_all(estate.path().join("states")).unwrap();
                std::fs::remove_dir_all(estate.path().join(".slipway/runs")).unwrap();
                Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
                let all = entries(&estate);
                loop {
                    let entry = next.fetch_add(1, Ordering::Relaxed);
                    if entry > all {
                        break;
                    }
                    check(entry, &estate, tool);
                }
            });
        }
    });
}

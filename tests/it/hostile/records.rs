//! What runs leave behind, in a bad way: journals, their order, the folder itself, and states with odd numbers.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::stand_in;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};

/// Two units, `vpc` and `größe`, which depends on it, and the stand-in for the tool.
struct Small {
    estate: Estate,
    tool: PathBuf,
}

impl Small {
    fn new() -> Self {
        let estate = Estate::new();
        estate.unit("vpc", &[]).unit("größe", &["vpc"]);
        let tool = stand_in::tool(estate.path());
        let small = Self { estate, tool };
        small.state("\"vpc-1\"");
        small
    }

    /// The state of `vpc` with a value of its output.
    fn state(&self, value: &str) {
        let text = format!(
            r#"{{"version":4,"serial":1,"lineage":"l","outputs":{{"value":{{"value":{value},"type":"dynamic"}}}},"resources":[]}}"#
        );
        self.estate.write("states/vpc.tfstate", &text);
    }

    #[must_use]
    fn run(&self, arguments: &[&str]) -> Ended {
        Slipway::new(self.estate.path(), &self.tool).run(arguments)
    }

    fn home(&self) -> PathBuf {
        self.estate.path().join(".slipway")
    }
}

/// What reads and writes where runs are kept.
const ON_RUNS: &[&[&str]] = &[
    &["plan"],
    &["apply", "--yes"],
    &["destroy", "--yes"],
    &["up", "--yes"],
    &["down", "--yes"],
    &["runs"],
    &["runs", "show"],
    &["resume", "--yes"],
    &["unlock", "vpc"],
];

/// What has nothing to do with runs.
const ELSEWHERE: &[&[&str]] = &[
    &["find"],
    &["find", "--format", "json"],
    &["graph"],
    &["graph", "--format", "svg"],
    &["render", "vpc"],
    &["validate"],
    &["stack", "generate"],
    &["completions", "bash"],
    &["man"],
    &["explain", "hcl::syntax"],
];

#[test]
fn a_folder_for_runs_that_is_none_is_one_error_for_who_needs_it_and_none_for_others() {
    type Make = fn(&Path);
    let kinds: [(&str, Make, &str); 4] = [
        ("file", |home| std::fs::write(home, "").unwrap(), "is not a folder"),
        ("dangling link", |home| symlink("nowhere", home).unwrap(), "is a symbolic link to nowhere"),
        ("link to itself", |home| symlink(".slipway", home).unwrap(), "is a symbolic link to .slipway"),
        ("link to a file", |home| symlink("slipway.hcl", home).unwrap(), "is a symbolic link to slipway.hcl"),
    ];
    for (kind, make, expected) in kinds {
        let code = if kind.contains("link") { 5 } else { 1 };
        let small = Small::new();
        make(&small.home());
        for command in ON_RUNS {
            told_once(&small.run(command), &format!("{kind}, {command:?}"), expected, code);
        }
        for command in ELSEWHERE {
            let ended = small.run(command);
            assert!(
                ended.code == 0 && !ended.stderr.contains("error"),
                "{kind}, {command:?}: {}",
                ended.stderr
            );
        }
        small.run(&["doctor"]).exits(1).says(expected);
        // Without a folder there is no state in it; behind a link there may be anyone's.
        let output = small.run(&["output", "vpc"]);
        if kind.contains("link") { told_once(&output, kind, expected, code) } else { drop(output.exits(0)) }
    }
}

fn told_once(ended: &Ended, what: &str, expected: &str, code: i32) {
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error")).collect();
    let [error] = errors.as_slice() else { panic!("{what}: {}", ended.stderr) };
    assert!(error.contains("/.slipway ") && error.contains(expected), "{what}: {error}");
    assert_eq!(ended.code, code, "{what}");
    assert!(ended.stderr.contains("a folder of yours"), "{what}: {}", ended.stderr);
}

#[test]
fn a_folder_for_runs_that_nobody_may_enter_is_told_as_that() {
    let small = Small::new();
    std::fs::create_dir(small.home()).unwrap();
    let mode = |mode| std::fs::set_permissions(small.home(), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o000);
    // Root may enter everything, unless it gives that up.
    let run = |arguments: &[&str]| {
        let plain = Slipway::new(small.estate.path(), &small.tool).into_command(&[]);
        let program = plain.get_program().to_owned();
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]).arg(program).args(arguments);
        command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.current_dir(small.estate.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    };
    for command in ON_RUNS {
        told_once(&run(command), &format!("{command:?}"), "cannot be read: Permission denied", 1);
    }
    for command in ELSEWHERE {
        let ended = run(command);
        assert!(ended.code == 0 && !ended.stderr.contains("error"), "{command:?}: {}", ended.stderr);
    }
    mode(0o700);
}

#[test]
fn the_newest_run_is_the_one_that_began_last_whatever_the_clock_said() {
    let small = Small::new();
    small.run(&["apply", "--yes"]).exits(0);
    // The clock was a lifetime ahead then.
    let runs = small.home().join("runs");
    let ahead = "21990101-000000-000000";
    std::fs::rename(small.estate.newest_run(), runs.join(ahead)).unwrap();
    small.run(&["plan", "vpc"]).exits(0);
    let now = small.estate.newest_run().file_name().unwrap().to_str().unwrap().to_owned();
    let listed = small.run(&["runs", "--format", "json"]).exits(0).json();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|run| run["run"].as_str()).collect();
    assert_eq!(ids, [now.as_str(), ahead]);
    let shown = small.run(&["runs", "show", "--format", "json"]).exits(0).json();
    assert_eq!(shown["run"], now.as_str());
    small.run(&["resume", "--yes"]).exits(0).says(&format!("run {now} is done"));
    small.run(&["resume", "--yes", "2199"]).exits(0).says(&format!("run {ahead} is done"));
}

#[test]
fn a_journal_that_was_cut_inside_of_a_character_is_shown_and_gone_on_with() {
    let small = Small::new();
    small.run(&["apply", "--yes"]).exits(0);
    let journal = small.estate.newest_run().join("journal.jsonl");
    let text = std::fs::read(&journal).unwrap();
    let last = text.windows(2).rposition(|pair| pair == "ö".as_bytes()).unwrap();
    // In the middle of the letter, and before and behind it.
    for end in [last, last + 1, last + 2] {
        std::fs::write(&journal, &text[..end]).unwrap();
        small.run(&["runs", "show"]).exits(0).says("vpc");
        small.run(&["runs"]).exits(0).says("stopped before its end");
    }
    std::fs::write(&journal, &text[..=last]).unwrap();
    small.run(&["resume", "--yes"]).exits(0).says("1 of 2 done");
    small.run(&["runs", "show"]).exits(0).says("größe");
    // What is no event, and stands before others, is no kill's doing.
    std::fs::write(&journal, [b"\xf6\n", text.as_slice()].concat()).unwrap();
    small.run(&["runs", "show"]).exits(1).says("journal.jsonl: line 1 is no event of a run");
    small.run(&["runs"]).exits(0).says("line 1 is no event of a run");
}

#[test]
fn a_number_in_a_state_is_exact_or_refused_with_the_name_of_its_output() {
    let small = Small::new();
    let whole = "123456789012345678901234567890";
    let zeros = format!("1{}", "0".repeat(400));
    for (written, expected) in [(whole, whole), ("-0", "-0"), ("1e400", &zeros), ("0.1", "0.1")] {
        small.state(written);
        small.run(&["output", "vpc"]).exits(0).says(&format!("  value = {expected}\n"));
        small.run(&["render", "größe"]).exits(0).says(&format!("größe < {expected}"));
    }
    let refused = "the output \"value\" holds a number of more than 20000 digits";
    for written in ["1e999999999", "-1e999999999", "1e-999999999", r#"{"a":[1e99999999999999999999]}"#] {
        small.state(written);
        small.run(&["output", "vpc"]).exits(1).says(refused).says("the outputs of vpc").says("tostring()");
        small.run(&["render", "größe"]).exits(3).says(refused);
        small.run(&["render", "--all"]).exits(3).says(refused);
        small.run(&["plan", "größe"]).exits(1).says(refused);
    }
}

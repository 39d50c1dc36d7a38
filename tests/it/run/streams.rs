//! What becomes of a run whose terminal, reader or disk is gone, or that is stopped for a while.

use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use super::locks::{signal, slow, start};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::stopping::until_there;
use crate::support::terraforms;

/// Runs a command on a terminal of its own, and says how it ended. `hang up FILE` closes the terminal as soon as the
/// file is there; `type TEXT KEYS` types the keys as soon as the text is shown.
const TERMINAL: &str = r#"
import os, pty, select, sys, time
what, sign, keys, *argv = sys.argv[1:]
child, master = pty.fork()
if child == 0:
    os.execvp(argv[0], argv)
shown = b""
deadline = time.monotonic() + 60
open_ = True
while time.monotonic() < deadline:
    ready, _, _ = select.select([master], [], [], 0.02)
    if ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    if what == "hang up" and os.path.exists(sign):
        os.close(master)
        break
    if what == "type" and sign.encode() in shown:
        os.write(master, keys.encode())
        what = "wait"
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"#;

fn on_a_terminal(slipway: Slipway, arguments: &[&str], act: [&str; 3]) -> String {
    let command = slipway.into_command(arguments);
    let mut python = Command::new("python3");
    python.env_clear().current_dir(command.get_current_dir().unwrap());
    python.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    python.args(["-c", TERMINAL]).args(act).arg(command.get_program()).args(command.get_args());
    let output = python.env("TERM", "xterm").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn nothing_is_left(estate: &Estate, tool: &Path) {
    assert!(!estate.path().join("states/.networking.tfstate.lock.info").exists());
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
}

#[test]
fn a_terminal_that_is_closed_interrupts_once_and_costs_nothing() {
    for tool in terraforms() {
        let estate = slow(3);
        let begun = estate.path().join("begun");
        let slipway = Slipway::new(estate.path(), &tool);
        let code = on_a_terminal(slipway, &["apply", "--yes"], ["hang up", begun.to_str().unwrap(), ""]);
        assert_eq!(code, "130");
        nothing_is_left(&estate, &tool);
    }
}

#[test]
fn ctrl_c_at_a_question_is_a_no_and_changes_nothing() {
    let tool = &terraforms()[0];
    let estate = slow(0);
    let slipway = Slipway::new(estate.path(), tool);
    let code = on_a_terminal(slipway, &["apply"], ["type", "[s]elect units:", "\u{3}"]);
    assert_eq!(code, "130");
    assert!(!estate.path().join("begun").exists(), "nothing was applied");
    nothing_is_left(&estate, tool);
}

#[test]
fn a_run_that_is_stopped_for_a_while_leaves_its_tool_at_work_and_goes_on() {
    let tool = &terraforms()[0];
    let estate = slow(1);
    let child = start(Slipway::new(estate.path(), tool), &["apply", "--yes"]);
    until_there(&estate.path().join("begun"));
    signal(&child, Signal::SIGSTOP);
    until_there(&estate.path().join("done"));
    signal(&child, Signal::SIGCONT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
}

#[test]
fn readers_that_are_gone_end_no_run() {
    let tool = &terraforms()[0];
    let estate = slow(0);
    for arguments in [&["plan"][..], &["apply", "--yes", "--log-format", "json"]] {
        let mut child = start(Slipway::new(estate.path(), tool), arguments);
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
    assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
}

#[test]
fn a_hangup_that_was_to_be_ignored_is_ignored() {
    let tool = &terraforms()[0];
    let estate = slow(1);
    let slipway = Slipway::new(estate.path(), tool).into_command(&["apply", "--yes"]);
    let mut command = Command::new("sh");
    command.env_clear().current_dir(estate.path()).stdin(Stdio::null());
    command.envs(slipway.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(slipway.get_program())
        .args(slipway.get_args());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_there(&estate.path().join("begun"));
    signal(&child, Signal::SIGHUP);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_disk_that_is_full_begins_nothing_more_and_finishes_what_runs() {
    const UNITS: usize = 40;
    let tool = &terraforms()[0];
    let estate = Estate::new();
    let names: Vec<String> = (0..UNITS).map(|number| format!("unit-{number:02}")).collect();
    for name in &names {
        estate.unit(name, &[]);
    }
    let applied = || names.iter().filter(|name| estate.applied(name).is_some()).count();
    let slipway = Slipway::new(estate.path(), tool).into_command(&["apply", "--yes", "-j", "2"]);
    let mut command = Command::new("sh");
    command.env_clear().current_dir(estate.path()).stdin(Stdio::null());
    command.envs(slipway.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // No file may become larger than 16 KiB, and the journal is the largest: to the run that is a full disk.
    let limited = "ulimit -f 32; exec \"$0\" \"$@\"";
    command.args(["-c", limited]).arg(slipway.get_program()).args(slipway.get_args());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nothing more was started: could not write "), "{told}");
    assert!(told.contains("make room on the disk that holds "), "{told}");
    let so_far = applied();
    assert!(so_far > 0 && so_far < UNITS, "{so_far} were applied");
    let unfinished =
        names.iter().filter(|name| estate.path().join(format!("states/.{name}.tfstate.lock.info")).exists());
    assert_eq!(unfinished.count(), 0, "what ran was finished");
    Slipway::new(estate.path(), tool).run(&["resume", "--yes"]).exits(0);
    assert_eq!(applied(), UNITS);
}

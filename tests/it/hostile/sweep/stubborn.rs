//! A tool that hangs and hears no signal: the third interrupt ends every command that waits for it, and it.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{child, set_up};
use crate::hostile::generator::{Place, Recipe};
use crate::support::stopping::send;

/// What a second is on a machine that does much else.
const A_SECOND: Duration = Duration::from_secs(3);
/// Until the tool is at work.
const LONGEST: Duration = Duration::from_mins(2);

/// At which of its own commands it hangs, and in which of ours.
const CASES: &[(&str, &str)] = &[
    ("version", "plan"),
    ("version", "doctor --tf-path CASE/bin/tofu"),
    ("init", "plan"),
    ("init", "apply --yes"),
    ("plan", "plan --log-format json"),
    ("plan", "plan --out CASE/temp/plans"),
    ("apply", "up --yes"),
    ("plan", "destroy --yes"),
    ("show", "plan --detail --report-html CASE/temp/p.html"),
    ("apply", "apply --yes"),
];

/// Puts a tool in the stand-in's place that writes down its process and hangs at a command.
fn hang(place: &Place, at: &str, note: &Path) {
    let (tool, sound) = (place.bin().join("tofu"), place.bin().join("sound"));
    std::fs::rename(&tool, &sound).unwrap();
    crate::hostile::generator::program(
        &tool,
        &format!(
            "trap '' INT TERM HUP QUIT\nif [ \"$1\" = {at} ]; then echo $$ > {}; while :; do sleep 0.05; done; fi\nexec {} \"$@\"",
            note.display(),
            sound.display()
        ),
    );
}

fn is_there(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_tool_that_hangs_and_hears_no_signal_keeps_no_command_from_its_end() {
    for (at, arguments) in CASES {
        let place = Recipe::sound().cook();
        let note = place.case().join("temp/tool");
        hang(&place, at, &note);
        let arguments: Vec<String> = arguments
            .split(' ')
            .map(|argument| argument.replace("CASE", &place.case().display().to_string()))
            .collect();
        let program = Path::new(env!("CARGO_BIN_EXE_slipway"));
        let mut child = child::start(program, &arguments, &place.temp(), |command| set_up(command, &place));
        let id = Pid::from_raw(child.id().try_into().unwrap());
        let said = || {
            ["stdout", "stderr"]
                .map(|name| std::fs::read_to_string(place.temp().join(name)).unwrap())
                .concat()
        };
        let began = Instant::now();
        let tool = loop {
            let noted = std::fs::read_to_string(&note).unwrap_or_default();
            if let Some(tool) = noted.strip_suffix('\n').and_then(|noted| noted.parse().ok()) {
                break Pid::from_raw(tool);
            }
            assert!(child.try_wait().unwrap().is_none(), "{arguments:?} never came to {at}: {}", said());
            assert!(began.elapsed() < LONGEST, "{arguments:?} never came to {at}: {}", said());
            std::thread::sleep(Duration::from_millis(10));
        };
        for _ in 0..2 {
            send(id, Signal::SIGINT);
        }
        let third = Instant::now();
        // One that has no run ends at the first.
        let _ended_by_now = kill(id, Signal::SIGINT);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            let over = third.elapsed() > A_SECOND;
            if over {
                child.kill().unwrap();
            }
            assert!(!over, "{arguments:?} outlives its third interrupt at {at}: {}", said());
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(130), "{arguments:?} at {at}: {}", said());
        let deadline = Instant::now() + LONGEST;
        while is_there(tool) {
            assert!(Instant::now() < deadline, "the tool outlives {arguments:?} at {at}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

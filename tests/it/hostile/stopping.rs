//! Whatever the program is at, interrupts end it: a fetch and an evaluation at the second one, everything at the third.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::world::World;
use crate::support::slipway::Slipway;
use crate::support::stopping::{is_over, send};
use crate::support::tool;

/// What a second is on a machine that does much else: the program itself is through by then, and what it says about it
/// has to be written and read.
const A_SECOND: Duration = Duration::from_secs(3);
/// Until what is waited for has begun.
const LONGEST: Duration = Duration::from_mins(2);

/// A command that is at work.
struct Working {
    child: Child,
}

/// A command that was stopped.
struct Stopped {
    code: Option<i32>,
    signal: Option<i32>,
    took: Duration,
    text: String,
}

impl Working {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = Slipway::new(world.estate.path(), &tool("tofu")).into_command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child }
    }

    fn until(&mut self, what: &str, met: impl Fn() -> bool) {
        let deadline = Instant::now() + LONGEST;
        while !met() {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                panic!("it ended before {what}: {status}\n{text}");
            }
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn process(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill(self.process(), signal).unwrap();
    }

    /// Interrupts it so often, and waits for its end from the last one on.
    fn interrupted(self, times: usize) -> Stopped {
        // Not by what it says: that may be what hangs.
        for _ in 1..times {
            send(self.process(), Signal::SIGINT);
        }
        self.ended_by(Signal::SIGINT)
    }

    fn ended_by(self, signal: Signal) -> Stopped {
        let begun = Instant::now();
        self.signal(signal);
        let mut child = self.child;
        // Not by the ends of its streams: what it has left behind may hold them.
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < LONGEST, "it goes on");
            std::thread::sleep(Duration::from_millis(10));
        };
        let took = begun.elapsed();
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Stopped { code: status.code(), signal: status.signal(), took, text: text.join("\n") }
    }
}

impl Stopped {
    #[track_caller]
    fn at_once(self) -> Self {
        assert_eq!(self.code, Some(130), "{}", self.text);
        assert!(self.took < A_SECOND, "{:?}: {}", self.took, self.text);
        self
    }
}

/// The process whose number a script has written into a file.
fn noted(note: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(note).ok()?;
    text.strip_suffix('\n')?.trim().parse().ok()
}

fn runs(process: i32) -> bool {
    !is_over(process)
}

#[track_caller]
fn ends(process: i32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while runs(process) {
        assert!(Instant::now() < deadline, "process {process} goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A unit that starts a program which notes its number, and does not end.
fn endless(world: &World) -> PathBuf {
    endless_in(world, "inputs = {\n  x = CALL\n}\n")
}

fn endless_in(world: &World, unit: &str) -> PathBuf {
    let note = world.path("note");
    let script =
        format!("sh -c 'trap : INT TERM; echo $$ > {}; while :; do sleep 0.1; done'\ntrue\n", note.display());
    let script = world.estate.write("endless.sh", &script);
    world.unit("app", "", &unit.replace("CALL", &format!("run_cmd(\"sh\", \"{}\")", script.display())));
    note
}

#[test]
fn a_command_that_is_no_run_ends_at_the_first_interrupt_with_all_that_it_started() {
    for command in [&["render", "app"][..], &["validate", "live"], &["find", "live", "--format", "json"]] {
        let world = World::new();
        let note = endless_in(&world, "dependencies {\n  paths = [CALL]\n}\n");
        let mut working = Working::start(&world, command);
        working.until("it starts its program", || noted(&note).is_some());
        working.interrupted(1).at_once();
        ends(noted(&note).unwrap());
    }
}

#[test]
fn sigterm_ends_a_command_that_is_no_run_as_it_ends_any_program() {
    let world = World::new();
    let note = endless(&world);
    let mut working = Working::start(&world, &["render", "app"]);
    working.until("it starts its program", || noted(&note).is_some());
    let stopped = working.ended_by(Signal::SIGTERM);
    assert_eq!((stopped.code, stopped.signal), (None, Some(15)), "{}", stopped.text);
    ends(noted(&note).unwrap());
}

#[test]
fn the_second_interrupt_ends_an_evaluation_in_a_run() {
    let world = World::new();
    let note = endless(&world);
    // Only the run itself evaluates the inputs.
    let mut working = Working::start(&world, &["plan", "live"]);
    working.until("it starts its program", || noted(&note).is_some());
    let stopped = working.interrupted(2).at_once();
    ends(noted(&note).unwrap());
    assert!(stopped.text.contains("interrupted"), "{}", stopped.text);
}

#[test]
fn the_second_interrupt_ends_an_evaluation_that_only_computes() {
    let world = World::new();
    let note = world.path("note");
    let round = "length([for a in local.r: length([for b in local.r: length([for c in local.r: c])])])";
    // It would go on for hours. That it has begun is known by the program before it.
    let unit = format!(
        "locals {{\n  r = range(1000)\n}}\ninputs = {{\n  a = run_cmd(\"touch\", \"{}\")\n  b = try({round}, {round}, 1)\n}}\n",
        note.display()
    );
    world.unit("app", "", &unit);
    let mut working = Working::start(&world, &["--evaluation-budget", "1000000", "plan", "live"]);
    working.until("it starts its program", || note.exists());
    let stopped = working.interrupted(2).at_once();
    assert!(stopped.text.contains("interrupted"), "{}", stopped.text);
}

#[test]
fn the_second_interrupt_ends_a_fetch_that_hears_nothing_more() {
    let world = World::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    world.unit("app", &format!("http://{address}/module.tar.gz"), "");
    let mut working = Working::start(&world, &["plan", "live"]);
    server.set_nonblocking(true).unwrap();
    let asked = std::cell::RefCell::new(None);
    working.until("it asks", || {
        if let Ok((connection, _)) = server.accept() {
            asked.replace(Some(connection));
        }
        asked.borrow().is_some()
    });
    working.interrupted(2).at_once();
}

#[test]
fn the_second_interrupt_ends_an_unpacking() {
    let world = World::new();
    // Nothing in it comes to light for a long time: an archive may hold any number of empty pieces.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    Write::write_all(&mut encoder, b"").unwrap();
    let piece = encoder.finish().unwrap();
    std::fs::create_dir_all(world.path("dist")).unwrap();
    std::fs::write(world.path("dist/module.tar.gz"), piece.repeat((32 << 20) / piece.len())).unwrap();
    world.unit("app", "${get_repo_root()}/dist/module.tar.gz", "");
    let mut working = Working::start(&world, &["plan", "live"]);
    let scratch = world.path(".slipway/modules");
    let unpacks = || {
        let folders = std::fs::read_dir(scratch.join(".terragrunt-cache")).into_iter().flatten().flatten();
        folders.into_iter().any(|entry| entry.path().join("tree").is_dir())
    };
    working.until("it unpacks", unpacks);
    working.interrupted(2).at_once();
}

#[test]
fn the_third_interrupt_ends_everything_within_a_second() {
    let world = World::new();
    let note = world.path("note");
    // A hook that hears no interrupt, with somebody beside it who hears none either.
    let script =
        format!("trap '' INT TERM; (while :; do sleep 0.1; done) & echo $! > {}; wait", note.display());
    world.estate.write("deaf.sh", &script);
    let hook = "terraform {\n  source = \"${get_repo_root()}/modules//app\"\n  before_hook \"deaf\" {\n    \
                commands = [\"plan\"]\n    execute = [\"sh\", \"${get_repo_root()}/deaf.sh\"]\n  }\n}\n";
    world.unit("app", "", hook);
    let mut working = Working::start(&world, &["plan", "live"]);
    working.until("its hook begins", || noted(&note).is_some());
    working.interrupted(3).at_once();
    ends(noted(&note).unwrap());
}

#[test]
fn the_third_interrupt_ends_it_also_where_it_cannot_say_anything_any_more() {
    let world = World::new();
    let note = world.path("note");
    let script =
        format!("echo $$ > {}; yes a line that nobody reads | head -c 1000000; sleep 300", note.display());
    world.estate.write("talk.sh", &script);
    let hook = "terraform {\n  source = \"${get_repo_root()}/modules//app\"\n  before_hook \"talk\" {\n    \
                commands = [\"plan\"]\n    execute = [\"sh\", \"${get_repo_root()}/talk.sh\"]\n  }\n}\n";
    world.unit("app", "", hook);
    let mut command = Slipway::new(world.estate.path(), &tool("tofu")).into_command(&["plan", "live"]);
    command.env("SLIPWAY_LOG_FORMAT", "json");
    // A pipe that is full, and is not read from: each word of ours waits for ever.
    let (unread, full) = std::io::pipe().unwrap();
    // Another way into the pipe, which does not wait where it is full.
    let end = format!("/proc/self/fd/{}", full.as_raw_fd());
    let mut ours = OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(end).unwrap();
    let child = command.stdout(Stdio::null()).stderr(full).spawn().unwrap();
    drop(command);
    let mut working = Working { child };
    working.child.stderr = Some(Command::new("true").stderr(Stdio::piped()).spawn().unwrap().stderr.unwrap());
    working.until("its hook begins", || noted(&note).is_some());
    while ours.write(&[b'x'; 4096]).is_ok() {}
    while ours.write(b"x").is_ok() {}
    let stopped = working.interrupted(3);
    assert_eq!(stopped.code, Some(130));
    assert!(stopped.took < A_SECOND, "{:?}", stopped.took);
    drop(unread);
    ends(noted(&note).unwrap());
}

#[test]
fn what_a_tool_leaves_running_ends_with_a_run_that_is_terminated_and_with_no_other() {
    for signal in [Some(Signal::SIGTERM), None] {
        let world = World::new();
        let (note, begun) = (world.path("note"), world.path("begun"));
        // The first hook is long over when the signal comes; what it started is still in its group.
        world.estate.write("leave.sh", &format!("sleep 60 > /dev/null 2>&1 & echo $! > {}", note.display()));
        let wait = if signal.is_some() { "sleep 30" } else { "true" };
        world.estate.write("wait.sh", &format!("touch {}; exec {wait}", begun.display()));
        let hook = |name: &str| {
            format!(
                "  before_hook \"{name}\" {{\n    commands = [\"plan\"]\n    execute = [\"sh\", \
                 \"${{get_repo_root()}}/{name}.sh\"]\n  }}\n"
            )
        };
        let module = "terraform {\n  source = \"${get_repo_root()}/modules//app\"\n";
        world.unit("app", "", &format!("{module}{}{}}}\n", hook("leave"), hook("wait")));
        let mut working = Working::start(&world, &["plan", "live"]);
        working.until("the second hook begins", || begun.exists());
        let process = noted(&note).unwrap();
        if let Some(signal) = signal {
            assert!(runs(process));
            assert_eq!(working.ended_by(signal).code, Some(130));
            ends(process);
        } else {
            let output = working.child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(runs(process));
            kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
        }
    }
}

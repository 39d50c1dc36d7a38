//! One process under watch: how it ended, what it printed, how much memory it took, and whether it could be stopped.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// Beyond this the kernel gives no more, in KiB: the machine outlives whatever is found.
const ADDRESS_SPACE: u64 = 8 * 1024 * 1024;
/// How much of what is printed is looked at.
const MOST_PRINTED: u64 = 32 * 1024 * 1024;
const LOOK: Duration = Duration::from_millis(4);

/// When it is asked to stop.
#[derive(Clone, Copy)]
pub struct Patience {
    /// How long it may take, on a machine that does much else.
    pub whole: Duration,
    /// How much of a processor's time it may take.
    pub work: Duration,
    /// How long it may take behind the first and the second interrupt.
    pub interrupted: Duration,
    /// How long it may take behind the third.
    pub last: Duration,
}

impl Patience {
    /// Of the sweep: what a hostile tree costs is bounded.
    pub const USUAL: Self = Self {
        whole: Duration::from_secs(40),
        work: Duration::from_secs(20),
        interrupted: Duration::from_secs(2),
        last: Duration::from_secs(3),
    };
}

/// How it went.
pub struct Seen {
    /// The exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it answered.
    pub stdout: Vec<u8>,
    /// What it said.
    pub stderr: Vec<u8>,
    /// The most memory that it had at once, in KiB.
    pub peak: u64,
    /// How long it took.
    pub took: Duration,
    /// How many interrupts it got.
    pub interrupts: u32,
    /// Whether it had to be killed behind the last.
    pub killed: bool,
}

/// Starts a program with bounds, its output in files of a folder.
pub fn start(program: &Path, arguments: &[String], io: &Path, set_up: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("ulimit -v {ADDRESS_SPACE}; ulimit -c 0; exec \"$0\" \"$@\"")).arg(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    command.stdout(File::create(io.join("stdout")).unwrap()).stderr(File::create(io.join("stderr")).unwrap());
    set_up(&mut command);
    command.spawn().unwrap()
}

/// Waits for its end, and sees to it.
pub fn watch(mut child: Child, io: &Path, patience: Patience) -> Seen {
    let id = Pid::from_raw(child.id().try_into().unwrap());
    let began = Instant::now();
    let (mut peak, mut interrupts, mut killed) = (0, 0, false);
    let mut deadline = began + patience.whole;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(memory_of(id).unwrap_or_default());
        let has_worked = interrupts == 0 && work_of(id).is_some_and(|work| work > patience.work);
        if Instant::now() > deadline || has_worked {
            if interrupts == 3 {
                killed = true;
                let _gone = kill(id, Signal::SIGKILL);
            } else {
                interrupts += 1;
                let _gone = kill(id, Signal::SIGINT);
            }
            deadline = Instant::now() + if interrupts == 3 { patience.last } else { patience.interrupted };
        }
        std::thread::sleep(LOOK);
    };
    // What it has left in its own group, such as Git.
    let _none = killpg(id, Signal::SIGKILL);
    let printed = |name: &str| {
        let mut text = Vec::new();
        File::open(io.join(name)).unwrap().take(MOST_PRINTED).read_to_end(&mut text).unwrap();
        text
    };
    Seen {
        code: status.code(),
        signal: status.signal(),
        stdout: printed("stdout"),
        stderr: printed("stderr"),
        peak,
        took: began.elapsed(),
        interrupts,
        killed,
    }
}

/// The time that processors have worked for it.
fn work_of(id: Pid) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Behind the name, which may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
    // A hundred ticks are a second, on every Linux there is.
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

fn memory_of(id: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

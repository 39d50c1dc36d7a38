//! A command that is told to stop in turns. Each signal is sent when the one before was heard: of two that wait for a process,
//! one arrives.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::SIGINT;

/// Nothing that is waited for here takes as long on any machine.
const LONGEST: Duration = Duration::from_mins(6);
/// What is said of the first Ctrl-C, the second and the third; a signal that ends at once begins at the second.
const HEARD: [&str; 3] = ["stopping: nothing new begins", "interrupting what runs", "killing what runs"];

/// Sends a signal to a `slipway`, and waits until it has taken it or has ended. For where nothing that it says can be relied on:
/// the thread that takes signals sleeps, and goes to sleep once more when it has looked at one.
pub fn send(process: Pid, signal: Signal) {
    let before = naps(process);
    kill(process, signal).unwrap();
    until(&format!("{signal} is not taken"), || naps(process) != before || is_over(process.as_raw()));
}

/// Lets what is started from here on be interrupted. A shell starts what it puts into the background with Ctrl-C ignored, a suite
/// too, and every child would have that from it; a handler is nothing that it could have.
pub fn hear_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let as_ever = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_default(SIGINT, as_ever).unwrap();
    });
}

/// How often the thread that takes signals went to sleep; none where it is not there.
fn naps(process: Pid) -> Option<u64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    threads.flatten().find_map(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
        status.strip_prefix("Name:\tsignals\n")?;
        let (_, naps) = status.split_once("\nvoluntary_ctxt_switches:")?;
        naps.lines().next()?.trim().parse().ok()
    })
}

/// Whether a process has ended.
pub fn is_over(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// Waits until something is so.
pub fn until(what: &str, met: impl Fn() -> bool) {
    let deadline = Instant::now() + LONGEST;
    while !met() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for a file.
pub fn until_there(file: &Path) {
    until(&format!("{} did not appear", file.display()), || file.exists());
}

/// Waits until the processes are over whose numbers a file holds.
pub fn until_over(note: &Path) {
    let noted = std::fs::read_to_string(note).unwrap();
    let are_over = || noted.split_whitespace().all(|process| is_over(process.parse().unwrap()));
    until(&format!("{noted} go on"), are_over);
}

/// A command at work.
pub struct Stoppable {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Stoppable {
    /// Starts it; what it says is read from its beginning.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (mut stderr, into) = (child.stderr.take().unwrap(), Arc::clone(&said));
        let reading = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self { child, said, reading }
    }

    /// What it has said until now.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Sends signals one after the other: Ctrl-C goes a step further each time, and SIGTERM begins at the second step. The last
    /// one is waited for as well, until it was heard or the command has ended.
    pub fn signal(&self, signals: &[Signal]) {
        let mut step = 0;
        for signal in signals {
            kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), *signal).unwrap();
            step = if *signal == Signal::SIGINT || step > 0 { step + 1 } else { 2 };
            let heard = HEARD[usize::min(step, HEARD.len()) - 1];
            let is_heard = || self.said().contains(heard) || self.reading.is_finished();
            until(&format!("{signal} is not heard: {}", self.said()), is_heard);
        }
    }

    /// Interrupts it so often.
    pub fn interrupt(&self, times: usize) {
        self.signal(&vec![Signal::SIGINT; times]);
    }

    /// Its end.
    pub fn output(self) -> Output {
        let mut output = self.child.wait_with_output().unwrap();
        self.reading.join().unwrap();
        output.stderr = std::mem::take(&mut self.said.lock().unwrap());
        output
    }
}

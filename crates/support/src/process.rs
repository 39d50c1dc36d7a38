//! Long-running child processes: their output line by line, and how they are stopped.
//!
//! A child gets a process group of its own, so that a terminal's Ctrl-C does not reach it behind our back:
//! Terraform takes a second interrupt as the order to abandon its state. It is interrupted once, at
//! [`Stop::Interrupt`], and killed with its whole group at [`Stop::Kill`].

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::children::AtWork;
use super::environment;
use super::interrupt::{self, Interrupts, Stop};
use super::short;
use super::work_folder::{Follower, WorkFolder};

/// Lines kept for messages about a failure.
const TAIL_LINES: usize = 60;
/// How often the files of a command that outlives us are looked at, for the live log; its end is seen at once.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// How long a grandchild may hold the pipes open after the child has gone.
const DRAIN: Duration = Duration::from_secs(2);

/// A program that is yet to be started. It gets our environment without what only we need (see
/// [`environment::withhold`]); every program that is started anywhere here is started by this.
pub fn program(name: impl AsRef<OsStr>) -> std::process::Command {
    let mut command = std::process::Command::new(name);
    for variable in environment::withheld() {
        command.env_remove(variable);
    }
    command
}

/// What a program prints to its standard output, asked for nothing and left alone with what it says beside it. Blocking,
/// for questions that take milliseconds. One that is interrupted is an error of the kind `Interrupted`.
pub fn answer(name: impl AsRef<OsStr>, arguments: &[&str]) -> std::io::Result<String> {
    let mut command = program(&name);
    command.args(arguments).env("CHECKPOINT_DISABLE", "1");
    let before = interrupt::interruptions();
    let output = short::output(&command)?;
    if interrupt::interruptions() != before {
        return Err(std::io::Error::new(std::io::ErrorKind::Interrupted, "it was interrupted"));
    }
    if !output.status.success() {
        let program = name.as_ref().to_string_lossy();
        return Err(std::io::Error::other(format!("{program} ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned())
}

/// Which of its two streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// The program, by path or found on PATH.
    pub program: OsString,
    /// Its arguments; never secrets, every process can read them.
    pub arguments: Vec<OsString>,
    /// The folder it runs in.
    pub dir: PathBuf,
    /// Variables on top of our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What it reads from standard input; nothing where there is none.
    pub input: Option<Arc<File>>,
}

impl CommandLine {
    /// A command in a folder.
    pub fn new(program: impl Into<OsString>, dir: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), dir: dir.into(), ..Self::default() }
    }

    /// This command with one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// This command with one more argument that ends in a path, such as `-out=FILE`.
    #[must_use]
    pub fn setting(self, name: &str, path: impl AsRef<Path>) -> Self {
        let mut argument = OsString::from(name);
        argument.push(path.as_ref());
        self.arg(argument)
    }

    /// This command with more arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// This command with one more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// This command with more variables.
    #[must_use]
    pub fn envs(mut self, variables: &[(OsString, OsString)]) -> Self {
        self.environment.extend_from_slice(variables);
        self
    }

    /// This command with a text for standard input. It lies in a file without a name, so that it is gone with the process
    /// whatever happens to us.
    pub fn feed(mut self, text: &[u8]) -> std::io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text)?;
        file.rewind()?;
        self.input = Some(Arc::new(file));
        Ok(self)
    }

    /// The program's name without its folder, for messages.
    pub fn name(&self) -> String {
        let program = Path::new(&self.program);
        program.file_name().unwrap_or(&self.program).to_string_lossy().into_owned()
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit status.
    pub status: ExitStatus,
    /// The last lines of both streams, in the order they came.
    pub tail: Vec<String>,
    /// Whether it was interrupted or killed by us.
    pub interrupted: bool,
}

/// Why a process could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("{program} is not installed or not on PATH")]
    NotFound {
        /// The program.
        program: String,
    },
    /// It could not be started.
    #[error("could not start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It could not be waited for.
    #[error("lost {program}: {source}")]
    Wait {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Finds the process that has to get the interrupt, where it is not the child itself.
pub type InterruptTarget<'a> = &'a (dyn Fn() -> Option<i32> + Send + Sync);

/// Who may stop a command, and where it works.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// How far a person has asked to stop.
    pub interrupts: &'a Interrupts,
    /// Names another process to interrupt instead of the child, such as the Terraform under a wrapper; where it finds
    /// none, the child gets the interrupt.
    pub target: Option<InterruptTarget<'a>>,
    /// The place that a command works in that has to outlive us: it prints into files there. Without one it prints into
    /// pipes and dies with us, at its next line.
    pub place: Option<&'a WorkFolder>,
}

/// Runs a command to its end and hands over every line as it comes.
pub async fn run(
    command: &CommandLine,
    conditions: Conditions<'_>,
    mut on_line: impl FnMut(Stream, &str) + Send,
) -> Result<Finished, ProcessError> {
    let Conditions { interrupts, target, place } = conditions;
    let Started { mut child, mut output } = start(command, place)?;
    let at_work = AtWork::group(child.id());
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);

    let mut tail = VecDeque::with_capacity(TAIL_LINES);
    let mut take = |stream: Stream, line: String| {
        on_line(stream, &line);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    };
    let mut sent = Stop::None;
    let status = loop {
        let next = if sent >= Stop::Interrupt { Stop::Kill } else { Stop::Interrupt };
        tokio::select! {
            biased;
            () = output.more(&mut take) => {}
            status = child.wait() => break status,
            () = interrupts.reached(next), if sent < Stop::Kill => {
                // The step may have risen by two at once; an interrupt is never sent after a kill.
                sent = interrupts.step();
                send(sent, group, target);
            }
        }
    }
    .map_err(|source| ProcessError::Wait { program: command.name(), source })?;
    at_work.leader_ended();
    output.rest(&mut take).await;
    Ok(Finished { status, tail: tail.into(), interrupted: sent > Stop::Drain })
}

struct Started {
    child: Child,
    output: Output,
}

/// What a command prints.
enum Output {
    Pipes(mpsc::Receiver<(Stream, String)>),
    Files { stdout: Follower, stderr: Follower },
}

impl Output {
    /// Hands over what has come, or waits for it; never returns where nothing can come any more.
    async fn more(&mut self, take: &mut (impl FnMut(Stream, String) + Send)) {
        match self {
            Self::Pipes(lines) => match lines.recv().await {
                Some((stream, line)) => take(stream, line),
                None => std::future::pending().await,
            },
            Self::Files { stdout, stderr } => {
                tokio::time::sleep(LOOK_AGAIN).await;
                stdout.lines(false, |line| take(Stream::Stdout, line));
                stderr.lines(false, |line| take(Stream::Stderr, line));
            }
        }
    }

    /// Hands over what is left after the command has ended.
    async fn rest(self, take: &mut (impl FnMut(Stream, String) + Send)) {
        match self {
            Self::Pipes(mut lines) => {
                let drained = tokio::time::timeout(DRAIN, async {
                    while let Some((stream, line)) = lines.recv().await {
                        take(stream, line);
                    }
                });
                let _grandchild_keeps_pipe = drained.await;
            }
            Self::Files { mut stdout, mut stderr } => {
                stdout.lines(true, |line| take(Stream::Stdout, line));
                stderr.lines(true, |line| take(Stream::Stderr, line));
                stdout.forget();
                stderr.forget();
            }
        }
    }
}

fn start(command: &CommandLine, place: Option<&WorkFolder>) -> Result<Started, ProcessError> {
    let failed = |source: std::io::Error| {
        let program = command.name();
        // A folder that is not there gives the same error as a program that is not there.
        if source.kind() == std::io::ErrorKind::NotFound && command.dir.is_dir() {
            ProcessError::NotFound { program }
        } else {
            ProcessError::Start { program, source }
        }
    };
    let mut process = Command::from(program(&command.program));
    process
        .args(&command.arguments)
        .current_dir(&command.dir)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .process_group(0);
    let Some(place) = place else {
        let stdin = command.input.as_ref().map(|file| file.try_clone()).transpose().map_err(failed)?;
        process.stdin(stdin.map_or_else(Stdio::null, Stdio::from));
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().map_err(failed)?;
        let (sender, lines) = mpsc::channel(256);
        pump(child.stdout.take(), Stream::Stdout, sender.clone());
        pump(child.stderr.take(), Stream::Stderr, sender);
        return Ok(Started { child, output: Output::Pipes(lines) });
    };
    let lost = |source| ProcessError::Start { program: command.name(), source };
    let (writer, stdout) = place.output_file("stdout").map_err(lost)?.split();
    process.stdout(writer);
    let (writer, stderr) = place.output_file("stderr").map_err(lost)?.split();
    process.stderr(writer).stdin(place.stdin().map_err(lost)?);
    let child = process.spawn().map_err(failed)?;
    Ok(Started { child, output: Output::Files { stdout, stderr } })
}

fn send(step: Stop, group: Option<Pid>, target: Option<InterruptTarget<'_>>) {
    let Some(group) = group else { return };
    // A process that has just ended cannot be signalled, and need not be.
    let _gone = match step {
        Stop::Kill => killpg(group, Signal::SIGKILL),
        Stop::Interrupt => {
            let process = target.and_then(|find| find()).map_or(group, Pid::from_raw);
            kill(process, Signal::SIGINT)
        }
        Stop::None | Stop::Drain => Ok(()),
    };
}

fn pump<R>(reader: Option<R>, stream: Stream, lines: mpsc::Sender<(Stream, String)>)
where
    R: AsyncRead + Unpin + Send + 'static,
{
    let Some(reader) = reader else { return };
    tokio::spawn(async move {
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        // Bytes, not strings: what a tool prints is not always UTF-8.
        while let Ok(1..) = reader.read_until(b'\n', &mut bytes).await {
            let line = String::from_utf8_lossy(&bytes);
            if lines.send((stream, line.trim_end_matches(['\n', '\r']).to_owned())).await.is_err() {
                break;
            }
            bytes.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::channel;

    fn alone(interrupts: &Interrupts) -> Conditions<'_> {
        Conditions { interrupts, target: None, place: None }
    }

    fn shell(script: &str) -> CommandLine {
        CommandLine::new("sh", std::env::temp_dir()).arg("-c").arg(script)
    }

    #[tokio::test]
    async fn lines_of_both_streams_arrive_and_the_status_is_kept() {
        let (_interruptor, interrupts) = channel();
        let mut seen = Vec::new();
        let finished = run(
            &shell("echo out; echo err >&2; printf 'last'; exit 3"),
            alone(&interrupts),
            |stream, line| {
                seen.push((stream, line.to_owned()));
            },
        )
        .await
        .unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert!(seen.contains(&(Stream::Stdout, "out".to_owned())));
        assert!(seen.contains(&(Stream::Stderr, "err".to_owned())));
        assert!(seen.contains(&(Stream::Stdout, "last".to_owned())));
    }

    #[tokio::test]
    async fn what_prints_into_files_is_read_whole_and_while_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let place = WorkFolder::take(dir.path(), Path::new("unit"), "a test").unwrap().unwrap();
        let (interruptor, interrupts) = channel();
        let conditions = Conditions { place: Some(&place), ..alone(&interrupts) };
        let mut seen = Vec::new();
        let script = "echo out; echo err >&2; sleep 30; printf 'never'";
        let finished = run(&shell(script), conditions, |stream, line| {
            seen.push((stream, line.to_owned()));
            if seen.len() == 2 {
                interruptor.raise(Stop::Kill);
            }
        })
        .await
        .unwrap();
        assert!(finished.interrupted);
        assert_eq!(seen, [(Stream::Stdout, "out".to_owned()), (Stream::Stderr, "err".to_owned())]);

        let (_interruptor, interrupts) = channel();
        let mut last = String::new();
        let conditions = Conditions { place: Some(&place), ..alone(&interrupts) };
        run(&shell("seq 20000; printf 'end'"), conditions, |_, line| line.clone_into(&mut last))
            .await
            .unwrap();
        assert_eq!(last, "end");
        assert_eq!(place.left_behind(), None, "the files are gone when the command is");
    }

    #[tokio::test]
    async fn the_second_step_sends_exactly_one_interrupt() {
        let (interruptor, interrupts) = channel();
        // Python, because a shell cannot trap what was ignored when it started, as SIGINT is in background jobs.
        // It waits for the first interrupt however slow the machine is, and then a while for a second one.
        let program = "import signal, time\ncount = 0\n\
                       def counted(*_):\n    global count\n    count += 1\n\
                       signal.signal(signal.SIGINT, counted)\nprint('ready', flush=True)\n\
                       end = time.monotonic() + 30\n\
                       while not count and time.monotonic() < end: time.sleep(0.02)\n\
                       end = time.monotonic() + 0.3\n\
                       while time.monotonic() < end: time.sleep(0.02)\n\
                       print('count', count, flush=True)";
        let command = CommandLine::new("python3", std::env::temp_dir()).arg("-c").arg(program);
        let mut lines = Vec::new();
        let finished = run(&command, alone(&interrupts), |_, line| {
            if line == "ready" {
                interruptor.press();
                interruptor.press();
            }
            lines.push(line.to_owned());
        })
        .await
        .unwrap();
        assert_eq!(lines.last().map(String::as_str), Some("count 1"), "{lines:?}");
        assert!(finished.interrupted);
    }

    #[tokio::test]
    async fn the_third_step_kills_the_whole_group() {
        let (interruptor, interrupts) = channel();
        let started = std::time::Instant::now();
        let script = "trap '' INT; sleep 30 & echo ready; wait; sleep 30";
        let finished = run(&shell(script), alone(&interrupts), |_, line| {
            if line == "ready" {
                interruptor.raise(Stop::Kill);
            }
        })
        .await
        .unwrap();
        assert!(!finished.status.success());
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let (_interruptor, interrupts) = channel();
        let command = CommandLine::new("no-such-program-here", std::env::temp_dir());
        let error = run(&command, alone(&interrupts), |_, _| {}).await.unwrap_err();
        assert_eq!(error.to_string(), "no-such-program-here is not installed or not on PATH");
    }
}

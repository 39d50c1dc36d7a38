//! Where output goes: a terminal of two widths, two pipes, and the log of a pipeline.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terminal::shown;
use crate::support::tool;

/// Variables that the command has beside those of every test.
pub type Settings = Vec<(String, String)>;

/// Where the output of a command goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A terminal with a person before it, of so many columns.
    Terminal(usize),
    /// Two pipes, one a stream.
    Pipes,
    /// A pipeline of GitHub's: both streams in one log.
    Pipeline,
}

/// All of them.
pub const ALL: [Surface; 4] =
    [Surface::Terminal(80), Surface::Terminal(160), Surface::Pipes, Surface::Pipeline];

/// What happens while a command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Nobody does anything; a question would fail the test.
    Away,
    /// Somebody who answers the question with no, where there is one to be asked.
    Declines,
    /// Somebody who interrupts once when the file `started` is there.
    Interrupts,
}

impl Surface {
    /// What it is called in a snapshot.
    pub fn title(self) -> String {
        match self {
            Self::Terminal(columns) => format!("a terminal of {columns} columns"),
            Self::Pipes => "two pipes".to_owned(),
            Self::Pipeline => "a pipeline".to_owned(),
        }
    }

    /// Runs a command there, and gives all that it showed and its exit code at the end, without what differs from one
    /// time to the next.
    pub fn run(self, estate: &Estate, arguments: &[&str], person: Person, settings: &Settings) -> String {
        let mut slipway = Slipway::new(estate.path(), &tool("tofu"))
            .env_remove("SLIPWAY_VERBOSE")
            .env_remove("SLIPWAY_COLOR")
            .env("USER", "somebody")
            .env("STARTED", estate.path().join("started"))
            .env("SLIPWAY_MANIFESTS_URL", estate.path().join("manifests.git"))
            // One unit after the other, so that the lines have one order.
            .env("SLIPWAY_PARALLELISM", "1");
        for (name, value) in settings {
            slipway = slipway.env(name, value);
        }
        let text = match self {
            Self::Terminal(columns) => {
                let command = slipway.env("TERM", "xterm-256color").into_command(arguments);
                let started = format!("@{}", estate.path().join("started").display());
                let answers: &[&str] = match person {
                    Person::Away => &[],
                    Person::Declines if matches!(arguments, ["destroy" | "down", ..]) => &["Type ", "no\n"],
                    Person::Declines => &["[y]es", "no\n"],
                    Person::Interrupts => &[&started, "\u{3}"],
                };
                let shown = shown(&command, (50, columns, 0), answers);
                format!("{}\nexit code {}\n", shown.text().trim_end(), shown.code)
            }
            Self::Pipes => {
                let (out, err) = (estate.path().join("out"), estate.path().join("err"));
                let files = (File::create(&out).unwrap(), File::create(&err).unwrap());
                let code = to_files(slipway.into_command(arguments), files, estate.path(), person);
                let [out, err] = [out, err].map(|file| taken(&file));
                let streams = [("standard output", out), ("standard error", err)];
                let streams = streams.into_iter().filter(|(_, text)| !text.is_empty());
                let streams = streams.map(|(name, text)| format!("-- {name}\n{}\n", text.trim_end()));
                format!("{}exit code {code}\n", streams.collect::<String>())
            }
            Self::Pipeline => {
                let slipway = slipway.env("CI", "true").env("GITHUB_ACTIONS", "true");
                let log = estate.path().join("log");
                let file = File::create(&log).unwrap();
                let files = (file.try_clone().unwrap(), file);
                let code = to_files(slipway.into_command(arguments), files, estate.path(), person);
                format!("{}\nexit code {code}\n", taken(&log).trim_end())
            }
        };
        super::normal::normal(&text, estate.path())
    }
}

/// Reads a file and removes it, since it is none of the estate's.
fn taken(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::remove_file(file).unwrap();
    text
}

fn to_files(mut command: Command, (out, err): (File, File), folder: &Path, person: Person) -> i32 {
    let mut child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
    if person == Person::Interrupts {
        while !folder.join("started").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before anything was started");
            std::thread::sleep(Duration::from_millis(20));
        }
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    }
    child.wait().unwrap().code().unwrap_or(-1)
}

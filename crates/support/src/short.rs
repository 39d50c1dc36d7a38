//! Short programs: asked one thing, waited for, and their answer taken whole. Blocking.
//!
//! They are run by duct, which feeds a program and reads both of its streams at once, whichever it fills first. What runs for
//! long, and has to be told to stop in turns, is started by [`process::run`](super::process::run); what may print without end,
//! by [`capture`](super::capture::capture).

use std::io::{Error, ErrorKind, Result};
use std::process::{Command, Output};
use std::time::Duration;

use super::children::{self, AtWork};

/// Runs a program to its end with nothing on its standard input. None is left when we are stopped.
pub fn output(command: &Command) -> Result<Output> {
    finish(&expression(command).stdin_null())
}

/// Runs a program to its end that reads `input`. One that ends before it has read everything says why by itself.
pub fn output_fed(command: &Command, input: &[u8]) -> Result<Output> {
    finish(&expression(command).stdin_bytes(input))
}

/// The same, and no longer than that: one that has not ended by then is killed with all that it has started, which is an error
/// of the kind `TimedOut`.
pub fn output_within(command: &Command, input: &[u8], patience: Duration) -> Result<Output> {
    let (handle, at_work) = start(&expression(command).stdin_bytes(input))?;
    if handle.wait_timeout(patience)?.is_none() {
        at_work.kill();
        return Err(Error::new(ErrorKind::TimedOut, format!("it did not end in {} s", patience.as_secs())));
    }
    handle.into_output()
}

fn finish(expression: &duct::Expression) -> Result<Output> {
    let (handle, _at_work) = start(expression)?;
    handle.into_output()
}

fn start(expression: &duct::Expression) -> Result<(duct::Handle, AtWork)> {
    let expression = expression.stdout_capture().stderr_capture().unchecked();
    children::start(|| expression.start(), |handle| handle.pids().first().copied())
}

/// The program, its arguments, its folder and its variables; its streams are ours to say.
fn expression(command: &Command) -> duct::Expression {
    let mut expression = duct::cmd(command.get_program(), command.get_args());
    if let Some(folder) = command.get_current_dir() {
        expression = expression.dir(folder);
    }
    for (name, value) in command.get_envs() {
        expression = match value {
            Some(value) => expression.env(name, value),
            None => expression.env_remove(name),
        };
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_answer_comes_whole_with_both_streams_and_the_status() {
        let output = output(&shell("seq 100000; seq 100000 >&2; cat; exit 3")).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(output.stdout.ends_with(b"\n100000\n") && output.stderr == output.stdout);
    }

    #[test]
    fn folder_and_variables_are_the_commands_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = shell("pwd -P; echo ${HOME-none} $GIVEN");
        command.current_dir(folder.path()).env_remove("HOME").env("GIVEN", "x");
        let told = String::from_utf8(output(&command).unwrap().stdout).unwrap();
        let real = folder.path().canonicalize().unwrap();
        assert_eq!(told, format!("{}\nnone x\n", real.display()));
    }

    #[test]
    fn what_is_fed_may_be_more_than_a_pipe_holds_and_more_than_is_read() {
        let input = vec![b'x'; 1_000_000];
        assert_eq!(output_fed(&shell("cat"), &input).unwrap().stdout, input);
        assert_eq!(output_fed(&shell("head -c 3"), &input).unwrap().stdout, b"xxx");
        assert!(output_fed(&shell("exit 0"), &input).unwrap().status.success());
    }

    #[test]
    fn what_does_not_end_is_ended_with_all_that_it_started() {
        let begun = std::time::Instant::now();
        let late =
            output_within(&shell("sleep 300 & sleep 300"), b"", Duration::from_millis(200)).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(100));
        let output = output_within(&shell("cat"), b"in time", Duration::from_secs(100)).unwrap();
        assert_eq!(output.stdout, b"in time");
    }

    #[test]
    fn a_program_that_is_not_there_is_named_by_the_kind_of_error() {
        let missing = output(&Command::new("no-such-program-here")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }
}

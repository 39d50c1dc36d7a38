//! What a program prints, taken whole and no further than it may be long.

use std::io::{Read, Result};
use std::process::{Command, ExitStatus, Stdio};

use super::children::start_evaluation;

/// The last bytes of standard error that are kept: what is wrong is said at the end.
const COMPLAINT: usize = 64 * 1024;

/// How a program ended.
#[derive(Debug)]
pub struct Captured {
    /// The exit status.
    pub status: ExitStatus,
    /// Standard output; none where there was more of it than may be.
    pub stdout: Option<Vec<u8>>,
    /// The end of standard error.
    pub stderr: Vec<u8>,
}

/// Runs a program that an expression starts, to its end; it is killed where it prints more than `most` bytes, and where
/// evaluation is interrupted.
pub fn capture(command: &mut Command, most: usize) -> Result<Captured> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, at_work) = start_evaluation(command)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = std::thread::scope(|scope| {
        let complaint = scope.spawn(|| stderr.map(end_of).unwrap_or_default());
        let stdout = stdout.map(|stdout| up_to(stdout, most)).transpose().map(Option::unwrap_or_default);
        if !matches!(stdout, Ok(Some(_))) {
            at_work.kill();
        }
        (stdout, complaint.join().unwrap_or_default())
    });
    let status = child.wait()?;
    Ok(Captured { status, stdout: stdout?, stderr })
}

/// Everything, where it is no more than that.
fn up_to(mut stream: impl Read, most: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    stream.by_ref().take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// The last bytes.
fn end_of(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(COMPLAINT));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, most: usize) -> Captured {
        capture(Command::new("sh").args(["-c", script]), most).unwrap()
    }

    #[test]
    fn what_is_printed_comes_whole_with_the_end_of_what_is_complained_of() {
        let captured = shell("printf 12345; seq 100000 >&2; exit 3", 5);
        assert_eq!(captured.status.code(), Some(3));
        assert_eq!(captured.stdout.as_deref(), Some(&b"12345"[..]));
        assert!(captured.stderr.len() <= COMPLAINT);
        assert!(captured.stderr.ends_with(b"\n99999\n100000\n"));
    }

    #[test]
    fn a_program_that_prints_without_end_is_ended() {
        let captured = shell("yes; true", 1_000_000);
        assert!(captured.stdout.is_none());
        // And one that goes on quietly behind what it has printed.
        let captured = shell("printf 123456; sleep 300", 5);
        assert!(captured.stdout.is_none());
    }
}

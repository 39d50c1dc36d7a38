//! Functions that start a program.

use std::path::{Path, PathBuf};

use super::{Answer, decrypted, from_config_dir, one};
use crate::terragrunt::evaluation::reader::CommandKey;
use crate::terragrunt::evaluation::scope::FileScope;
use slipway_hcl::budget::take;
use slipway_hcl::limits::MOST_TEXT;
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;
use slipway_support::capture::capture;
use slipway_support::fs::refuse_unreadable;
use slipway_support::{environment, process};

/// The steps of asking for the answer of a program, whatever it does.
const PROGRAM_STEPS: u64 = 5_000;

/// How much of a failed program's complaint is repeated.
const MOST_LINES: usize = 10;

/// Runs a program in the folder of the unit; the answer is what it prints, without one line end.
pub(super) fn run_cmd(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let mut rest = arguments;
    let (mut global, mut cached) = (false, true);
    while let [option, behind @ ..] = rest {
        match option.as_str() {
            // What a program prints is never shown here, so there is nothing to be quiet about.
            "--terragrunt-quiet" => {}
            "--terragrunt-global-cache" => global = true,
            "--terragrunt-no-cache" => cached = false,
            _ => break,
        }
        rest = behind;
    }
    if global && !cached {
        return Err(CallError::new("--terragrunt-global-cache and --terragrunt-no-cache exclude each other"));
    }
    let [program, program_arguments @ ..] = rest else {
        return Err(CallError::new("run_cmd needs a program to run"));
    };
    if !scope.session.reader.options().exec {
        return Ok(passed_over(scope));
    }
    // Here, and not where it is started: that the budget of one unit is spent is no answer for others.
    take(PROGRAM_STEPS)?;
    let folder = scope.config_dir();
    let start = || run(scope, folder, program, program_arguments);
    let answer = if cached {
        // The folder does not count for the global cache: the first one to ask decides.
        let key = CommandKey { folder: (!global).then(|| folder.to_path_buf()), words: rest.to_vec() };
        scope.session.reader.command(&key, start)
    } else {
        start()
    };
    answer.map(|output| Value::string(output.strip_suffix('\n').unwrap_or(&output))).map_err(CallError::new)
}

/// Decrypts a file by the `sops` program, once a run.
pub(super) fn sops_decrypt_file(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let file: PathBuf = from_config_dir(scope, one("sops_decrypt_file", arguments)?);
    scope.session.mark_read(file.as_path());
    if !scope.session.reader.options().exec {
        return Ok(passed_over(scope));
    }
    take(PROGRAM_STEPS)?;
    // The program would wait for a pipe.
    refuse_unreadable(&file).map_err(|error| CallError::new(error.to_string()))?;
    let words = vec!["--decrypt".to_owned(), file.display().to_string()];
    let key = CommandKey { folder: None, words: [vec!["sops".to_owned()], words.clone()].concat() };
    let start = || run(scope, scope.config_dir(), "sops", &words).inspect(|text| decrypted::keep(text));
    let answer = scope.session.reader.command(&key, start);
    answer.map(Value::string).map_err(CallError::new)
}

/// What is not known, because nobody is asked. It is counted, and each who asks is told so: an answer that was kept would
/// look like one that rests on nothing.
pub(super) fn passed_over(scope: &FileScope<'_>) -> Value {
    scope.session.mark_own();
    scope.session.reader.pass_over();
    Value::Unknown
}

fn run(scope: &FileScope<'_>, folder: &Path, program: &str, arguments: &[String]) -> Result<String, String> {
    scope.session.count(|counts| counts.commands += 1);
    let environment = scope.session.reader.options().environment.iter();
    let mut command = process::program(program);
    command.args(arguments).current_dir(folder).env_clear();
    command.envs(environment.filter(|(name, _)| !environment::is_withheld(name)));
    command.envs(scope.session.reader.options().variables_of(folder)?);
    let output =
        capture(&mut command, MOST_TEXT).map_err(|error| format!("{program} cannot be started: {error}"))?;
    let Some(stdout) = output.stdout else {
        return Err(format!("{program} prints more than {} MiB, so it was ended", MOST_TEXT / 1024 / 1024));
    };
    if output.status.success() {
        return String::from_utf8(stdout).map_err(|_| format!("what {program} prints is not UTF-8"));
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = complaint.trim_end().lines().collect();
    let last = lines.get(lines.len().saturating_sub(MOST_LINES)..).unwrap_or_default().join("\n");
    let ended = output
        .status
        .code()
        .map_or_else(|| "was ended by a signal".to_owned(), |code| format!("failed with exit code {code}"));
    Err(if last.is_empty() { format!("{program} {ended}") } else { format!("{program} {ended}: {last}") })
}

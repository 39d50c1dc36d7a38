//! Policy programs: the plan goes in by standard input, which leaves it on no disk; the answer comes out.

use super::answer::{Answer, of_command, of_conftest, of_opa};
use super::{Case, Policies};
use crate::engine::EngineError;
use crate::project::policy::{Conftest, Opa};
use crate::support::process::{self, CommandLine, Conditions, ProcessError, Stream};

/// How a program ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `conftest test --output json -`.
pub async fn conftest(
    settings: &Conftest,
    policies: &Policies,
    case: &Case<'_>,
) -> Result<Answer, EngineError> {
    let mut command = CommandLine::new(&settings.program, &policies.dir).args([
        "test",
        "--output",
        "json",
        "--no-color",
        "--parser",
        "json",
    ]);
    for policy in &settings.policy {
        command = command.arg("--policy").arg(policy);
    }
    for data in &settings.data {
        command = command.arg("--data").arg(data);
    }
    for namespace in &settings.namespaces {
        command = command.arg("--namespace").arg(namespace);
    }
    if settings.all_namespaces {
        command = command.arg("--all-namespaces");
    }
    answered(command.arg("-"), policies, case, of_conftest).await
}

/// `opa eval --format json --stdin-input data.PACKAGE`.
pub async fn opa(settings: &Opa, policies: &Policies, case: &Case<'_>) -> Result<Answer, EngineError> {
    let mut command = CommandLine::new(&settings.program, &policies.dir).args([
        "eval",
        "--format",
        "json",
        "--stdin-input",
    ]);
    for policy in &settings.policy {
        command = command.arg("--data").arg(policy);
    }
    let package = &settings.package;
    let command = command.arg(format!("data.{package}"));
    answered(command, policies, case, |stdout, code, stderr| of_opa(stdout, code, stderr, package)).await
}

/// Any program.
pub async fn command(words: &[String], policies: &Policies, case: &Case<'_>) -> Result<Answer, EngineError> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(Answer::undecided("it names no program"));
    };
    let command = CommandLine::new(program, &policies.dir).args(arguments);
    answered(command, policies, case, of_command).await
}

async fn answered(
    command: CommandLine,
    policies: &Policies,
    case: &Case<'_>,
    read: impl FnOnce(&str, Option<i32>, &str) -> Answer,
) -> Result<Answer, EngineError> {
    let fed = command.feed(case.text.as_bytes());
    let command = match fed {
        Ok(command) => command.env("SLIPWAY_UNIT", case.unit).env("SLIPWAY_COMMAND", &policies.command),
        Err(error) => return Ok(Answer::undecided(format!("the plan cannot be handed over: {error}"))),
    };
    Ok(match run(&command, case).await? {
        Ok(ended) => read(&ended.stdout, ended.code, &ended.stderr),
        Err(error) => Answer::undecided(error.to_string()),
    })
}

/// Runs a program to its end. What it prints is not logged before it is masked: it has seen secrets.
pub async fn run(command: &CommandLine, case: &Case<'_>) -> Result<Result<Ended, ProcessError>, EngineError> {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let conditions = Conditions { interrupts: case.reporter.interrupts(), target: None, place: None };
    let finished = process::run(command, conditions, |stream, line| {
        let into = if stream == Stream::Stdout { &mut stdout } else { &mut stderr };
        into.push_str(line);
        into.push('\n');
    })
    .await;
    let finished = match finished {
        Ok(finished) => finished,
        Err(error) => return Ok(Err(error)),
    };
    for line in stderr.lines() {
        case.reporter.log(&case.secrets.redact(line));
    }
    if finished.interrupted {
        return Err(EngineError::Interrupted { command: command.name() });
    }
    Ok(Ok(Ended { code: finished.status.code(), stdout, stderr }))
}

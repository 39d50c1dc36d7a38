//! One command of a tool for one unit: its lines to the log, its end to a result.

use super::errand::Hearer;
use super::error::known_advice;
use super::said::{Said, status_in_words};
use super::ui::UiReader;
use super::{Applied, EngineError, PlanSummary, Session};
use crate::support::process::{self, CommandLine, Conditions, Finished, InterruptTarget, Stream};
use crate::support::redact;

/// A command that ended as it should.
pub struct Ran {
    /// What the machine-readable UI told.
    pub ui: UiReader,
    /// Standard output as it came, only where it was asked for.
    pub stdout: String,
    /// 0, or another code that was allowed.
    pub code: i32,
}

impl Ran {
    /// What an apply in one start of the tool has done. One that has told no plan is taken for one that changed
    /// something.
    pub fn into_applied(self) -> Applied {
        let unknown = || PlanSummary { changes: true, ..PlanSummary::default() };
        Applied { summary: self.ui.plan_within().unwrap_or_else(unknown), outputs: self.ui.into_outputs() }
    }
}

/// How to run it.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// What it is called in messages, such as `terraform plan`.
    pub label: &'a str,
    /// Exit codes that are no failure, besides 0.
    pub allowed: &'a [i32],
    /// Keep standard output instead of logging it: it may hold secrets.
    pub capture: bool,
    /// Who gets an interrupt instead of the child.
    pub target: Option<InterruptTarget<'a>>,
    /// Takes the plan inside an apply, as soon as it has been told and before the first change.
    pub planned: Option<&'a (dyn Fn(&PlanSummary) + Send + Sync)>,
    /// Whether it plans: it has not ended well before it has told a plan, whatever its exit code says. Terragrunt ends with 0 where
    /// the tool was killed, and with 2 where its `init` did.
    pub plans: bool,
    /// Whether it applies something: where it does not come to its end, what it has done is told.
    pub applies: bool,
    /// Who reads standard error, where the tool runs inside of another program.
    pub wrapper: Option<&'a dyn Wrapper>,
    /// Who hears each line as it was printed, besides the log.
    pub heard: Option<&'a dyn Hearer>,
    /// Asked before each line, until it says that it has learned which values must not be shown.
    pub learn: Option<&'a (dyn Fn() -> bool + Send + Sync)>,
}

/// Reads what a program says that runs the tool for us.
pub trait Wrapper: Send + Sync {
    /// Takes a line of its standard error and returns the text a person should see for it.
    fn take(&self, line: &str) -> String;
    /// Whether a line is of its own log, and no word of the tool's.
    fn is_own(&self, line: &str) -> bool;
    /// Why it failed, where it has said so.
    fn failure(&self, command: &str) -> Option<EngineError>;
    /// What the tool printed to standard error, as far as it has been handed on.
    fn stderr(&self) -> String;
}

impl<'a> Options<'a> {
    /// Nothing but 0 is allowed, everything is logged.
    pub fn new(label: &'a str) -> Self {
        Self { label, ..Self::default() }
    }
}

/// Runs it to its end.
pub async fn run(
    command: &CommandLine,
    options: Options<'_>,
    session: Session<'_>,
) -> Result<Ran, EngineError> {
    // What is set for it alone is not in our own environment, where it would be known by its name.
    for (name, value) in &command.environment {
        redact::known().add_variable(&name.to_string_lossy(), &value.to_string_lossy());
    }
    let mut ui = UiReader::default();
    let mut stdout = String::new();
    let mut text = Vec::new();
    let mut waiting = options.planned;
    let mut learn = options.learn;
    session.watcher.line(&format!("$ {}", display(command)));
    // An answer that is kept may hold secrets, which must not lie in a file; whoever only answers may die with us.
    let place = session.place.filter(|_| !options.capture);
    let conditions = Conditions { interrupts: session.interrupts, target: options.target, place };
    let finished = process::run(command, conditions, |stream, line| {
        if learn.is_some_and(|learn| learn()) {
            learn = None;
        }
        if stream == Stream::Stdout && options.capture {
            stdout.push_str(line);
            stdout.push('\n');
            return;
        }
        let is_own = stream == Stream::Stderr && options.wrapper.is_some_and(|wrapper| wrapper.is_own(line));
        let printed = line;
        let line = match stream {
            Stream::Stdout => {
                let line = ui.take(line);
                if let Some(planned) = waiting
                    && let Some(summary) = ui.plan_within()
                {
                    planned(&summary);
                    waiting = None;
                }
                line
            }
            Stream::Stderr => options.wrapper.map_or_else(|| line.to_owned(), |wrapper| wrapper.take(line)),
        };
        if let Some(heard) = options.heard.filter(|_| !is_own) {
            heard.line(stream, if stream == Stream::Stdout { printed } else { &line });
        }
        session.watcher.line(&line);
        text.push(Line { stream, text: line, is_own });
    })
    .await?;
    let code = finished.status.code().unwrap_or(-1);
    let is_good = code == 0 || (options.allowed.contains(&code) && !finished.interrupted);
    let lacks_plan = options.plans && (!ui.has_plan() || (code == 0 && ui.has_sums()));
    if is_good && !lacks_plan {
        return Ok(Ran { ui, stdout, code });
    }
    if options.applies {
        session.watcher.changed(&ui.done());
    }
    Err(failure(&finished, &ui, &text, command, Options { plans: is_good, ..options }))
}

/// A line that was printed.
struct Line {
    stream: Stream,
    text: String,
    /// Whether the program around the tool said it of itself.
    is_own: bool,
}

/// Reads the answer of `state list`: an address a line; a state that was never written is an error of its own.
pub fn lists_resources(ran: Result<Ran, EngineError>) -> Result<bool, EngineError> {
    match ran {
        Ok(ran) => Ok(ran.stdout.lines().any(|line| !line.trim().is_empty())),
        Err(EngineError::Failed { cause, .. }) if cause.contains("No state file was found") => Ok(false),
        Err(error) => Err(error),
    }
}

fn failure(
    finished: &Finished,
    ui: &UiReader,
    text: &[Line],
    line: &CommandLine,
    options: Options<'_>,
) -> EngineError {
    let command = options.label.to_owned();
    if finished.interrupted {
        return EngineError::Interrupted { command };
    }
    let of = |wanted: Stream| {
        let lines = text.iter().filter(|line| line.stream == wanted && !line.is_own);
        lines.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    };
    let handed_on = options.wrapper.map(Wrapper::stderr).filter(|text| !text.is_empty());
    let stderr = handed_on.unwrap_or_else(|| of(Stream::Stderr));
    let said = Box::new(Said {
        command: display(line),
        stderr: format!("{stderr}{}", ui.errors()),
        stdout: format!("{}{}", of(Stream::Stdout), ui.warnings()),
        status: status_in_words(finished.status),
    });
    let lines = |of_tool: bool| -> Vec<String> {
        text.iter().filter(|line| !of_tool || !line.is_own).map(|line| line.text.clone()).collect()
    };
    let cause = if let Some(error) = ui.first_error() {
        error.to_owned()
    } else if let Some(failure) = options.wrapper.and_then(|wrapper| wrapper.failure(&command)) {
        return failure.saying(said);
    } else {
        let status = finished.status;
        let end =
            if options.plans { format!("it ended without a plan, {status}") } else { status.to_string() };
        cause_in(&lines(true), &end)
    };
    let advice = known_advice(&cause).or_else(|| known_advice(&lines(false).join("\n")));
    EngineError::Failed { command, cause, advice, said }
}

/// The first error in human output: the line that begins with `Error`, and what explains it; without one the last
/// line, with how the program ended.
pub fn cause_in(lines: &[String], status: &str) -> String {
    // It announces the error that is meant.
    const ANNOUNCEMENT: &str = "encountered problems during initiali";
    let strip = |line: &String| {
        let line = console::strip_ansi_codes(line);
        line.trim_start_matches(['│', '╷', '╵', '|', ' ']).trim().to_owned()
    };
    let plain: Vec<String> = lines.iter().map(strip).collect();
    let is_error = |line: &String| {
        (line.starts_with("Error: ") || line.starts_with("Error ")) && !line.contains(ANNOUNCEMENT)
    };
    match plain.iter().position(is_error) {
        Some(index) => {
            let explanation = plain.iter().skip(index).filter(|line| !line.is_empty()).take(4);
            explanation.map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        None => match plain.iter().rfind(|line| !line.is_empty()) {
            Some(last) => format!("{last} ({status})"),
            None => status.to_owned(),
        },
    }
}

/// A command with its arguments, the program without its folder.
fn display(command: &CommandLine) -> String {
    let arguments = command.arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(command.name()).chain(arguments).collect::<Vec<_>>().join(" ")
}

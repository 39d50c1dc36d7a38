//! What is told where there is no [`super::ui::Ui`]: before the flags are known, and when something breaks.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use super::exit::Exit;
use crate::support::{redact, shown};
use crate::ui::{shows_color, tell_json, write_line};

/// Whether lines of JSON are wanted, as far as arguments tell that cannot be read whole.
pub fn wants_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut arguments = arguments.into_iter().skip(1).take_while(|argument| argument != "--");
    let mut asked = std::env::var_os("SLIPWAY_LOG_FORMAT").filter(|format| !format.is_empty());
    while let Some(argument) = arguments.next() {
        if argument == "--log-format" {
            asked = arguments.next();
        } else if let Some(format) = argument.to_str().and_then(|text| text.strip_prefix("--log-format=")) {
            asked = Some(OsString::from(format));
        }
    }
    asked.as_deref() == Some(OsStr::new("json"))
}

/// Tells that the arguments are wrong, or answers with help or the version. They are shown without their secrets: an
/// address on the command line may hold some. `hint` is what to type instead, where that is known.
pub fn tell_usage(error: &clap::Error, hint: Option<&str>) -> Exit {
    if !error.use_stderr() {
        // Printing them fails only where nobody reads.
        let _closed = error.print();
        return Exit::Done;
    }
    let text = error.render();
    if wants_json(std::env::args_os()) {
        tell_json("error", text.to_string().trim_start_matches("error: "), hint);
        return Exit::Usage;
    }
    let colours = shows_color(std::io::stderr().is_terminal());
    let text = if colours { text.ansi().to_string() } else { text.to_string() };
    // The usage of a command that was not meant would only stand in the way.
    let text = match hint {
        Some(hint) => format!("{}\n  help: {hint}", text.lines().next().unwrap_or_default()),
        None => text,
    };
    write_line(shown::stream(&redact::clean(&text), colours).trim_end_matches('\n'));
    Exit::Usage
}

/// Tells of a mistake of ours as of anything else: without secrets, and as JSON where that is wanted.
pub fn tell_panics() {
    let json = wants_json(std::env::args_os());
    std::panic::set_hook(Box::new(move |panic| {
        let text = described(panic);
        if json {
            tell_json("error", &text, Some(HELP));
        } else {
            write_line(&shown::stream(&redact::clean(&format!("error: {text}\n  help: {HELP}")), false));
        }
    }));
}

const HELP: &str = "this is a mistake in slipway: please report it; RUST_BACKTRACE=1 tells more";

fn described(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("something that should never happen");
    let trace = Backtrace::capture();
    match trace.status() {
        BacktraceStatus::Captured => format!("slipway broke{place}: {why}\n{trace}"),
        _ => format!("slipway broke{place}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_for_json_is_seen_in_arguments_that_are_wrong() {
        let wants = |arguments: &[&str]| wants_json(arguments.iter().map(OsString::from));
        assert!(wants(&["slipway", "--log-format", "json", "--nonsense"]));
        assert!(wants(&["slipway", "plan", "--log-format=json"]));
        assert!(!wants(&["slipway", "--log-format=json", "--log-format", "pretty"]));
        assert!(!wants(&["slipway", "exec", "--", "--log-format=json"]));
        assert!(!wants(&["slipway", "--log-format"]));
    }
}

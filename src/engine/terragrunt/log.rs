//! Terragrunt's own log: a JSON object a line on standard error, and in it the cause of a failure.
//!
//! Its last error says what went wrong, wrapped: `error occurred:`, a bullet for each cause, and in a bullet the
//! command that failed with what that printed. A hook that fails is told by its name before.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::engine::EngineError;
use crate::engine::error::known_advice;
use crate::engine::process::{Wrapper, cause_in};
use crate::terragrunt::config::{Errors, Ignore};

/// Reads the log of one command.
#[derive(Debug, Default)]
pub struct Log(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    hook: Option<Hook>,
    ignored: Option<String>,
    /// The last error.
    error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hook {
    name: String,
    said: String,
}

/// One line; `time` is in a format of its own, and nobody needs it.
#[derive(Deserialize)]
struct Entry {
    level: String,
    msg: String,
}

impl Log {
    /// The hook that failed, as a failure.
    pub fn hook_failure(&self) -> Option<EngineError> {
        let Hook { name, said } = self.lock().hook.clone()?;
        Some(EngineError::Hook { name, cause: said, said: Box::default() })
    }

    /// The failure that Terragrunt itself has passed over, where it did.
    pub fn ignored(&self, errors: Option<&Errors>, command: &str) -> Option<EngineError> {
        let reason = self.lock().ignored.clone()?;
        let says = |rule: &&Ignore| rule.message.as_deref().unwrap_or_default() == reason;
        let rule = errors.and_then(|errors| errors.ignore.iter().find(says));
        Some(EngineError::Ignored {
            command: command.to_owned(),
            rule: rule.map(|rule| rule.name.clone()).unwrap_or_default(),
            message: Some(reason).filter(|reason| !reason.is_empty()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wrapper for Log {
    fn take(&self, line: &str) -> String {
        // What hooks print comes in between.
        let Ok(Entry { level, msg }) = serde_json::from_str::<Entry>(line) else { return line.to_owned() };
        let mut seen = self.lock();
        match level.as_str() {
            "error" => {
                match failed_hook(&msg) {
                    Some(hook) => seen.hook = seen.hook.take().or(Some(hook)),
                    None => seen.error = Some(msg.clone()),
                }
                format!("error: {msg}")
            }
            "warn" => {
                if let Some(reason) = msg.strip_prefix("Ignoring error, reason: ") {
                    seen.ignored = Some(reason.to_owned());
                }
                format!("warning: {msg}")
            }
            _ => msg,
        }
    }

    fn is_own(&self, line: &str) -> bool {
        let entry = serde_json::from_str::<Entry>(line);
        entry.is_ok_and(|entry| !matches!(entry.level.as_str(), "stdout" | "stderr"))
    }

    fn failure(&self, command: &str) -> Option<EngineError> {
        if let Some(hook) = self.hook_failure() {
            return Some(hook);
        }
        let error = self.lock().error.clone()?;
        let cause = cause_of(&error);
        let advice = known_advice(&cause).or_else(|| known_advice(&error));
        Some(EngineError::Failed { command: command.to_owned(), cause, advice, said: Box::default() })
    }

    fn stderr(&self) -> String {
        self.lock().error.as_deref().map(words_of_command).unwrap_or_default()
    }
}

/// `Hook "guard" (command: …) exited with non-zero exit code 3:` and what it printed, since 1.0; before that
/// `Error running hook guard with message: …`.
fn failed_hook(message: &str) -> Option<Hook> {
    if let Some(rest) = message.strip_prefix("Hook \"") {
        let (name, rest) = rest.split_once('"')?;
        let at = rest.find(" exited with ").or_else(|| rest.find(" failed"))?;
        let rest = rest.get(at..)?;
        let (end, printed) = rest.split_once('\n').unwrap_or((rest, ""));
        let end = end.trim().trim_end_matches(':').trim_start_matches("exited with ");
        let said =
            if printed.trim().is_empty() { end.to_owned() } else { format!("{} ({end})", words(printed)) };
        return Some(Hook { name: name.to_owned(), said });
    }
    let rest = message.strip_prefix("Error running hook ")?;
    let (name, said) = rest.split_once(" with message: ")?;
    Some(Hook { name: name.to_owned(), said: cause_of(said) })
}

/// The cause inside Terragrunt's wrapping.
fn cause_of(error: &str) -> String {
    let Some((before, bullets)) = error.split_once("occurred:\n\n* ") else { return plain(error) };
    // `downloading source url … \nerror occurred:`; before the first bullet stands nothing else of use.
    let context = before.rsplit_once('\n').map(|(context, _)| format!("{}: ", words(context)));
    let causes: Vec<String> =
        bullets.split("\n\n* ").map(unwrapped).filter(|cause| !cause.is_empty()).collect();
    format!("{}{}", context.unwrap_or_default(), causes.join("; "))
}

/// One bullet: what the failed command printed, or the bullet itself.
fn unwrapped(bullet: &str) -> String {
    let Some(rest) = bullet.strip_prefix("Failed to execute \"") else { return plain(bullet) };
    let Some((head, printed)) = rest.split_once('\n') else { return plain(bullet) };
    let mut lines: Vec<String> = printed.trim_end().lines().map(str::to_owned).collect();
    // `exit status 1` comes last.
    let status = lines.pop().unwrap_or_default().trim().to_owned();
    let said = cause_in(&lines, &status);
    if said != status {
        return said;
    }
    // It has said nothing: then the command is all there is.
    let command = head.split_once("\" in ").map_or(head, |(command, _)| command);
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    format!("{program} {}: {status}", words.next().unwrap_or_default())
}

/// All that the command printed whose failure Terragrunt tells of, without the status at its end; its own words where no
/// command failed.
fn words_of_command(error: &str) -> String {
    let Some((_, printed)) = error.split_once("Failed to execute \"") else { return error.to_owned() };
    let (_, printed) = printed.split_once('\n').unwrap_or_default();
    let printed = printed.trim_end();
    let without = printed.rsplit_once('\n').filter(|(_, last)| last.trim().starts_with("exit status "));
    without.map_or(printed, |(printed, _)| printed).to_owned()
}

/// The first paragraph: what follows is advice of some pages.
fn plain(text: &str) -> String {
    let paragraph: Vec<_> = text.trim().lines().take_while(|line| !line.trim().is_empty()).collect();
    words(&paragraph.join(" "))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: &str, message: &str) -> String {
        serde_json::json!({ "time": "2026-11-24UTC15:36:00Z", "level": level, "msg": message }).to_string()
    }

    fn failure(lines: &[(&str, &str)]) -> String {
        let log = Log::default();
        for (level, message) in lines {
            log.take(&line(level, message));
        }
        log.failure("terragrunt plan").unwrap().to_string()
    }

    #[test]
    fn the_message_is_taken_out_and_loud_ones_keep_their_level() {
        let log = Log::default();
        assert_eq!(log.take(&line("info", "Downloading")), "Downloading");
        assert_eq!(log.take(&line("warn", "old")), "warning: old");
        assert_eq!(log.take("printed by a hook"), "printed by a hook");
        assert!(log.failure("terragrunt plan").is_none());
    }

    #[test]
    fn the_words_of_the_command_that_failed_are_the_cause() {
        let message = "error occurred:\n\n* Failed to execute \"/x/tofu init -no-color\" in ./.terragrunt-cache/a/b\n  \n  \
                       OpenTofu encountered problems during initialization, including problems\n  with the configuration, \
                       described below.\n  \n  Error: Invalid expression\n  \n    on main.tf line 2, in output \"x\":\n     \
                       2:  value = \n  \n  Expected the start of an expression.\n  \n  exit status 1\n";
        let failure = failure(&[("info", "TIP: see the docs"), ("error", message)]);
        assert!(
            failure.starts_with("terragrunt plan failed: Error: Invalid expression on main.tf line 2"),
            "{failure}"
        );
    }

    #[test]
    fn a_hook_that_fails_is_the_cause_and_not_what_comes_of_it() {
        let failure = failure(&[
            (
                "error",
                "Hook \"guard\" (command: sh -c \"exit 3\") exited with non-zero exit code 3:\nthe freeze is on",
            ),
            ("error", "Errors encountered running before_hooks. Not running 'terraform'."),
            (
                "error",
                "error occurred:\n\n* Failed to execute \"sh -c exit 3\" in .\n  the freeze is on\n  \n  exit status 3\n",
            ),
        ]);
        assert_eq!(failure, "hook guard failed: the freeze is on (non-zero exit code 3)");
    }

    #[test]
    fn errors_of_terragrunts_own_are_told_without_its_pages_of_advice() {
        let message = "resolving dependency \"q\" outputs: a is a dependency of b but detected no outputs.\n\nIf this \
                       dependency is accessed before";
        let expected = "terragrunt plan failed: resolving dependency \"q\" outputs: a is a dependency of b but detected no outputs.";
        assert_eq!(failure(&[("error", "Error: Unknown variable"), ("error", message)]), expected);
        let message = "downloading source url git::file:///nowhere\nerror occurred:\n\n* /usr/bin/git exited with 128: \
                       fatal: not a repository\n  \n  Please make sure\n";
        let expected = "terragrunt plan failed: downloading source url git::file:///nowhere: /usr/bin/git exited with 128: fatal: not a repository";
        assert_eq!(failure(&[("error", message)]), expected);
    }

    #[test]
    fn several_causes_are_all_told() {
        let message = "2 errors occurred:\n\n* first\n\n* Failed to execute \"/x/tofu plan -input=false\" in .\n  \n  exit status 1\n";
        assert_eq!(failure(&[("error", message)]), "terragrunt plan failed: first; tofu plan: exit status 1");
    }
}

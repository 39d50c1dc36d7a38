//! Failures told apart by what the tool said: the patterns of `errors` blocks.

use std::path::Path;

use super::EngineError;
use crate::hcl::go_regex;
use crate::hcl::json::to_json;
use crate::support::confined::{EVERYBODY, Root};
use crate::terragrunt::config::{Errors, Ignore};

/// What Terragrunt calls the file of signals, in the folder the tool runs in.
const SIGNALS_FILE: &str = "error-signals.json";

/// Whether a list of patterns covers a text.
///
/// As in Terragrunt, the first pattern that matches decides: one that begins with `!` says no. They are held against
/// the text on one line, with everything that is no letter, digit or plain sign taken out.
pub fn covers(patterns: &[String], text: &str) -> bool {
    let text = plain(text);
    patterns
        .iter()
        .find_map(|pattern| {
            let (negated, bare) =
                pattern.strip_prefix('!').map_or((false, pattern.as_str()), |bare| (true, bare));
            let matches = go_regex::compile(bare).is_ok_and(|regex| regex.is_match(&text));
            matches.then_some(!negated)
        })
        .unwrap_or(false)
}

fn plain(text: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || "./'\"():=- ".contains(letter);
    let text = console::strip_ansi_codes(text);
    let spaced: String = text.chars().map(|letter| if kept(letter) { letter } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Turns a failure that an `ignore` block covers into one that is to be passed over, and leaves the block's signals
/// in the folder `dir`.
pub fn passed_over(error: EngineError, errors: Option<&Errors>, dir: &Root) -> EngineError {
    let Some(told) = error.told() else { return error };
    let covering = |rule: &&Ignore| covers(&rule.ignorable_errors, &told);
    let Some(rule) = errors.and_then(|errors| errors.ignore.iter().find(covering)) else { return error };
    if !rule.signals.is_empty() {
        let signals = rule.signals.iter().filter_map(|(name, value)| Some((name.clone(), to_json(value)?)));
        let signals: serde_json::Map<_, _> = signals.collect();
        let text = serde_json::to_vec_pretty(&signals).unwrap_or_default();
        if let Err(error) = dir.write(Path::new(SIGNALS_FILE), &text, EVERYBODY) {
            return error.into();
        }
    }
    let command = match &error {
        EngineError::Failed { command, .. } => command.clone(),
        EngineError::Hook { name, .. } => format!("hook {name}"),
        _ => "fetching the source".to_owned(),
    };
    EngineError::Ignored { command, rule: rule.name.clone(), message: rule.message.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::said::Said;
    use crate::hcl::value::Value;

    fn texts(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    #[test]
    fn the_first_pattern_that_matches_decides() {
        let patterns = texts(&["!.*fatal.*", ".*Throttling.*"]);
        assert!(covers(&patterns, "Error: Throttling\n\nslow down"));
        assert!(!covers(&patterns, "fatal: Throttling"));
        assert!(covers(&texts(&[".*Throttling.*", "!.*fatal.*"]), "fatal: Throttling"));
        assert!(!covers(&patterns, "AccessDenied"));
    }

    #[test]
    fn lines_and_boxes_do_not_stand_between_the_words() {
        assert!(covers(
            &texts(&["creating bucket: it is there"]),
            "│ Error: creating\n│ \u{1b}[1mbucket: it is there"
        ));
    }

    #[test]
    fn a_failure_that_is_ignored_leaves_its_signals() {
        let dir = tempfile::tempdir().unwrap();
        let rule = Ignore {
            name: "known".to_owned(),
            ignorable_errors: texts(&[".*known.*"]),
            message: Some("it is known".to_owned()),
            signals: [("alert".to_owned(), Value::Bool(false))].into(),
        };
        let errors = Errors { ignore: vec![rule], ..Errors::default() };
        let failed = |cause: &str| EngineError::Failed {
            command: "tofu apply".to_owned(),
            cause: cause.to_owned(),
            advice: None,
            said: Box::new(Said { stderr: cause.to_owned(), ..Said::default() }),
        };
        let folder = Root::at(dir.path()).unwrap();
        let ignored = passed_over(failed("a known fault"), Some(&errors), &folder);
        assert_eq!(ignored.to_string(), "tofu apply failed, which is ignored: it is known");
        let signals = std::fs::read_to_string(dir.path().join("error-signals.json")).unwrap();
        assert_eq!(signals, "{\n  \"alert\": false\n}");
        assert!(matches!(passed_over(failed("another"), Some(&errors), &folder), EngineError::Failed { .. }));
    }
}

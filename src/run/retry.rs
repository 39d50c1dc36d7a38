//! `errors { retry }`: which failures are tried again, and when.

use std::time::Duration;

use regex::Regex;

use crate::engine::EngineError;
use crate::terragrunt::config::{Errors, Retry};

/// How long to wait before trying again, where a rule covers the failure and has attempts left.
///
/// `attempt` counts from 1. Only what the tool itself said is tried again.
pub fn pause(errors: Option<&Errors>, error: &EngineError, attempt: u32) -> Option<Duration> {
    let EngineError::Failed { cause, .. } = error else { return None };
    let rule = errors?.retry.iter().find(|rule| covers(rule, cause))?;
    (attempt < rule.max_attempts).then(|| Duration::from_secs(rule.sleep_interval_sec.into()))
}

/// A pattern that begins with `!` takes what it matches out again, as in Terragrunt.
fn covers(rule: &Retry, text: &str) -> bool {
    let matches = |pattern: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
    let patterns = || rule.retryable_errors.iter().map(String::as_str);
    patterns().filter_map(|pattern| pattern.strip_prefix('!')).all(|pattern| !matches(pattern))
        && patterns().filter(|pattern| !pattern.starts_with('!')).any(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covered_failure_is_tried_again_until_its_attempts_are_used() {
        let rule = Retry {
            name: "throttled".to_owned(),
            retryable_errors: vec![".*Throttling.*".to_owned(), "!.*fatal.*".to_owned()],
            max_attempts: 3,
            sleep_interval_sec: 2,
        };
        let errors = Errors { retry: vec![rule], ..Errors::default() };
        let failed = |cause: &str| EngineError::Failed {
            command: "tofu apply".to_owned(),
            cause: cause.to_owned(),
            advice: None,
        };
        let pause = |cause: &str, attempt| pause(Some(&errors), &failed(cause), attempt);
        assert_eq!(pause("Throttling: slow down", 1), Some(Duration::from_secs(2)));
        assert_eq!(pause("Throttling: slow down", 3), None);
        assert_eq!(pause("fatal Throttling", 1), None);
        assert_eq!(pause("AccessDenied", 1), None);
    }
}

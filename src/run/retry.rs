//! Which failures are tried again, and when: `errors { retry }`, and those that pass by themselves.

use std::time::Duration;

use super::event::EventKind;
use super::node::Reporter;
use crate::engine::EngineError;
use crate::engine::failure::covers;
use crate::support::interrupt::Stop;
use crate::terragrunt::DEFAULT_RETRYABLE_ERRORS;
use crate::terragrunt::config::Errors;

/// Failures that pass by themselves and that Terragrunt's list does not have: throttling, services that are busy, and
/// AWS's parts that learn late of what another part has just made.
const PASSING: &[&str] = &[
    "Throttling",
    "ThrottledException",
    "Rate exceeded",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "StatusCode: (429|500|502|503|504)[^0-9]",
    "connection reset by peer",
    "TLS handshake timeout",
    "cannot be assumed by (Lambda|EKS|the service)",
    "Invalid principal in policy",
    "OperationAborted: A conflicting conditional operation",
];
/// As Terragrunt has them.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait before trying again, where a rule covers the failure and has attempts left.
///
/// `attempt` counts from 1. Only what was run for the unit is tried again: its tool, its hooks, bringing its source.
/// The wrapped Terragrunt is told not to try again itself.
fn pause(errors: Option<&Errors>, error: &EngineError, attempt: u32) -> Option<Duration> {
    let cause = &error.told()?;
    let own = errors.map(|errors| errors.retry.as_slice()).unwrap_or_default();
    if let Some(rule) = own.iter().find(|rule| covers(&rule.retryable_errors, cause)) {
        return (attempt < rule.max_attempts).then(|| Duration::from_secs(rule.sleep_interval_sec.into()));
    }
    // Terragrunt's list is for units that have none of their own.
    let defaults = if own.is_empty() { DEFAULT_RETRYABLE_ERRORS } else { &[] };
    let patterns: Vec<_> = PASSING.iter().chain(defaults).map(|&pattern| pattern.to_owned()).collect();
    (attempt < ATTEMPTS && covers(&patterns, cause)).then(|| with_jitter(attempt))
}

/// Waits as long and says so, so that the next attempt may begin; the failure itself where there is none to come, or where the run
/// is to end meanwhile.
pub async fn wait(
    errors: Option<&Errors>,
    error: EngineError,
    attempt: &mut u32,
    reporter: &Reporter,
) -> Result<(), EngineError> {
    let Some(pause) = pause(errors, &error, *attempt) else { return Err(error) };
    reporter.emit(EventKind::Retrying {
        node: reporter.node.clone(),
        attempt: *attempt,
        seconds: pause.as_secs_f64(),
        cause: error.to_string(),
    });
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = reporter.interrupts().reached(Stop::Drain) => return Err(error),
    }
    *attempt += 1;
    Ok(())
}

/// Longer with each attempt, and never the same for two units that were refused at the same time.
fn with_jitter(attempt: u32) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.pow(attempt.saturating_sub(1));
    let random = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    pause + pause * random / 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Said;
    use crate::terragrunt::config::Retry;

    fn failed(cause: &str) -> EngineError {
        let said = Box::new(Said { stderr: cause.to_owned(), ..Said::default() });
        EngineError::Failed { command: "tofu apply".to_owned(), cause: String::new(), advice: None, said }
    }

    #[test]
    fn a_covered_failure_is_tried_again_until_its_attempts_are_used() {
        let rule = Retry {
            name: "busy".to_owned(),
            retryable_errors: vec!["!.*fatal.*".to_owned(), ".*busy.*".to_owned()],
            max_attempts: 3,
            sleep_interval_sec: 2,
        };
        let errors = Errors { retry: vec![rule], ..Errors::default() };
        let pause = |cause: &str, attempt| pause(Some(&errors), &failed(cause), attempt);
        assert_eq!(pause("it is busy", 1), Some(Duration::from_secs(2)));
        assert_eq!(pause("it is busy", 3), None);
        assert_eq!(pause("fatal: it is busy", 1), None);
        assert_eq!(pause("AccessDenied", 1), None);
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_without_being_told_and_waits_longer_each_time() {
        let throttled = failed("creating VPC: api error ThrottlingException: Rate exceeded");
        let first = pause(None, &throttled, 1).unwrap();
        let second = pause(None, &throttled, 2).unwrap();
        assert!(first >= FIRST_PAUSE && first < second, "{first:?} {second:?}");
        assert_eq!(pause(None, &throttled, 3), None);
        let registry = failed("Failed to query available provider packages: net/http: timeout");
        assert!(pause(None, &registry, 1).is_some());
        assert_eq!(pause(None, &failed("Unsupported argument"), 1), None);
        assert_eq!(pause(None, &failed("StatusCode: 400, ValidationError"), 1), None);
    }
}

//! How long AWS is waited for, and how often it is asked again.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(10);
const ALL_ATTEMPTS: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 4;

/// Waiting is bounded: 5 s to connect, 10 s for an answer to begin, 30 s with all attempts. Without this a connection
/// that hangs, as behind a firewall that has forgotten it, holds a run for ever.
pub fn patience() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(ALL_ATTEMPTS)
        .build()
}

/// Four attempts with growing pauses: throttling, broken connections and busy services pass by themselves.
pub fn attempts() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

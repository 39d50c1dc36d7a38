//! How long AWS is waited for, and how often it is asked again.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

use crate::support::web::Limits;

/// What is asked for decides how much an answer is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// A run needs the answer: 5 s to connect, 10 s for an answer to begin, 30 s with all attempts. Without this a
    /// connection that hangs, as behind a firewall that has forgotten it, holds a run for ever.
    #[default]
    Work,
    /// Whether there is an answer is the question, and somebody sits there: 2 s to connect, 3 s for an answer to begin,
    /// 5 s in all.
    Look,
}

impl Patience {
    /// How long, for the SDK.
    pub fn timeouts(self) -> TimeoutConfig {
        let Limits { connect, silence, whole } = self.limits();
        TimeoutConfig::builder()
            .connect_timeout(connect)
            .operation_attempt_timeout(silence)
            .operation_timeout(whole)
            .build()
    }

    /// How long, for what is asked without the SDK.
    pub(super) fn limits(self) -> Limits {
        let (connect, silence, whole) = match self {
            Self::Work => (5, 10, 30),
            Self::Look => (2, 3, 5),
        };
        let [connect, silence, whole] = [connect, silence, whole].map(Duration::from_secs);
        Limits { connect, silence, whole }
    }

    /// How often: attempts with growing pauses, since throttling, broken connections and busy services pass by themselves.
    pub fn attempts(self) -> RetryConfig {
        RetryConfig::standard().with_max_attempts(match self {
            Self::Work => 4,
            Self::Look => 2,
        })
    }
}

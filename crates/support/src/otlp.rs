//! OpenTelemetry by its variables: where what is told of a run goes, and the trace that it is part of.

pub mod settings;
pub mod trace_context;

use self::settings::{Signal, target};
use self::trace_context::TraceContext;

/// The context that a program is handed which works for a part of ours; none where nobody collects traces, and what we were handed
/// goes on as it is.
pub fn handed_on(name: &str) -> Option<String> {
    let is_collected = matches!(target(Signal::Traces, &variable), Ok(Some(_)));
    is_collected.then(|| TraceContext::current().handed_on(name))
}

/// A variable of this process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

//! Runs told to OpenTelemetry: traces and metrics, as OTLP over HTTP in JSON, where the environment names a collector.
//!
//! The variables are those of OpenTelemetry's specification (`OTEL_EXPORTER_OTLP_ENDPOINT` and its kin). All is sent once, at the end of
//! a run, and what is not taken is said and changes nothing else.

mod attributes;
mod metrics;
mod spans;

use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderName};
use serde_json::{Value, json};

use self::attributes::{attributes, text};
use super::model::Summary;
use crate::support::address::Address;
use crate::support::otlp::settings::{Signal, Target, resource, target};
use crate::support::otlp::trace_context::TraceContext;
use crate::support::otlp::variable;
use crate::support::shown::one_line;
use crate::support::web::{Answer, Asking, Limits, Web};

/// How long a collector may say nothing at all: nobody waits for one that is down.
const SILENCE: Duration = Duration::from_secs(1);
/// How many spans are sent at once: collectors take some megabytes.
const AT_ONCE: usize = 512;
/// How much of an answer is read.
const MOST_ANSWER: usize = 64 * 1024;

/// Sends what there is to tell of a run. Returns what of it was not taken, and why, a sentence each.
pub async fn send(summary: &Summary) -> Vec<String> {
    let spans = sent(Signal::Traces, || {
        let spans = spans::spans(summary, TraceContext::current());
        spans.into_iter().map(|span| json!(span)).collect()
    });
    let metrics = sent(Signal::Metrics, || metrics::metrics(summary));
    let (spans, metrics) = tokio::join!(spans, metrics);
    [("trace was", spans), ("metrics were", metrics)]
        .into_iter()
        .filter_map(|(what, sent)| Some(format!("the run's {what} not taken: {}", sent.err()?)))
        .collect()
}

async fn sent(signal: Signal, told: impl FnOnce() -> Vec<Value>) -> Result<(), String> {
    let Some(target) = target(signal, &variable)? else { return Ok(()) };
    let told = told();
    let silence = SILENCE.min(target.timeout);
    let web = Web::with_limits(Limits { connect: silence, silence, whole: target.timeout });
    let all = async {
        for part in told.chunks(AT_ONCE) {
            post(&web, &target, &envelope(signal, part)).await?;
        }
        Ok(())
    };
    let late = format!("{} does not take it in {:?}", Address::from(target.url.as_str()), target.timeout);
    tokio::time::timeout(target.timeout, all).await.unwrap_or(Err(late))
}

/// Spans or metrics with what they are about.
fn envelope(signal: Signal, told: &[Value]) -> Value {
    let resource = resource(&variable);
    let about = attributes(resource.iter().map(|(key, value)| (key.as_str(), Some(text(value)))));
    let about = json!({ "attributes": about });
    let scope = json!({ "name": "slipway", "version": env!("CARGO_PKG_VERSION") });
    match signal {
        Signal::Traces => json!({ "resourceSpans": [{
            "resource": about, "scopeSpans": [{ "scope": scope, "spans": told }],
        }] }),
        Signal::Metrics => json!({ "resourceMetrics": [{
            "resource": about, "scopeMetrics": [{ "scope": scope, "metrics": told }],
        }] }),
    }
}

async fn post(web: &Web, target: &Target, body: &Value) -> Result<(), String> {
    let mut headers = vec![(CONTENT_TYPE, "application/json".to_owned())];
    for (name, value) in &target.headers {
        let name =
            HeaderName::try_from(name.as_str()).map_err(|_| format!("a header cannot be called {name:?}"))?;
        // Some are secrets; what is sent by POST is led nowhere else.
        headers.push((name, value.clone()));
    }
    let asking = Asking { authorization: None, headers: &headers };
    let answer = web.change(Method::POST, &target.url, asking, body.to_string().into_bytes()).await;
    let answer = answer.and_then(Answer::successful).map_err(|error| error.to_string())?;
    let answer = answer.text(MOST_ANSWER).await.unwrap_or_default();
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let Some(partly) = answer.get("partialSuccess") else { return Ok(()) };
    let refused =
        ["rejectedSpans", "rejectedDataPoints"].iter().filter_map(|field| partly.get(field)).any(|count| {
            count.as_u64().unwrap_or_default() > 0 || count.as_str().is_some_and(|count| count != "0")
        });
    if refused {
        let why = partly.get("errorMessage").and_then(Value::as_str).unwrap_or("it does not say why");
        return Err(format!(
            "{} refused a part of it: {}",
            Address::from(target.url.as_str()),
            one_line(why)
        ));
    }
    Ok(())
}

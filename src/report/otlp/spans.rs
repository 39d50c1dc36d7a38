//! A run as spans: the run, below it each node that began, and below that each step.

use serde::Serialize;
use serde_json::Value;

use super::attributes::{attributes, moment, text, whole};
use crate::engine::PlanSummary;
use crate::report::model::{Row, Summary};
use crate::run::event::Outcome;
use crate::support::otlp::trace_context::TraceContext;

/// As the specification numbers them.
const INTERNAL: u8 = 1;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// A span, with the names of OTLP's JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    trace_id: String,
    #[serde(rename = "spanId")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<SpanEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// Something that happened in a span.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanEvent {
    time_unix_nano: String,
    name: &'static str,
    attributes: Vec<Value>,
}

/// Whether it is well, and what is wrong where it is not.
#[derive(Debug, Serialize)]
struct Status {
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// All spans of a run. Each has the id that its tools were told, so that theirs stand below it.
pub fn spans(summary: &Summary, context: &TraceContext) -> Vec<Span> {
    let first = summary.resumed_at();
    let told = Told { summary, context };
    let mut spans = vec![told.run(first)];
    for row in &summary.nodes {
        // What had ended before the run was gone on with is in the trace of its own process.
        if let Some(began) = row.began.filter(|began| *began >= first) {
            told.node(row, began, &mut spans);
        }
    }
    spans
}

struct Told<'a> {
    summary: &'a Summary,
    context: &'a TraceContext,
}

impl Told<'_> {
    /// A span between two seconds of the run.
    fn span(&self, id: &str, parent: Option<&str>, name: &str, (from, to): (f64, f64)) -> Span {
        Span {
            trace_id: self.context.trace.clone(),
            id: id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            name: name.to_owned(),
            kind: INTERNAL,
            start_time_unix_nano: moment(self.summary, from),
            end_time_unix_nano: moment(self.summary, to),
            attributes: Vec::new(),
            events: Vec::new(),
            status: None,
        }
    }

    fn run(&self, first: f64) -> Span {
        let Self { summary, context } = self;
        let name = format!("slipway {}", summary.command);
        let is_well = summary.nodes.iter().all(|row| row.outcome.as_ref().is_some_and(Outcome::is_success));
        let attributes = attributes([
            ("slipway.run.id", Some(text(&summary.run))),
            ("slipway.command", Some(text(&summary.command))),
            ("slipway.engine", Some(text(&summary.engine))),
            ("slipway.parallelism", Some(whole(summary.parallelism))),
            ("vcs.ref.head.revision", summary.commit.as_deref().map(text)),
        ]);
        let status = Some(Status { code: if is_well { OK } else { ERROR }, message: None });
        // How long it took is measured by another clock than when its nodes ended.
        let ended = summary.nodes.iter().filter_map(|row| row.ended).fold(summary.seconds, f64::max);
        let span = self.span(&context.span, context.parent.as_deref(), &name, (first, ended));
        Span { attributes, status, ..span }
    }

    /// A node, and behind it its steps: each lasts until the next one, and the last to the node's end.
    fn node(&self, row: &Row, began: f64, spans: &mut Vec<Span>) {
        let ended = row.ended.unwrap_or(self.summary.seconds);
        let id = self.context.span_of(&row.name);
        let counts = row.counts();
        let count = |number: fn(&PlanSummary) -> u64| counts.as_ref().map(|counts| whole(number(counts)));
        let attributes_of_it = attributes([
            ("slipway.node", Some(text(&row.name))),
            ("slipway.node.kind", Some(text(row.kind.word()))),
            ("slipway.result", row.outcome.as_ref().map(|outcome| text(outcome.word()))),
            ("slipway.resources.add", count(|counts| counts.add)),
            ("slipway.resources.change", count(|counts| counts.change)),
            ("slipway.resources.replace", count(|counts| counts.replace)),
            ("slipway.resources.destroy", count(|counts| counts.destroy)),
        ]);
        let retries = row.retries.iter().map(|retry| SpanEvent {
            time_unix_nano: moment(self.summary, retry.at),
            name: "retry",
            attributes: attributes([
                ("slipway.attempt", Some(whole(retry.attempt))),
                ("slipway.cause", Some(text(&retry.cause))),
            ]),
        });
        spans.push(Span {
            attributes: attributes_of_it,
            events: retries.collect(),
            status: Some(status(row.outcome.as_ref())),
            ..self.span(&id, Some(&self.context.span), &row.name, (began, ended))
        });
        let ends = row.steps.iter().skip(1).map(|step| step.at).chain([ended]);
        for ((step, end), number) in row.steps.iter().zip(ends).zip(0_usize..) {
            let of_step = self.context.span_of(&format!("{}\n{number}", row.name));
            spans.push(self.span(&of_step, Some(&id), &step.name, (step.at, end)));
        }
    }
}

fn status(outcome: Option<&Outcome>) -> Status {
    let message = match outcome {
        Some(outcome) if outcome.is_success() => return Status { code: OK, message: None },
        Some(Outcome::Failed { message, .. } | Outcome::Refused { message }) => Some(message.clone()),
        Some(Outcome::Skipped { cause }) => Some(format!("{cause} did not succeed")),
        _ => None,
    };
    Status { code: ERROR, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Run;
    use crate::run::event::EventKind;

    fn context() -> TraceContext {
        TraceContext {
            trace: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            parent: None,
            span: "b7ad6b7169203331".to_owned(),
        }
    }

    fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
        spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} in {spans:#?}"))
    }

    fn seconds(span: &Span) -> (u64, u64) {
        let at = |time: &str| time.parse::<u64>().unwrap() / 1_000_000_000 - 1_796_000_000;
        (at(&span.start_time_unix_nano), at(&span.end_time_unix_nano))
    }

    #[test]
    fn steps_last_until_the_next_one_and_what_never_began_has_no_span() {
        let run = Run::of("apply", &[("a", &[]), ("b", &["a"])]).starts(1, "a").step(3, "a", "apply");
        let run = run.ends(8, "a", crate::report::fixture::failed("it broke"), 7.0);
        let run = run.ends(8, "b", Outcome::Skipped { cause: "a".to_owned() }, 0.0);
        let spans = spans(&run.finished(9), &context());
        assert_eq!(spans.len(), 4);
        assert_eq!(seconds(named(&spans, "slipway apply")), (0, 9));
        assert_eq!((seconds(named(&spans, "init")), seconds(named(&spans, "apply"))), ((1, 3), (3, 8)));
        let node = named(&spans, "a");
        assert_eq!(node.parent_span_id.as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(named(&spans, "apply").parent_span_id.as_ref(), Some(&node.id));
        assert_eq!(named(&spans, "slipway apply").parent_span_id, None);
        assert_eq!(node.status.as_ref().unwrap().code, ERROR);
    }

    #[test]
    fn a_run_that_was_gone_on_with_is_told_from_there_in_the_time_that_it_was() {
        let resumed = EventKind::Resumed { user: None, commit: None };
        let run =
            Run::of("apply", &[("a", &[]), ("b", &["a"])]).starts(1, "a").ends(2, "a", Outcome::Applied, 1.0);
        let run = run.then(100, resumed).starts(103, "b").ends(105, "b", Outcome::Applied, 2.0);
        let spans = spans(&run.finished(106), &context());
        assert!(!spans.iter().any(|span| span.name == "a"), "{spans:#?}");
        assert_eq!(seconds(named(&spans, "slipway apply")), (100, 106));
        assert_eq!(seconds(named(&spans, "b")), (103, 105));
    }
}

//! A run as figures: how long it took, how its nodes ended, and what became of resources.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::attributes::{attributes, moment, text};
use crate::report::model::{Row, Summary};
use crate::run::event::Outcome;

/// A figure, with the names of OTLP's JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    time_unix_nano: String,
    attributes: Vec<Value>,
    #[serde(flatten)]
    figure: Figure,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Figure {
    AsDouble(f64),
    /// In quotes, as all whole numbers of 64 bits.
    AsInt(String),
}

/// All figures of a run. They are gauges of it: what adds them up over runs is whoever collects them.
pub fn metrics(summary: &Summary) -> Vec<Value> {
    let point = |of: &[(&str, &str)], figure: Figure| {
        let command = ("slipway.command", summary.command.as_str());
        let all = std::iter::once(&command).chain(of).map(|(key, value)| (*key, Some(text(value))));
        Point { time_unix_nano: moment(summary, summary.seconds), attributes: attributes(all), figure }
    };
    let whole = |count: u64| Figure::AsInt(count.to_string());
    let ends = ends(summary).into_iter().map(|((kind, result), count)| {
        point(&[("slipway.node.kind", kind), ("slipway.result", result)], whole(count))
    });
    let resources =
        resources(summary).map(|(action, count)| point(&[("slipway.action", action)], whole(count)));
    vec![
        gauge("slipway.run.duration", "s", &[point(&[], Figure::AsDouble(summary.seconds))]),
        gauge("slipway.run.nodes", "{node}", &ends.collect::<Vec<_>>()),
        gauge("slipway.run.resources", "{resource}", &resources),
    ]
}

fn gauge(name: &str, unit: &str, points: &[Point]) -> Value {
    json!({ "name": name, "unit": unit, "gauge": { "dataPoints": points } })
}

/// How many nodes of each kind ended how.
fn ends(summary: &Summary) -> BTreeMap<(&'static str, &'static str), u64> {
    let mut ends = BTreeMap::new();
    for row in &summary.nodes {
        *ends.entry((row.kind.word(), row.outcome.as_ref().map_or("unknown", Outcome::word))).or_default() +=
            1;
    }
    ends
}

/// How many resources came, were changed, were replaced and went.
fn resources(summary: &Summary) -> [(&'static str, u64); 4] {
    let counts: Vec<_> = summary.nodes.iter().filter_map(Row::counts).collect();
    [
        ("add", counts.iter().map(|counts| counts.add).sum()),
        ("change", counts.iter().map(|counts| counts.change).sum()),
        ("replace", counts.iter().map(|counts| counts.replace).sum()),
        ("destroy", counts.iter().map(|counts| counts.destroy).sum()),
    ]
}

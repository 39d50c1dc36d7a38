//! A page that tells all of a run: one file that loads nothing.

use std::collections::HashMap;

use askama::Template;
use serde_json::{Value as Json, json};

use super::foreign::visible;
use super::model::{Row, Summary};
use crate::engine::ResourceChange;
use crate::engine::plan::{AttributeChange, DiffLine, ResourceDetail, Shown};
use crate::run::event::{NodeKind, Outcome};
use crate::view::{Node, Picture, Point, for_script};

/// The longest value of an attribute that is shown, in characters; a page must not grow with user data.
const LONGEST_VALUE: usize = 2_000;
/// The most attributes of one resource.
const ATTRIBUTES: usize = 200;
/// The most resources of one unit that are told attribute by attribute.
const DETAILED: usize = 500;

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    title: &'a str,
    run: &'a str,
    style: &'static str,
    script: &'static str,
    data: &'a str,
}

/// The page; `log_end` knows the last lines of a node's log.
pub fn html(summary: &Summary, log_end: impl Fn(&str) -> Option<String>) -> String {
    let page = Page {
        title: &visible(&format!("slipway {}: {}", summary.command, summary.verdict())),
        run: &visible(&summary.run),
        style: include_str!("../../templates/report/page.css"),
        script: include_str!("../../templates/report/page.js"),
        data: &for_script(&data(summary, &log_end)),
    };
    // Rendering into a string fails only where a part of the page cannot be written; these are all text.
    page.render().unwrap_or_else(|error| error.to_string())
}

/// What the script shows. Every text from outside goes through [`visible`] on its way.
fn data(summary: &Summary, log_end: &impl Fn(&str) -> Option<String>) -> Json {
    let places: HashMap<&str, usize> =
        summary.nodes.iter().enumerate().map(|(place, row)| (row.name.as_str(), place)).collect();
    let after: Vec<Vec<usize>> = summary
        .nodes
        .iter()
        .map(|row| row.after.iter().filter_map(|name| places.get(name.as_str()).copied()).collect())
        .collect();
    let nodes: Vec<Json> =
        summary.nodes.iter().zip(&after).map(|(row, after)| node(row, after, log_end)).collect();
    json!({
        "run": summary.run, "command": summary.command, "engine": summary.engine,
        "verdict": summary.verdict(), "words": summary.in_words(),
        "finished": summary.finished, "stopping": summary.stopping,
        "started": summary.started.map(|started| started.to_string()),
        "user": summary.user.as_deref().map(visible), "commit": summary.commit, "parallelism": summary.parallelism,
        "seconds": rounded(summary.seconds), "resumed": summary.resumed, "nodes": nodes,
        "graph": graph(summary, &after),
    })
}

fn node(row: &Row, after: &[usize], log_end: &impl Fn(&str) -> Option<String>) -> Json {
    let mut told = json!({
        "name": visible(&row.name), "gate": row.kind == NodeKind::Gate, "after": after,
        "result": row.outcome.as_ref().map_or("unfinished", Outcome::word),
        "seconds": rounded(row.seconds), "began": row.began.map(rounded), "ended": row.ended.map(rounded),
        "steps": row.steps.iter().map(|step| json!([visible(&step.name), rounded(step.at)])).collect::<Vec<_>>(),
    });
    let mut tell = |name: &str, value: Json| {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if let Some(object) = told.as_object_mut().filter(|_| !empty) {
            object.insert(name.to_owned(), value);
        }
    };
    match &row.outcome {
        Some(Outcome::Failed { message, advice }) => {
            tell("message", json!(visible(message)));
            tell("advice", json!(advice.as_deref().map(visible)));
        }
        Some(Outcome::Refused { message }) => tell("message", json!(visible(message))),
        Some(Outcome::Skipped { cause }) => tell("note", json!(visible(&format!("{cause} did not succeed")))),
        Some(
            Outcome::Passed { note }
            | Outcome::Done { note }
            | Outcome::Drifted { note }
            | Outcome::Unchanged { note: Some(note) },
        ) => {
            tell("note", json!(visible(note)));
        }
        _ => {}
    }
    let wanted = row.has_failed() || (row.began.is_some() && row.ended.is_none()) || !row.retries.is_empty();
    if wanted || (matches!(row.outcome, Some(Outcome::Interrupted)) && row.began.is_some()) {
        tell("log", json!(log_end(&row.name).as_deref().map(visible)));
    }
    tell("last_look", json!(row.last_look()));
    tell("waits_for", row.waits_for.iter().map(|name| json!(visible(name))).collect());
    tell("mocked", row.mocked.iter().map(|name| json!(visible(name))).collect());
    let retry = |retry: &super::model::Retry| json!({ "attempt": retry.attempt, "at": rounded(retry.at), "pause": rounded(retry.pause), "cause": visible(&retry.cause) });
    tell("retries", row.retries.iter().map(retry).collect());
    tell("locks", row.locks.iter().map(|lock| json!(visible(&super::line::lock_left(lock)))).collect());
    let judgement = |judged: &crate::run::event::Judgement| {
        let messages: Vec<String> = judged.messages.iter().map(|message| visible(message)).collect();
        json!({ "policy": visible(&judged.policy), "verdict": judged.verdict, "messages": messages })
    };
    tell("judgements", row.judgements.iter().map(judgement).collect());
    tell("cost", json!(row.cost));
    if let Some(plan) = &row.plan {
        let known = row.counts().unwrap_or_default();
        let counts = json!({
            "known": row.counts().is_some(),
            "add": known.add, "change": known.change, "replace": known.replace, "destroy": known.destroy,
            "import": known.import, "move": known.moved, "forget": known.forget, "changes": plan.changes,
        });
        tell("plan", counts);
        let detail = row.detail.clone().unwrap_or_default();
        let attributes = |change: &ResourceChange, of: &[ResourceDetail]| {
            let found = of.iter().find(|resource| resource.change.address == change.address);
            found.map(|resource| attributes(&resource.attributes)).unwrap_or_default()
        };
        let resource = |of: &[ResourceDetail], change: &ResourceChange, place: usize| {
            json!({
                "address": visible(&change.address), "action": change.action, "sign": change.action.sign(),
                "from": change.previous_address.as_deref().map(visible), "id": change.import_id.as_deref().map(visible),
                "reason": change.reason.as_deref().map(visible),
                "attributes": if place < DETAILED { attributes(change, of) } else { Vec::new() },
            })
        };
        let all = |changes: &[ResourceChange], of: &[ResourceDetail]| -> Vec<Json> {
            changes.iter().enumerate().map(|(place, change)| resource(of, change, place)).collect()
        };
        tell("resources", json!(all(&plan.resources, &detail.resources)));
        let drifted: Vec<ResourceChange> = plan.drifted().cloned().collect();
        tell("drift", json!(all(&drifted, &detail.drift)));
        let output = |output: &crate::engine::OutputChange| {
            let found = detail.outputs.iter().find(|found| found.change.name == output.name);
            json!({
                "address": visible(&output.name), "action": output.action, "sign": output.action.sign(),
                "attributes": found.map(|found| self::attributes(&found.attributes)).unwrap_or_default(),
            })
        };
        tell("outputs", plan.outputs.iter().map(output).collect());
    }
    told
}

fn attributes(attributes: &[AttributeChange]) -> Vec<Json> {
    let value = |shown: &Option<Shown>| {
        shown.as_ref().map(|shown| match shown {
            Shown::Value(Json::String(text)) => cut(&format!("{text:?}")),
            other => cut(&other.to_string()),
        })
    };
    let line = |line: &DiffLine| match line {
        DiffLine::Same(text) => json!([" ", cut(text)]),
        DiffLine::Removed(text) => json!(["-", cut(text)]),
        DiffLine::Added(text) => json!(["+", cut(text)]),
        DiffLine::Unchanged(lines) => json!(["…", format!("{lines} lines that stay")]),
    };
    let one = |attribute: &AttributeChange| {
        json!({
            "path": cut(&attribute.path), "before": value(&attribute.before), "after": match attribute.waits_for.as_slice() {
                [] => value(&attribute.after),
                _ => attribute.shown_after().map(|text| cut(&text)),
            },
            "forces": attribute.forces_replacement,
            "lines": attribute.lines.iter().take(ATTRIBUTES).map(line).collect::<Vec<_>>(),
        })
    };
    attributes.iter().take(ATTRIBUTES).map(one).collect()
}

fn cut(text: &str) -> String {
    super::foreign::shortened(&visible(text), LONGEST_VALUE).into_owned()
}

/// Where everything is on the picture.
fn graph(summary: &Summary, after: &[Vec<usize>]) -> Json {
    let names: Vec<(&str, &[usize])> =
        summary.nodes.iter().zip(after).map(|(row, after)| (row.name.as_str(), after.as_slice())).collect();
    let picture = Picture::of_names(&summary.command, &names);
    let cards: Vec<Json> = picture
        .cards
        .iter()
        .map(|card| {
            json!({ "title": visible(&card.title), "x": rounded(card.at.x), "y": rounded(card.at.y), "width": rounded(card.width), "height": rounded(card.height) })
        })
        .collect();
    let units: Vec<Json> = picture
        .nodes
        .iter()
        .map(|node| {
            json!([rounded(node.at.x), rounded(node.at.y), rounded(node.width), visible(&node.label)])
        })
        .collect();
    let links: Vec<Json> = picture
        .links
        .iter()
        .map(|link| {
            let way: Vec<f64> =
                link.line.iter().flat_map(|Point { x, y }| [rounded(*x), rounded(*y)]).collect();
            json!([link.from.0, link.to.0, way])
        })
        .collect();
    json!({
        "width": rounded(picture.width), "height": rounded(picture.height), "unitHeight": Node::HEIGHT,
        "cards": cards, "units": units, "links": links,
    })
}

/// To a hundredth.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

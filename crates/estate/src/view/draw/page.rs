//! The picture as one HTML page: search, zoom, and a unit's neighbours lit. It loads nothing.

use askama::Template;
use serde_json::{Value as Json, json};

use super::picture::Picture;
use super::shapes::{Node, Point};
use super::svg::{GATE, HUES, SLANT, summary};
use crate::estate::GateKind;
use slipway_support::shown;

#[derive(Template)]
#[template(path = "graph/page.html")]
struct Page<'a> {
    title: &'a str,
    summary: &'a str,
    gate: &'static str,
    style: &'static str,
    script: &'static str,
    data: &'a str,
}

/// The page.
pub fn page(picture: &Picture) -> String {
    let data = for_script(&shown::in_json(data(picture)));
    let page = Page {
        title: &shown::block(&picture.title),
        summary: &summary(picture),
        gate: GATE,
        style: include_str!("../../../templates/graph/page.css"),
        script: include_str!("../../../templates/graph/page.js"),
        data: &shown::json(&data),
    };
    // Rendering into a string fails only where a part of the page cannot be written; these are all text.
    shown::entities(&page.render().unwrap_or_else(|error| error.to_string())).into_owned()
}

/// What the script draws; lists instead of objects where there are thousands.
fn data(picture: &Picture) -> Json {
    let cards: Vec<Json> = picture
        .cards
        .iter()
        .map(|card| {
            json!({
                "title": card.title, "hue": card.hue % HUES, "x": rounded(card.at.x), "y": rounded(card.at.y),
                "width": rounded(card.width), "height": rounded(card.height),
            })
        })
        .collect();
    let units: Vec<Json> = picture
        .nodes
        .iter()
        .map(|node| {
            json!({
                "path": node.path, "label": node.label, "gate": node.gate.map(GateKind::meaning), "card": node.card.0, "wave": node.wave, "stack": node.stack, "source": node.source,
                "external": node.external, "excluded": node.excluded, "circle": node.in_circle,
                "problems": node.problems, "x": rounded(node.at.x), "y": rounded(node.at.y),
                "width": rounded(node.width),
            })
        })
        .collect();
    let links: Vec<Json> = picture
        .links
        .iter()
        .map(|link| {
            let line: Vec<f64> = link.line.iter().flat_map(|Point { x, y }| [rounded(*x), rounded(*y)]).collect();
            json!({ "from": link.from.0, "to": link.to.0, "name": link.name, "circle": link.in_circle, "way": line })
        })
        .collect();
    json!({
        "title": picture.title, "waves": picture.waves, "problems": picture.problems,
        "width": rounded(picture.width), "height": rounded(picture.height), "unitHeight": Node::HEIGHT, "slant": SLANT,
        "cards": cards, "units": units, "links": links,
    })
}

/// JSON that can stand inside of a script element: nothing in it can end the element or open a comment, and
/// no line separator ends a line of script.
pub fn for_script(data: &Json) -> String {
    data.to_string()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

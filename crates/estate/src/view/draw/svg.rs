//! The picture as SVG: it stands alone, follows the reader's light or dark theme, and needs no script.

use std::fmt::Write as _;

use super::picture::Picture;
use super::shapes::{Card, Link, Node, Point};
use crate::estate::{GateKind, UnitIndex};
use slipway_support::shown;

/// The colours, shared with nobody: a picture may be put into any page.
const STYLE: &str = include_str!("svg.css");
/// How many hues there are in the style.
pub const HUES: usize = 8;
/// Beyond this many nodes a line is thinner, or they would cover each other.
const MANY: usize = 300;
/// How far the corners of a gate are from its tips.
pub const SLANT: f64 = 11.0;
/// What the legend takes below.
const LEGEND: f64 = 30.0;
/// What the legend says of a gate.
pub const GATE: &str = "gate: what `slipway up` makes sure of before it goes on";

/// The picture.
pub fn svg(picture: &Picture) -> String {
    let Picture { width, height, .. } = picture;
    let has_gates = picture.gates() > 0;
    let (width, height) = if has_gates { (width.max(420.0), height + LEGEND) } else { (*width, *height) };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&picture.title),
        escaped(&summary(picture)),
    );
    for card in &picture.cards {
        frame(&mut text, card);
    }
    let thin = if picture.nodes.len() > MANY { " class=\"thin\"" } else { "" };
    let _ = writeln!(text, "<g{thin}>");
    for link in &picture.links {
        line(&mut text, link, picture);
    }
    text.push_str("</g>\n");
    for node in &picture.nodes {
        let hue = picture.cards[node.card].hue % HUES;
        match node.gate {
            Some(kind) => gate(&mut text, node, kind, hue),
            None => unit(&mut text, node, hue),
        }
    }
    if has_gates {
        legend(&mut text, height - LEGEND);
    }
    text.push_str("</svg>\n");
    text
}

/// One line on what is there.
pub fn summary(picture: &Picture) -> String {
    let many =
        |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    let is_gate = |unit: UnitIndex| picture.nodes[unit].gate.is_some();
    let dependencies = picture.links.iter().filter(|link| !is_gate(link.from) && !is_gate(link.to)).count();
    let mut parts = vec![
        many(picture.nodes.len() - picture.gates(), "unit", "units"),
        many(dependencies, "dependency", "dependencies"),
        many(picture.waves, "wave", "waves"),
    ];
    if picture.gates() > 0 {
        parts.push(many(picture.gates(), "gate", "gates"));
    }
    if picture.broken() > 0 {
        parts.push(format!("{} with errors", picture.broken()));
    }
    parts.join(", ")
}

fn frame(text: &mut String, card: &Card) {
    let Card { at: Point { x, y }, width, height, .. } = card;
    let hue = card.hue % HUES;
    let _ = writeln!(
        text,
        "<g class=\"card h{hue}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         rx=\"10\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        x + 18.0,
        y + 27.0,
        escaped(&card.title),
    );
}

fn line(text: &mut String, link: &Link, picture: &Picture) {
    let circle = if link.in_circle { " class=\"circle\"" } else { "" };
    let _ = writeln!(
        text,
        "<path{circle} d=\"{}\"><title>{} → {}</title></path>",
        way(&link.line),
        escaped(&picture.nodes[link.from].path),
        escaped(&picture.nodes[link.to].path),
    );
}

/// A smooth line that leaves to the right and arrives from the left.
fn way(points: &[Point]) -> String {
    let mut text = String::new();
    let [first, ..] = points else { return text };
    let _ = write!(text, "M{:.1} {:.1}", first.x, first.y);
    for (last, point) in points.iter().zip(points.iter().skip(1)) {
        if (last.y - point.y).abs() < 0.05 && last.x < point.x {
            let _ = write!(text, "H{:.1}", point.x);
            continue;
        }
        let pull = reach(*last, *point);
        let _ = write!(
            text,
            "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            last.x + pull,
            last.y,
            point.x - pull,
            point.y,
            point.x,
            point.y
        );
    }
    text
}

/// How far a line goes straight on before it turns.
fn reach(from: Point, to: Point) -> f64 {
    ((to.x - from.x).abs() / 2.0).clamp(24.0, 240.0)
}

fn unit(text: &mut String, node: &Node, hue: usize) {
    let mut classes = format!("unit h{hue}");
    for (holds, class) in [
        (node.external, " external"),
        (node.excluded, " excluded"),
        (node.in_circle || !node.problems.is_empty(), " broken"),
    ] {
        if holds {
            classes.push_str(class);
        }
    }
    let Point { x, y } = node.at;
    let (width, height) = (node.width, Node::HEIGHT);
    // What a stack generates lies on a pile.
    let pile = match node.stack {
        Some(_) => format!(
            "<rect class=\"pile\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height}\" rx=\"6\"/>",
            x + 3.0,
            y + 3.0,
        ),
        None => String::new(),
    };
    let _ = writeln!(
        text,
        "<g class=\"{classes}\"><title>{}</title>{pile}\
         <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" rx=\"6\"/>\
         <rect class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\" width=\"4\" height=\"{}\" rx=\"2\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        about(node),
        y + 6.0,
        height - 12.0,
        x + 14.0,
        y + 19.5,
        escaped(&node.label),
    );
}

/// A hexagon, whose tips are where lines begin and end.
fn gate(text: &mut String, node: &Node, kind: GateKind, hue: usize) {
    let Point { x, y } = node.at;
    let _ = writeln!(
        text,
        "<g class=\"gate h{hue}\"><title>{}\n· gate of `slipway up`\n· {}</title><polygon points=\"{}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        escaped(&node.path),
        kind.meaning(),
        hexagon(node.at, node.width, Node::HEIGHT),
        x + node.width / 2.0,
        y + 19.5,
        escaped(&node.label),
    );
}

fn hexagon(Point { x, y }: Point, width: f64, height: f64) -> String {
    let (right, bottom, middle) = (x + width, y + height, y + height / 2.0);
    let slant = SLANT * height / Node::HEIGHT;
    let (from, to) = (x + slant, right - slant);
    format!(
        "{x:.1},{middle:.1} {from:.1},{y:.1} {to:.1},{y:.1} {right:.1},{middle:.1} {to:.1},{bottom:.1} \
         {from:.1},{bottom:.1}"
    )
}

fn legend(text: &mut String, y: f64) {
    let sign = hexagon(Point { x: 26.0, y: y - 3.0 }, 26.0, 14.0);
    let _ = writeln!(
        text,
        "<g class=\"gate legend\"><polygon points=\"{sign}\"/><text x=\"60\" y=\"{:.1}\">{}</text></g>",
        y + 8.0,
        escaped(GATE),
    );
}

/// What a pointer over a unit tells. No line of it begins with what a repository says, which pipelines would obey in a
/// picture that is printed.
fn about(node: &Node) -> String {
    let mut lines = vec![node.path.clone()];
    lines.extend(node.wave.map(|wave| format!("wave {wave}")));
    lines.extend(node.stack.as_ref().map(|stack| format!("of the stack {stack}")));
    lines.extend(node.source.clone());
    for (holds, word) in
        [(node.external, "external"), (node.excluded, "excluded"), (node.in_circle, "in a circle")]
    {
        lines.extend(holds.then(|| word.to_owned()));
    }
    lines.extend(node.problems.iter().cloned());
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n· ")
}

/// Text for XML on one line; ends of lines, and characters that XML cannot hold, become a replacement character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' => safe.push(character),
            hidden if shown::is_hidden(hidden) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    shown::entities(&safe).into_owned()
}

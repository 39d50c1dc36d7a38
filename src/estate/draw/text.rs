//! The graph as text: waves, a tree of folders, DOT and Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::estate::{Estate, Graph, Unit};
use crate::support::shown;
use crate::terragrunt::paths;

/// A unit as text can show it.
fn shown_from(unit: &Unit, base: &Path) -> String {
    shown::name(&unit.seen_from(base)).into_owned()
}

/// The waves with the units of each, and what each waits for.
pub fn waves_text(estate: &Estate, graph: &Graph, base: &Path) -> String {
    let mut text = String::new();
    for (number, wave) in graph.waves().iter().enumerate() {
        let _ = writeln!(text, "wave {}", number + 1);
        for index in wave {
            let unit = estate.unit(*index);
            let outside = if unit.external { "  (external)" } else { "" };
            let waits: Vec<String> =
                unit.dependencies.iter().map(|edge| shown_from(estate.unit(edge.to), base)).collect();
            let waits = if waits.is_empty() { String::new() } else { format!("  ← {}", waits.join(", ")) };
            let _ = writeln!(text, "  {}{outside}{waits}", shown_from(unit, base));
        }
    }
    text
}

/// Graphviz's language; arrows lead from a unit to what it depends on, as Terragrunt draws them.
pub fn dot(estate: &Estate, base: &Path) -> String {
    let quoted = |unit: &Unit| {
        let name = shown_from(unit, base).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{}\"", shown::entities(&name))
    };
    let mut text = String::from("digraph {\n");
    for unit in &estate.units {
        let style = if unit.external { " [style=dashed]" } else { "" };
        let _ = writeln!(text, "\t{}{style};", quoted(unit));
        for edge in &unit.dependencies {
            let _ = writeln!(text, "\t{} -> {};", quoted(unit), quoted(estate.unit(edge.to)));
        }
    }
    text.push_str("}\n");
    text
}

/// A Mermaid flowchart, for Markdown; arrows lead from a unit to what depends on it, the way a run goes.
pub fn mermaid(estate: &Estate, base: &Path) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, unit) in estate.iter() {
        let name = shown_from(unit, base).replace('#', "#35;").replace('"', "#quot;");
        let _ = writeln!(text, "  u{}[\"{name}\"]", index.0);
    }
    for (index, unit) in estate.iter() {
        for edge in &unit.dependencies {
            let _ = writeln!(text, "  u{} --> u{}", edge.to.0, index.0);
        }
    }
    for (index, _) in estate.iter().filter(|(_, unit)| unit.external) {
        let _ = writeln!(text, "  style u{} stroke-dasharray: 4", index.0);
    }
    text
}

/// The folders of the units as a tree.
pub fn tree(estate: &Estate, base: &Path) -> String {
    #[derive(Default)]
    struct Folder(BTreeMap<String, Folder>);

    fn draw(folder: &Folder, indent: &str, text: &mut String) {
        let last = folder.0.len().saturating_sub(1);
        for (number, (name, inside)) in folder.0.iter().enumerate() {
            let (branch, below) =
                if number == last { ("╰── ", "    ") } else { ("├── ", "│   ") };
            let _ = writeln!(text, "{indent}{branch}{}", shown::name(name));
            draw(inside, &format!("{indent}{below}"), text);
        }
    }

    let mut root = Folder::default();
    for unit in &estate.units {
        let path = paths::relative(base, &unit.dir);
        path.components().fold(&mut root, |folder, part| {
            folder.0.entry(part.as_os_str().to_string_lossy().into_owned()).or_default()
        });
    }
    let mut text = String::from(".\n");
    draw(&root, "", &mut text);
    text
}

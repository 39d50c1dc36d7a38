//! The graph as text: waves, a tree of folders, DOT and Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::estate::{Estate, Graph, PlannedGate, Unit, UnitIndex};
use crate::terragrunt::paths;
use slipway_support::shown;

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

/// The gates that `up` puts between the units, and what waits for each.
pub fn gates_text(estate: &Estate, gates: &[PlannedGate], base: &Path) -> String {
    let name = |unit: &UnitIndex| shown_from(estate.unit(*unit), base);
    let mut text = String::new();
    if !gates.is_empty() {
        text.push_str("gates of `slipway up`\n");
    }
    for gate in gates {
        let waits = gate.after_gates.iter().map(|gate| shown::name(gate).into_owned());
        let waits: Vec<String> = waits.chain(gate.after.iter().map(name)).collect();
        let _ = writeln!(text, "  {}  ← {}", shown::name(&gate.name), waits.join(", "));
        for unit in gate.before.iter().map(name) {
            let _ = writeln!(text, "  {unit}  ← {}", shown::name(&gate.name));
        }
    }
    text
}

/// Graphviz's language; arrows lead from a unit to what it depends on, as Terragrunt draws them.
pub fn dot(estate: &Estate, gates: &[PlannedGate], base: &Path) -> String {
    let quote = |name: &str| {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{}\"", shown::entities(&name))
    };
    let quoted = |unit: &Unit| quote(&shown_from(unit, base));
    let mut text = String::from("digraph {\n");
    for unit in &estate.units {
        let style = if unit.external { " [style=dashed]" } else { "" };
        let _ = writeln!(text, "\t{}{style};", quoted(unit));
        for edge in &unit.dependencies {
            let _ = writeln!(text, "\t{} -> {};", quoted(unit), quoted(estate.unit(edge.to)));
        }
    }
    for gate in gates {
        let name = quote(&shown::name(&gate.name));
        let _ = writeln!(text, "\t{name} [shape=diamond];");
        for before in &gate.after_gates {
            let _ = writeln!(text, "\t{name} -> {};", quote(&shown::name(before)));
        }
        for unit in &gate.after {
            let _ = writeln!(text, "\t{name} -> {};", quoted(estate.unit(*unit)));
        }
        for unit in &gate.before {
            let _ = writeln!(text, "\t{} -> {name};", quoted(estate.unit(*unit)));
        }
    }
    text.push_str("}\n");
    text
}

/// A Mermaid flowchart, for Markdown; arrows lead from a unit to what depends on it, the way a run goes.
pub fn mermaid(estate: &Estate, gates: &[PlannedGate], base: &Path) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('#', "#35;").replace('"', "#quot;"));
    let mut text = String::from("flowchart LR\n");
    for (index, unit) in estate.iter() {
        let _ = writeln!(text, "  u{}[{}]", index.0, quoted(&shown_from(unit, base)));
    }
    for (number, gate) in gates.iter().enumerate() {
        let _ = writeln!(text, "  g{number}{{{{{}}}}}", quoted(&shown::name(&gate.name)));
        for before in
            gate.after_gates.iter().filter_map(|name| gates.iter().position(|gate| gate.name == *name))
        {
            let _ = writeln!(text, "  g{before} --> g{number}");
        }
        for unit in &gate.after {
            let _ = writeln!(text, "  u{} --> g{number}", unit.0);
        }
        for unit in &gate.before {
            let _ = writeln!(text, "  g{number} --> u{}", unit.0);
        }
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

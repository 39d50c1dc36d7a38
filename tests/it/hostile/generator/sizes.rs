//! Files and trees of sizes that nobody writes by hand.

use super::links::FILES;
use super::{Ingredient, Place};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("an empty or endless file", extreme),
    Ingredient::new("a huge line", line),
    Ingredient::new("deep nesting", nesting),
    Ingredient::new("very many attributes", attributes),
    Ingredient::new("what doubles", doubling),
    Ingredient::new("very many queries", queries),
    Ingredient::new("very many units", units),
];

const HCL: &[&str] = &[
    "live/a/terragrunt.hcl",
    "live/root.hcl",
    "slipway.hcl",
    "infra/text/main.tf",
    "live/s/terragrunt.stack.hcl",
];

fn extreme(place: &mut Place) {
    let path = *place.rng.pick(FILES);
    match place.rng.below(3) {
        0 => place.write(path, ""),
        1 => place.sparse(path, 300 * 1024 * 1024),
        _ => place.sparse(path, 1 << 40),
    }
    place.note(format!("{path} is empty or huge"));
}

fn line(place: &mut Place) {
    let path = *place.rng.pick(FILES);
    let part = *place.rng.pick(&["x", "a = \"b\" ", "# ", "{\"a\":", "- ", "a|", "\u{e9}", " "]);
    place.write(path, part.repeat(2_000_000 / part.len()));
    place.note(format!("{path} is one line, {part:?} again and again"));
}

fn nesting(place: &mut Place) {
    let path = *place.rng.pick(HCL);
    let (open, close) = *place.rng.pick(&[
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("-", ""),
        ("!", ""),
        ("b {\n", "}\n"),
        ("f(", ")"),
        ("a[", "]"),
    ]);
    let levels = *place.rng.pick(&[700, 50_000]);
    place.write(path, format!("inputs = {{ a = {}1{} }}\n", open.repeat(levels), close.repeat(levels)));
    place.note(format!("{path} has {levels} {open:?} in each other"));
}

fn attributes(place: &mut Place) {
    let path = *place.rng.pick(HCL);
    let count = 40_000;
    let kind = place.rng.below(3);
    let lines: Vec<String> = (0..count)
        .map(|index| match kind {
            0 => format!("  a{index} = {index}"),
            1 => format!("  a{index} = local.a{}", index / 2),
            _ => "  same = 1".to_owned(),
        })
        .collect();
    let block = if kind == 1 { "locals" } else { "inputs =" };
    place.write(path, format!("{block} {{\n{}\n}}\n", lines.join("\n")));
    place.note(format!("{path} has {count} attributes of kind {kind}"));
}

fn doubling(place: &mut Place) {
    let next = *place.rng.pick(&[
        "\"${local.x}${local.x}\"",
        "[local.x, local.x]",
        "merge({ a = local.x }, { b = local.x })",
        "jsonencode([local.x, local.x])",
        "concat(flatten([local.x]), flatten([local.x]))",
        "join(\"\", [local.x, local.x])",
        "format(\"%s%s\", local.x, local.x)",
        "replace(local.x, \"x\", \"xx\")",
        "bcrypt(local.x, 14)",
    ]);
    let lines: Vec<String> = (1..80)
        .map(|index| format!("  l{index} = {}", next.replace("local.x", &format!("local.l{}", index - 1))))
        .collect();
    let text = format!("locals {{\n  l0 = \"x\"\n{}\n}}\ninputs = {{ a = local.l79 }}\n", lines.join("\n"));
    let path = *place.rng.pick(&["live/a/terragrunt.hcl", "slipway.hcl"]);
    place.write(path, text);
    place.note(format!("{path} doubles by {next}"));
}

fn queries(place: &mut Place) {
    let path =
        *place.rng.pick(&["live/.terragrunt-filters", ".terragrunt-filters", "live/.terragrunt-excludes"]);
    let kind = place.rng.below(4);
    let lines: Vec<String> = (0..200_000)
        .map(|index| match kind {
            0 => format!("./u{index}/**"),
            1 => format!("...u{index}..."),
            2 => format!("[HEAD~{index}...HEAD]"),
            _ => format!("reading={index}.hcl"),
        })
        .collect();
    let between = if place.rng.flip() { "\n" } else { " | " };
    place.write(path, lines.join(between));
    place.note(format!("{path} has 200000 queries of kind {kind} joined by {between:?}"));
}

fn units(place: &mut Place) {
    for index in 0..150 {
        let next = (index + 1) % 150;
        let body =
            format!("dependency \"n\" {{\n  config_path = \"../m{next}\"\n  mock_outputs = {{}}\n}}\n");
        place.write(format!("live/m{index}/terragrunt.hcl"), if next == 0 { "" } else { &body });
    }
    place.note("150 units in a row");
}

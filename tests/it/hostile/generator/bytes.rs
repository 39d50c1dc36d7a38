//! Bytes that are no text, or text that is not what it looks like.

use super::links::FILES;
use super::{Ingredient, Place};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("other encodings", encodings),
    Ingredient::new("signs that terminals and pipelines obey", signs),
    Ingredient::new("flipped bytes", flipped),
    Ingredient::new("numbers that nothing holds", numbers),
];

fn encodings(place: &mut Place) {
    let path = *place.rng.pick(FILES);
    let text = "inputs = {\n  a = \"b\"\n}\n";
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (name, content) = match place.rng.below(7) {
        0 => ("a byte order mark", ["\u{feff}".as_bytes(), text.as_bytes()].concat()),
        1 => ("UTF-16", [vec![0xff, 0xfe], wide(u16::to_le_bytes)].concat()),
        2 => ("UTF-16, the other way round", wide(u16::to_be_bytes)),
        3 => ("zeros", text.replace('b', "\0").into_bytes()),
        4 => ("Latin-1", b"inputs = {\n  a = \"gr\xf6\xdfe\"\n}\n".to_vec()),
        5 => ("carriage returns", text.replace('\n', "\r\n").into_bytes()),
        _ => ("half a character", [text.as_bytes(), b"# \xe2\x82"].concat()),
    };
    place.write(path, content);
    place.note(format!("{path} has {name}"));
}

/// What is shown, and never obeyed.
pub const SIGNS: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mred",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example.com\u{1b}\\\\click",
    "\u{202e}txt.exe",
    "\u{2066}\u{2069}",
    "\u{9b}31m",
    "\u{8}\u{8}\u{8}over",
    "back\rward",
    "new\n::error::x",
    "::add-mask::a",
    "\n##[error]x",
    "\u{7f}",
];

fn signs(place: &mut Place) {
    let sign = *place.rng.pick(SIGNS);
    let hcl: String = sign
        .chars()
        .flat_map(|letter| match letter {
            '\n' => "\\n".chars().collect::<Vec<_>>(),
            '\r' => "\\r".chars().collect(),
            other => vec![other],
        })
        .collect();
    let texts = [
        ("live/a/terragrunt.hcl", format!("inputs = {{\n  a = \"{hcl}\"\n  b = local.gone\n}}\n")),
        ("live/a/terragrunt.hcl", format!("locals {{\n  x = run_cmd(\"{hcl}\")\n}}\n")),
        ("live/a/terragrunt.hcl", format!("inputs = {{\n  \"{hcl}\" = file(\"{hcl}\")\n}}\n")),
        ("live/a/terragrunt.hcl", format!("dependency \"{hcl}\" {{\n  config_path = \"../{hcl}\"\n}}\n")),
        ("live/a/terragrunt.hcl", format!("terraform {{\n  source = \"../{hcl}//x\"\n}}\n# {sign}\n")),
        ("live/a/terragrunt.hcl", format!("exclude {{\n  if = true\n  actions = [\"{hcl}\"]\n}}\n{sign}")),
        ("live/a/terragrunt.hcl", format!("prevent_destroy = error(\"{hcl}\")\n")),
        ("slipway.hcl", format!("estate {{\n  root = \"{hcl}\"\n}}\n")),
        ("slipway.hcl", format!("{sign} = 1\n")),
        ("live/.terragrunt-filters", format!("{sign}=x\n")),
        ("infra/text/main.tf", format!("variable \"value\" {{\n  description = \"{hcl}\"\n  type = strin{sign}\n}}\n")),
        (
            "live/states/a.tfstate",
            serde_json::json!({"version": 4, "serial": 1, "lineage": sign, "resources": [],
                "outputs": {"value": {"value": sign, "type": "string"}, sign: {"value": {sign: 1}, "type": "dynamic"}}})
            .to_string(),
        ),
        (
            "manifests/app/deployment.yaml",
            format!("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n        - name: {name}\n          image: {name}:1\n",
                name = serde_json::Value::from(sign)),
        ),
    ];
    let (path, text) = place.rng.pick(&texts).clone();
    place.write(path, &text);
    place.note(format!("{path} holds {text:?}"));
}

fn flipped(place: &mut Place) {
    let path = *place.rng.pick(FILES);
    let target = place.tree().join(path);
    if !target.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < 100_000) {
        return;
    }
    let mut content = std::fs::read(target).unwrap_or_default();
    for _ in 0..=place.rng.below(3) {
        if content.is_empty() {
            break;
        }
        let at = place.rng.below(content.len());
        content[at] = u8::try_from(place.rng.below(256)).unwrap();
    }
    place.note(format!("{path} is \"{}\"", content.escape_ascii()));
    place.write(path, content);
}

fn numbers(place: &mut Place) {
    let number = *place.rng.pick(&[
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        "-0",
        "0x1",
        "1e400",
        "99999999999999999999999999999999",
        "1E+9999999999999999999999",
    ]);
    let text = format!(
        r#"{{"version":{number},"serial":{number},"lineage":"l","outputs":{{"value":{{"value":{number},"type":"number"}}}},"resources":[]}}"#
    );
    match place.rng.below(3) {
        0 => place.write("live/states/a.tfstate", text.replacen(number, "4", 1).replacen(number, "1", 1)),
        1 => place.write("live/states/a.tfstate", text),
        _ => place.write("live/a/terragrunt.hcl", format!("inputs = {{\n  value = {number}\n  b = jsondecode(\"[{number}]\")\n  c = range({number})\n  d = substr(\"abc\", {number}, {number})\n}}\n")),
    }
    place.note(format!("the number {number}"));
}

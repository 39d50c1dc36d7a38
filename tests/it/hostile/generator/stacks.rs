//! Stacks that would write elsewhere, or without end.

use super::{Ingredient, Place};

pub const ALL: &[Ingredient] =
    &[Ingredient::new("a stack that climbs out", climbing), Ingredient::new("a stack without end", endless)];

const UNIT: &str = "inputs = {\n  value = values.value\n}\n";

fn climbing(place: &mut Place) {
    let outside = place.outside().display().to_string();
    let paths = [
        "../../../../outside/generated",
        "..",
        ".",
        "",
        "/",
        &format!("{outside}/generated"),
        "a/../../../../../outside/generated",
        "link/generated",
        ".git/hooks",
        "new\nline",
        "\u{1b}[31m",
    ];
    let path = (*place.rng.pick(&paths)).to_owned().replace('\n', "\\n");
    let sources = [
        "../catalog/u",
        "../../..",
        "/",
        "/dev",
        &outside,
        "../../../outside/folder",
        ".",
        "git::ext::sh -c x",
        "http://127.0.0.1:9/x.zip",
    ];
    let source = (*place.rng.pick(&sources)).to_owned();
    let direct = if place.rng.flip() { "  no_dot_terragrunt_stack = true\n" } else { "" };
    let kind = *place.rng.pick(&["unit", "stack"]);
    place.write("live/catalog/u/terragrunt.hcl", UNIT);
    place.write(
        "live/catalog/u/terragrunt.stack.hcl",
        "unit \"x\" {\n  source = \"../u\"\n  path = \"x\"\n}\n",
    );
    place.write(
        "live/s/terragrunt.stack.hcl",
        format!("{kind} \"u\" {{\n  source = \"{source}\"\n  path = \"{path}\"\n{direct}  values = {{ value = \"{path}\" }}\n}}\n"),
    );
    place.note(format!("a stack with {kind} from {source} to {path:?}, {direct:?}"));
    let links = [
        ("live/s/.terragrunt-stack", 2),
        ("live/s/link", 3),
        ("live/s/.terragrunt-stack/link", 3),
        ("live/catalog/u/link", 4),
    ];
    if place.rng.flip() {
        let (link, up) = *place.rng.pick(&links);
        place.link(link, format!("{}outside/folder", "../".repeat(up)));
    }
}

fn endless(place: &mut Place) {
    let text = match place.rng.below(4) {
        0 => "stack \"s\" {\n  source = \".\"\n  path = \"s\"\n}\n".to_owned(),
        1 => "stack \"a\" {\n  source = \"../s\"\n  path = \"a\"\n}\nstack \"b\" {\n  source = \"../s\"\n  path = \"b\"\n}\n".to_owned(),
        // Each is real work for whatever plans them; as many as end well within the time that a command has.
        2 => (0..1200).map(|index| format!("unit \"u{index}\" {{\n  source = \"../a\"\n  path = \"u{index}\"\n}}\n")).collect::<Vec<_>>().concat(),
        _ => "include \"s\" {\n  path = \"terragrunt.stack.hcl\"\n}\nlocals {\n  x = read_terragrunt_config(\"terragrunt.stack.hcl\")\n}\n".to_owned(),
    };
    place.note(format!("a stack {:?}", text.chars().take(120).collect::<String>()));
    place.write("live/s/terragrunt.stack.hcl", text);
}

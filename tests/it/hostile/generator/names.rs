//! Units whose names are odd.

use super::{Ingredient, Place, path_of};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("odd names", odd),
    Ingredient::new("names that look alike", alike),
    Ingredient::new("names as long as can be", long),
    Ingredient::new("units within units", nested),
    Ingredient::new("modules with odd names of files", files),
];

/// Names that mean something to a shell, to a terminal, to a pipeline, to Git, or to nobody.
const NAMES: &[&[u8]] = &[
    b"-rf",
    b"--help",
    b"..a",
    b"...",
    b"a..b",
    b"new\nline",
    b"cr\rlf",
    b"tab\tbed",
    b"esc\x1b[31mred\x1b[0m",
    b"osc\x1b]0;title\x07",
    b"bell\x07",
    b"del\x7f",
    "\u{202e}gnp.exe".as_bytes(),
    "\u{2066}isolated".as_bytes(),
    "c1\u{9b}31m".as_bytes(),
    "line\u{2028}separator".as_bytes(),
    b"::error::x",
    b"::add-mask::a",
    b"##[error]x",
    b"##vso[task.setvariable variable=x]y",
    b"new\n::error::x",
    b"not\xffutf8",
    b"\xc3\x28",
    b"$(touch tripped)",
    b"`touch tripped`",
    b"${x}",
    b"%{if true}",
    b"%2e%2e",
    b"~",
    b"*",
    b"[a-z]",
    b"{a,b}",
    b"!not",
    b"a|b",
    b"a=b",
    b"quote\"d",
    b"it's",
    b"back\\slash",
    b" ",
    b" leading",
    b"trailing ",
    b"<script>alert(1)</script>",
    b"a;b&c",
    b"@{u}",
    b"HEAD",
    b".slipway-files",
    b"lock",
    "日本語".as_bytes(),
    "e\u{301}".as_bytes(),
    "\u{feff}bom".as_bytes(),
    "\u{200d}joined".as_bytes(),
];

/// What stands in a unit that is put beside others.
const BODIES: &[&str] = &[
    "",
    "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"${get_repo_root()}/infra//text\"\n}\ninputs = {\n  value = path_relative_to_include()\n}\n",
    "dependencies {\n  paths = [\"../a\"]\n}\n",
    "inputs = {\n  wrong = local.nothing\n}\n",
    "terraform {\n  source = \"./gone\"\n}\n",
];

fn unit(place: &mut Place, name: &[u8]) {
    let body = *place.rng.pick(BODIES);
    place.write(path_of(&[b"live/", name, b"/terragrunt.hcl"].concat()), body);
    place.note(format!("a unit b\"{}\"", name.escape_ascii()));
}

fn odd(place: &mut Place) {
    for _ in 0..=place.rng.below(4) {
        let name = *place.rng.pick(NAMES);
        unit(place, name);
        if place.rng.flip() {
            let inner = *place.rng.pick(NAMES);
            unit(place, &[name, b"/", inner].concat());
        }
    }
}

fn alike(place: &mut Place) {
    let pairs: &[(&[u8], &[u8])] = &[
        (b"v1..2", b"v1__2"),
        (b"x/y", b"x__y"),
        (b"x/y", b"x%2Fy"),
        (b"n\xff", b"n\xfe"),
        (b"n\xff", "n\u{fffd}".as_bytes()),
        (b"Case", b"case"),
        ("\u{e9}".as_bytes(), "e\u{301}".as_bytes()),
        (b"dot.", b"dot"),
    ];
    let (one, other) = *place.rng.pick(pairs);
    unit(place, one);
    unit(place, other);
}

fn long(place: &mut Place) {
    let name = "n".repeat(*place.rng.pick(&[200, 249, 250, 255]));
    unit(place, name.as_bytes());
    let deep = ["d".repeat(100); 1].concat() + "/";
    let depth = place.rng.below(30);
    unit(place, (deep.repeat(depth) + "unit").as_bytes());
    unit(place, "ü".repeat(127).as_bytes());
}

fn nested(place: &mut Place) {
    for (path, source) in
        [("app", "../../infra//text"), ("app/db", "../../../infra//text"), ("app/db/.hidden/x", ".")]
    {
        place.write(
            format!("live/{path}/terragrunt.hcl"),
            format!("terraform {{\n  source = \"{source}\"\n}}\n"),
        );
    }
    place.write("live/app/db/main.tf", "output \"x\" {\n  value = 1\n}\n");
    place.write("live/terragrunt.hcl", "inputs = {}\n");
    place.note("units in units, and one at the root");
}

fn files(place: &mut Place) {
    for _ in 0..4 {
        let name = *place.rng.pick(NAMES);
        place.write(path_of(&[b"infra/text/", name, b".tf"].concat()), "locals {}\n");
        place.note(format!("a file of the module b\"{}.tf\"", name.escape_ascii()));
    }
    let names =
        [".slipway-files", "slipway-plans.json", "terraform.tfstate", "backend.tf", ".terraform/x", "lock"];
    for name in names.iter().take(place.rng.below(names.len() + 1)) {
        let outside = place.outside();
        place.write(
            format!("infra/text/{name}"),
            format!("../../outside/secret.txt\n{}/secret.txt\n", outside.display()),
        );
        place.note(format!("a file of the module {name}"));
    }
}

//! What is committed as if Slipway itself had left it: journals, work folders, lists, caches, saved plans.

use super::bytes::SIGNS;
use super::{Ingredient, Place, path_of};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("journals of others", journals),
    Ingredient::new("folders of runs with odd names", run_folders),
    Ingredient::new("work folders of others", work_folders),
    Ingredient::new("saved plans of others", saved_plans),
    Ingredient::new("a state of others", state),
];

const RUN: &str = ".slipway/runs/20260101-000000-000000";

fn journals(place: &mut Place) {
    let outside = place.outside().display().to_string();
    let sign = *place.rng.pick(SIGNS);
    let start = |run: &str, command: &str, node: &str, request: &serde_json::Value| {
        serde_json::json!({"time": "2026-01-01T00:00:00Z", "event": {"run_started": {
            "run": run, "command": command, "engine": "native", "parallelism": 1, "commit": null, "user": run,
            "nodes": [{"name": node, "kind": "unit", "after": [node]}], "request": request}}})
        .to_string()
            + "\n"
    };
    let request = |tool: &str| serde_json::json!({"path": "/", "tool": tool, "backend_bootstrap": true, "features": [], "experiments": []});
    let tripwire = place.tripwire("journal");
    let failed = |node: &str, message: &str| {
        serde_json::json!({"time": "2026-01-01T00:00:00Z", "event": {"node_finished": {
            "node": node, "outcome": {"result": "failed", "message": message, "advice": message}, "seconds": -1e308}}})
        .to_string()
            + "\n"
    };
    let null = serde_json::Value::Null;
    let text: Vec<u8> = match place.rng.below(11) {
        0 => Vec::new(),
        1 => b"\xff\xfe\n".to_vec(),
        2 => "[".repeat(100_000).into_bytes(),
        3 => (start("r", "apply", "a", &null) + "{\"time\":\"2026-\u{e9}").into_bytes()[..].to_vec(),
        4 => start(sign, sign, sign, &null).into_bytes(),
        5 => (start("r", "apply", "a", &request(&tripwire)) + &failed("a", sign)).into_bytes(),
        6 => start("r", "apply", &format!("../../../{outside}"), &request(&tripwire)).into_bytes(),
        7 => start("../../x", "plan", "/", &request("/nowhere")).into_bytes(),
        8 => start("r", "up", "a", &request("tofu")).repeat(3).into_bytes(),
        9 => failed("a", sign).into_bytes(),
        _ => (start("r", "apply", "a", &request("tofu")) + &failed("b", "x").repeat(2000)).into_bytes(),
    };
    place.note(format!("a journal \"{}\"", text[..text.len().min(300)].escape_ascii()));
    place.write(format!("{RUN}/journal.jsonl"), text);
}

fn run_folders(place: &mut Place) {
    let names: &[&[u8]] = &[
        b"99991231-235959-ffffff",
        b"-rf",
        b"new\nline",
        b"esc\x1b[31m",
        b"::error::x",
        b"not\xffutf8",
        "\u{202e}gnp".as_bytes(),
        b" ",
    ];
    let start = r#"{"time":"2026-01-01T00:00:00Z","event":{"run_started":{"run":"r","command":"apply","engine":"native","nodes":[],"parallelism":1,"commit":null,"user":null}}}"#;
    for _ in 0..3 {
        let name = *place.rng.pick(names);
        place.write(path_of(&[b".slipway/runs/", name, b"/journal.jsonl"].concat()), format!("{start}\n"));
        let number = *place.rng.pick(&["18446744073709551615", "-1", "", "4294967294", "\u{1b}"]);
        place.write(path_of(&[b".slipway/runs/", name, b"/number"].concat()), number);
        place.note(format!("a run b\"{}\" with number {number:?}", name.escape_ascii()));
    }
}

fn work_folders(place: &mut Place) {
    let outside = place.outside();
    let list = format!(
        "../../../../outside/secret.txt\n{}/secret.txt\n..\n/\n\n./../a\nmain.tf\n{}\n",
        outside.display(),
        "x".repeat(5000)
    );
    for name in ["a", "live__a", "text"] {
        place.write(format!(".slipway/units/{name}/.slipway-files"), &list);
        place.write(format!(".slipway/units/{name}/text/.slipway-files"), &list);
        place.write(format!(".slipway/units/{name}/.files"), &list);
        place.write(format!(".slipway/units/{name}.files"), &list);
        place.write(format!(".slipway/units/{name}/.terraform/slipway-init"), "stale");
        place.write(format!(".slipway/units/{name}/backend.tf"), "# theirs\n");
    }
    let tripwire = place.tripwire("provider");
    place.write(
        ".slipway/units/a/.terraform/terraform.tfstate",
        "{\"version\":3,\"backend\":{\"type\":\"local\"}}",
    );
    place.write(".slipway/work/a/lock", "slipway apply, run \u{1b}[31mx, process 1");
    place.write(".slipway/work/a/stdout", "::error::left behind\u{1b}]0;x\u{7}\n");
    place.write(".slipway/modules/index.json", "{}");
    place.write(".slipway/modules/0000000000000000/main.tf", format!("# {tripwire}\n"));
    place.write(".slipway/shims/tofu", "#!/bin/sh\necho shim\n");
    place.write(".slipway/locks/a", "{}");
    place.note("work folders, lists of files and a cache that are committed");
}

fn saved_plans(place: &mut Place) {
    let (outside, sign) = (place.outside().display().to_string(), *place.rng.pick(SIGNS));
    let name = (*place.rng.pick(&["a", "../../outside", "/", "", "..", sign])).to_owned();
    let file = (*place.rng.pick(&[
        "a.tfplan",
        "../../outside/secret.txt",
        &format!("{outside}/secret.txt"),
        "/dev/zero",
        "../../outside/pipe",
        ".",
    ]))
    .to_owned();
    let unit = serde_json::json!({
        "name": name, "after": [name, sign], "plan": file, "sha256": "0".repeat(64),
        "summary": {"add": 1, "change": 0, "destroy": 0, "changes": true}, "mocked": [sign],
        "tool": sign, "tool_version": "1e999999999", "inputs": "x", "module": "x", "files": {sign: "x"}, "source": null,
    });
    let files = serde_json::json!({(file.as_str()): "0", "../../outside/secret.txt": "0", "/dev/zero": "1"});
    let manifest = serde_json::json!({
        "version": 1, "slipway": sign, "created": "2026-01-01T00:00:00Z", "user": sign, "commit": sign, "dirty": true,
        "engine": *place.rng.pick(&["native", "terragrunt", "\u{1b}"]), "features": [sign], "signer": sign,
        "files": files, "units": [unit.clone(), unit], "later": [{"name": name, "after": [name]}],
    })
    .to_string();
    let text = match place.rng.below(6) {
        0 => "[".repeat(100_000),
        1 => manifest.replace("\"version\":1", "\"version\":1e999999999"),
        2 => manifest.replace("null", "{}").replace("true", "[]"),
        3 => manifest[..manifest.len() / 2].to_owned(),
        _ => manifest,
    };
    place.note(format!("plans/slipway-plans.json {:?}", &text.chars().take(700).collect::<String>()));
    place.write("plans/slipway-plans.json", text);
    place.write(
        "plans/slipway-plans.json.sig",
        "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
    );
    place.write("plans/a.tfplan", "plan");
}

fn state(place: &mut Place) {
    let text = match place.rng.below(7) {
        0 => "{".repeat(100_000),
        1 => r#"{"version":4,"outputs":{"value":{"value":null,"type":"string"}},"resources":{}}"#.to_owned(),
        2 => r#"{"version":4,"serial":-1,"lineage":{},"outputs":[],"resources":[]}"#.to_owned(),
        3 => format!(r#"{{"version":4,"serial":1,"lineage":"l","outputs":{{"value":{{"value":{}1{},"type":"dynamic"}}}},"resources":[]}}"#, "[".repeat(100), "]".repeat(100)),
        4 => format!(r#"{{"version":4,"serial":1,"lineage":"l","outputs":{{{}"value":{{"value":1}}}},"resources":[]}}"#, r#""value":{"value":2},"#.repeat(20_000)),
        5 => "encrypted".to_owned(),
        _ => r#"{"version":4,"serial":18446744073709551615,"lineage":"l","outputs":{"":{"value":""}},"resources":[{"mode":"managed","instances":[{}]}]}"#.to_owned(),
    };
    place.note(format!("the state {:?}", text.chars().take(100).collect::<String>()));
    place.write("live/states/a.tfstate", text);
}

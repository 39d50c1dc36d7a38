//! An apply that nobody reviews starts the tool once.

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// What a unit's log says was run, but for `init`.
fn commands(estate: &Estate, unit: &str) -> Vec<String> {
    let text = std::fs::read_to_string(estate.newest_run().join(format!("logs/{unit}.log"))).unwrap();
    let commands = text.lines().filter_map(|line| line.split_once("$ ").map(|(_, command)| command));
    let words = commands.map(|command| command.split_whitespace().nth(1).unwrap_or_default().to_owned());
    words.filter(|word| word != "init").collect()
}

/// The kinds of events about a unit in the journal, steps left out.
fn events(estate: &Estate, unit: &str) -> Vec<String> {
    let text = std::fs::read_to_string(estate.newest_run().join("journal.jsonl")).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let kinds = events.filter_map(|event| {
        let (kind, content) = event["event"].as_object()?.iter().next()?;
        (content["node"] == unit && kind != "step").then(|| kind.clone())
    });
    kinds.collect()
}

fn with_hooks(estate: &Estate, unit: &str) {
    let file = format!("live/{unit}/terragrunt.hcl");
    let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
    let log = estate.path().join("hooks").display().to_string();
    let hooks = ["plan", "apply", "destroy"].map(|command| {
        format!(
            "  before_hook \"{command}\" {{\n    commands = [\"{command}\"]\n    \
             execute = [\"sh\", \"-c\", \"echo {command} >> {log}\"]\n  }}\n"
        )
    });
    let hooks = hooks.concat();
    estate.write(&file, &text.replacen("text\"\n}", &format!("text\"\n{hooks}}}"), 1));
}

#[test]
fn units_are_applied_by_one_command_and_destroyed_by_the_plan_that_was_shown() {
    for tool in terraforms() {
        let estate = Estate::new();
        estate.unit("networking", &[]).unit("cluster", &["networking"]);
        with_hooks(&estate, "cluster");
        let slipway = || Slipway::new(estate.path(), &tool);
        let apply = slipway().run(&["apply", "--yes", "--format", "json"]).exits(0);
        assert_eq!(estate.applied("cluster").as_deref(), Some("cluster < networking"));
        assert_eq!(commands(&estate, "cluster"), ["-c", "apply"], "the hook and one start of the tool");
        assert_eq!(events(&estate, "cluster"), ["node_started", "applying", "planned", "node_finished"]);
        let nodes = apply.json()["nodes"].clone();
        assert!(nodes.as_array().unwrap().iter().all(|node| node["result"] == "applied"), "{nodes}");

        let again = slipway().run(&["apply", "--yes", "--format", "json"]).exits(0);
        let nodes = again.json()["nodes"].clone();
        assert!(nodes.as_array().unwrap().iter().all(|node| node["result"] == "unchanged"), "{nodes}");

        slipway().run(&["destroy", "--yes"]).exits(0).says("destroyed");
        assert_eq!(
            commands(&estate, "cluster"),
            ["-c", "plan", "-c", "apply"],
            "planned, shown, and then that plan"
        );
        assert_eq!(estate.applied("networking"), None);
        let hooks = std::fs::read_to_string(estate.path().join("hooks")).unwrap();
        assert_eq!(hooks.lines().collect::<Vec<_>>(), ["apply", "apply", "plan", "destroy"]);
    }
}

#[test]
fn get_working_dir_is_where_the_tool_runs() {
    let estate = Estate::new();
    estate.unit("a", &[]);
    let file = "live/a/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &text.replace("value = \"a\"", "value = get_working_dir()"));
    Slipway::new(estate.path(), &terraforms()[0]).run(&["apply", "--yes"]).exits(0);
    let named = std::path::PathBuf::from(estate.applied("a").unwrap());
    assert!(named.join(".terraform").is_dir(), "{}", named.display());
    assert!(named.join("main.tf").is_file(), "{}", named.display());
}

use std::path::Path;

use super::broken;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// As a runner of GitHub starts it.
fn started(estate: &Path) -> Slipway {
    let outputs = estate.join("outputs");
    if !outputs.exists() {
        std::fs::write(&outputs, "before=1\n").unwrap();
    }
    let slipway = Slipway::new(estate, &tool("tofu")).env("GITHUB_ACTIONS", "true");
    slipway.env("GITHUB_WORKSPACE", estate).env("GITHUB_OUTPUT", outputs)
}

/// The orders that a runner obeys.
fn orders(talk: &str) -> Vec<&str> {
    talk.lines().filter(|line| line.starts_with("::")).collect()
}

#[test]
fn what_failed_is_shown_at_its_file_and_later_steps_can_ask() {
    let estate = broken();
    let ended = started(estate.path()).run(&["apply", "--yes"]).exits(1);
    let told = orders(&ended.stderr);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("::error file=live/cluster/terragrunt.hcl,title=cluster::"), "{told:?}");
    assert!(told[0].contains("it broke"), "{told:?}");
    let outputs = std::fs::read_to_string(estate.path().join("outputs")).unwrap();
    let lines: Vec<&str> = outputs.lines().collect();
    assert_eq!(lines[0], "before=1", "what earlier steps have said stays");
    assert!(lines[1].starts_with("run=2"), "{outputs}");
    assert_eq!(lines[2..], ["result=failed", "has-changes=true", "has-drifted=false", "units=4", "failed=1"]);

    // Without a runner nothing of it is said.
    let plain = Slipway::new(estate.path(), &tool("tofu")).run(&["apply", "--yes"]).exits(1);
    assert!(orders(&plain.stderr).is_empty(), "{}", plain.stderr);
    // Nor in lines of JSON, which programs read.
    let json = started(estate.path()).run(&["apply", "--yes", "--log-format", "json"]).exits(1);
    assert!(orders(&json.stderr).is_empty(), "{}", json.stderr);
}

#[test]
fn a_mistake_in_the_configuration_is_shown_at_its_line_and_obeys_nobody() {
    let estate = Estate::new();
    estate.write("live/vpc/terragrunt.hcl", "locals {\n  a = oops\n}\n\ninputs = {\n  a = local.a\n}\n");
    estate.write("live/odd,name/terragrunt.hcl", "locals {\n  b = \"%\\n::error::c\" + 1\n}\n");
    let ended = started(estate.path()).run(&["validate"]).exits(3);
    let told = orders(&ended.stderr);
    assert!(
        told.iter().any(|line| line.starts_with("::error file=live/vpc/terragrunt.hcl,line=2,col=7,title=")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.starts_with("::error file=live/odd%2Cname/terragrunt.hcl,line=2")),
        "{told:?}"
    );
    assert!(!told.iter().any(|line| line.starts_with("::error::")), "{told:?}");
}

#[test]
fn what_units_print_is_folded_under_their_names() {
    let estate = Estate::new();
    estate.unit("a", &[]);
    estate.unit("b", &[]);
    let ended = started(estate.path()).run(&["exec", "--", "echo", "::stop-commands::x"]).exits(0);
    for name in ["a", "b"] {
        let folded = format!("::group::{name}\n\\::stop-commands::x\n::endgroup::\n");
        assert!(ended.stdout.contains(&folded), "{}", ended.stdout);
    }
}

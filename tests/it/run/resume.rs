//! Going on with a run that stopped.

use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

/// Three units in a row, of which the middle one fails as long as it is told to.
fn breaking() -> Estate {
    let estate = Estate::new();
    estate.unit("networking", &[]).unit("cluster", &["networking"]).unit("identity", &["cluster"]);
    set_failing(&estate, true);
    estate
}

fn set_failing(estate: &Estate, fails: bool) {
    let unit = "live/cluster/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("fail = ")).collect();
    let without = lines.join(
        "
",
    );
    let text = without.replace("inputs = {\n", &format!("inputs = {{\n  fail = {fails}\n"));
    estate.write(unit, &text);
}

#[test]
fn a_run_goes_on_where_it_failed_and_keeps_its_journal() {
    for tool in terraforms() {
        let estate = breaking();
        let failed = Slipway::new(estate.path(), &tool).run(&["apply", "--yes"]).exits(1);
        assert!(failed.stderr.contains("slipway resume "), "{}", failed.stderr);
        set_failing(&estate, false);
        // The environment names no tool: the run itself remembers which one it used.
        let resumed = Slipway::new(estate.path(), &tool)
            .env_remove("SLIPWAY_TF_PATH")
            .run(&["resume", "--yes", "--format", "json"])
            .exits(0)
            .says("1 of 3 done");
        assert!(
            !resumed.stderr.contains("networking: plan"),
            "what is done is not planned: {}",
            resumed.stderr
        );
        assert_eq!(resumed.json()["nodes"][0]["result"], "applied");
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
        Slipway::new(estate.path(), &tool).run(&["resume", "--yes"]).exits(0).says("is done");
        let runs = Slipway::new(estate.path(), &tool).run(&["runs", "--format", "json"]).exits(0);
        assert_eq!(runs.json().as_array().unwrap().len(), 1, "it is one run");
        assert_eq!(runs.json()[0]["failed"], 0);
    }
}

#[test]
fn a_destroy_goes_on_as_a_destroy() {
    let tool = &terraforms()[0];
    let estate = breaking();
    set_failing(&estate, false);
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    let state = estate.path().join("states/networking.tfstate");
    let whole = std::fs::read(&state).unwrap();
    std::fs::write(&state, "{broken").unwrap();
    Slipway::new(estate.path(), tool).run(&["destroy", "--yes"]).exits(1);
    std::fs::write(&state, whole).unwrap();
    Slipway::new(estate.path(), tool).run(&["resume", "--yes"]).exits(0);
    assert!(["networking", "cluster", "identity"].iter().all(|unit| estate.applied(unit).is_none()));
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_with_the_reason() {
    let tool = &terraforms()[0];
    let estate = breaking();
    Slipway::new(estate.path(), tool).run(&["resume", "--yes"]).exits(64).says("there are no runs yet");
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(1);
    Slipway::new(estate.path(), tool).run(&["resume", "no-such-run"]).exits(64).says("no run no-such-run");
    Slipway::new(estate.path(), tool).run(&["resume"]).exits(5).says("--yes");
    std::fs::remove_dir_all(estate.path().join("live/identity")).unwrap();
    Slipway::new(estate.path(), tool).run(&["resume", "--yes"]).exits(5).says("identity");
}

#[test]
fn fail_fast_starts_nothing_new_and_resume_does_the_rest() {
    let tool = &terraforms()[0];
    let estate = breaking();
    estate.unit("zone", &[]);
    let run = ["apply", "--yes", "--fail-fast", "-j", "1", "--format", "json"];
    let failed = Slipway::new(estate.path(), tool).run(&run).exits(1);
    let zone = failed.json()["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["name"] == "zone")
        .cloned()
        .unwrap();
    assert!(zone["result"] == "applied" || zone["cause"] == "cluster", "{zone}");
    set_failing(&estate, false);
    Slipway::new(estate.path(), tool).run(&["resume", "--yes"]).exits(0);
    assert_eq!(estate.applied("zone").as_deref(), Some("zone"));
}

#[test]
fn a_unit_that_takes_longer_than_its_limit_is_interrupted_and_has_failed() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("slow", &[]).unit("quick", &[]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let slow = module.replace(": \"true\"", ": (var.value == \"slow\" ? \"sleep 30\" : \"true\")");
    estate.write("infra/text/main.tf", &slow);
    let project = "estate {\n  root = \"live\"\n}\n\nunit \"sl*\" {\n  timeout = \"2s\"\n}\n";
    estate.write("slipway.hcl", project);
    let begun = std::time::Instant::now();
    Slipway::new(estate.path(), tool)
        .run(&["apply", "--yes"])
        .exits(1)
        .says("slow failed")
        .says("longer than its time limit of 2s");
    assert!(begun.elapsed() < std::time::Duration::from_secs(25), "it was not waited for");
    assert_eq!(estate.applied("quick").as_deref(), Some("quick"));
    let lock = estate.path().join("states/.slow.tfstate.lock.info");
    assert!(!lock.exists(), "the interrupt left no lock");
}

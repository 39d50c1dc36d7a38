use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

#[test]
fn units_are_applied_in_order_on_the_real_outputs_of_what_they_depend_on() {
    for tool in terraforms() {
        let estate = Estate::chain();
        let up = || Slipway::new(estate.path(), &tool);
        up().run(&["up", "--yes"]).exits(0).says("identity").says("applied");
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
        assert_eq!(estate.applied("bucket").as_deref(), Some("bucket"));

        let again = up().run(&["up", "--yes", "--format", "json"]).exits(0);
        for node in again.json()["nodes"].as_array().unwrap() {
            assert_eq!(node["result"], "unchanged", "{node}");
        }

        up().run(&["down", "--yes"]).exits(0);
        assert_eq!(estate.applied("networking"), None);
        assert_eq!(estate.applied("identity"), None);
        up().run(&["down", "--yes"]).exits(0).says("nothing to change");
    }
}

#[test]
fn a_plan_before_anything_is_applied_rests_on_mocks_and_says_so() {
    for tool in terraforms() {
        let estate = Estate::chain();
        let dependency = "dependency \"networking\" {\n  config_path = \"../networking\"\n  \
                          mock_outputs = { value = \"mock\" }\n}\n";
        let unit = "live/cluster/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
        estate.write(
            unit,
            &text.replace("dependency \"networking\" {\n  config_path = \"../networking\"\n}\n", dependency),
        );
        let plan = Slipway::new(estate.path(), &tool).run(&["plan", "cluster", "--detailed-exitcode"]);
        plan.exits(2).says("provisional: mock outputs of networking");
        // Applied alone, it would be applied on mocks.
        let up = Slipway::new(estate.path(), &tool).run(&["up", "cluster", "--yes"]);
        up.exits(5).says("apply what it depends on first");
        assert_eq!(estate.applied("cluster"), None);
    }
}

#[test]
fn a_failure_half_way_skips_what_waits_for_it_and_the_rerun_goes_on() {
    for tool in terraforms() {
        let estate = Estate::chain();
        let unit = "live/cluster/terragrunt.hcl";
        let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
        estate.write(unit, &text.replace("inputs = {", "inputs = {\n  fail = true"));
        let up = Slipway::new(estate.path(), &tool).run(&["up", "--yes", "--format", "json"]).exits(1);
        let result = |name: &str| {
            let nodes = up.json()["nodes"].as_array().unwrap().clone();
            nodes.into_iter().find(|node| node["name"] == name).unwrap()
        };
        assert_eq!(result("networking")["result"], "applied");
        assert_eq!(result("bucket")["result"], "applied", "a sibling finishes");
        assert_eq!(result("cluster")["result"], "failed");
        assert!(result("cluster")["message"].as_str().unwrap().contains("it broke"), "{}", result("cluster"));
        assert_eq!(result("identity")["result"], "skipped");
        assert_eq!(result("identity")["cause"], "cluster");
        assert_eq!(estate.applied("identity"), None);

        estate.write(unit, &text);
        let again = Slipway::new(estate.path(), &tool).run(&["up", "--yes", "--format", "json"]).exits(0);
        let results: Vec<_> =
            again.json()["nodes"].as_array().unwrap().iter().map(|node| node["result"].clone()).collect();
        assert!(results.contains(&"unchanged".into()) && results.contains(&"applied".into()), "{results:?}");
        assert_eq!(estate.applied("identity").as_deref(), Some("identity < cluster < networking"));
    }
}

#[test]
fn an_excluded_unit_is_left_out_and_what_it_stood_between_keeps_its_order() {
    let tool = &terraforms()[0];
    let estate = Estate::chain();
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    let unit = "live/cluster/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
    estate.write(unit, &format!("exclude {{\n  if      = true\n  actions = [\"plan\"]\n}}\n{text}"));
    let plan = Slipway::new(estate.path(), tool).run(&["plan", "--format", "json"]).exits(0);
    assert!(plan.stderr.contains("left out by an exclude block: cluster"), "{}", plan.stderr);
    let names: Vec<_> =
        plan.json()["nodes"].as_array().unwrap().iter().map(|node| node["name"].clone()).collect();
    assert!(!names.contains(&"cluster".into()) && names.contains(&"identity".into()), "{names:?}");
    let apply = Slipway::new(estate.path(), tool).run(&["apply", "--yes", "--format", "json"]).exits(0);
    assert_eq!(apply.json()["nodes"].as_array().unwrap().len(), 4, "other actions run it");
}

#[test]
fn a_failure_that_the_unit_calls_retryable_is_tried_again() {
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("flaky", &[]);
    let module = std::fs::read_to_string(estate.path().join("infra/text/main.tf")).unwrap();
    let marker = estate.path().join("tried").display().to_string();
    let command = format!("test -e {marker} || {{ touch {marker}; echo Throttling >&2; exit 1; }}");
    estate.write("infra/text/main.tf", &module.replace(": \"true\"", &format!(": \"{command}\"")));
    let unit = "live/flaky/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
    let errors = "errors {\n  retry \"aws\" {\n    retryable_errors = [\".*Throttling.*\"]\n    max_attempts = 2\n    \
                  sleep_interval_sec = 1\n  }\n}\n";
    estate.write(unit, &format!("{errors}{text}"));
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("flaky").as_deref(), Some("flaky"));
}

#[test]
fn a_protected_unit_stops_a_destroy_before_anything_is_touched() {
    let tool = &terraforms()[0];
    let estate = Estate::chain();
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    let unit = "live/networking/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(unit)).unwrap();
    estate.write(unit, &format!("prevent_destroy = true\n{text}"));
    Slipway::new(estate.path(), tool).run(&["down", "--yes"]).exits(5).says("networking");
    assert!(estate.applied("identity").is_some(), "not even a dependent was touched");
}

#[test]
fn a_partial_backend_gets_its_settings_from_a_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("networking", &[]);
    let root = "remote_state {\n  backend = \"local\"\n  config  = { path = \"${get_repo_root()}/states/x.tfstate\" }\n}\n";
    estate.write("live/root.hcl", root);
    estate.write("infra/text/backend.tf", "terraform {\n  backend \"local\" {}\n}\n");
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    assert_eq!(estate.applied("x").as_deref(), Some("networking"));
    let file = estate.path().join(".slipway/work/networking/module/text/.slipway.tfbackend");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0).says("nothing to change");
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_changed() {
    let tool = &terraforms()[0];
    let estate = Estate::chain();
    Slipway::new(estate.path(), tool).run(&["up"]).exits(5).says("--yes");
    assert_eq!(estate.applied("networking"), None);
}

#[test]
fn outputs_are_read_from_the_states_and_each_run_is_remembered() {
    let tool = &terraforms()[0];
    let estate = Estate::chain();
    Slipway::new(estate.path(), tool).run(&["apply", "--yes"]).exits(0);
    let outputs = Slipway::new(estate.path(), tool).run(&["output", "cluster", "--format", "json"]).exits(0);
    assert_eq!(outputs.json()["cluster"]["value"], "cluster < networking");
    let runs = Slipway::new(estate.path(), tool).run(&["runs", "--format", "json"]).exits(0);
    assert_eq!(runs.json().as_array().unwrap().len(), 1);
    Slipway::new(estate.path(), tool).run(&["runs", "show"]).exits(0).says("cluster").says("applied");
}

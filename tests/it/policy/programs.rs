use super::{estate, node, script, slipway};
use crate::support::skipped::skipped;
use crate::support::{program, terraforms};

#[test]
fn a_command_reads_the_plan_and_speaks_in_lines() {
    for tool in terraforms() {
        let estate = estate("policy \"mine\" {\n  command = [\"./check\", \"--strict\"]\n}\n");
        let check = "#!/usr/bin/env python3\nimport json, os, sys\nplan = json.load(sys.stdin)\n\
                     for change in plan['resource_changes']:\n    \
                     print(os.environ['SLIPWAY_UNIT'], os.environ['SLIPWAY_COMMAND'], sys.argv[1], change['address'])\n\
                     sys.exit(1 if os.environ['SLIPWAY_UNIT'] == 'cluster' else 0)\n";
        script(&estate, "check", check);
        let up = slipway(&estate, &tool, &["apply", "--yes"]).exits(5);
        let up = up.says("networking: mine warns: networking apply --strict terraform_data.this");
        up.says("cluster: mine denies: cluster apply --strict terraform_data.this");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert_eq!(estate.applied("cluster"), None);
    }
}

#[test]
fn a_program_that_is_missing_or_breaks_has_not_let_anything_pass() {
    let tool = &terraforms()[0];
    let missing = estate("policy \"mine\" {\n  conftest {\n    program = \"no-such-conftest\"\n  }\n}\n");
    slipway(&missing, tool, &["apply", "networking", "--yes"])
        .exits(5)
        .says("no-such-conftest is not installed");
    assert_eq!(missing.applied("networking"), None);
    let broken = estate("policy \"mine\" {\n  command = [\"./check\"]\n}\n");
    script(&broken, "check", "#!/bin/sh\necho fine\nkill -9 $$\n");
    slipway(&broken, tool, &["apply", "networking", "--yes"]).exits(5).says("it was killed");
}

#[test]
fn conftest_denies_warns_and_excepts() {
    let Some(conftest) = program("conftest") else {
        return skipped("conftest is not installed; `emulator/setup policy` builds it");
    };
    for tool in terraforms() {
        let block = format!(
            "policy \"rego\" {{\n  conftest {{\n    program = \"{}\"\n  }}\n}}\n",
            conftest.display()
        );
        let estate = estate(&block);
        let policy = "package main\n\n\
            deny contains msg if {\n  some change in input.resource_changes\n  \
            change.change.after.input == \"cluster < networking\"\n  msg := sprintf(\"%s stands on networking\", [change.address])\n}\n\n\
            deny_size contains msg if {\n  count(input.resource_changes) > 0\n  msg := \"too large\"\n}\n\n\
            warn contains msg if {\n  input.resource_changes[_].type == \"terraform_data\"\n  msg := \"built in\"\n}\n\n\
            exception contains rules if {\n  rules := [\"size\"]\n}\n";
        estate.write("policy/plan.rego", policy);
        let up = slipway(&estate, &tool, &["apply", "--yes", "--format", "json"]).exits(5);
        assert_eq!(node(&up, "networking")["result"], "applied");
        assert_eq!(node(&up, "cluster")["result"], "refused");
        let up = up.says("networking: rego warns: built in").says("an exception lets pass");
        up.says("cluster: rego denies: terraform_data.this stands on networking");
        // What does not compile decides nothing.
        estate.write("policy/plan.rego", "package main\n\ndeny contains msg if {\n");
        slipway(&estate, &tool, &["plan", "cluster"]).exits(5).says("cannot be decided");
    }
}

#[test]
fn opa_is_asked_for_the_rules_of_a_package() {
    let Some(opa) = program("opa") else {
        return skipped("opa is not installed; `emulator/setup policy` builds it");
    };
    for tool in terraforms() {
        let block = format!(
            "policy \"rego\" {{\n  opa {{\n    program = \"{}\"\n    policy  = \"rules\"\n    package = \"company.plans\"\n  }}\n}}\n",
            opa.display()
        );
        let estate = estate(&block);
        let policy = "package company.plans\n\n\
            deny contains msg if {\n  some change in input.resource_changes\n  \
            change.change.after.input == data.forbidden\n  msg := sprintf(\"%s is forbidden\", [change.address])\n}\n\n\
            warn contains {\"msg\": \"look\"} if count(input.resource_changes) > 0\n";
        estate.write("rules/plan.rego", policy);
        estate.write("rules/data.json", "{\"forbidden\": \"cluster < networking\"}\n");
        let up = slipway(&estate, &tool, &["apply", "--yes"]).exits(5);
        let up = up.says("networking: rego warns: look");
        up.says("cluster: rego denies: terraform_data.this is forbidden");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert_eq!(estate.applied("cluster"), None);
        // Another package says nothing, which is no permission.
        estate.write("rules/plan.rego", &policy.replace("company.plans", "elsewhere"));
        slipway(&estate, &tool, &["plan", "cluster"]).exits(5).says("no package company.plans");
    }
}

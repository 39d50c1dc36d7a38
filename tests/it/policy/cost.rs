//! infracost asks a price list in the network, with a key. A stand-in prints what it documents: an object with totals
//! as texts.

use super::{estate, node, script, slipway};
use crate::support::terraforms;

/// Takes the calls that Slipway makes and no others. A unit costs 40 a month for each resource that it has.
const STAND_IN: &str = r#"#!/usr/bin/env python3
import json, os, stat, sys
assert sys.argv[1:6] == ["diff", "--format", "json", "--no-color", "--path"], sys.argv
path = sys.argv[6]
assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, "others can read the plan"
plan = json.load(open(path))
open("asked", "a").write(path + "\n")
price = lambda state: 40.0 * len(state.get("root_module", {}).get("resources", []))
after = price(plan.get("planned_values", {}))
before = price(plan.get("prior_state", {}).get("values", {}))
json.dump({
    "version": "0.2", "currency": "USD", "projects": [],
    "totalHourlyCost": str(after / 730), "totalMonthlyCost": str(after), "totalMonthlyUsageCost": "0",
    "pastTotalHourlyCost": str(before / 730), "pastTotalMonthlyCost": str(before),
    "diffTotalHourlyCost": str((after - before) / 730), "diffTotalMonthlyCost": str(after - before),
    "timeGenerated": "2026-01-01T00:00:00Z",
    "summary": {"totalDetectedResources": 1},
}, sys.stdout)
"#;

#[test]
fn a_plan_shows_what_each_unit_and_all_together_cost() {
    for tool in terraforms() {
        let estate = estate("cost {\n  program = \"./infracost\"\n}\n");
        script(&estate, "infracost", STAND_IN);
        slipway(&estate, &tool, &["apply", "networking", "--yes"])
            .exits(0)
            .says("networking: 40.00 USD more a month");
        let all = slipway(&estate, &tool, &["apply", "--yes", "--format", "json"]).exits(0);
        assert_eq!(node(&all, "cluster")["cost"]["after"], 40.0);
        assert_eq!(node(&all, "networking")["cost"]["before"], 40.0, "it is there already");
        let gone = slipway(&estate, &tool, &["destroy", "--yes"]).exits(0);
        gone.says("total: 80.00 USD less a month, then 0.00");
        for path in std::fs::read_to_string(estate.path().join("asked")).unwrap().lines() {
            assert!(!std::path::Path::new(path).exists(), "{path} is left behind");
        }
    }
}

#[test]
fn what_costs_more_than_the_limit_is_not_applied() {
    for tool in terraforms() {
        let estate =
            estate("cost {\n  program              = \"./infracost\"\n  max_monthly_increase = 50\n}\n");
        script(&estate, "infracost", STAND_IN);
        let up = slipway(&estate, &tool, &["apply", "--yes"]).exits(5);
        up.says("the run comes to 80.00; 50.00 is the limit");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        assert_eq!(estate.applied("cluster"), None);
        // In a second run it is the only increase.
        slipway(&estate, &tool, &["apply", "--yes"]).exits(0);
        let each =
            self::estate("cost {\n  program           = \"./infracost\"\n  max_unit_increase = 39.5\n}\n");
        script(&each, "infracost", STAND_IN);
        slipway(&each, &tool, &["plan", "networking"]).exits(5).says("a unit may cost 39.50 more");
    }
}

#[test]
fn a_price_that_is_not_known_stands_in_the_way_of_a_limit_only() {
    let tool = &terraforms()[0];
    let told = estate("cost {\n  program = \"./infracost\"\n}\n");
    script(
        &told,
        "infracost",
        "#!/bin/sh\necho 'Error: No INFRACOST_API_KEY environment variable is set.' >&2\nexit 1\n",
    );
    slipway(&told, tool, &["apply", "networking", "--yes"])
        .exits(0)
        .says("no price: infracost exited with 1: Error: No");
    let limited = estate("cost {\n  program              = \"./none\"\n  max_monthly_increase = 50\n}\n");
    slipway(&limited, tool, &["apply", "networking", "--yes"]).exits(5).says("cannot be decided");
    // The flag asks without any block, for whatever infracost is on PATH.
    slipway(&estate(""), tool, &["plan", "networking", "--cost"]).exits(0).says("infracost is not installed");
}

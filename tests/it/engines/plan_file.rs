//! A plan where the unit's own arguments want it.

use super::{Driver, each, notes, output};
use crate::support::estate::Estate;

/// A unit whose plan goes to a place of its own, where a hook reads it.
fn place(estate: &Estate, name: &str, arguments: &str, hook: &str) {
    estate.write(&format!("live/{name}/main.tf"), "output \"value\" {\n  value = \"planned\"\n}\n");
    let text = format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\
         terraform {{\n  extra_arguments \"out\" {{\n    commands  = [\"plan\"]\n    arguments = [{arguments}]\n  }}\n  \
         after_hook \"read\" {{\n    commands = [\"plan\"]\n    execute  = [\"sh\", \"-c\", \"{hook}\"]\n  }}\n}}\n"
    );
    estate.write(&format!("live/{name}/terragrunt.hcl"), &text);
}

const SHOW: &str = "$TG_CTX_TF_PATH show -json FILE | grep -c planned >> $HOME/shown";

#[test]
fn a_hook_finds_the_plan_where_the_units_arguments_want_it() {
    each(|driver| {
        let estate = Estate::new();
        let beside = SHOW.replace("FILE", "${get_terragrunt_dir()}/my.tfplan");
        place(&estate, "beside", "\"-out=${get_terragrunt_dir()}/my.tfplan\"", &beside);
        place(
            &estate,
            "inside",
            "\"-lock-timeout=5s\", \"-out\", \"tfplan.binary\"",
            &SHOW.replace("FILE", "tfplan.binary"),
        );
        let nodes = driver.nodes(&estate, &["plan"], 0);
        for unit in ["beside", "inside"] {
            assert_eq!(nodes.get(unit)["plan"]["changes"], true, "{unit}");
        }
        assert_eq!(notes(&estate, "shown"), ["1", "1"]);
        assert!(estate.path().join("live/beside/my.tfplan").is_file());
    });
}

#[test]
fn the_plan_is_kept_and_applied_as_any_other() {
    each(|driver| {
        let estate = Estate::new();
        place(&estate, "a", "\"-out=${get_terragrunt_dir()}/my.tfplan\"", "true");
        place(&estate, "b", "\"-out=tfplan.binary\"", "true");
        let apply = "  extra_arguments \"plan\" {\n    commands  = [\"apply\"]\n    arguments = [\"-parallelism\", \"2\", \
                     \"${get_terragrunt_dir()}/my.tfplan\"]\n  }\n}\n";
        if driver.engine == "native" {
            let file = estate.path().join("live/a/terragrunt.hcl");
            let text = std::fs::read_to_string(&file).unwrap();
            estate
                .write("live/a/terragrunt.hcl", &format!("{}{apply}", text.trim_end().trim_end_matches('}')));
        }
        driver.run(&estate, &["plan", "--out", "saved"]).exits(0).says("planned");
        driver.run(&estate, &["apply", "saved", "--yes"]).exits(0).says("applied");
        for unit in ["a", "b"] {
            assert_eq!(output(&estate, unit, "value"), "planned", "{unit}");
        }
    });
}

#[test]
fn a_hook_may_take_the_plan_away_again() {
    let tool = &crate::support::terraforms()[0];
    let driver = Driver { engine: "native", tool: tool.clone(), programs: None };
    let estate = Estate::new();
    place(&estate, "a", "\"-out=${get_terragrunt_dir()}/my.tfplan\"", "rm ${get_terragrunt_dir()}/my.tfplan");
    driver.run(&estate, &["plan", "--out", "saved"]).exits(0).says("planned");
    assert!(!estate.path().join("live/a/my.tfplan").exists());
    driver.run(&estate, &["apply", "saved", "--yes"]).exits(0).says("applied");
}

#[test]
fn what_the_environment_wants_is_honoured_and_the_plan_is_applied_all_the_same() {
    each(|driver| {
        let estate = Estate::new();
        let shared = estate.path().join("shared.tfplan");
        for unit in ["a", "b", "c"] {
            let text = format!("output \"value\" {{\n  value = \"of {unit}\"\n}}\n");
            estate.write(&format!("live/{unit}/main.tf"), &text);
            let hook = "$TG_CTX_TF_PATH show -json FILE | grep -c planned_values >> $HOME/shown";
            let hook =
                hook.replace("FILE", if unit == "c" { "own.tfplan" } else { shared.to_str().unwrap() });
            let own = "  extra_arguments \"own\" {\n    commands = [\"plan\"]\n    env_vars = { TF_CLI_ARGS_plan = \
                       \"-out=own.tfplan\" }\n  }\n";
            estate.write(
                &format!("live/{unit}/terragrunt.hcl"),
                &format!(
                    "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\nterraform {{\n{}  \
                     after_hook \"read\" {{\n    commands = [\"plan\"]\n    execute  = [\"sh\", \"-c\", \"{hook}\"]\n  \
                     }}\n}}\n",
                    if unit == "c" { own } else { "" }
                ),
            );
        }
        let run = |arguments: &[&str]| {
            let wanted = format!("-parallelism=3 -out={}", shared.display());
            driver.slipway(&estate).env("TF_CLI_ARGS_plan", wanted).run(arguments)
        };
        run(&["plan", "--out", "saved"]).exits(0).says("planned");
        assert_eq!(notes(&estate, "shown"), ["1", "1", "1"]);
        assert!(shared.is_file());
        // Two units have written to one place, and each has its own plan.
        run(&["apply", "saved", "--yes"]).exits(0).says("applied");
        for unit in ["a", "b", "c"] {
            assert_eq!(output(&estate, unit, "value"), format!("of {unit}"));
        }
    });
}

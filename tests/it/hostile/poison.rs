//! What lies in a repository stands in for nothing that was fetched, planned or signed.

use crate::plans::{commit, unit};
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::{terraforms, tool};

/// A module that runs a file of its own when it is applied.
fn running(script: &str) -> String {
    format!(
        "resource \"terraform_data\" \"this\" {{\n  provisioner \"local-exec\" {{\n    \
         command = \"sh ${{path.module}}/{script}\"\n  }}\n}}\n"
    )
}

#[test]
fn a_script_of_a_module_counts_in_a_saved_plan_whatever_its_name_and_its_folder_are() {
    let estate = Estate::new();
    let scripts = [
        "run.tfstate.sh",
        "scripts/terraform.tfstate",
        "scripts/terraform.tfstate.backup",
        "plans/run.sh",
        "deep/errored.tfstate",
    ];
    for (number, script) in scripts.iter().enumerate() {
        unit(&estate, &format!("u{number}"), &running(script));
        estate.write(&format!("infra/u{number}/{script}"), "true\n");
    }
    // The file by which a folder of saved plans is known, beside a script in it.
    estate.write("infra/u3/plans/slipway-plans.json", "{}\n");
    commit(&estate);
    for tool in terraforms() {
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 5 units");
        for (number, script) in scripts.iter().enumerate() {
            let file = format!("infra/u{number}/{script}");
            estate.write(&file, &format!("touch {}/ran\n", estate.path().display()));
            let refused = slipway().run(&["apply", "saved", "--yes"]).exits(5);
            drop(refused.says(&format!("u{number}: its source is not what it was planned with")));
            assert!(!estate.path().join("ran").exists(), "{script} ran");
            estate.write(&file, "true\n");
        }
        slipway().run(&["apply", "saved", "--yes"]).exits(0).says("5 as they were saved");
        slipway().run(&["destroy", "--yes"]).exits(0).says("destroyed");
        std::fs::remove_dir_all(estate.path().join("saved")).unwrap();
    }
}

#[test]
fn a_link_of_a_module_counts_by_where_it_leads() {
    let estate = Estate::new();
    unit(&estate, "u", &running("run.sh"));
    estate.write("infra/u/good.sh", "true\n");
    estate.write("infra/u/evil.sh", "false\n");
    let link = estate.path().join("infra/u/run.sh");
    std::os::unix::fs::symlink("good.sh", &link).unwrap();
    commit(&estate);
    let tool = tool("tofu");
    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("evil.sh", &link).unwrap();
    slipway().run(&["apply", "saved", "--yes"]).exits(5).says("its source is not what it was planned with");
}

#[test]
fn a_script_of_the_tree_that_a_hook_runs_counts_too() {
    let estate = Estate::new();
    estate.unit("bucket", &[]);
    let text = std::fs::read_to_string(estate.path().join("live/bucket/terragrunt.hcl")).unwrap();
    let hook = "terraform {\n  before_hook \"check\" {\n    commands = [\"apply\"]\n    \
                execute  = [\"sh\", \"${get_repo_root()}/scripts/check.sh\"]\n  }\n";
    estate.write("live/bucket/terragrunt.hcl", &text.replacen("terraform {\n", hook, 1));
    estate.write("scripts/check.sh", "true\n");
    commit(&estate);
    let tool = tool("tofu");
    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved");
    estate.write("scripts/check.sh", "touch \"$HOME/ran\"\n");
    slipway().run(&["apply", "saved", "--yes"]).exits(5).says("scripts/check.sh was changed after");
    assert!(!estate.path().join("ran").exists());
}

#[test]
fn states_plans_and_lock_files_in_a_module_make_no_plan_of_it_stale() {
    for tool in terraforms() {
        let estate = Estate::chain();
        // The whole repository is the module's source: the states of all units, and the saved plans, lie in it.
        let whole = |name: &str, value: &str| {
            let file = format!("live/{name}/terragrunt.hcl");
            let text = std::fs::read_to_string(estate.path().join(&file)).unwrap();
            let text = text.replace("${get_repo_root()}/infra//text", "${get_repo_root()}//infra/text");
            estate.write(&file, &text.replace(&format!("value = \"{name}"), &format!("value = \"{value}")));
        };
        for name in ["networking", "cluster", "identity", "bucket"] {
            whole(name, name);
        }
        commit(&estate);
        let slipway = || Slipway::new(estate.path(), &tool);
        slipway().run(&["apply", "--yes"]).exits(0).says("applied");
        for name in ["identity", "bucket"] {
            whole(name, &format!("larger {name}"));
        }
        commit(&estate);
        slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 4 units");
        slipway().run(&["apply", "saved", "--yes"]).exits(0).says("4 as they were saved");
        assert_eq!(estate.applied("bucket").as_deref(), Some("larger bucket"));
        assert_eq!(estate.applied("identity").as_deref(), Some("larger identity < cluster < networking"));
        // What is no state of a unit counts, wherever it lies.
        estate.write("states/more.tfstate", "{}");
        slipway().run(&["plan", "--out", "again"]).exits(0).says("saved");
        estate.write("states/more.tfstate", "{ }");
        slipway()
            .run(&["apply", "again", "--yes"])
            .exits(5)
            .says("its source is not what it was planned with");
    }
}

//! What lies in a repository stands in for nothing that was fetched, planned or signed.

use std::path::Path;
use std::process::Command;

use super::world::git;
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

/// A repository of modules with two commits, of which the second is evil.
struct Catalogue {
    folder: tempfile::TempDir,
    good: String,
    evil: String,
}

impl Catalogue {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        let commit = |value: &str| {
            let module = format!("output \"value\" {{\n  value = \"{value}\"\n}}\n");
            std::fs::write(folder.path().join("main.tf"), module).unwrap();
            git(folder.path(), &["add", "--all"]);
            git(folder.path(), &["commit", "--quiet", "-m", value]);
            git(folder.path(), &["rev-parse", "HEAD"])
        };
        let (good, evil) = (commit("good"), commit("evil"));
        Self { folder, good, evil }
    }

    /// A unit of the estate's with the module at a commit.
    fn unit(&self, estate: &Estate, name: &str, commit: &str) {
        let source = format!("git::file://{}?ref={commit}", self.folder.path().display());
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"{source}\"\n}}\n"
        );
        estate.write(&format!("live/{name}/terragrunt.hcl"), &text);
    }

    /// A `.slipway` in which the good commit stands for the files of the evil one.
    fn poisoned(&self) -> Estate {
        let estate = Estate::new();
        self.unit(&estate, "good", &self.good);
        self.unit(&estate, "evil", &self.evil);
        Slipway::new(estate.path(), &tool("tofu")).run(&["plan"]).exits(0).says("planned");
        let index = estate.path().join(".slipway/modules/index");
        let entries: Vec<(std::path::PathBuf, serde_json::Value)> = std::fs::read_dir(index)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()))
            .collect();
        let of = |commit: &str| entries.iter().find(|(_, entry)| entry["resolved"] == commit).unwrap();
        let ((good, entry), (_, evil)) = (of(&self.good), of(&self.evil));
        let mut entry = entry.clone();
        entry["tree"] = evil["tree"].clone();
        std::fs::write(good, entry.to_string()).unwrap();
        estate
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[test]
fn a_cache_that_came_along_stands_in_for_no_module() {
    let (catalogue, tool) = (Catalogue::new(), tool("tofu"));
    let poisoned = catalogue.poisoned();
    // The poison works where it is believed: in the folder that it was made in.
    Slipway::new(poisoned.path(), &tool).run(&["apply", "good", "--yes"]).exits(0).says("applied");
    assert_eq!(poisoned.applied("good").as_deref(), Some("evil"));

    let estate = Estate::new();
    catalogue.unit(&estate, "good", &catalogue.good);
    copy(&poisoned.path().join(".slipway"), &estate.path().join(".slipway"));
    let slipway = || Slipway::new(estate.path(), &tool);
    slipway().run(&["apply", "--yes"]).exits(0).says("was not made here by you");
    assert_eq!(estate.applied("good").as_deref(), Some("good"));
    // From then on it is ours, and nothing is said or fetched.
    let again = slipway().run(&["plan"]).exits(0);
    assert!(
        !again.stderr.contains("not made here") && !again.stderr.contains("fetching"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_folder_of_ours_that_git_tracks_is_refused_wherever_it_would_be_believed() {
    let (catalogue, tool) = (Catalogue::new(), tool("tofu"));
    let estate = Estate::new();
    catalogue.unit(&estate, "good", &catalogue.good);
    let slipway = || Slipway::new(estate.path(), &tool);
    // Also one that is ours, into which a pull brings files.
    slipway().run(&["plan"]).exits(0).says("planned");
    for file in
        ["modules/index/planted.json", "runs/x/journal.jsonl", "work/good/module/evil.tf", "providers/x"]
    {
        let file = format!(".slipway/{file}");
        estate.write(&file, "{}\n");
        git(estate.path(), &["add", "--force", &file]);
        for arguments in [
            &["plan"][..],
            &["apply", "--yes"],
            &["up", "--yes"],
            &["destroy", "--yes"],
            &["output", "good"],
            &["resume", "--yes"],
            &["runs"],
            &["runs", "show"],
            &["unlock", "good"],
        ] {
            let refused = slipway().run(arguments).exits(5);
            drop(
                refused
                    .says(&format!("came with the repository: Git tracks {file}"))
                    .says("git rm -r --cached"),
            );
        }
        // What has no use for it is not kept from its work.
        slipway().run(&["find"]).exits(0).says("good");
        slipway().run(&["validate"]).exits(0).says("0 errors");
        git(estate.path(), &["rm", "--quiet", "--force", &file]);
    }
    slipway().run(&["apply", "--yes"]).exits(0).says("applied");
    assert_eq!(estate.applied("good").as_deref(), Some("good"));
}

#[test]
fn of_a_folder_that_was_copied_states_are_kept_and_its_runs_are_not_gone_on_with() {
    for tool in terraforms() {
        let estate = Estate::new();
        // Its state is in the folder that the tool works in.
        estate.write("live/root.hcl", "");
        unit(&estate, "kept", "resource \"terraform_data\" \"this\" {\n  input = 1\n}\n");
        unit(&estate, "broken", "resource \"terraform_data\" \"this\" {\n  input = nothing.at.all\n}\n");
        Slipway::new(estate.path(), &tool).run(&["apply", "--yes"]).exits(1).says("1 failed");

        let elsewhere = tempfile::tempdir().unwrap();
        let copied = elsewhere.path().join("copy");
        copy(estate.path(), &copied);
        let planted = copied.join(".slipway/work/kept/module/evil.tf");
        std::fs::write(&planted, "output \"evil\" {\n  value = 1\n}\n").unwrap();
        let ran = copied.join("ran");
        let trap = copied.join("trap");
        std::fs::write(&trap, format!("#!/bin/sh\ntouch '{}'\n", ran.display())).unwrap();
        std::fs::set_permissions(&trap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let journal = std::fs::read_dir(copied.join(".slipway/runs")).unwrap().next().unwrap().unwrap();
        let run = journal.file_name().into_string().unwrap();
        let journal = journal.path().join("journal.jsonl");
        let text = std::fs::read_to_string(&journal).unwrap();
        let with_trap = text.replace(&format!("{:?}", tool.display().to_string()), &format!("{trap:?}"));
        assert_ne!(text, with_trap, "the record names the tool");
        std::fs::write(&journal, with_trap).unwrap();

        let slipway = || Slipway::new(&copied, &tool).env_remove("SLIPWAY_TF_PATH");
        slipway().run(&["resume", "--yes"]).exits(5).says("was not begun here by you");
        slipway().run(&["runs", "show", "--detail"]).exits(0).says("details are not shown");
        assert!(!ran.exists() && !planted.exists());
        let again = Slipway::new(&copied, &tool).run(&["plan", "kept"]).exits(0);
        drop(again.says("nothing to change"));
        // Whoever knows where it comes from says so.
        drop(slipway().run(&["resume", &run, "--yes", "--from-elsewhere"]).exits(1));
        assert!(ran.exists(), "the tool of the record");
    }
}

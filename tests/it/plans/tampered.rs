use std::path::Path;

use super::{commit, files};
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::{terraforms, tool};

/// Flips the lowest bit of the byte in the middle of a file, which stays text where it is text.
fn flipped(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    content
}

struct Saved<'a> {
    estate: Estate,
    tool: &'a Path,
}

impl<'a> Saved<'a> {
    fn new(tool: &'a Path) -> Self {
        let estate = Estate::new();
        estate.unit("networking", &[]).unit("bucket", &[]);
        estate.write("live/networking/.terraform.lock.hcl", "# no providers, so nothing is locked\n");
        estate.write("live/extra.tfvars", "fail = false\n");
        let unit = std::fs::read_to_string(estate.path().join("live/bucket/terragrunt.hcl")).unwrap();
        let arguments = "  extra_arguments \"more\" {\n    commands = [\"plan\"]\n    \
                         required_var_files = [\"${get_repo_root()}/live/extra.tfvars\"]\n  }\n";
        estate.write(
            "live/bucket/terragrunt.hcl",
            &unit.replace("terraform {\n", &format!("terraform {{\n{arguments}")),
        );
        commit(&estate);
        let saved = Self { estate, tool };
        saved.slipway().run(&["plan", "--out", "saved"]).exits(0).says("saved the plans of 2 units");
        saved
    }

    fn slipway(&self) -> Slipway {
        Slipway::new(self.estate.path(), self.tool)
    }

    #[track_caller]
    fn is_refused(&self, reason: &str) -> Ended {
        let ended = self.slipway().run(&["apply", "saved", "--yes"]).exits(5).says(reason);
        for unit in ["networking", "bucket"] {
            assert_eq!(self.estate.applied(unit), None, "{unit} was applied");
        }
        ended
    }

    /// With one byte of a file flipped.
    #[track_caller]
    fn is_refused_with_a_byte_flipped(&self, file: &Path, reason: &str) {
        let content = std::fs::read(file).unwrap();
        std::fs::write(file, flipped(&content)).unwrap();
        drop(self.is_refused(reason));
        std::fs::write(file, content).unwrap();
    }
}

#[test]
fn one_byte_of_any_saved_file_is_enough_to_refuse_all() {
    let tool = tool("tofu");
    let saved = Saved::new(&tool);
    let folder = saved.estate.path().join("saved");
    let all = files(&folder);
    assert_eq!(all.len(), 4, "{all:?}");
    for file in &all {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        // A byte of the list itself makes it disagree with what it lists.
        let reason = if name == "SHA256SUMS" { "changed after the plans were saved" } else { name.as_str() };
        saved.is_refused_with_a_byte_flipped(file, reason);
        let content = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        drop(saved.is_refused(&format!("{name} is missing")));
        std::fs::write(file, content).unwrap();
    }
    let more = folder.join("plans/more.tfplan");
    std::fs::write(&more, "").unwrap();
    drop(saved.is_refused("plans/more.tfplan was not there when the plans were saved"));
    std::fs::remove_file(more).unwrap();
    saved.slipway().run(&["apply", "saved", "--yes"]).exits(0).says("2 as they were saved");
}

#[test]
fn whoever_writes_the_list_of_digests_anew_still_has_to_fit_the_manifest() {
    let tool = tool("tofu");
    let saved = Saved::new(&tool);
    let folder = saved.estate.path().join("saved");
    let plan = folder.join("plans/bucket.tfplan");
    std::fs::copy(folder.join("plans/networking.tfplan"), &plan).unwrap();
    let sums = std::process::Command::new("sh")
        .args(["-c", "sha256sum $(find plans slipway-plans.json -type f | sort) > SHA256SUMS"])
        .current_dir(&folder)
        .status()
        .unwrap();
    assert!(sums.success());
    drop(saved.is_refused("plans/bucket.tfplan is not the plan that slipway-plans.json has for bucket"));
}

#[test]
fn one_byte_of_any_input_source_or_lock_file_is_enough_to_refuse_all() {
    for tool in terraforms() {
        let saved = Saved::new(&tool);
        let root = saved.estate.path();
        for file in [
            "live/root.hcl",
            "live/networking/terragrunt.hcl",
            "live/bucket/terragrunt.hcl",
            "live/extra.tfvars",
            "live/networking/.terraform.lock.hcl",
        ] {
            saved.is_refused_with_a_byte_flipped(&root.join(file), &format!("{file} was changed after"));
        }
        let source = "its source is not what it was planned with";
        saved.is_refused_with_a_byte_flipped(&root.join("infra/text/main.tf"), source);
        // What comes to a module, or goes from it, counts as well.
        let more = root.join("infra/text/more.tf");
        std::fs::write(&more, "").unwrap();
        drop(saved.is_refused(source));
        std::fs::remove_file(more).unwrap();
        std::fs::remove_file(root.join("live/extra.tfvars")).unwrap();
        drop(saved.is_refused("live/extra.tfvars is gone"));
        saved.estate.write("live/extra.tfvars", "fail = false\n");
        saved.slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
    }
}

#[test]
fn what_an_input_is_made_of_outside_of_files_counts_too() {
    let tool = tool("tofu");
    let estate = Estate::new();
    estate.unit("bucket", &[]);
    let unit = std::fs::read_to_string(estate.path().join("live/bucket/terragrunt.hcl")).unwrap();
    estate.write(
        "live/bucket/terragrunt.hcl",
        &unit.replace("value = \"bucket\"", "value = get_env(\"NAME\")"),
    );
    commit(&estate);
    let slipway = |name: &str| Slipway::new(estate.path(), &tool).env("NAME", name);
    slipway("a").run(&["plan", "--out", "saved"]).exits(0).says("saved");
    slipway("b")
        .run(&["apply", "saved", "--yes"])
        .exits(5)
        .says("its inputs are not those it was planned with");
    slipway("a").run(&["apply", "saved", "--yes"]).exits(0).says("applied");
    assert_eq!(estate.applied("bucket").as_deref(), Some("a"));
}

#[test]
fn a_state_that_has_moved_on_refuses_all() {
    for tool in terraforms() {
        let saved = Saved::new(&tool);
        saved.slipway().run(&["apply", "saved", "--yes"]).exits(0).says("applied");
        let unit = saved.estate.path().join("live/bucket/terragrunt.hcl");
        let text = std::fs::read_to_string(&unit).unwrap();
        std::fs::write(&unit, text.replace("value = \"bucket\"", "value = \"larger bucket\"")).unwrap();
        saved.slipway().run(&["plan", "--out", "saved2"]).exits(0).says("saved");
        let state = saved.estate.path().join("states/bucket.tfstate");
        let content = std::fs::read_to_string(&state).unwrap();
        let refused = |change: fn(&mut serde_json::Value), reason: &str| {
            let mut other = serde_json::from_str(&content).unwrap();
            change(&mut other);
            std::fs::write(&state, other.to_string()).unwrap();
            let ended = saved.slipway().run(&["apply", "saved2", "--yes"]).exits(5);
            drop(ended.says(reason));
            assert_eq!(saved.estate.applied("bucket").as_deref(), Some("bucket"));
        };
        refused(|state| state["serial"] = 41.into(), "bucket: its state has moved on: serial 41 was");
        refused(
            |state| state["lineage"] = "another".into(),
            "bucket: its state is another one: lineage another",
        );
        std::fs::write(&state, content).unwrap();
        saved.slipway().run(&["apply", "saved2", "--yes"]).exits(0).says("applied");
        assert_eq!(saved.estate.applied("bucket").as_deref(), Some("larger bucket"));
    }
}

#[test]
fn plans_of_another_tool_are_refused() {
    let tools = terraforms();
    let [tofu, terraform] = tools.as_slice() else { return };
    let saved = Saved::new(tofu);
    let ended = Slipway::new(saved.estate.path(), terraform).run(&["apply", "saved", "--yes"]).exits(5);
    drop(ended.says("it was planned with tofu").says("and this is terraform"));
}

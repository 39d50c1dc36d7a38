//! States that go along with units: to another folder, to another backend, and never over something else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::terraforms;

/// An estate in Git, and the tool that works on it.
struct Moving<'a> {
    estate: Estate,
    tool: &'a Path,
    bed: Option<Bed>,
}

impl<'a> Moving<'a> {
    /// With these units, all of them applied and committed.
    fn new(tool: &'a Path, units: &[(&str, &[&str])]) -> Self {
        let estate = Estate::new();
        for (unit, dependencies) in units {
            estate.unit(unit, dependencies);
        }
        let moving = Self { estate, tool, bed: None };
        moving.run(&["apply", "--yes"]).exits(0);
        moving.commit("all");
        moving
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let slipway = Slipway::new(self.estate.path(), self.tool);
        match &self.bed {
            Some(bed) => slipway.bed(bed).run(arguments),
            None => slipway.run(arguments),
        }
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let mut git = Command::new("git");
        let git = git.current_dir(self.estate.path()).args(identity).args(arguments);
        assert!(git.status().unwrap().success(), "git {arguments:?}");
    }

    fn commit(&self, what: &str) {
        self.git(&["add", "--all", "live", "infra"]);
        self.git(&["commit", "--quiet", "--message", what]);
    }

    /// Moves the folder of a unit, and commits that.
    fn rename(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|name| self.estate.path().join("live").join(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(from, to).unwrap();
        self.commit("elsewhere");
    }

    /// Nothing of a unit would be changed.
    fn is_as_it_was(&self, unit: &str) {
        let plan = self.run(&["plan", unit, "--format", "json"]).exits(0).json();
        assert_eq!(plan["nodes"][0]["plan"]["changes"], false, "{plan:#}");
    }

    /// The folders of the copies, the oldest first.
    fn copies(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.estate.path().join(".slipway/moved")) else {
            return Vec::new();
        };
        let mut copies: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        copies.sort();
        copies
    }
}

#[test]
fn a_unit_that_git_finds_elsewhere_takes_its_state_along() {
    for tool in &terraforms() {
        let moving = Moving::new(tool, &[("dev/vpc", &[]), ("dev/db", &[])]);
        moving.run(&["state", "move", "--yes"]).exits(0).says("no unit has moved");
        moving.rename("dev/vpc", "dev/network");
        let id = moving.estate.applied("dev/vpc").unwrap();

        moving.run(&["state", "move"]).exits(5).says("pass --yes");
        let dry = moving.run(&["state", "move", "--dry-run", "--format", "json"]).exits(0);
        assert_eq!(dry.json()["moved"][0]["to"], "dev/network", "{}", dry.stdout);
        assert!(dry.stderr.contains("dev/vpc (as of "), "{}", dry.stderr);
        assert!(moving.estate.applied("dev/network").is_none() && moving.copies().is_empty());

        let moved = moving.run(&["state", "move", "--yes", "--format", "json"]).exits(0).json();
        assert_eq!(moved["moved"].as_array().unwrap().len(), 1, "{moved:#}");
        assert_eq!(moved["moved"][0]["resources"], 1, "{moved:#}");
        assert_eq!(moving.estate.applied("dev/network"), Some(id), "what is there is the same");
        assert_eq!(moving.estate.applied("dev/vpc"), None);
        moving.is_as_it_was("dev/network");
        let copy = PathBuf::from(moved["moved"][0]["copy"].as_str().unwrap());
        assert!(std::fs::read_to_string(&copy).unwrap().contains("dev/vpc"));
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        moving.run(&["destroy", "--removed", "--yes"]).exits(0).says("no unit that is no longer in the tree");
        moving.run(&["state", "move", "--yes"]).exits(0).says("no unit has moved");
    }
}

#[test]
fn one_that_was_cut_off_is_gone_on_with_and_nothing_else_is_written_over() {
    let tool = &terraforms()[0];
    let moving = Moving::new(tool, &[("dev/vpc", &[]), ("dev/other", &[])]);
    let state = |unit: &str| moving.estate.path().join(format!("states/{unit}.tfstate"));
    moving.run(&["state", "move", "dev/vpc", "dev/other", "--yes"]).exits(5).says("is still a unit here");
    moving.rename("dev/vpc", "dev/network");
    let before = std::fs::read_to_string(state("dev/vpc")).unwrap();

    // Everything that is not to be done leaves both as they are.
    let refused = moving.run(&["state", "move", "dev/vpc", "dev/other", "--yes"]).exits(5);
    refused.says("dev/other has a state already, and it holds something else");
    moving.run(&["state", "move", "dev/vpc", "dev/nowhere", "--yes"]).exits(64);
    moving
        .run(&["state", "move", "dev/never", "dev/network", "--yes"])
        .exits(64)
        .says("no commit before this one");
    moving.run(&["state", "move", "dev/vpc"]).exits(64);
    let unknown = ["state", "move", "dev/vpc", "dev/network", "--at", "nothing", "--yes"];
    moving.run(&unknown).exits(64).says("there is no commit \"nothing\"");
    assert_eq!(std::fs::read_to_string(state("dev/vpc")).unwrap(), before);
    assert!(moving.copies().is_empty());

    moving.run(&["state", "move", "dev/vpc", "dev/network", "--yes"]).exits(0).says("1 resources");
    // As after a kill behind the push: both hold it.
    std::fs::write(state("dev/vpc"), &before).unwrap();
    let pushed = std::fs::read_to_string(state("dev/network")).unwrap();
    moving.run(&["state", "move", "--yes"]).exits(0).says("no unit has moved");
    moving.run(&["state", "move", "dev/vpc", "dev/network", "--yes"]).exits(0);
    assert_eq!(moving.estate.applied("dev/vpc"), None);
    assert_eq!(std::fs::read_to_string(state("dev/network")).unwrap(), pushed, "it was not pushed again");
    assert_eq!(moving.copies().len(), 2);
    let again = moving.run(&["state", "move", "dev/vpc", "dev/network", "--yes"]).exits(64);
    again.says("there is no state of dev/vpc");
    moving.is_as_it_was("dev/network");
}

#[test]
fn a_state_goes_from_one_backend_to_another_and_back() {
    for tool in &terraforms() {
        let mut moving = Moving::new(tool, &[("dev/vpc", &[]), ("dev/db", &["vpc"])]);
        let root = std::fs::read_to_string(moving.estate.path().join("live/root.hcl")).unwrap();
        moving.bed = Some(Bed::start(&["aws"]));
        moving.estate.keep_states_in_s3("moving-states");
        moving.commit("states in S3");
        let to = ["state", "move", "--at", "HEAD~1", "--yes", "--backend-bootstrap", "--format", "json"];
        let moved = moving.run(&to).exits(0).json();
        assert_eq!(moved["moved"].as_array().unwrap().len(), 2, "{moved:#}");
        for unit in ["dev/vpc", "dev/db"] {
            moving.is_as_it_was(unit);
            assert_eq!(moving.estate.applied(unit), None, "the file holds nothing any more");
        }
        moving.run(&to).exits(0).says("no unit has moved");
        let bed = moving.bed.as_ref().unwrap();
        let keys = bed.aws("s3", "/moving-states?list-type=2");
        assert!(keys.contains("dev/vpc") && !keys.contains("tflock"), "{keys}");

        // Back to files, which are there and hold nothing.
        moving.estate.write("live/root.hcl", &root);
        moving.commit("states in files");
        moving.run(&["state", "move", "dev/vpc", "dev/vpc", "--at", "HEAD~1", "--yes"]).exits(0);
        assert!(moving.estate.applied("dev/vpc").is_some());
        moving.is_as_it_was("dev/vpc");
    }
}

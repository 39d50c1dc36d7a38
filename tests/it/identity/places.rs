//! A unit is the same unit from wherever one stands, with and without slipway.hcl and Git.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::slipway::Slipway;
use crate::support::tool;

/// What the project is told by.
#[derive(Clone, Copy)]
struct Told {
    slipway_hcl: bool,
    git: bool,
}

/// Where somebody stands, and how the unit is meant from there.
struct Place {
    what: &'static str,
    working_dir: PathBuf,
    flags: Vec<String>,
    /// The PATH argument, where it takes one.
    path: Option<String>,
    /// What the unit is called there where nothing says where the project is.
    own_name: &'static str,
}

/// A unit in `live/dev/vpc` that keeps its state in its work folder, with a folder of its own below it.
fn tree(told: Told) -> TempDir {
    let folder = tempfile::Builder::new().prefix("slipway-places-").tempdir().unwrap();
    let root = folder.path().join("repo");
    let unit = root.join("live/dev/vpc");
    std::fs::create_dir_all(unit.join("below")).unwrap();
    std::fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
    std::fs::create_dir_all(root.join("module")).unwrap();
    std::fs::write(
        root.join("module/main.tf"),
        "resource \"terraform_data\" \"vpc\" {}\noutput \"it\" {\n  value = \"vpc\"\n}\n",
    )
    .unwrap();
    std::fs::write(unit.join("terragrunt.hcl"), "terraform {\n  source = \"../../../module\"\n}\n").unwrap();
    if told.slipway_hcl {
        std::fs::write(root.join("slipway.hcl"), "estate {\n  root = \"live\"\n}\n").unwrap();
    }
    if told.git {
        let made = std::process::Command::new("git").arg("-C").arg(&root).args(["init", "--quiet"]).status();
        assert!(made.unwrap().success());
    }
    std::os::unix::fs::symlink(&unit, folder.path().join("link")).unwrap();
    folder
}

fn places(folder: &Path) -> Vec<Place> {
    let unit = folder.join("repo/live/dev/vpc");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let place = |what, working_dir: &Path, flags: &[&str], path: Option<&str>, own_name| Place {
        what,
        working_dir: working_dir.to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        path: path.map(str::to_owned),
        own_name,
    };
    let elsewhere = folder.join("elsewhere");
    vec![
        place("in the unit", &unit, &[], None, "vpc"),
        place("in the unit, as .", &unit, &[], Some("."), "vpc"),
        place("with -C", &elsewhere, &["-C", &text(&unit)], None, "vpc"),
        place("below the unit", &unit.join("below"), &[], Some(".."), "vpc"),
        place("above the unit", &folder.join("repo/live"), &[], Some("dev/vpc"), "dev/vpc"),
        place("by its file", &unit, &[], Some("terragrunt.hcl"), "vpc"),
        place("outside, by its path", &elsewhere, &[], Some(&text(&unit)), "vpc"),
        place("outside, by a relative path", &elsewhere, &[], Some("../repo/live/dev/vpc"), "vpc"),
        place("outside, by a link", &elsewhere, &[], Some("../link"), "vpc"),
        place("in a link, with -C", &elsewhere, &["-C", "../link"], None, "vpc"),
    ]
}

impl Place {
    fn run(&self, command: &[&str], takes_path: bool) -> crate::support::slipway::Ended {
        let mut arguments: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        arguments.extend(command);
        arguments.extend(self.path.as_deref().filter(|_| takes_path));
        Slipway::new(&self.working_dir, &tool("tofu")).run(&arguments)
    }

    /// Runs a command that has to do what it is for.
    #[track_caller]
    fn does(&self, command: &[&str]) -> crate::support::slipway::Ended {
        let ended = self.run(command, true);
        assert_eq!(ended.code, 0, "{command:?} {}:\n{}\n{}", self.what, ended.stdout, ended.stderr);
        ended
    }

    /// Every command, one after another; `name` is what the unit has to be called.
    fn every_command(&self, name: &str, is_applied: bool) {
        assert_eq!(self.does(&["find"]).stdout, format!("{name}\n"), "{}", self.what);
        let found = self.does(&["find", "--format", "json"]).json();
        assert_eq!(found[0]["name"], name, "{}: {found}", self.what);
        let shape = self.does(&["find", "--json"]).json();
        assert_eq!(
            shape,
            serde_json::json!([{ "type": "unit", "path": found[0]["path"] }]),
            "as Terragrunt's"
        );
        let relative = self.does(&["find", "--relative"]).stdout;
        assert_eq!(relative.trim_end(), found[0]["path"].as_str().unwrap(), "{}", self.what);
        let graph = self.does(&["graph", "--format", "json"]).json();
        assert_eq!(graph["waves"], serde_json::json!([[name]]), "{}", self.what);
        assert_eq!(self.does(&["graph"]).stdout, format!("wave 1\n  {name}\n"), "{}", self.what);
        let rendered = self.does(&["render", "--all", "--format", "json"]).json();
        assert_eq!(rendered["name"], name, "{}", self.what);
        for command in [&["graph"][..], &["graph", "--format", "mermaid"], &["validate"], &["render"]] {
            let ended = self.does(command);
            assert!(!ended.stdout.lines().any(|line| line.trim() == "."), "{}: {}", self.what, ended.stdout);
        }
        let plan = self.does(&["plan", "--format", "json"]).json();
        assert_eq!(plan["nodes"][0]["name"], name, "{}", self.what);
        let result = if is_applied { "unchanged" } else { "applied" };
        let apply = self.does(&["apply", "--yes", "--format", "json"]).json();
        assert_eq!(
            (&apply["nodes"][0]["name"], &apply["nodes"][0]["result"]),
            (&name.into(), &result.into()),
            "{}",
            self.what
        );
        let outputs = self.does(&["output", "--format", "json"]).json();
        assert_eq!(outputs[name]["it"], "vpc", "{}: {outputs}", self.what);
        let unlock =
            if self.path.is_some() { self.run(&["unlock"], true) } else { self.run(&["unlock", "."], false) };
        unlock.exits(0).says(&format!("{name} is not locked"));
    }
}

fn slipway_folders(folder: &Path) -> Vec<PathBuf> {
    let found = std::process::Command::new("find").arg(folder).args(["-name", ".slipway"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(PathBuf::from).collect()
}

/// Where somebody says where the project is, a unit has one name, one state and one history from everywhere.
#[track_caller]
fn one_name_from_everywhere(told: Told, name: &str) {
    let folder = tree(told);
    let mut is_applied = false;
    for place in places(folder.path()) {
        place.every_command(name, is_applied);
        is_applied = true;
    }
    assert_eq!(slipway_folders(folder.path()), [folder.path().join("repo/.slipway")]);
    let places = places(folder.path());
    let inside = places.first().unwrap();
    inside.run(&["runs", "show"], false).exits(0).says(name);
    // Interrupted runs are found from everywhere too: there is none to go on with.
    inside.run(&["resume"], false).says("there is nothing to go on with");
    inside.does(&["destroy", "--yes"]);
}

#[test]
fn with_slipway_hcl_a_unit_has_one_name_from_everywhere() {
    one_name_from_everywhere(Told { slipway_hcl: true, git: false }, "dev/vpc");
}

#[test]
fn with_slipway_hcl_and_git_a_unit_has_one_name_from_everywhere() {
    one_name_from_everywhere(Told { slipway_hcl: true, git: true }, "dev/vpc");
}

#[test]
fn with_git_alone_a_unit_is_called_by_its_path_in_the_work_tree_from_everywhere() {
    one_name_from_everywhere(Told { slipway_hcl: false, git: true }, "live/dev/vpc");
}

#[test]
fn with_nothing_around_it_a_unit_is_called_by_its_folder() {
    let folder = tree(Told { slipway_hcl: false, git: false });
    let mut applied: Vec<&str> = Vec::new();
    for place in places(folder.path()) {
        // Whoever stands above has an estate of their own.
        let is_applied = applied.contains(&place.own_name);
        place.every_command(place.own_name, is_applied);
        applied.push(place.own_name);
    }
    let mut found = slipway_folders(folder.path());
    found.sort();
    let repo = folder.path().join("repo/live");
    assert_eq!(found, [repo.join(".slipway"), repo.join("dev/vpc/.slipway")]);
}

#[test]
fn a_unit_at_the_root_of_an_estate_is_called_by_the_folder_of_the_root() {
    let folder = tempfile::Builder::new().prefix("slipway-places-").tempdir().unwrap();
    let root = folder.path().join("network");
    std::fs::create_dir_all(root.join("subnets")).unwrap();
    std::fs::write(root.join("slipway.hcl"), "").unwrap();
    for dir in [&root, &root.join("subnets")] {
        std::fs::write(dir.join("terragrunt.hcl"), "").unwrap();
        std::fs::write(dir.join("main.tf"), "resource \"terraform_data\" \"it\" {}\n").unwrap();
    }
    let slipway = || Slipway::new(&root, &tool("tofu"));
    let applied = slipway().run(&["apply", "--yes", "--format", "json"]).exits(0).json();
    let names: Vec<_> = applied["nodes"].as_array().unwrap().iter().map(|node| &node["name"]).collect();
    assert_eq!(names, ["network", "subnets"]);
    let again = slipway().run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(!again.stdout.contains(" . "), "{}", again.stdout);
    slipway().run(&["destroy", "--yes"]).exits(0);
}

#[test]
fn what_an_earlier_version_left_in_a_folder_of_a_repository_is_still_used_there() {
    let folder = tree(Told { slipway_hcl: false, git: true });
    let live = folder.path().join("repo/live");
    std::fs::create_dir_all(live.join(".slipway/runs")).unwrap();
    let old = live.join(".slipway/units/dev/vpc");
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join(".slipway-files"), "main.tf").unwrap();
    let state = r#"{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"a-lineage","outputs":{},"resources":[]}"#;
    std::fs::write(old.join("terraform.tfstate"), state).unwrap();
    let slipway = Slipway::new(&live.join("dev/vpc"), &tool("tofu"));
    slipway.run(&["apply", "--yes"]).exits(0).says("dev/vpc");
    let kept = std::fs::read_to_string(live.join(".slipway/work/dev_-vpc/module/terraform.tfstate")).unwrap();
    assert!(kept.contains("a-lineage") && kept.contains("\"serial\": 8"), "{kept}");
    assert_eq!(slipway_folders(folder.path()), [live.join(".slipway")]);
}

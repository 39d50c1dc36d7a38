//! What users rely on, told once and held for every engine over every tool: the native one always, the wrapping one
//! where Terragrunt is on PATH.

mod cloud;
mod counted;
mod drift;
mod exclude;
mod exit_codes;
mod failures;
mod files;
mod hooks;
mod inputs;
mod mocks;
mod order;
mod outputs;
mod patterns;
mod plan_file;
mod provided;
mod stopping;
mod two_places;
mod versions;
mod workspaces;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, partly_skipped};
use crate::support::slipway::{Ended, Slipway, system_path};
use crate::support::{terraforms, terragrunt};

/// An engine over a tool.
struct Driver {
    engine: &'static str,
    tool: PathBuf,
    /// A folder with Terragrunt and nothing else, so that no other tool comes onto PATH with it.
    programs: Option<TempDir>,
}

/// Runs a test for every engine and tool that is there.
fn each(test: impl Fn(&Driver)) {
    let terragrunt = terragrunt();
    if terragrunt.is_none() {
        partly_skipped(NO_TERRAGRUNT);
    }
    for tool in terraforms() {
        // Shown where the test fails.
        println!("native over {}", tool.display());
        test(&Driver { engine: "native", tool: tool.clone(), programs: None });
        if let Some(terragrunt) = &terragrunt {
            println!("terragrunt over {}", tool.display());
            test(&Driver { engine: "terragrunt", tool, programs: Some(only(terragrunt)) });
        }
    }
    if terragrunt.is_none() {
        eprintln!("skipped for the wrapping engine: terragrunt is not on PATH");
    }
}

/// A folder with a link to one program.
fn only(program: &Path) -> TempDir {
    let folder = tempfile::Builder::new().prefix("slipway-programs-").tempdir().unwrap();
    let name = program.file_name().unwrap();
    std::os::unix::fs::symlink(program, folder.path().join(name)).unwrap();
    folder
}

impl Driver {
    /// The program in an estate, by this engine and tool.
    fn slipway(&self, estate: &Estate) -> Slipway {
        let slipway = Slipway::new(estate.path(), &self.tool).env("SLIPWAY_ENGINE", self.engine);
        let Some(programs) = &self.programs else { return slipway };
        slipway.env("PATH", format!("{}:{}", programs.path().display(), system_path()))
    }

    fn run(&self, estate: &Estate, arguments: &[&str]) -> Ended {
        self.slipway(estate).run(arguments)
    }

    /// Runs it and returns the nodes of its summary.
    #[track_caller]
    fn nodes(&self, estate: &Estate, arguments: &[&str], code: i32) -> Nodes {
        let arguments = [arguments, &["--format", "json"]].concat();
        Nodes(self.run(estate, &arguments).exits(code).json()["nodes"].as_array().unwrap().clone())
    }
}

/// The rows of a summary.
struct Nodes(Vec<Value>);

impl Nodes {
    #[track_caller]
    fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|node| node["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in {:?}", self.0))
    }

    #[track_caller]
    fn result(&self, name: &str) -> &str {
        self.get(name)["result"].as_str().unwrap()
    }
}

/// Writes a unit of a module under `infra/`, with what stands in its `terraform` block and beside it.
fn unit(estate: &Estate, name: &str, module: &str, terraform: &str, rest: &str) {
    let text = format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
         terraform {{\n  source = \"${{get_repo_root()}}/infra//{module}\"\n{terraform}\n}}\n\n{rest}\n"
    );
    estate.write(&format!("live/{name}/terragrunt.hcl"), &text);
}

/// The state of a unit, as the file says it.
fn state(estate: &Estate, name: &str) -> Value {
    let file = estate.path().join(format!("states/{name}.tfstate"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap()
}

/// An output in the state of a unit.
fn output(estate: &Estate, name: &str, output: &str) -> Value {
    state(estate, name)["outputs"][output]["value"].clone()
}

/// What hooks and commands have noted in a file of the estate, a line each.
fn notes(estate: &Estate, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(estate.path().join(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

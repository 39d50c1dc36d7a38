//! The same configuration, evaluated by Terragrunt and by the library: `render` and `find` have to agree.
//!
//! These tests compare only where a `terragrunt` is on PATH; elsewhere they say that they did not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use slipway::estate::{Estate, Graph};
use slipway::terragrunt::outputs::NoOutputs;
use slipway::terragrunt::{Reader, ReaderOptions};
use slipway::view::{FindOptions, find_json, render_json};
use tempfile::TempDir;

use super::{copy, repository, told};
use crate::support::skipped::{NO_TERRAGRUNT, skipped};

/// A Git repository with Terragrunt files, and both ways to read it.
struct Compared {
    _guard: TempDir,
    root: PathBuf,
}

impl Compared {
    /// None where there is no Terragrunt to compare with.
    fn new() -> Option<Self> {
        if Command::new("terragrunt").arg("--version").output().is_err() {
            skipped(NO_TERRAGRUNT);
            return None;
        }
        let guard = TempDir::new().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let git = Command::new("git").args(["init", "--quiet"]).current_dir(&root).status().unwrap();
        assert!(git.success());
        Some(Self { _guard: guard, root })
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn environment() -> Vec<(String, String)> {
        let kept = ["PATH", "HOME", "TMPDIR"];
        let mut variables: Vec<(String, String)> =
            std::env::vars().filter(|(name, _)| kept.contains(&name.as_str())).collect();
        variables.push(("SOME_VARIABLE".to_owned(), "some value".to_owned()));
        variables
    }

    fn terragrunt(&self, folder: &str, arguments: &[&str]) -> Json {
        let output = Command::new("terragrunt")
            .args(arguments)
            .args(["--no-color", "--non-interactive"])
            .current_dir(self.root.join(folder))
            .env_clear()
            .envs(Self::environment())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr));
        })
    }

    fn reader(&self, command: &str) -> Reader {
        Reader::new(ReaderOptions::new(&self.root, command).environment(Self::environment()))
    }

    /// Both render a unit, and both show the same.
    #[track_caller]
    fn assert_renders_alike(&self, unit: &str) {
        let file = self.root.join(unit).join("terragrunt.hcl");
        let ours = self.reader("render").evaluate(&file, &NoOutputs);
        let ours = ours.unwrap_or_else(|errors| panic!("{unit}: {}", told(&errors)));
        let theirs = self.terragrunt(unit, &["render", "--format", "json"]);
        assert_alike(unit, &json!(render_json(&ours, true)), &theirs);
    }
}

/// Compares key by key, so that a failure names the place.
#[track_caller]
fn assert_alike(place: &str, ours: &Json, theirs: &Json) {
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => {
            let names: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for name in names {
                let place = format!("{place}.{name}");
                match (ours.get(name), theirs.get(name)) {
                    (Some(ours), Some(theirs)) => assert_alike(&place, ours, theirs),
                    (ours, theirs) => panic!("{place}: ours {ours:?}, Terragrunt's {theirs:?}"),
                }
            }
        }
        (ours, theirs) => assert_eq!(ours, theirs, "{place}: ours on the left, Terragrunt's on the right"),
    }
}

#[test]
fn the_repositorys_own_estate_is_found_and_rendered_alike() {
    let Some(tree) = Compared::new() else { return };
    for folder in ["live", "infra"] {
        copy(&repository().join(folder), &tree.root.join(folder));
    }
    let live = tree.root.join("live");
    let estate = Estate::discover(&live, &tree.reader("plan"));
    let graph = Graph::build(&estate).unwrap();
    let options =
        FindOptions { dependencies: true, reading: true, include: true, exclude: true, external: false };
    let ours = find_json(&estate, &graph.components(&estate, false), &live, options, false);
    let flags = ["find", "--json", "--dag", "--dependencies", "--reading", "--include", "--exclude"];
    assert_eq!(ours, tree.terragrunt("live", &flags));
    for unit in &estate.units {
        tree.assert_renders_alike(&Path::new("live").join(&unit.path).display().to_string());
    }
}

const FUNCTIONS: &str = r#"
  it = {
    dir       = get_terragrunt_dir()
    original  = get_original_terragrunt_dir()
    parent    = get_parent_terragrunt_dir()
    to        = path_relative_to_include()
    from      = path_relative_from_include()
    repo      = get_repo_root()
    from_repo = get_path_from_repo_root()
    to_repo   = get_path_to_repo_root()
    marker    = find_in_parent_folders("marker")
    fallback  = find_in_parent_folders("nowhere", "fallback")
    beside    = file("here.txt")
    set       = get_env("SOME_VARIABLE")
    platform  = get_platform()
    ran       = run_cmd("--terragrunt-quiet", "sh", "-c", "pwd; echo; echo")
    vars      = read_tfvars_file("common.tfvars")
    retryable = get_default_retryable_errors()
    locking   = get_terraform_commands_that_need_locking()
    needs     = [
      get_terraform_commands_that_need_vars(), get_terraform_commands_that_need_input(),
      get_terraform_commands_that_need_parallelism(),
    ]
    fits   = [for constraint in ["~> 1.5", ">= 1.6, < 2", "!= 1.5.7", "1.5.7"] : constraint_check("1.5.7", constraint)]
    marked = mark_as_read("here.txt")
    source = get_terragrunt_source_cli_flag()
  }
"#;

#[test]
fn functions_answer_alike_in_every_kind_of_file() {
    let Some(tree) = Compared::new() else { return };
    tree.write("marker", "");
    tree.write("live/root.hcl", &format!("locals {{\n{FUNCTIONS}\n}}\ninputs = {{\n  root = local.it\n}}\n"));
    tree.write("live/common/read.hcl", &format!("locals {{\n{FUNCTIONS}\n}}\n"));
    for (folder, text) in [("live", "root"), ("live/common", "read"), ("live/dev/app", "app")] {
        tree.write(&format!("{folder}/here.txt"), text);
        tree.write(&format!("{folder}/common.tfvars"), "size = 3\nnames = [\"a\"]\ntags = { a = true }\n");
    }
    tree.write(
        "live/dev/app/terragrunt.hcl",
        &format!(
            r#"
            include "root" {{
              path   = find_in_parent_folders("root.hcl")
              expose = true
            }}
            locals {{
              read = read_terragrunt_config("../../common/read.hcl").locals.it
              gone = read_terragrunt_config("gone.hcl", {{ default = [1] }})
              {FUNCTIONS}
            }}
            inputs = {{
              own     = local.it
              read    = local.read
              gone    = local.gone
              exposed = include.root.locals.it
            }}
            "#
        ),
    );
    tree.assert_renders_alike("live/dev/app");
}

const MERGED_ROOT: &str = r#"
  terraform {
    source                   = "../modules//root"
    include_in_copy          = ["*.root"]
    copy_terraform_lock_file = false
    extra_arguments "vars" {
      commands           = get_terraform_commands_that_need_vars()
      optional_var_files = ["${get_terragrunt_dir()}/x.tfvars"]
      env_vars           = { A = "root", N = 1 }
    }
    before_hook "check" {
      commands = ["plan", "apply"]
      execute  = ["true"]
    }
    error_hook "tell" {
      commands  = ["apply"]
      execute   = ["true"]
      on_errors = [".*"]
    }
  }
  remote_state {
    backend  = "local"
    config   = { path = "${path_relative_to_include()}/state", size = 2 }
    generate = { path = "backend.tf", if_exists = "skip" }
  }
  generate "root" {
    path      = "root.tf"
    if_exists = "overwrite"
    contents  = <<-EOF
      # root
        indented
    EOF
  }
  feature "size" {
    default = 1
  }
  errors {
    retry "passing" {
      retryable_errors   = ["timeout"]
      max_attempts       = 3
      sleep_interval_sec = 5
    }
  }
  exclude {
    if      = false
    actions = ["destroy"]
  }
  prevent_destroy              = true
  iam_role                     = "arn:aws:iam::111111111111:role/root"
  iam_assume_role_duration     = 900
  terraform_version_constraint = ">= 0.12"
  download_dir                 = "/tmp/cache"
  inputs = {
    tags  = { a = "root", b = "root", deep = { x = 1 } }
    zones = ["x"]
    on    = true
    none  = null
    size  = feature.size.value
    ratio = 1.5
  }
"#;

const MERGED_CHILD: &str = r#"
  locals {
    own = { list = ["a", 1, true, null], set = toset(["b", "a"]) }
  }
  terraform {
    include_in_copy = ["*.child"]
    extra_arguments "vars" {
      commands  = ["plan"]
      arguments = ["-x"]
    }
    before_hook "more" {
      commands     = ["apply"]
      execute      = ["true"]
      run_on_error = true
      working_dir  = "."
      if           = feature.canary.value
    }
  }
  generate "child" {
    path              = "child.tf"
    if_exists         = "error"
    if_disabled       = "remove_terragrunt"
    disable           = true
    disable_signature = true
    hcl_fmt           = false
    comment_prefix    = "// "
    contents          = "x"
  }
  feature "canary" {
    default = false
  }
  prevent_destroy = false
  inputs = {
    tags  = { b = "child", deep = { y = 2 } }
    zones = ["y"]
    on    = false
    size  = 9
    own   = local.own
  }
"#;

#[test]
fn included_files_are_merged_alike_by_every_strategy() {
    let Some(tree) = Compared::new() else { return };
    tree.write("root.hcl", MERGED_ROOT);
    for strategy in ["shallow", "deep", "no_merge"] {
        tree.write(
            &format!("{strategy}/terragrunt.hcl"),
            &format!(
                "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n  \
                 merge_strategy = \"{strategy}\"\n}}\n{MERGED_CHILD}"
            ),
        );
        tree.assert_renders_alike(strategy);
    }
}

#[test]
fn several_includes_bare_ones_and_attributes_in_place_of_blocks_are_read_alike() {
    let Some(tree) = Compared::new() else { return };
    tree.write(
        "a.hcl",
        "locals {\n  n = \"a\"\n}\ninputs = { one = \"a\", two = \"a\", list = [1] }\ndownload_dir = \"a\"\n",
    );
    tree.write(
        "b.hcl",
        "inputs = { two = \"b\", list = [2] }\ndownload_dir = \"b\"\nprevent_destroy = true\n",
    );
    tree.write(
        "several/terragrunt.hcl",
        r#"
        include "a" {
          path           = find_in_parent_folders("a.hcl")
          expose         = true
          merge_strategy = "deep"
        }
        include "b" {
          path   = find_in_parent_folders("b.hcl")
          expose = true
        }
        inputs = {
          list  = [3]
          label = path_relative_to_include("a")
          a     = include.a.locals.n
          b     = include.b.prevent_destroy
          whole = include.a
        }
        "#,
    );
    tree.assert_renders_alike("several");
    tree.write(
        "bare/terragrunt.hcl",
        "include {\n  path   = find_in_parent_folders(\"a.hcl\")\n  expose = true\n}\ninputs = { n = include.locals.n }\n",
    );
    tree.assert_renders_alike("bare");
    tree.write(
        "attributes/terragrunt.hcl",
        r#"
        remote_state = {
          backend      = "local"
          disable_init = true
          config       = { path = "x" }
          generate     = { path = "b.tf", if_exists = "overwrite" }
        }
        generate = {
          one = { path = "1.tf", if_exists = "skip", contents = "1" }
          two = { path = "2.tf", if_exists = "overwrite_terragrunt", contents = "2", disable_signature = true }
        }
        dependencies {
          paths = ["../bare", "../several"]
        }
        errors {
          ignore "known" {
            ignorable_errors = ["x"]
            signals          = { alert = false, level = "low" }
          }
        }
        exclude {
          if                   = true
          actions              = ["plan"]
          exclude_dependencies = true
        }
        engine {
          source = "github.com/example/engine"
          meta   = { a = 1 }
        }
        "#,
    );
    tree.assert_renders_alike("attributes");
}

#[test]
fn dependencies_without_outputs_are_read_alike() {
    let Some(tree) = Compared::new() else { return };
    tree.write("vpc/terragrunt.hcl", "");
    tree.write(
        "root.hcl",
        r#"
        dependency "vpc" {
          config_path  = "../vpc"
          skip_outputs = true
          mock_outputs = { id = "root", zone = ["a"] }
        }
        inputs = { from_root = dependency.vpc.outputs.id }
        "#,
    );
    for strategy in ["shallow", "deep"] {
        tree.write(
            &format!("{strategy}/terragrunt.hcl"),
            &format!(
                r#"
                include "root" {{
                  path           = find_in_parent_folders("root.hcl")
                  merge_strategy = "{strategy}"
                }}
                dependency "vpc" {{
                  config_path  = "../vpc"
                  skip_outputs = true
                  mock_outputs = {{ id = "child", zone = ["b"] }}
                  mock_outputs_allowed_terraform_commands = ["plan"]
                }}
                dependency "off" {{
                  config_path  = "../gone"
                  enabled      = false
                  mock_outputs = {{ id = "off" }}
                }}
                inputs = {{ vpc = dependency.vpc.outputs, off = dependency.off.outputs.id }}
                "#
            ),
        );
        tree.assert_renders_alike(strategy);
    }
    tree.write(
        "reading/terragrunt.hcl",
        "locals {\n  other = read_terragrunt_config(\"../deep/terragrunt.hcl\")\n}\n\
         inputs = { other = local.other }\n",
    );
    tree.assert_renders_alike("reading");
}

#[test]
fn terragrunt_lacks_the_functions_that_are_listed_as_lacking_and_no_others() {
    let Some(tree) = Compared::new() else { return };
    // Every call is wrong for want of arguments or of the function, and each is told.
    let names = slipway::hcl::functions::names();
    let calls: Vec<String> = names.iter().map(|name| format!("  {name}_ = {name}()")).collect();
    tree.write("app/terragrunt.hcl", &format!("locals {{\n{}\n}}\n", calls.join("\n")));
    let output = Command::new("terragrunt")
        .args(["render", "--json", "--no-color", "--non-interactive"])
        .current_dir(tree.root.join("app"))
        .env_clear()
        .envs(Compared::environment())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let lacks = |name: &&&str| told.contains(&format!("no function named \"{name}\""));
    let lacking: Vec<&str> = names.iter().filter(lacks).copied().collect();
    let listed: Vec<&str> =
        slipway::terragrunt::FUNCTIONS_NOT_IN_TERRAGRUNT.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, lacking, "listed on the left, lacking on the right");
}

#[test]
fn labels_that_repeat_are_read_alike() {
    let Some(tree) = Compared::new() else { return };
    tree.write("one/terragrunt.hcl", "");
    tree.write("two/terragrunt.hcl", "");
    tree.write("first.hcl", "locals {\n  who = \"first\"\n}\ninputs = { a = 1, both = \"first\" }\n");
    tree.write(
        "last.hcl",
        "locals {\n  who = \"last\"\n}\ninputs = { both = \"last\" }\nterraform {\n  source = \".\"\n}\n",
    );
    let includes = "include \"root\" {\n  path = \"../first.hcl\"\n}\n\
                    include \"root\" {\n  path = \"../last.hcl\"\n  expose = true\n}\n";
    let blocks = "feature \"f\" {\n  default = \"a\"\n}\nfeature \"f\" {\n  default = \"b\"\n}\n\
                  terraform {\n  after_hook \"h\" {\n    commands = [\"plan\"]\n    execute = [\"one\"]\n  }\n  \
                  after_hook \"h\" {\n    commands = [\"plan\"]\n    execute = [\"two\"]\n  }\n}\n";
    let dependencies = "dependency \"net\" {\n  config_path  = \"../one\"\n}\n\
                        dependency \"net\" {\n  config_path  = \"../two\"\n  skip_outputs = true\n}\n";
    tree.write(
        "merged/terragrunt.hcl",
        &format!("{includes}{blocks}inputs = {{ f = feature.f.value, w = include.root.locals.who }}\n"),
    );
    tree.write("alone/terragrunt.hcl", &format!("{blocks}inputs = {{ f = feature.f.value }}\n"));
    tree.assert_renders_alike("merged");
    tree.assert_renders_alike("alone");
    tree.write("waits/terragrunt.hcl", dependencies);
    let estate = Estate::discover(&tree.root, &tree.reader("plan"));
    let options = FindOptions { dependencies: true, include: true, ..FindOptions::default() };
    let graph = Graph::build(&estate).unwrap();
    let ours = find_json(&estate, &graph.components(&estate, false), &tree.root, options, false);
    let theirs = tree.terragrunt("", &["find", "--json", "--dag", "--dependencies", "--include"]);
    assert_eq!(sorted(ours), sorted(theirs));
}

#[test]
fn overridden_dependencies_are_waited_for_alike() {
    let Some(tree) = Compared::new() else { return };
    for unit in ["old", "new", "third", "fourth"] {
        tree.write(&format!("{unit}/terragrunt.hcl"), "");
    }
    let block = |path: &str, rest: &str| {
        format!("dependency \"d\" {{\n  config_path  = \"../{path}\"\n  skip_outputs = true\n{rest}}}\n")
    };
    let paths = |path: &str| format!("dependencies {{\n  paths = [\"../{path}\"]\n}}\n");
    let off = "  enabled = false\n";
    let pairs = [
        (block("old", ""), block("new", "")),
        (block("old", "") + &paths("third"), block("new", "")),
        (block("old", ""), block("new", "") + &paths("third")),
        (block("old", "") + &paths("third"), block("new", "") + &paths("fourth")),
        (block("old", ""), block("new", off)),
        (block("old", off), block("new", "")),
        (block("old", off), block("old", "")),
        (block("old", ""), block("old", off)),
    ];
    for (number, (root, child)) in pairs.iter().enumerate() {
        tree.write(&format!("root{number}.hcl"), root);
        for strategy in ["shallow", "deep", "no_merge"] {
            let include = format!(
                "include \"root\" {{\n  path = \"../root{number}.hcl\"\n  merge_strategy = \"{strategy}\"\n}}\n"
            );
            tree.write(&format!("{strategy}{number}/terragrunt.hcl"), &(include + child));
        }
    }
    let estate = Estate::discover(&tree.root, &tree.reader("plan"));
    let options = FindOptions { dependencies: true, ..FindOptions::default() };
    let graph = Graph::build(&estate).unwrap();
    let by_path = |found: Json| {
        let mut found = sorted(found);
        found.as_array_mut().unwrap().sort_by_key(|unit| unit["path"].to_string());
        found
    };
    let ours = find_json(&estate, &graph.components(&estate, false), &tree.root, options, false);
    let theirs = tree.terragrunt("", &["find", "--json", "--dependencies"]);
    assert_eq!(by_path(ours), by_path(theirs));
}

/// The same with the dependencies of each unit in one order: Terragrunt's own is that of a map.
fn sorted(mut found: Json) -> Json {
    for dependencies in
        found.as_array_mut().unwrap().iter_mut().filter_map(|unit| unit["dependencies"].as_array_mut())
    {
        dependencies.sort_by_key(Json::to_string);
    }
    found
}

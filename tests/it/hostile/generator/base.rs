//! The sound estate that everything else is put into.

use super::Place;
use crate::hostile::stand_in;

/// What stands on `PATH` and is nobody's to start, with the native engine, over files of this machine.
const NOT_WANTED: &[&str] =
    &["terragrunt", "terraform", "sops", "aws", "ssh", "hg", "gpg", "infracost", "conftest", "opa", "helm"];

/// Units `a` and `b`, which depends on it, with a module, states in files, a cluster, and a run that has been.
pub fn estate(place: &mut Place) {
    for name in NOT_WANTED {
        place.tripwire_on_path(name);
    }
    stand_in::tool(&place.bin());
    std::fs::write(place.home().join(".keep"), "mine").unwrap();
    std::fs::create_dir_all(place.outside().join("folder/inner")).unwrap();
    for file in ["secret.txt", "main.tf", "terragrunt.hcl", "folder/main.tf", "folder/inner/lock"] {
        std::fs::write(place.outside().join(file), "# outside\n").unwrap();
    }
    nix::unistd::mkfifo(&place.outside().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();

    place.write("slipway.hcl", SLIPWAY.replace("MANIFESTS", &place.manifests().display().to_string()));
    place.write("live/root.hcl", ROOT);
    place.write("infra/text/main.tf", MODULE);
    place.write("live/a/terragrunt.hcl", UNIT);
    place.write("live/b/terragrunt.hcl", UNIT.replace("\"v\"", "dependency.a.outputs.value") + DEPENDS);
    place.write("live/states/a.tfstate", STATE);
    let run = ".slipway/runs/20260101-000000-000000";
    place.write(format!("{run}/journal.jsonl"), JOURNAL);
    place.write("manifests/app/deployment.yaml", DEPLOYMENT);
    place.write(".gitignore", ".slipway\n");
    place.git(&["init", "--quiet", "--initial-branch=main"]);
    place.git(&["config", "core.excludesFile", "/dev/null"]);
    place.git(&["add", "--all"]);
    place.git(&["commit", "--quiet", "--message=one"]);
}

/// What has come since is on another branch.
pub fn commit(place: &mut Place) {
    place.git(&["checkout", "--quiet", "-b", "pr"]);
    place.git(&["add", "--all", "--ignore-errors"]);
    place.git(&["commit", "--quiet", "--allow-empty", "--message=two"]);
    // What the cluster follows, and what images are set in.
    let manifests = place.manifests().display().to_string();
    place.git(&["clone", "--quiet", "--bare", "--no-local", ".", &manifests]);
    place.git(&["--git-dir", &manifests, "branch", "--force", "main", "pr"]);
}

const SLIPWAY: &str = r#"
estate {
  root = "live"
}

cluster "dev" {
  unit   = "a"
  name   = "dev"
  region = "eu-west-1"

  verify {
    min_ready_nodes = 1
  }

  argocd {
    version = "v3.6.1"
    repository {
      url = "MANIFESTS"
    }
    root {
      path     = "manifests"
      revision = "main"
    }
  }
}
"#;

const ROOT: &str = r#"
remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "${get_parent_terragrunt_dir()}/states/${path_relative_to_include()}.tfstate" }
}
"#;

const UNIT: &str = r#"
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "${get_repo_root()}/infra//text"
}
inputs = {
  value = "v"
}
"#;

const DEPENDS: &str = r#"
dependency "a" {
  config_path = "../a"
}
"#;

const MODULE: &str = r#"
variable "value" {
  type = string
}

output "value" {
  value = var.value
}
"#;

const STATE: &str = r#"{"version":4,"serial":1,"lineage":"l","outputs":{"value":{"value":"v","type":"string"}},"resources":[]}"#;

const JOURNAL: &str = r#"{"time":"2026-01-01T00:00:00Z","event":{"run_started":{"run":"20260101-000000-000000","command":"apply","engine":"native","nodes":[{"name":"a","kind":"unit","after":[]}],"parallelism":1,"commit":null,"user":"test"}}}
{"time":"2026-01-01T00:00:01Z","event":{"run_finished":{"seconds":1.0}}}
"#;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      \
                          containers:\n        - name: app\n          image: registry.example.com/app:1.0.0\n";

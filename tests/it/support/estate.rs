//! A small estate in a folder of its own, with states in local files and modules that need no provider.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A module of the AWS provider that asks AWS for nothing when it is planned.
pub const AWS_MODULE: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 3.39" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "fixture"
  secret_key                  = "fixture"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}
"#;

/// An estate under `live/`, in a Git repository.
pub struct Estate {
    folder: TempDir,
}

impl Estate {
    /// An empty one with a `root.hcl` that keeps every state under `states/`.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-estate-").tempdir().unwrap();
        let estate = Self { folder };
        estate.write("slipway.hcl", "estate {\n  root = \"live\"\n}\n");
        estate.write(
            "live/root.hcl",
            r#"
remote_state {
  backend = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = { path = "${get_repo_root()}/states/${path_relative_to_include()}.tfstate" }
}
"#,
        );
        git(estate.path(), &["init", "--quiet"]);
        estate
    }

    /// A chain of three units, and one that stands alone.
    pub fn chain() -> Self {
        let estate = Self::new();
        estate
            .unit("networking", &[])
            .unit("cluster", &["networking"])
            .unit("identity", &["cluster"])
            .unit("bucket", &[]);
        estate
    }

    /// Keeps the states in a bucket of the emulated AWS from now on, each under its unit's name.
    pub fn keep_states_in_s3(&self, bucket: &str) {
        self.write("live/root.hcl", &ROOT_IN_S3.replace("BUCKET", bucket));
    }

    /// A copy of the project's own estate.
    pub fn of_the_project() -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-estate-").tempdir().unwrap();
        for name in ["infra", "live", "slipway.hcl"] {
            let from = super::root().join(name);
            let copied = Command::new("cp").arg("-R").arg(from).arg(folder.path()).status().unwrap();
            assert!(copied.success());
        }
        git(folder.path(), &["init", "--quiet"]);
        Self { folder }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Changes the one place in a unit's configuration where a text stands.
    #[track_caller]
    pub fn change(&self, unit: &str, from: &str, to: &str) {
        let path = format!("live/{unit}/terragrunt.hcl");
        let text = std::fs::read_to_string(self.path().join(&path)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{text}");
        self.write(&path, &text.replace(from, to));
    }

    /// Adds a unit that keeps one text, `value`, and puts it out; it depends on others by their names, and its
    /// text then ends in theirs.
    pub fn unit(&self, name: &str, dependencies: &[&str]) -> &Self {
        let blocks = dependencies.iter().map(|dependency| {
            format!("dependency \"{dependency}\" {{\n  config_path = \"../{dependency}\"\n}}\n")
        });
        let values =
            dependencies.iter().map(|dependency| format!("${{dependency.{dependency}.outputs.value}}"));
        let value = std::iter::once(name.to_owned()).chain(values).collect::<Vec<_>>().join(" < ");
        let text = format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"${{get_repo_root()}}/infra//text\"\n}}\n\n{}\n\
             inputs = {{\n  value = \"{value}\"\n}}\n",
            blocks.collect::<String>()
        );
        self.write(&format!("live/{name}/terragrunt.hcl"), &text);
        self.write("infra/text/main.tf", TEXT_MODULE);
        self
    }

    /// The folder of the run that was written last.
    pub fn newest_run(&self) -> PathBuf {
        let runs = std::fs::read_dir(self.path().join(".slipway/runs")).unwrap();
        // Two runs of one second differ by chance only.
        let written = |path: &PathBuf| path.join("journal.jsonl").metadata().unwrap().modified().unwrap();
        runs.map(|entry| entry.unwrap().path()).max_by_key(written).unwrap()
    }

    /// The text that a unit's state keeps, as the state file itself says it; none where nothing is kept.
    pub fn applied(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.path().join(format!("states/{name}.tfstate"))).ok()?;
        let state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["outputs"]["value"]["value"].as_str().map(str::to_owned)
    }
}

const ROOT_IN_S3: &str = r#"
locals {
  endpoint = get_env("AWS_ENDPOINT_URL")
}
remote_state {
  backend  = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite_terragrunt" }
  config = {
    bucket                      = "BUCKET"
    key                         = "${path_relative_to_include()}/terraform.tfstate"
    region                      = "eu-west-1"
    encrypt                     = true
    use_lockfile                = true
    endpoints                   = { s3 = local.endpoint, sts = local.endpoint, iam = local.endpoint }
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
    skip_bucket_enforced_tls    = true
  }
}
"#;

const TEXT_MODULE: &str = r#"
variable "value" {
  type = string
}

variable "fail" {
  type    = bool
  default = false
}

resource "terraform_data" "this" {
  input = var.value

  provisioner "local-exec" {
    command = var.fail ? "echo it broke >&2; exit 1" : "true"
  }
}

output "value" {
  value = terraform_data.this.output
}
"#;

/// Runs Git in a folder.
pub fn git(folder: &Path, arguments: &[&str]) {
    assert!(Command::new("git").current_dir(folder).args(arguments).status().unwrap().success());
}

//! `slipway ci`: pipelines that are written, held to what platforms take, and run.

mod argo_workflows;
mod durations;
mod github;
mod gitlab;
mod handed;
mod limits;
mod stacks;
mod written;

use std::path::Path;
use std::process::Command;

use crate::support::estate::Estate;
use crate::support::slipway::{Ended, Slipway};
use crate::support::tool;

/// Two environments with roles.
const SETTINGS: &str = r#"
estate {
  root = "live"
}

ci {
  drift = "17 5 * * 1-5"

  environment "dev" {
    region     = "eu-west-1"
    plan_role  = "arn:aws:iam::111111111111:role/infrastructure-plan"
    apply_role = "arn:aws:iam::111111111111:role/infrastructure-apply"
  }

  environment "prod" {
    region     = "eu-west-1"
    plan_role  = "arn:aws:iam::222222222222:role/infrastructure-plan"
    apply_role = "arn:aws:iam::222222222222:role/infrastructure-apply"
  }
}
"#;

fn ci(estate: &Estate, arguments: &[&str]) -> Ended {
    Slipway::new(estate.path(), &tool("tofu")).run(&[&["ci"], arguments].concat())
}

/// Has actionlint look at the workflow of an estate.
#[track_caller]
fn lint(folder: &Path) {
    let file = folder.join(".github/workflows/infrastructure.yml");
    let lint = Command::new(tool("actionlint")).args(["-shellcheck=", "-pyflakes="]).arg(file).output();
    let lint = lint.unwrap();
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
}

/// What an estate's workflow says.
fn workflow(estate: &Estate) -> serde_json::Value {
    let file = estate.path().join(".github/workflows/infrastructure.yml");
    crate::documented::pipelines::yaml(&std::fs::read_to_string(file).unwrap())
}

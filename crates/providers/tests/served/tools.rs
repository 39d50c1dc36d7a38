//! The tools themselves, over providers that run already.

use std::path::{Path, PathBuf};
use std::process::Output;

use slipway_providers::{Pool, Wanted};

use super::tool::{root, wanted};

const MODULE: &str = r#"
terraform {
  required_providers {
    time = { source = "hashicorp/time" }
  }
}
resource "time_static" "then" {
  rfc3339 = "2026-03-14T09:15:02Z"
}
resource "time_offset" "later" {
  base_rfc3339 = time_static.then.rfc3339
  offset_days  = 7
}
output "later" {
  value = [time_offset.later.rfc3339, time_static.then.unix]
}
"#;

/// A resource whose type no module mentions any more.
const LEFT: &str = r#"
resource "time_sleep" "left" {
  create_duration = "1s"
}
"#;

/// Both tools, as far as they are here.
fn tools() -> Vec<PathBuf> {
    let tofu = root().join(".tools/bin/tofu");
    assert!(tofu.is_file(), "no {}; run `make setup`", tofu.display());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let terraform = std::env::split_paths(&path).map(|folder| folder.join("terraform"));
    [tofu].into_iter().chain(terraform.filter(|program| program.is_file()).take(1)).collect()
}

fn run(tool: &Path, dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    std::process::Command::new(tool)
        .args(arguments)
        .current_dir(dir)
        .env("TF_CLI_CONFIG_FILE", root().join(".tools/terraform.rc"))
        .env("CHECKPOINT_DISABLE", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn succeeded(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

/// A plan as JSON, without when it was made, and with what the tool tells in any order in one.
fn shown(tool: &Path, dir: &Path, file: &str) -> serde_json::Value {
    let mut plan: serde_json::Value =
        serde_json::from_str(&succeeded(run(tool, dir, &["show", "-json", file], &[]))).unwrap();
    plan.as_object_mut().unwrap().remove("timestamp");
    if let Some(relevant) = plan["relevant_attributes"].as_array_mut() {
        relevant.sort_by_key(ToString::to_string);
    }
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_the_same_and_is_applied_with_or_without() {
    for tool in tools() {
        let pool = Pool::new(|_| ()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.tf"), MODULE).unwrap();
        succeeded(run(&tool, dir.path(), &["init", "-input=false"], &[]));
        let lock = std::fs::read_to_string(dir.path().join(".terraform.lock.hcl")).unwrap();

        let lease = pool.serve(vec![provider(&tool, dir.path())]).await.unwrap();
        let variable = [lease.variable()];
        succeeded(run(&tool, dir.path(), &["plan", "-out=shared"], &variable));
        succeeded(run(&tool, dir.path(), &["plan", "-out=alone"], &[]));
        assert_eq!(shown(&tool, dir.path(), "shared"), shown(&tool, dir.path(), "alone"));
        assert_eq!(pool.started(), 1);

        // What was planned over one is applied over the other.
        succeeded(run(&tool, dir.path(), &["apply", "shared"], &[]));
        let output = succeeded(run(&tool, dir.path(), &["output", "-json", "later"], &[]));
        assert_eq!(output.trim(), r#"["2026-03-21T09:15:02Z",1773479702]"#);
        succeeded(run(&tool, dir.path(), &["plan", "-detailed-exitcode"], &variable));
        succeeded(run(&tool, dir.path(), &["plan", "-destroy", "-out=destroy"], &[]));
        succeeded(run(&tool, dir.path(), &["apply", "destroy"], &variable));
        assert_eq!(std::fs::read_to_string(dir.path().join(".terraform.lock.hcl")).unwrap(), lock);
        drop(lease);
        pool.end().await;
    }
}

/// The provider `time` as a tool knows it.
fn provider(tool: &Path, dir: &Path) -> Wanted {
    let mut provider = wanted("time", dir);
    if tool.ends_with("tofu") {
        provider.source = "registry.opentofu.org/hashicorp/time".to_owned();
    }
    provider
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_told_of_the_types_that_it_meets_plans_the_same() {
    for tool in tools() {
        let pool = Pool::new(|_| ()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(dir.path().join("main.tf"), text).unwrap();
        write(&format!("{MODULE}{LEFT}"));
        succeeded(run(&tool, dir.path(), &["init", "-input=false"], &[]));
        succeeded(run(&tool, dir.path(), &["apply", "-auto-approve"], &[]));
        write(&MODULE.replace("= 7", "= 8"));
        succeeded(run(&tool, dir.path(), &["plan", "-out=alone"], &[]));

        let types = |types: &[&str]| Some(types.iter().map(|&name| name.to_owned()).collect());
        let all = types(&["time_static", "time_offset", "time_sleep"]);
        let lease = pool.serve(vec![Wanted { types: all, ..provider(&tool, dir.path()) }]).await.unwrap();
        let variable = [lease.variable()];
        succeeded(run(&tool, dir.path(), &["plan", "-out=shared"], &variable));
        let plan = shown(&tool, dir.path(), "shared");
        assert_eq!(plan, shown(&tool, dir.path(), "alone"));
        assert!(plan.to_string().contains("\"actions\":[\"delete\"]"), "{plan}");
        let told = succeeded(run(&tool, dir.path(), &["show", "-json", "shared"], &variable));
        assert!(told.contains("time_sleep"));

        // One that meets another type fails, and says so by the words that are listened for.
        let few = types(&["time_static", "time_offset"]);
        let lease = pool.serve(vec![Wanted { types: few, ..provider(&tool, dir.path()) }]).await.unwrap();
        let failed = run(&tool, dir.path(), &["plan"], &[lease.variable()]);
        let said = String::from_utf8_lossy(&failed.stderr).to_lowercase();
        assert!(!failed.status.success() && (said.contains("schema") || said.contains("support")), "{said}");
        drop(lease);
        pool.end().await;
    }
}

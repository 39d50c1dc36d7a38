//! Secrets stay secret: runs of every kind over units that hold some, and everything searched that they leave behind.
//!
//! The search itself goes with every run of the program, see `support/secrets.rs`; here are the runs that tempt it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::secrets;
use crate::support::slipway::Slipway;
use crate::support::terraforms;

const SECRET: &str = "canary-database-8d1f";
const SEVERAL_LINES: &str =
    "-----BEGIN KEY-----\\ncanary-first-line\\ncanary-second-line\\n-----END KEY-----\\n";

/// Has a secret in a resource, puts it out, and breaks over it where that is asked for.
const VAULT: &str = r#"
variable "password" {
  type      = string
  sensitive = true
}
variable "key" {
  type      = string
  sensitive = true
}
resource "terraform_data" "this" {
  input = { password = var.password, key = var.key }
}
output "password" {
  value     = terraform_data.this.output.password
  sensitive = true
}
output "key" {
  value     = terraform_data.this.output.key
  sensitive = true
}
output "value" {
  value = "open"
}
"#;

/// Takes a secret as if it were none: prints it, and fails over it where it is told to.
const CARELESS: &str = r#"
variable "password" {
  type = string
}
variable "key" {
  type = string
}
variable "fail" {
  type    = bool
  default = false
}
resource "terraform_data" "this" {
  input = { plain = var.password }

  provisioner "local-exec" {
    # Not in its arguments: those of every process are looked at.
    command = "printf '%s\\n' \"connecting with $PASSWORD\" \"$KEY\"; ${var.fail ? "exit 1" : "true"}"
    environment = { PASSWORD = var.password, KEY = var.key }
  }
  lifecycle {
    precondition {
      condition     = var.password != "never"
      error_message = "never with ${var.password}"
    }
  }
}
output "value" {
  value = "open"
}
"#;

fn estate(fail: bool) -> Estate {
    let estate = Estate::new();
    estate.write("infra/vault/main.tf", VAULT);
    estate.write("infra/careless/main.tf", CARELESS);
    let include = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n";
    estate.write(
        "live/vault/terragrunt.hcl",
        &format!(
            "{include}terraform {{\n  source = \"${{get_repo_root()}}/infra//vault\"\n}}\n\
             inputs = {{\n  password = \"{SECRET}\"\n  key = \"{SEVERAL_LINES}\"\n}}\n"
        ),
    );
    let hook = |kind: &str, name: &str, more: &str| {
        format!(
            "  {kind} \"{name}\" {{\n    commands = [\"plan\", \"apply\", \"destroy\"]\n    \
             execute  = [\"sh\", \"-c\", \"echo hook sees $TF_VAR_password; echo $TF_VAR_password >&2\"]\n{more}  }}\n"
        )
    };
    let hooks = [
        hook("before_hook", "before", ""),
        hook("after_hook", "after", "    run_on_error = true\n"),
        hook("error_hook", "error", "    on_errors = [\".*\"]\n"),
    ];
    estate.write(
        "live/careless/terragrunt.hcl",
        &format!(
            "{include}dependency \"vault\" {{\n  config_path = \"../vault\"\n}}\n\
             terraform {{\n  source = \"${{get_repo_root()}}/infra//careless\"\n{}}}\n\
             inputs = {{\n  password = dependency.vault.outputs.password\n  key = dependency.vault.outputs.key\n  fail = {fail}\n}}\n",
            hooks.concat()
        ),
    );
    estate
}

fn slipway(estate: &Estate, tool: &Path) -> Slipway {
    Slipway::new(estate.path(), tool)
}

/// All logs of all runs, to show that there was something to search.
fn logs(estate: &Estate) -> String {
    let runs = std::fs::read_dir(estate.path().join(".slipway/runs")).unwrap();
    let logs = runs.flat_map(|run| std::fs::read_dir(run.unwrap().path().join("logs")).unwrap());
    logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect()
}

#[test]
fn what_is_sensitive_in_one_unit_is_shown_by_no_other_that_takes_it() {
    for tool in terraforms() {
        let estate = estate(false);
        let run = |arguments: &[&str]| slipway(&estate, &tool).run(arguments);
        run(&["apply", "--yes"]).exits(0).says("applied");
        run(&["plan", "--detail"]).exits(0).says("nothing to change");
        run(&["runs", "show", "--format", "json"]).exits(0).says("vault");
        run(&["output", "--format", "json"]).exits(0).says("(sensitive)");
        let logs = logs(&estate);
        assert!(logs.contains("connecting with (sensitive)"), "{logs}");
        assert!(logs.contains("hook sees (sensitive)"), "{logs}");
        run(&["destroy", "--yes"]).exits(0).says("destroyed");
        assert!(!run(&["output", "vault"]).exits(0).stdout.contains("canary"));
    }
}

#[test]
fn a_failure_over_a_secret_is_told_without_it() {
    for tool in terraforms() {
        let estate = estate(true);
        let run = |arguments: &[&str]| slipway(&estate, &tool).run(arguments);
        let failed =
            run(&["apply", "--yes", "--log-format", "json"]).exits(1).says("local-exec provisioner error");
        drop(failed.says("(sensitive)"));
        run(&["runs", "show"]).exits(0).says("failed");
        assert!(logs(&estate).contains("hook sees (sensitive)"));
    }
}

#[test]
fn a_plan_that_is_kept_holds_a_secret_in_the_tools_own_file_only() {
    let tool = &terraforms()[0];
    let estate = estate(false);
    let run = |arguments: &[&str]| slipway(&estate, tool).run(arguments);
    run(&["apply", "vault", "--yes"]).exits(0).says("applied");
    run(&["plan", "--detail", "--log-format", "json"]).exits(0).says("careless");
    run(&["plan", "--format", "json", "--out", "saved"]).exits(0).says("careless");
    // Plans in the tool's own format hold values, and only their owner can read them.
    let mode = std::fs::metadata(estate.path().join("saved")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    run(&["apply", "saved", "--yes"]).exits(0).says("applied");
}

#[test]
fn the_reports_of_a_run_hold_no_secret() {
    let tool = &terraforms()[0];
    for fail in [false, true] {
        let estate = estate(fail);
        let reports = [
            "--report-junit=r.xml",
            "--report-markdown=r.md",
            "--report-html=r.html",
            "--report-file=r.json",
        ];
        let arguments = [&["apply", "--yes"], &reports[..]].concat();
        drop(slipway(&estate, tool).run(&arguments).exits(i32::from(fail)).says("careless"));
        for report in ["r.xml", "r.md", "r.html"] {
            assert!(std::fs::read_to_string(estate.path().join(report)).unwrap().contains("careless"));
        }
    }
}

#[test]
fn credentials_of_the_environment_are_shown_by_no_program_that_prints_them() {
    let bed = Bed::shared();
    let tool = &terraforms()[0];
    let estate = Estate::new();
    estate.unit("a", &[]);
    let file = "live/a/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    let hook = "text\"\n  before_hook \"env\" {\n    commands = [\"plan\"]\n    execute  = [\"env\"]\n  }";
    estate.write(file, &text.replacen("text\"", hook, 1));
    let token = ("TF_TOKEN_registry_example_com", "canary-registry-token");
    drop(slipway(&estate, tool).bed(&bed).env(token.0, token.1).run(&["plan"]).exits(0).says("planned"));
    let logs = logs(&estate);
    assert!(logs.contains("AWS_SECRET_ACCESS_KEY=(sensitive)"), "{logs}");
    assert!(logs.contains("TF_TOKEN_registry_example_com=(sensitive)"), "{logs}");
}

#[test]
fn the_search_finds_what_is_there() {
    let estate = Estate::new();
    let began = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    estate.write(".slipway/runs/x/logs/a.log", SECRET);
    let found = std::panic::catch_unwind(|| secrets::search(estate.path(), &["plan"], began, &[]));
    assert!(found.is_err());
    secrets::watch_processes();
    // What the process itself was given is the user's own; what it gives to another is not.
    let gives = "sh -c 'sleep 5; true' \"$0\" & wait";
    let mut sleeper = std::process::Command::new("sh").args(["-c", gives, SECRET]).spawn().unwrap();
    let process = secrets::Process::of(&sleeper);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    let seen = || std::panic::catch_unwind(|| secrets::search_processes(process)).is_err();
    while !seen() {
        assert!(std::time::Instant::now() < deadline, "the process was not seen");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

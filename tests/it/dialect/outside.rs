//! Functions that ask the world outside: AWS, and the `sops` program.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::Tree;
use crate::support::bed::Bed;
use crate::support::root;
use crate::support::skipped::skipped;

const UNIT: &str = r#"
locals {
  account = get_aws_account_id()
  arn     = get_aws_caller_identity_arn()
  user    = get_aws_caller_identity_user_id()
}
exclude {
  if      = local.account == ""
  actions = [local.arn]
}
inputs = { account = local.account, user = local.user }
"#;

#[test]
fn aws_is_asked_once_a_run_however_many_units_want_to_know() {
    let bed = Bed::start(&["aws"]);
    let files = ["a/terragrunt.hcl", "b/terragrunt.hcl", "c/terragrunt.hcl"].map(|file| (file, UNIT));
    let tree = Tree::new(&files);
    bed.forget_requests();
    let found = tree.slipway().bed(&bed).run(&["find", "--exclude"]).exits(0).json();
    assert_eq!(bed.requests()["operations"]["sts.GetCallerIdentity"], json!(1));
    assert_eq!(found.as_array().unwrap().len(), 3);
    let arn = found[0]["exclude"]["actions"][0].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:"), "{arn}");
    let rendered = tree.slipway().bed(&bed).run(&["render", "a"]).exits(0).json();
    let account = rendered["inputs"]["account"].as_str().unwrap();
    assert!(account.len() == 12 && arn.contains(account), "{account} and {arn}");
    assert!(!rendered["inputs"]["user"].as_str().unwrap().is_empty());
}

#[test]
fn credentials_that_aws_refuses_are_told_at_the_call() {
    let bed = Bed::start(&["aws"]);
    let tree = Tree::new(&[("a/terragrunt.hcl", "inputs = { account = get_aws_account_id() }\n")]);
    let denied = tree.slipway().bed(&bed).env("AWS_ACCESS_KEY_ID", "deniedkey");
    let ended = denied.run(&["render", "a"]).exits(3);
    drop(ended.says("get_aws_account_id has no answer from AWS").says("a/terragrunt.hcl"));
}

fn output_of(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let command =
        Command::new(program).args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).output();
    let output = command.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_file_is_decrypted_by_the_sops_program() {
    let tools = root().join(".tools/bin");
    if !tools.join("sops").exists() {
        skipped("sops is not installed; `emulator/setup sops` builds it");
        return;
    }
    let unit = "locals {\n  secrets = yamldecode(sops_decrypt_file(\"secrets.yaml\"))\n}\n\
                inputs = { token = local.secrets.token }\n";
    let tree = Tree::new(&[("app/terragrunt.hcl", unit), ("plain.yaml", "token: from the safe\n")]);
    let key = tree.root.join("key.txt");
    let key = key.to_str().unwrap();
    output_of(&tools.join("age-keygen"), &["-o", key], &[]);
    let recipient = output_of(&tools.join("age-keygen"), &["-y", key], &[]);
    let plain = tree.root.join("plain.yaml");
    let encrypted = output_of(
        &tools.join("sops"),
        &["--encrypt", "--age", recipient.trim(), plain.to_str().unwrap()],
        &[],
    );
    assert!(!encrypted.contains("from the safe"));
    tree.write("app/secrets.yaml", &encrypted);

    let path = format!("{}:{}", tools.display(), crate::support::slipway::system_path());
    let slipway = || tree.slipway().env("PATH", &path);
    let rendered = slipway().env("SOPS_AGE_KEY_FILE", key).run(&["render", "app"]).exits(0).json();
    assert_eq!(rendered["inputs"], json!({"token": "from the safe"}));
    drop(slipway().run(&["render", "app"]).exits(3).says("sops failed with exit code"));
    let found = slipway().env("SOPS_AGE_KEY_FILE", key).run(&["find", "--reading"]).exits(0).json();
    assert_eq!(found[0]["reading"], json!(["app/secrets.yaml"]), "a change of the secrets concerns the unit");
}

//! What would start a program that the repository chose, or fetch from where it says.

use super::{Ingredient, Place};

pub const ALL: &[Ingredient] = &[
    Ingredient::new("run_cmd in a unit", in_unit),
    Ingredient::new("programs in slipway.hcl", in_project),
    Ingredient::new("hooks", hooks),
    Ingredient::new("a tool of its own", tool),
    Ingredient::new("sources that run something", sources),
    Ingredient::new("functions that look around", functions),
];

fn in_unit(place: &mut Place) {
    let program = place.tripwire("run_cmd");
    let call = format!("run_cmd(\"{program}\", \"x\")");
    let texts = [
        format!("locals {{\n  x = {call}\n}}\ninputs = {{ a = local.x }}\n"),
        format!("dependency \"b\" {{\n  config_path = {call}\n}}\n"),
        format!("include \"x\" {{\n  path = {call}\n}}\n"),
        format!("terraform {{\n  source = {call}\n}}\n"),
        format!("remote_state {{\n  backend = \"local\"\n  config = {{ path = {call} }}\n}}\n"),
        format!("exclude {{\n  if = {call} == \"ok\"\n  actions = [\"all\"]\n}}\n"),
        format!("inputs = {{ a = sops_decrypt_file(\"{program}\") }}\n"),
    ];
    let text = place.rng.pick(&texts).clone();
    place.note(format!("live/a/terragrunt.hcl {text:?}"));
    place.write("live/a/terragrunt.hcl", text);
    if place.rng.flip() {
        place.write(
            "live/s/terragrunt.stack.hcl",
            format!("locals {{\n  x = {call}\n}}\nunit \"u\" {{\n  source = local.x\n  path = local.x\n}}\n"),
        );
        place.note("the same in a stack");
    }
}

fn in_project(place: &mut Place) {
    let program = place.tripwire("slipway_hcl");
    let call = format!("run_cmd(\"{program}\")");
    let texts = [
        format!("estate {{\n  root = {call}\n}}\n"),
        format!("locals {{\n  x = {call}\n}}\nestate {{\n  root = local.x\n}}\n"),
        format!("policy \"p\" {{\n  command {{\n    program = \"{program}\"\n  }}\n}}\n"),
        format!("cost {{\n  program = \"{program}\"\n}}\n"),
        format!("cluster \"dev\" {{\n  unit = \"a\"\n  name = {call}\n  region = \"eu-west-1\"\n}}\n"),
        format!("engine {{\n  use = {call}\n}}\n"),
    ];
    let text = place.rng.pick(&texts).clone();
    place.note(format!("slipway.hcl {text:?}"));
    place.write("slipway.hcl", text);
}

fn hooks(place: &mut Place) {
    let program = place.tripwire("hook");
    let hook = |kind: &str, command: &str| {
        format!(
            "  {kind} \"h\" {{\n    commands = [\"{command}\", \"plan\", \"apply\"]\n    execute = [\"{program}\"]\n    run_on_error = true\n  }}\n"
        )
    };
    let text = format!(
        "terraform {{\n{}{}{}{}}}\n",
        hook("before_hook", "init"),
        hook("before_hook", "terragrunt-read-config"),
        hook("after_hook", "validate"),
        "  error_hook \"e\" {\n    commands = [\"all\"]\n    execute = [\"PROGRAM\"]\n    on_errors = [\".*\"]\n  }\n".replace("PROGRAM", &program),
    );
    place.write("live/a/terragrunt.hcl", text);
    place.note("hooks around every command");
}

fn tool(place: &mut Place) {
    let program = place.tripwire("binary");
    place.write(
        "live/a/terragrunt.hcl",
        format!("terraform_binary = \"{program}\"\nterraform {{\n  source = \".\"\n}}\n"),
    );
    for name in ["tofu", "terraform", "git", "sh", "terragrunt"] {
        place.write(format!("live/a/{name}"), "#!/bin/sh\nexit 1\n");
    }
    place.note("terraform_binary is a program of the repository");
}

fn sources(place: &mut Place) {
    let program = place.tripwire("source");
    let sources = [
        format!("git::ext::{program}"),
        format!("git::ssh://-oProxyCommand={program}/x"),
        format!("git::--upload-pack={program}"),
        format!("git::file:///?ref=--upload-pack={program}"),
        format!("git::https://127.0.0.1:9/x.git?ref=$({program})"),
        format!("hg::http://127.0.0.1:9/{program}"),
        "s3::http://127.0.0.1:9/bucket/key.zip".to_owned(),
        "http://user:hunter2@127.0.0.1:9/x.tar.gz".to_owned(),
        "tfr://127.0.0.1:9/a/b/c?version=1.0.0".to_owned(),
        "git::ssh://git:hunter2@127.0.0.1:9/x.git".to_owned(),
        "oci::127.0.0.1:9/x".to_owned(),
        "github.com/../..//x".to_owned(),
        "/dev/zero".to_owned(),
        "file:///dev/zero".to_owned(),
        "../../..//..".to_owned(),
    ];
    let source = place.rng.pick(&sources).clone();
    place.note(format!("the source {source:?}"));
    place.write("live/a/terragrunt.hcl", format!("terraform {{\n  source = \"{source}\"\n}}\n"));
}

fn functions(place: &mut Place) {
    let calls = [
        "file(\"/dev/zero\")",
        "file(\"../../../outside/pipe\")",
        "filebase64(\"/dev/urandom\")",
        "filemd5(\"/dev/zero\")",
        "fileset(\"/\", \"**/**/**/x\")",
        "fileset(\"../../..\", \"**\")",
        "fileset(\"/tmp\", \"{a,{a,{a,{a,b}}}}*\")",
        "templatefile(\"/dev/zero\", {})",
        "templatefile(\"../../../outside/pipe\", {})",
        "read_tfvars_file(\"../../../outside/pipe\")",
        "read_terragrunt_config(\"/dev/zero\")",
        "read_terragrunt_config(find_in_parent_folders())",
        "mark_glob_as_read(\"/**/x\")",
        "find_in_parent_folders(\"pipe\")",
        "get_terraform_commands_that_need_vars()",
        "get_aws_account_id()",
        "bcrypt(bcrypt(bcrypt(\"x\", 14), 14), 14)",
        "regexall(\"(a*)*b\", join(\"\", [for i in range(1000) : \"a\"]))",
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]]",
        "setproduct(range(1000), range(1000), range(1000))",
        "format(\"%99999999d\", 1)",
        "timeadd(\"2026-01-01T00:00:00Z\", \"999999999999999h\")",
        "cidrsubnets(\"10.0.0.0/8\", 99999999)",
        "substr(\"\u{e9}\u{e9}\", 1, -99)",
        "formatdate(\"\u{1b}\", \"2026-01-01T00:00:00Z\")",
        "yamldecode(\"a: &a [*a]\")",
        "get_env(\"AWS_SECRET_ACCESS_KEY\", \"x\")",
    ];
    let call = *place.rng.pick(&calls);
    let path = *place.rng.pick(&["live/a/terragrunt.hcl", "live/root.hcl", "slipway.hcl"]);
    let text = match path {
        "slipway.hcl" => format!(
            "locals {{\n  x = {call}\n}}\nestate {{\n  root = \"live\"\n}}\npolicy \"p\" {{\n  deny = local.x == 1 ? [] : []\n}}\n"
        ),
        _ => format!("inputs = {{\n  a = {call}\n}}\n"),
    };
    place.write(path, text);
    place.note(format!("{path} calls {call}"));
}

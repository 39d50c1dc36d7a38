//! Stacks: generated as Terragrunt generates them, found without being generated, and applied.

mod apply;
mod expansion;
mod same_as_terragrunt;
mod ungenerated;
mod within_catalogue;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::estate::Estate;

/// A unit of the module that puts out the text it is given, in a catalogue.
fn text_unit(dependency: &str, value: &str) -> String {
    format!(
        "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\
         terraform {{\n  source = \"${{get_repo_root()}}/infra//text\"\n}}\n{dependency}\n\
         inputs = {{\n  value = {value}\n}}\n"
    )
}

/// A catalog with a stack in a stack, values of every type, a link, a folder within, and a unit beside its stack.
fn shop() -> Estate {
    let estate = Estate::new();
    estate.write("units/vpc/terragrunt.hcl", "inputs = { cidr = try(values.cidr, \"none\") }\n");
    estate.write("units/vpc/.terraform.lock.hcl", "# locked\n");
    estate.write(
        "units/app/terragrunt.hcl",
        "dependency \"vpc\" {\n  config_path = values.vpc\n}\ninputs = { name = values.name }\n",
    );
    estate.write("units/app/files/.hidden/text.txt", "text\n");
    std::os::unix::fs::symlink("files", estate.path().join("units/app/linked")).unwrap();
    let script = estate.write("units/app/run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    estate.write(
        "stacks/env/terragrunt.stack.hcl",
        r#"
unit "vpc" {
  source = "${get_repo_root()}/units/vpc"
  path   = "vpc"
  values = { cidr = values.cidr }
}
unit "app" {
  source = "${get_repo_root()}/units/app"
  path   = "apps/app"
  values = { name = values.name, vpc = unit.vpc.path }
}
"#,
    );
    estate.write(
        "live/shared.hcl",
        "unit \"shared\" {\n  source = \"../../units//vpc\"\n  path = \"nets/shared\"\n  values = { cidr = local.cidr }\n}\n",
    );
    estate.write(
        "live/shop/terragrunt.stack.hcl",
        r#"
locals {
  cidr = "10.0.0.0/16"
}
include "shared" {
  path = "../shared.hcl"
}
stack "dev" {
  source = "../../stacks/env"
  path   = "dev"
  values = { cidr = local.cidr, name = "shop" }
}
unit "plain" {
  source = "../../units/vpc"
  path   = "plain"
}
unit "beside" {
  source                  = "../../units/vpc"
  path                    = "beside"
  no_dot_terragrunt_stack = true
  values = {
    text   = "a\nb\"q\" $${x} %%{y} \u00e9 \\ \t"
    number = 1.50
    big    = 123456789012345678901234567890
    small  = 0.00000001
    truth  = true
    none   = null
    list   = [1, "two", [3], { a = 1 }]
    empty  = []
    object = { b = 1, a = "x", "with space" = 2, "1a" = 3, a-b = 4, inner = { x = {}, y = { z = null } } }
    a_set  = toset(["b", "a"])
    typed  = tolist(["x"])
    keys   = { "$${k}" = "v" }
    unit   = unit.plain.path
    stack  = stack.dev.path
  }
}
"#,
    );
    estate
}

/// Everything under a folder: type and mode, and the bytes of files.
fn everything(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o777;
            let shown = path.strip_prefix(folder).unwrap().display().to_string();
            if metadata.is_dir() {
                found.insert(shown, format!("folder {mode:o}"));
                open.push(path);
            } else if metadata.is_symlink() {
                found.insert(shown, format!("link to {}", std::fs::read_link(&path).unwrap().display()));
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(shown, format!("file {mode:o} {}", bytes.escape_ascii()));
            }
        }
    }
    found
}

//! A stand-in for the tool: it answers as `tofu` does, within milliseconds, and does nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A shell script, since whoever looks at what Slipway does with trees needs no infrastructure.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
version) echo "OpenTofu v1.12.6" ;;
init) mkdir -p .terraform ;;
plan)
  for argument in "$@"; do case "$argument" in -out=*) echo plan > "${argument#-out=}" ;; esac; done
  echo '{"@message":"Plan: 1 to add","type":"change_summary","changes":{"add":1,"change":0,"remove":0,"operation":"plan"}}'
  exit 2 ;;
apply | destroy)
  echo '{"@message":"a.b: Plan","type":"planned_change","change":{"resource":{"addr":"a.b"},"action":"create"}}'
  echo '{"@message":"Plan: 1 to add","type":"change_summary","changes":{"add":1,"change":0,"remove":0,"operation":"plan"}}'
  echo "{\"@message\":\"Done\",\"type\":\"change_summary\",\"changes\":{\"add\":1,\"change\":0,\"remove\":0,\"operation\":\"$1\"}}"
  echo '{"@message":"","type":"outputs","outputs":{"value":{"sensitive":false,"type":"string","value":"v"}}}' ;;
show) echo '{"format_version":"1.2","resource_changes":[],"output_changes":{}}' ;;
output) echo '{}' ;;
esac
"#;

/// Puts it into a folder.
pub fn tool(folder: &Path) -> PathBuf {
    let path = folder.join("tofu");
    std::fs::write(&path, TOOL).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Modules, unit};
use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::Slipway;
use crate::support::{terragrunt, tool};

/// What neither brings but the tool, or each for itself.
const OWN: &[&str] = &[
    ".slipway-files",
    ".terragrunt-module-manifest",
    ".terragrunt-source-manifest",
    ".terragrunt-source-version",
    ".terragrunt-init-required",
    // It would be taken for a unit where it is copied to.
    "terragrunt.hcl",
];

fn files(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if [".git", ".terraform"].contains(&name.as_str()) || OWN.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

#[test]
fn a_units_folder_holds_the_files_that_terragrunt_puts_there() {
    let Some(terragrunt) = terragrunt() else { return skipped(NO_TERRAGRUNT) };
    let modules = Modules::new();
    modules.write(".github/workflows/x.yaml", "a\n");
    std::os::unix::fs::symlink("../README.md", modules.path().join("modules/readme")).unwrap();
    modules.commit("more");
    let sources = [
        format!("git::file://{}//modules/text?ref=main", modules.path().display()),
        format!("{}//modules/text", modules.path().display()),
    ];
    let copies = [
        "",
        "  include_in_copy = [\".config\", \"sub/.env\"]\n",
        "  exclude_from_copy = [\"docs\", \"**/*.txt\"]\n",
        "  include_in_copy = [\"**/.keep\", \".hid*\"]\n  exclude_from_copy = [\"sub\"]\n",
        "  include_in_copy = [\".config/{a,b}.yaml\"]\n  exclude_from_copy = [\"*.md\"]\n",
    ];
    for source in &sources {
        for copy in copies {
            let estate = Estate::new();
            unit(&estate, "a", source);
            let file = "live/a/terragrunt.hcl";
            let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
            estate.write(file, &text.replace("terraform {\n", &format!("terraform {{\n{copy}")));
            for name in [
                "own.tf",
                "notes.txt",
                "docs/a.md",
                "docs-old/b.md",
                ".tflint.hcl",
                ".config/a.yaml",
                ".config/c.yaml",
                ".config/deep/.keep",
                "sub/.env",
                "sub/x.tf",
                "sub/.keep",
                ".hidden-unit",
                "terragrunt.values.hcl",
            ] {
                estate.write(&format!("live/a/{name}"), "");
            }
            Slipway::new(estate.path(), &tool("tofu")).run(&["plan", "a"]).exits(0);
            let ours = files(&estate.path().join(".slipway/work/a/module"));
            let theirs = files(&run_terragrunt(&terragrunt, &estate));
            assert_eq!(ours, theirs, "{source} with {copy}");
        }
    }
}

/// Plans with Terragrunt; returns its folder of what it brought together.
fn run_terragrunt(terragrunt: &Path, estate: &Estate) -> PathBuf {
    let unit = estate.path().join("live/a");
    let output = Command::new(terragrunt)
        .current_dir(&unit)
        .env("HOME", estate.path())
        .env_remove("TF_CLI_CONFIG_FILE")
        .args(["run", "--non-interactive", "--tf-path"])
        .arg(tool("tofu"))
        .args(["--", "plan"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut folder = unit.join(".terragrunt-cache");
    for _ in 0..2 {
        let mut entries = std::fs::read_dir(&folder).unwrap();
        folder = entries.next().unwrap().unwrap().path();
    }
    folder
}

//! Units whose modules come from elsewhere: planned and applied with the real tools.

mod cache;
mod kinds;
pub mod server;
mod stacks;
mod terragrunt;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::estate::Estate;

/// A module that puts out its input, in a folder of its repository, with a script and a module beside it.
const MODULE: &[(&str, &str)] = &[
    (
        "modules/text/main.tf",
        "variable \"value\" {\n  type = string\n}\n\nmodule \"suffix\" {\n  source = \"../suffix\"\n}\n\n\
         resource \"terraform_data\" \"this\" {\n  input = \"${var.value}${module.suffix.value}\"\n\n  \
         provisioner \"local-exec\" {\n    command = \"${path.module}/check.sh\"\n  }\n}\n\n\
         output \"value\" {\n  value = terraform_data.this.output\n}\n",
    ),
    ("modules/text/check.sh", "#!/bin/sh\nexit 0\n"),
    ("modules/text/.hidden", "kept\n"),
    ("modules/suffix/main.tf", "output \"value\" {\n  value = \"!\"\n}\n"),
    ("README.md", "modules\n"),
];

/// A Git repository with the module, at the tag `v1` and on the branch `main`.
struct Modules {
    folder: TempDir,
}

impl Modules {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-modules-").tempdir().unwrap();
        let modules = Self { folder };
        for (name, text) in MODULE {
            modules.write(name, text);
        }
        let script = modules.path().join("modules/text/check.sh");
        std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        modules.git(&["init", "--quiet", "--initial-branch=main"]);
        modules.commit("one");
        modules.git(&["tag", "-a", "-m", "one", "v1"]);
        modules
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The suffix that every text gets from now on, as a commit.
    fn set_suffix(&self, suffix: &str) {
        self.write("modules/suffix/main.tf", &format!("output \"value\" {{\n  value = \"{suffix}\"\n}}\n"));
        self.commit(suffix);
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A bare copy, for servers.
    fn bare(&self, folder: &Path) -> PathBuf {
        let bare = folder.join("modules.git");
        self.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
        bare
    }

    /// All of it, packed by the program that makes such archives everywhere.
    fn archive(&self, kind: &str) -> Vec<u8> {
        let file = self.path().join(format!(".git/archive.{kind}"));
        self.git(&["archive", "--output", file.to_str().unwrap(), "HEAD"]);
        std::fs::read(file).unwrap()
    }
}

/// Writes a unit that takes its module from `source`.
fn unit(estate: &Estate, name: &str, source: &str) {
    estate.write(
        &format!("live/{name}/terragrunt.hcl"),
        &format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n\n\
             terraform {{\n  source = \"{source}\"\n}}\n\ninputs = {{\n  value = \"{name}\"\n}}\n"
        ),
    );
}

/// The trees in the cache.
fn trees(estate: &Estate) -> Vec<PathBuf> {
    let folder = estate.path().join(".slipway/modules/.terragrunt-cache");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Whether any file under a folder holds a text.
pub fn holds(folder: &Path, text: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            return None;
        }
        if path.is_dir() {
            return holds(&path, text);
        }
        let content = std::fs::read(&path).unwrap();
        let found = content.windows(text.len()).any(|window| window == text.as_bytes())
            || path.to_string_lossy().contains(text);
        found.then_some(path)
    })
}

//! The files that `tofu` and `terraform` write by themselves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The dependency lock file.
pub const LOCK_FILE: &str = ".terraform.lock.hcl";
/// The folder of what `init` brings.
pub const DATA_FOLDER: &str = ".terraform";
/// The list of the modules that `init` has brought, by its path in a module's folder.
pub const MODULES_LIST: &str = ".terraform/modules/modules.json";

/// Whether a path names something that the tools write: a state, a backup or lock of one, the dependency lock file, or
/// anything in their own folder. What they wrote is never taken away by us, and never written over by a copy of ours.
pub fn is_of_a_tool(path: &Path) -> bool {
    path.iter().any(|name| name == DATA_FOLDER || is_state(name)) || is_lock_file(path)
}

/// Whether a path names the dependency lock file.
pub fn is_lock_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == LOCK_FILE)
}

/// Whether a name is that of a state, of what lies beside one (`.backup`, `.1699999999.backup`, `.lock.info`), or of the
/// folder that holds those of workspaces. A name that merely holds the word is a module's: `check.tfstate.sh`.
pub fn is_state(name: &OsStr) -> bool {
    let name = name.as_bytes();
    if name == b"terraform.tfstate.d" {
        return true;
    }
    let name = name.strip_suffix(b".lock.info").unwrap_or(name);
    let name = name.strip_suffix(b".backup").unwrap_or(name);
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, _) = name.split_at(name.len() - digits);
    let name = rest.strip_suffix(b".").filter(|_| digits > 0).unwrap_or(name);
    name.ends_with(b".tfstate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_write_is_known_by_its_name() {
        for path in [
            "terraform.tfstate",
            "a/terraform.tfstate.backup",
            "a/.terraform.tfstate.lock.info",
            "a/dev.tfstate.1699999999.backup",
            "terraform.tfstate.d/dev/terraform.tfstate",
            ".terraform.lock.hcl",
            "a/.terraform/modules/x/main.tf",
        ] {
            assert!(is_of_a_tool(Path::new(path)), "{path}");
        }
        for path in [
            "main.tf",
            "terraform",
            ".terraform-version",
            "tfstate",
            "a.terraform.lock.hcl/x",
            "run.tfstate.sh",
        ] {
            assert!(!is_of_a_tool(Path::new(path)), "{path}");
        }
    }
}

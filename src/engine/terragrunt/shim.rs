//! The script that Terragrunt runs as the tool.
//!
//! It notes the tool's process id, so that an interrupt can go to the tool and to nobody else, and it answers the
//! question for the version, which Terragrunt asks twice a command, without starting the tool.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::engine::EngineError;
use crate::engine::tool::Tool;
use crate::support::confined::{Kind, PRIVATE_FOLDER, PROGRAM, Root};
use crate::support::fs::{read_regular, read_text};

/// The file of the process id.
const PROCESS_ID: &str = "pid";
/// The file of the folder that the tool runs in.
const WORKING_DIR: &str = "dir";

/// A script in the place of the tool.
pub struct Shim {
    /// What Terragrunt is to run.
    pub script: PathBuf,
    process_id: PathBuf,
}

impl Shim {
    /// Writes the script for a unit into a folder of its own, `dir`, below `home`, which is ours.
    pub fn write(home: &Path, dir: &Path, tool: &Tool) -> Result<Self, EngineError> {
        let folder = Root::own(home)?.folder(dir, PRIVATE_FOLDER)?;
        // Terragrunt looks at the name to know which tool it is.
        let (script, process_id) = (folder.path().join(tool.name), folder.path().join(PROCESS_ID));
        // The script writes them, through whatever they are.
        for written in [PROCESS_ID, WORKING_DIR].map(Path::new) {
            if folder.kind(written)?.is_some_and(|kind| kind != Kind::File) {
                folder.remove_all(written)?;
            }
        }
        folder.write_if_changed(Path::new(tool.name), text(tool, &process_id).as_bytes(), PROGRAM)?;
        Ok(Self { script, process_id })
    }

    /// The folder that the tool ran in last: one of Terragrunt's cache.
    pub fn working_dir(&self) -> Option<PathBuf> {
        let noted = read_regular(&self.process_id.with_file_name(WORKING_DIR)).ok()?;
        Some(PathBuf::from(OsString::from_vec(noted)))
    }

    /// The process that the script has become, where it still runs.
    pub fn running(&self) -> Option<i32> {
        let id = read_text(&self.process_id).ok()?.trim().parse().ok()?;
        let alive = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None).is_ok();
        (alive && is_ours(id)).then_some(id)
    }
}

fn text(tool: &Tool, process_id: &Path) -> String {
    let product = if tool.name == "tofu" { "OpenTofu" } else { "Terraform" };
    format!(
        "#!/bin/sh\nif [ \"$*\" = -version ]; then\n  echo '{product} v{}'\n  exit\nfi\n\
         printf '%s' $$ > {}\nprintf '%s' \"$PWD\" > {}\nexec {} \"$@\"\n",
        tool.version,
        quoted(process_id),
        quoted(&process_id.with_file_name(WORKING_DIR)),
        quoted(&tool.path)
    )
}

/// Whether a process descends from this one: an id that was noted may belong to somebody else by now.
fn is_ours(id: i32) -> bool {
    let ours = std::process::id();
    let mut id = u32::try_from(id).ok();
    while let Some(current) = id.filter(|id| *id > 1) {
        if current == ours {
            return true;
        }
        // `pid (name) state parent …`; the name may hold anything.
        let Ok(text) = read_text(Path::new(&format!("/proc/{current}/stat"))) else {
            // Without this folder there is no telling.
            return !Path::new("/proc/self/stat").exists();
        };
        id = text.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
    }
    false
}

/// A path as one word for `sh`.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(path: &str) -> Tool {
        Tool { path: path.into(), name: "tofu", version: "1.12.6".to_owned() }
    }

    #[test]
    fn paths_survive_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn the_version_is_answered_and_everything_else_goes_to_the_tool() {
        let dir = tempfile::tempdir().unwrap();
        let shim = Shim::write(dir.path(), Path::new("it's"), &tool("/bin/echo")).unwrap();
        let run = |arguments: &[&str]| crate::support::process::answer(&shim.script, arguments).unwrap();
        assert_eq!(run(&["-version"]), "OpenTofu v1.12.6");
        assert!(!shim.process_id.exists());
        assert_eq!(run(&["plan", "a b", "-version"]), "plan a b -version");
        assert_eq!(shim.working_dir().map(|dir| dir.canonicalize().unwrap()), std::env::current_dir().ok());
        assert_eq!(shim.running(), None, "it has ended");
    }

    #[test]
    fn only_a_process_of_ours_is_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let shim = Shim::write(dir.path(), Path::new("unit"), &tool("/bin/true")).unwrap();
        std::fs::write(&shim.process_id, "1").unwrap();
        assert_eq!(shim.running(), None);
        let own = i32::try_from(std::process::id()).unwrap();
        std::fs::write(&shim.process_id, own.to_string()).unwrap();
        assert_eq!(shim.running(), Some(own));
    }
}

//! The tool's own locks on states: found where they are kept, without the tool, and told with who took them.

use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use regex::Regex;
use serde::Deserialize;

use super::beside_state::BesideStates;
use super::unit_folder;
use super::{EngineError, UnitJob};
use crate::hcl::value::Value;
use crate::support::confined::Root;
use crate::support::fs::{FileError, open_regular, read_regular};
use crate::support::paths::folder;
use crate::terragrunt::terragrunt_working_dir;

/// What the native lock file of the S3 backend adds to the state's key.
const S3_LOCK: &str = ".tflock";

/// A lock as the tool wrote it down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StateLock {
    /// Its ID, which releasing it takes.
    #[serde(rename = "ID")]
    pub id: String,
    /// User and host.
    #[serde(default)]
    pub who: Option<String>,
    /// When.
    #[serde(default)]
    pub created: Option<String>,
    /// For what, such as `OperationTypeApply`.
    #[serde(default)]
    pub operation: Option<String>,
    /// The process of this machine that holds it, where that can be told.
    #[serde(skip)]
    pub process: Option<i32>,
}

impl StateLock {
    /// The lock that the tool's error tells of, for backends that nobody else can read.
    pub fn told(error: &str) -> Option<Self> {
        // S3's errors hold other IDs before it.
        let (_, info) = error.split_once("Lock Info:")?;
        let field = |name: &str| {
            let pattern =
                Regex::new(&format!(r"\b{name}:[ \t]+(.*?)(?:\n|[ \t]+[A-Z][a-z]+:[ \t]|$)")).ok()?;
            let text = pattern.captures(info)?.get(1)?.as_str().trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        Some(Self {
            id: field("ID")?.split_whitespace().next()?.to_owned(),
            who: field("Who"),
            created: field("Created"),
            operation: field("Operation"),
            process: None,
        })
    }
}

/// What is found on a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No lock, as far as can be told without the tool.
    Nothing,
    /// A lock.
    Lock(StateLock),
    /// The note of a lock in a local file that no process holds any more: the next tool writes over it.
    Debris(PathBuf),
}

/// Removes the note of a lock that no process holds, and not what it would lead to as a link.
pub fn remove_debris(note: &Path) -> Result<(), FileError> {
    let name = Path::new(note.file_name().unwrap_or_default());
    Root::at(folder(note))?.remove(name).map(drop)
}

/// Looks for the lock on a unit's state; `home` is the folder of ours that modules run in.
pub async fn find(home: &Path, job: &UnitJob, objects: &BesideStates) -> Result<Found, EngineError> {
    if let Some(address) = objects.address(&job.config).await? {
        let object = objects.read(&address, S3_LOCK).await?;
        let lock = object.and_then(|object| serde_json::from_slice(&object.body).ok());
        return Ok(lock.map_or(Found::Nothing, Found::Lock));
    }
    for state in local_states(home, job) {
        match local(&state)? {
            Found::Nothing => {}
            found => return Ok(found),
        }
    }
    Ok(Found::Nothing)
}

/// The files that a unit's local state may be in; none where it is elsewhere.
fn local_states(home: &Path, job: &UnitJob) -> Vec<PathBuf> {
    let config = &job.config;
    let remote_state = config.remote_state.as_ref();
    if remote_state.is_some_and(|state| state.backend != "local") {
        return Vec::new();
    }
    let written = remote_state.and_then(|state| state.config.get("path")).and_then(Value::as_str);
    let path = Path::new(written.unwrap_or("terraform.tfstate"));
    let source = config.source();
    let folders = [
        unit_folder::path(home, job).ok(),
        terragrunt_working_dir(&config.dir, source, config.download_dir.as_deref()),
        source.is_none().then(|| config.dir.clone()),
    ];
    let mut states: Vec<PathBuf> = folders.into_iter().flatten().map(|folder| folder.join(path)).collect();
    states.dedup();
    states
}

/// The lock on a state in a file: the tool locks the file itself, and notes beside it that it did.
fn local(state: &Path) -> Result<Found, EngineError> {
    let Some(name) = state.file_name() else { return Ok(Found::Nothing) };
    let info = state.with_file_name(format!(".{}.lock.info", name.to_string_lossy()));
    let text = match read_regular(&info) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(FileError::on("read", &info)(error).into()),
    };
    // What is no note of a tool's is somebody's file.
    let Ok(lock) = serde_json::from_slice::<StateLock>(&text) else { return Ok(Found::Nothing) };
    Ok(match holder(state) {
        Some(process) => Found::Lock(StateLock { process: Some(process), ..lock }),
        None => Found::Debris(info),
    })
}

/// The process that holds the lock on a file.
fn holder(state: &Path) -> Option<i32> {
    let file = open_regular(state).ok()?;
    let mut lock = libc::flock {
        l_type: short(libc::F_RDLCK),
        l_whence: short(libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    (lock.l_type != short(libc::F_UNLCK)).then_some(lock.l_pid)
}

/// The kernel's constants, whose types differ between systems.
fn short(constant: impl TryInto<libc::c_short>) -> libc::c_short {
    constant.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_error_tells_of_its_lock() {
        let text = "Error acquiring the state lock: PreconditionFailed, RequestID: X1, HostID: Y2\nLock Info:\n  ID:        1d5c0c0a-8f64\n  Path:      b/k\n  Operation: OperationTypeApply\n  Who:       alice@laptop\n  Version:   1.11.4\n  Created:   2026-11-24 10:00:00 UTC\n  Info:      \n\nTerraform acquires";
        let lock = StateLock::told(text).unwrap();
        assert_eq!(lock.id, "1d5c0c0a-8f64");
        assert_eq!(lock.who.as_deref(), Some("alice@laptop"));
        assert_eq!(lock.created.as_deref(), Some("2026-11-24 10:00:00 UTC"));
        let line = text.replace('\n', " ");
        assert_eq!(StateLock::told(&line).unwrap().who.as_deref(), Some("alice@laptop"));
        assert_eq!(StateLock::told("Error: no such bucket, RequestID: X1"), None);
    }

    #[test]
    fn the_note_of_a_lock_that_nobody_holds_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a.tfstate");
        std::fs::write(&state, "{}").unwrap();
        assert_eq!(local(&state).unwrap(), Found::Nothing);
        let info = dir.path().join(".a.tfstate.lock.info");
        std::fs::write(&info, r#"{"ID":"x","Who":"me@here","Created":"now"}"#).unwrap();
        assert_eq!(local(&state).unwrap(), Found::Debris(info));

        // Another process, since our own locks do not stand in our own way.
        let program = "import fcntl,sys,time\nf=open(sys.argv[1],'r+')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\ntime.sleep(30)";
        let mut child = std::process::Command::new("python3")
            .args(["-c", program])
            .arg(&state)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 4]).unwrap();
        let Found::Lock(lock) = local(&state).unwrap() else { panic!("it is held") };
        assert_eq!((lock.id.as_str(), lock.process), ("x", i32::try_from(child.id()).ok()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

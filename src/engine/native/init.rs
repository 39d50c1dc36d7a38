//! When `init` has to run: only when something it depends on has changed since it last succeeded.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::generate::backend_text;
use crate::engine::EngineError;
use crate::engine::tool::{LOCK_FILE, Tool};
use crate::support::confined::{EVERYBODY, PRIVATE, Root};
use crate::support::digest::hex;
use crate::support::fs::{FileError, read_regular, read_text};
use crate::support::process::CommandLine;
use crate::terraform::{ModuleTree, ToolKind};
use crate::terragrunt::config::{RemoteState, UnitConfig};

/// Where the settings of a partial backend are kept.
const BACKEND_FILE: &str = ".slipway.tfbackend";

/// The file under `.terraform` in which we note that `init` has succeeded.
pub const MARKER: &str = "slipway-init";

fn marker(dir: &Path) -> PathBuf {
    dir.join(".terraform").join(MARKER)
}

/// A digest of all that `init` reads: the tool, the module's configuration with that of the local modules that it calls, the
/// lock file, the backend's settings. Files can name providers, modules and the backend wherever they lie.
pub fn key(tool: &Tool, config: &UnitConfig, modules: &ModuleTree) -> Result<String, EngineError> {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    };
    add(tool.path.as_os_str().as_encoded_bytes());
    add(tool.version.as_bytes());
    add(config.remote_state.as_ref().map(backend_text).unwrap_or_default().as_bytes());
    for file in modules.files() {
        add(file.path().as_os_str().as_encoded_bytes());
        add(file.text().as_bytes());
    }
    for (file, content) in lock_files(modules)? {
        add(file.as_os_str().as_encoded_bytes());
        add(&content);
    }
    Ok(hex(&digest.finalize()))
}

/// The lock files beside the modules.
pub fn lock_files(modules: &ModuleTree) -> Result<Vec<(PathBuf, Vec<u8>)>, FileError> {
    let mut found = Vec::new();
    for file in modules.folders().map(|folder| folder.join(LOCK_FILE)) {
        // A folder by such a name is none, and a link into nowhere is the tool's to tell.
        if std::fs::metadata(&file).is_ok_and(|found| !found.is_dir()) {
            let content = read_regular(&file).map_err(FileError::on("read", &file))?;
            found.push((file, content));
        }
    }
    Ok(found)
}

/// Whether the last `init` saw the same.
pub fn is_done(dir: &Path, key: &str) -> bool {
    read_text(&marker(dir)).is_ok_and(|last| last == key)
}

/// Brings the lock file back to the unit, where teams commit it, and notes under which key `init` succeeded.
///
/// The key is taken anew: `init` may just have written the lock file, which is part of it.
pub fn remember(tool: &Tool, folder: &Root, config: &UnitConfig) -> Result<(), EngineError> {
    let dir = folder.path();
    let copies = config.terraform.as_ref().and_then(|terraform| terraform.copy_terraform_lock_file);
    if let Ok(lock) = read_regular(&dir.join(LOCK_FILE))
        && copies.unwrap_or(true)
    {
        // The unit's folder was reached on the user's own way.
        Root::at(&config.dir)?.write_if_changed(Path::new(LOCK_FILE), &lock, EVERYBODY)?;
    }
    let key = key(tool, config, &ModuleTree::read(dir, ToolKind::of(tool.name))?)?;
    Ok(folder.write(&marker(Path::new("")), key.as_bytes(), PRIVATE)?)
}

/// The file of settings for a `remote_state` without `generate`, which expects a partial backend in the module.
///
/// A file and not arguments: what is among them may be secret, and every process can read arguments.
pub fn write_backend_file(folder: &Root, config: &UnitConfig) -> Result<(), EngineError> {
    let Some(remote_state) = partial(config) else { return Ok(()) };
    folder.write_if_changed(Path::new(BACKEND_FILE), backend_text(remote_state).as_bytes(), PRIVATE)?;
    Ok(())
}

/// An `init` with that file, where the unit has one.
pub fn with_backend_file(command: CommandLine, folder: &Root, config: &UnitConfig) -> CommandLine {
    match partial(config) {
        Some(_) => command.setting("-backend-config=", folder.path().join(BACKEND_FILE)),
        None => command,
    }
}

fn partial(config: &UnitConfig) -> Option<&RemoteState> {
    config.remote_state.as_ref().filter(|state| state.generate.is_none())
}

//! When `init` has to run: only when something it depends on has changed since it last succeeded.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::generate::backend_text;
use super::workdir::LOCK_FILE;
use crate::engine::EngineError;
use crate::engine::tool::Tool;
use crate::support::digest::hex;
use crate::support::fs::{FileError, write_atomically, write_if_changed};
use crate::terragrunt::config::UnitConfig;

/// Where the settings of a partial backend are kept.
const BACKEND_FILE: &str = ".slipway.tfbackend";

fn marker(dir: &Path) -> PathBuf {
    dir.join(".terraform").join("slipway-init")
}

/// A digest of all that `init` reads: the tool, the module's configuration, the lock file, the backend's settings.
pub fn key(tool: &Tool, dir: &Path, config: &UnitConfig) -> Result<String, EngineError> {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    };
    add(tool.path.as_os_str().as_encoded_bytes());
    add(tool.version.as_bytes());
    add(config.remote_state.as_ref().map(backend_text).unwrap_or_default().as_bytes());
    let mut files = Vec::new();
    collect(dir, &mut files)?;
    files.sort();
    for file in files {
        add(file.as_os_str().as_encoded_bytes());
        add(&std::fs::read(&file).map_err(FileError::on("read", &file))?);
    }
    Ok(hex(&digest.finalize()))
}

/// The configuration files that can name providers, modules and the backend; nested local modules included.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), EngineError> {
    let entries = std::fs::read_dir(dir).map_err(FileError::on("read", dir))?;
    for entry in entries {
        let entry = entry.map_err(FileError::on("read", dir))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == LOCK_FILE
            || [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end))
        {
            files.push(path);
        } else if !name.starts_with('.') && path.is_dir() {
            collect(&path, files)?;
        }
    }
    Ok(())
}

/// Whether the last `init` saw the same.
pub fn is_done(dir: &Path, key: &str) -> bool {
    std::fs::read_to_string(marker(dir)).is_ok_and(|last| last == key)
}

/// Brings the lock file back to the unit, where teams commit it, and notes under which key `init` succeeded.
///
/// The key is taken anew: `init` may just have written the lock file, which is part of it.
pub fn remember(tool: &Tool, dir: &Path, config: &UnitConfig) -> Result<(), EngineError> {
    let copies = config.terraform.as_ref().and_then(|terraform| terraform.copy_terraform_lock_file);
    if let Ok(lock) = std::fs::read(dir.join(LOCK_FILE))
        && copies.unwrap_or(true)
    {
        write_if_changed(&config.dir.join(LOCK_FILE), &lock)?;
    }
    let key = key(tool, dir, config)?;
    Ok(write_atomically(&marker(dir), key.as_bytes())?)
}

/// The file of settings for a `remote_state` without `generate`, which expects a partial backend in the module.
///
/// A file and not arguments: what is among them may be secret, and every process can read arguments.
pub fn backend_file(dir: &Path, config: &UnitConfig) -> Result<Option<PathBuf>, EngineError> {
    let Some(remote_state) = config.remote_state.as_ref().filter(|state| state.generate.is_none()) else {
        return Ok(None);
    };
    let file = dir.join(BACKEND_FILE);
    write_if_changed(&file, backend_text(remote_state).as_bytes())?;
    Ok(Some(file))
}

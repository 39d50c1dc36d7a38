//! When `init` has to run: only when something it depends on has changed since it last succeeded.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::generate::backend_settings;
use super::workdir::LOCK_FILE;
use crate::engine::EngineError;
use crate::engine::tool::Tool;
use crate::hcl::json::to_json;
use crate::hcl::value::Value;
use crate::support::fs::{FileError, write_atomically, write_if_changed};
use crate::terragrunt::config::UnitConfig;

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
    for argument in backend_arguments(config) {
        add(argument.as_bytes());
    }
    let mut files = Vec::new();
    collect(dir, &mut files)?;
    files.sort();
    for file in files {
        add(file.as_os_str().as_encoded_bytes());
        add(&std::fs::read(&file).map_err(FileError::on("read", &file))?);
    }
    Ok(format!("{:x}", HexDigest(digest.finalize().as_slice())))
}

struct HexDigest<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexDigest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
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

/// `-backend-config` for a `remote_state` without `generate`, which expects a partial backend in the module.
pub fn backend_arguments(config: &UnitConfig) -> Vec<String> {
    let Some(remote_state) = config.remote_state.as_ref().filter(|state| state.generate.is_none()) else {
        return Vec::new();
    };
    let argument = |(name, value): (&str, &Value)| {
        let json = || to_json(value).map(|json| json.to_string());
        let text = value.as_str().map(str::to_owned).or_else(json)?;
        Some(format!("-backend-config={name}={text}"))
    };
    backend_settings(remote_state).filter_map(argument).collect()
}

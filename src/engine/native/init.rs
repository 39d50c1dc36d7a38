//! When `init` has to run: only when something it depends on has changed since it last succeeded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::generate::backend_text;
use crate::engine::EngineError;
use crate::engine::tool::{LOCK_FILE, Tool};
use crate::support::confined::{EVERYBODY, PRIVATE, Root};
use crate::support::digest::hex;
use crate::support::fs::{FileError, read_regular, read_text};
use crate::support::paths::clean;
use crate::terragrunt::config::UnitConfig;

/// Where the settings of a partial backend are kept.
const BACKEND_FILE: &str = ".slipway.tfbackend";

/// The file under `.terraform` in which we note that `init` has succeeded.
pub const MARKER: &str = "slipway-init";

fn marker(dir: &Path) -> PathBuf {
    dir.join(".terraform").join(MARKER)
}

/// A digest of all that `init` reads: the tool, the module's configuration, the lock file, the backend's settings.
pub fn key(tool: &Tool, config: &UnitConfig, files: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    };
    add(tool.path.as_os_str().as_encoded_bytes());
    add(tool.version.as_bytes());
    add(config.remote_state.as_ref().map(backend_text).unwrap_or_default().as_bytes());
    for (file, content) in files {
        add(file.as_os_str().as_encoded_bytes());
        add(content);
    }
    hex(&digest.finalize())
}

/// The configuration files of a module and of the local modules that it calls, wherever they lie: these can name
/// providers, modules and the backend.
pub fn files_of(dir: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, EngineError> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![clean(dir)];
    let mut seen = BTreeSet::new();
    while let Some(folder) = waiting.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        // A module that is called and not there is told by the tool.
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(_) if folder != clean(dir) => continue,
            Err(error) => return Err(FileError::on("read", &folder)(error).into()),
        };
        for entry in entries {
            let entry = entry.map_err(FileError::on("read", &folder))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_code = [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end));
            let path = entry.path();
            // A folder by such a name is none, and a link into nowhere is the tool's to tell; what would never end is read by
            // neither.
            let is_read = || std::fs::metadata(&path).is_ok_and(|found| !found.is_dir());
            if !(is_code || name == LOCK_FILE) || !is_read() {
                continue;
            }
            let content = read_regular(&path).map_err(FileError::on("read", &path))?;
            if is_code {
                let text = String::from_utf8_lossy(&content);
                waiting.extend(local_calls(&text).map(|call| clean(&folder.join(call))));
            }
            files.insert(path, content);
        }
    }
    Ok(files)
}

/// The `source = "../x"` of a file, in either syntax. One too many, out of a comment say, costs an `init` at worst.
pub fn local_calls(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("source").filter_map(|(at, word)| {
        let rest = text.get(at + word.len()..)?.trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(['=', ':'])?.trim_start().strip_prefix('"')?;
        let (call, _) = rest.split_once('"')?;
        (call.starts_with("./") || call.starts_with("../")).then_some(call)
    })
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
    let key = key(tool, config, &files_of(dir)?);
    Ok(folder.write(&marker(Path::new("")), key.as_bytes(), PRIVATE)?)
}

/// The file of settings for a `remote_state` without `generate`, which expects a partial backend in the module.
///
/// A file and not arguments: what is among them may be secret, and every process can read arguments.
pub fn backend_file(folder: &Root, config: &UnitConfig) -> Result<Option<PathBuf>, EngineError> {
    let Some(remote_state) = config.remote_state.as_ref().filter(|state| state.generate.is_none()) else {
        return Ok(None);
    };
    folder.write_if_changed(Path::new(BACKEND_FILE), backend_text(remote_state).as_bytes(), PRIVATE)?;
    Ok(Some(folder.path().join(BACKEND_FILE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_are_called_count_wherever_they_lie_and_others_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("app/main.tf", "module \"a\" {\n  source = \"../a\"\n}\n");
        write("app/more.tf.json", "{\"module\": {\"d\": {\"source\": \"./nested/d\"}}}");
        write("app/nested/d/main.tf", "module \"app\" {\n  source=\"../../\"\n}\n");
        write(
            "a/main.tf",
            "module \"b\" {\n  source = \"../b\"\n}\nmodule \"r\" {\n  source = \"org/x/y\"\n}\n",
        );
        write("b/main.tofu", "");
        write("other/main.tf", "");
        write("app/notes.txt", "source = \"../other\"");
        std::os::unix::fs::symlink("..", dir.path().join("app/up")).unwrap();
        let files = files_of(&dir.path().join("app")).unwrap();
        let names: Vec<_> = files.keys().map(|file| file.strip_prefix(dir.path()).unwrap()).collect();
        let expected =
            ["a/main.tf", "app/main.tf", "app/more.tf.json", "app/nested/d/main.tf", "b/main.tofu"];
        assert_eq!(names, expected.map(Path::new));
    }
}

//! Plans with inputs that are known only once another unit has been applied: for the time of such a plan the unit's working folder
//! holds an [`OpenedModule`], and what it held before as soon as that has ended.
//!
//! What stood in the place of each file lies beside, so that whoever comes after a run that was killed puts it back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tracing::warn;

use super::opened_module::OpenedModule;
use crate::engine::{EngineError, OPEN_INPUTS as CALL};
use crate::hcl::value::Value;
use crate::support::confined::{EVERYBODY, FOLDER, Root};
use crate::support::fs::{FileError, read_regular};
use crate::support::tool_files::MODULES_LIST;
use crate::terraform::variable_files::values;
use crate::terraform::{Module, ModuleTree};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::variable_files;

/// The folder of our module in that of the unit's.
const PLACE: &str = ".slipway-open";
/// The file that calls it.
const CALLER: &str = "slipway_open.tf";
/// What is kept of what stood there, in our module's folder: none of it is read as a part of that module.
const KEPT: &str = "kept";

/// A working folder that holds an opened module.
#[derive(Debug)]
pub struct Opened(Root);

impl Opened {
    /// Opens the variables of a unit that is ready; none where no variable of its module is open.
    pub fn begin(
        config: &UnitConfig,
        modules: &ModuleTree,
        folder: &Root,
    ) -> Result<Option<Self>, EngineError> {
        let open = open_variables(config, modules.root(), folder.path());
        if open.is_empty() {
            return Ok(None);
        }
        let cannot = |why: String| EngineError::Unopened { why };
        if std::env::var_os("TF_DATA_DIR").is_some() {
            return Err(cannot("TF_DATA_DIR is set".to_owned()));
        }
        let Some((module, files)) = modules.modules().next() else { return Ok(None) };
        let module = OpenedModule::of(files, module, &open).map_err(cannot)?;
        let opened = Self(Root::at(folder.path())?);
        opened.lay_out(&module)?;
        Ok(Some(opened))
    }

    fn lay_out(&self, module: &OpenedModule) -> Result<(), EngineError> {
        let Self(folder) = self;
        let (place, kept) = (Path::new(PLACE), Path::new(PLACE).join(KEPT));
        if folder.kind(Path::new(CALLER))?.is_some() {
            return Err(EngineError::Unopened { why: format!("the module has a file {CALLER} of its own") });
        }
        folder.create_dir_all(&kept, FOLDER)?;
        folder.write(&place.join("main.tf"), module.inner.as_bytes(), EVERYBODY)?;
        let list = Path::new(MODULES_LIST);
        let listed = match folder.kind(list)? {
            Some(_) => {
                let path = folder.path().join(list);
                let content = read_regular(&path).map_err(FileError::on("read", &path))?;
                folder.write(&kept.join("modules.json"), &content, EVERYBODY)?;
                content
            }
            None => b"{\"Modules\":[]}".to_vec(),
        };
        let with_ours = with_ours(&listed).ok_or_else(|| EngineError::Unopened {
            why: format!("{} is not as the tool writes it", list.display()),
        })?;
        for (name, text) in &module.files {
            folder.rename(name, &kept.join(name))?;
            folder.write(name, text.as_bytes(), EVERYBODY)?;
        }
        folder.write(Path::new(CALLER), module.call(&format!("./{PLACE}")).as_bytes(), EVERYBODY)?;
        folder.write(list, with_ours.as_bytes(), EVERYBODY)?;
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Err(error) = put_back(&self.0) {
            // The next one who makes the folder ready does it.
            warn!(folder = %self.0.path().display(), "a module could not be put back: {error}");
        }
    }
}

/// Whether a folder holds what an [`Opened`] module has left there.
pub fn is_left_behind(folder: &Path) -> bool {
    folder.join(PLACE).symlink_metadata().is_ok()
}

/// Puts back what an [`Opened`] module has replaced, where one was left behind.
pub fn put_back(folder: &Root) -> Result<(), FileError> {
    let (place, kept) = (Path::new(PLACE), Path::new(PLACE).join(KEPT));
    if folder.kind(place)?.is_none() {
        return Ok(());
    }
    let list = Path::new(MODULES_LIST);
    let path = folder.path().join(&kept);
    let mut was_listed = false;
    for entry in std::fs::read_dir(&path).into_iter().flatten() {
        let name = PathBuf::from(entry.map_err(FileError::on("read", &path))?.file_name());
        let is_list = name.as_os_str() == "modules.json";
        was_listed |= is_list;
        folder.rename(&kept.join(&name), if is_list { list } else { &name })?;
    }
    // Before the caller is there, the list is the tool's own.
    if folder.remove(Path::new(CALLER))? && !was_listed {
        folder.remove(list)?;
    }
    folder.remove_all(place)?;
    Ok(())
}

/// The list with our module on it; none where it is none.
fn with_ours(listed: &[u8]) -> Option<String> {
    let mut listed: Json = serde_json::from_slice(listed).ok()?;
    let modules = listed.get_mut("Modules")?.as_array_mut()?;
    modules.retain(|module| module.get("Key").and_then(Json::as_str) != Some(CALL));
    if modules.is_empty() {
        modules.push(json!({ "Key": "", "Source": "", "Dir": "." }));
    }
    modules.push(json!({ "Key": CALL, "Source": format!("./{PLACE}"), "Dir": PLACE }));
    Some(listed.to_string())
}

/// The variables whose values are open: those that the module declares and that nothing else gives a value, which would come before.
fn open_variables(config: &UnitConfig, module: &Module, folder: &Path) -> BTreeMap<Arc<str>, Value> {
    let files = variable_files::of_unit(config, folder);
    let given: Vec<_> = files.iter().map(|file| values(file)).collect();
    let is_given = |name: &str| {
        std::env::var_os(format!("TF_VAR_{name}")).is_some()
            || given.iter().any(|values| values.contains_key(name))
    };
    let open = config.open.keys().filter(|name| module.variables.contains_key(&***name) && !is_given(name));
    open.filter_map(|name| Some((Arc::clone(name), config.inputs.get(name)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_as_it_was_after_it() {
        for listed in [None, Some("{\"Modules\":[{\"Key\":\"\",\"Source\":\"\",\"Dir\":\".\"}]}")] {
            let dir = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| {
                let path = dir.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            };
            write("main.tf", "as it was");
            if let Some(listed) = listed {
                write(".terraform/modules/modules.json", listed);
            }
            let there = || {
                let mut found: Vec<_> = walk(dir.path());
                found.sort();
                found
            };
            let before = there();
            let opened = Opened(Root::at(dir.path()).unwrap());
            let mut module = OpenedModule::default();
            module.files.insert(PathBuf::from("main.tf"), "another one".to_owned());
            opened.lay_out(&module).unwrap();
            assert_eq!(std::fs::read_to_string(dir.path().join("main.tf")).unwrap(), "another one");
            let list = std::fs::read_to_string(dir.path().join(MODULES_LIST)).unwrap();
            assert!(list.contains("\"Dir\":\".slipway-open\"") && list.contains("\"Key\":\"\""), "{list}");
            // As if it had been killed, and the next one came.
            std::mem::forget(opened);
            put_back(&Root::at(dir.path()).unwrap()).unwrap();
            assert_eq!(there(), before);
        }
    }

    fn walk(dir: &Path) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(walk(&path));
            } else {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
        found
    }
}

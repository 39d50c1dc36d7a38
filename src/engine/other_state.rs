//! States of units without `remote_state`, or with a path that is not absolute: each engine keeps them in the folder that it
//! runs a unit in, Terragrunt in its cache, and the tool itself has them beside the unit. All of them are the unit's, and a
//! plan beside one would begin from nothing.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::EngineError;
use super::cached_version::is_current;
use super::keeper::Keeper;
use super::source::Sources;
use crate::hcl::value::Value;
use crate::support::fs::read_regular;
use crate::support::paths::clean;
use crate::terraform::state::{self, State};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::{terragrunt_unit_cache, terragrunt_working_dir};

/// Where a unit's state is under the folder that it runs in; none where it is elsewhere.
pub fn path_in_folder(config: &UnitConfig) -> Option<PathBuf> {
    let remote_state = config.remote_state.as_ref();
    if remote_state.is_some_and(|state| state.backend != "local") {
        return None;
    }
    let written = remote_state.and_then(|state| state.config.get("path")).and_then(Value::as_str);
    let path = PathBuf::from(written.unwrap_or("terraform.tfstate"));
    path.is_relative().then_some(path)
}

/// The folders of its cache in which Terragrunt runs a unit. Those of a module from elsewhere are named by digests of an
/// address that only Terragrunt spells out: any that is there can be the one.
pub fn folders_in_cache(config: &UnitConfig) -> Vec<PathBuf> {
    let dir = &config.dir;
    let source = config.source().filter(|source| !source.is_empty());
    // Terragrunt's own variable comes before what a unit says.
    let named = std::env::var_os("TG_DOWNLOAD_DIR").filter(|folder| !folder.is_empty());
    let named = named.map(|folder| dir.join(folder)).or_else(|| config.download_dir.clone());
    if source.is_none_or(|source| Sources::local_module(source, dir).is_some()) {
        return terragrunt_working_dir(dir, source, named.as_deref()).into_iter().collect();
    }
    let module = source.and_then(|source| Sources::module_folder(source, dir).ok()).unwrap_or_default();
    let cache = terragrunt_unit_cache(dir, named.as_deref());
    let fetched = std::fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = fetched.map(|folder| clean(&folder.join(&module))).collect();
    folders.sort();
    folders
}

/// Refuses a unit whose state Terragrunt has, or which has another one beside it, where the one in `folder`, in which the
/// native engine runs it, is none or an older one.
pub fn refuse_natively(unit: &str, config: &UnitConfig, folder: &Path) -> Result<(), EngineError> {
    let Some(path) = path_in_folder(config) else { return Ok(()) };
    let ours = folder.join(&path);
    for theirs in folders_in_cache(config).into_iter().map(|folder| folder.join(&path)) {
        refuse_other(unit, Keeper::Terragrunt, &theirs, &ours)?;
    }
    refuse_beside(unit, config, &path, &ours, false)
}

/// Refuses a unit whose state the native engine has in `folder`, or which has another one beside it that Terragrunt would
/// copy, where the one in Terragrunt's cache is none or an older one.
pub fn refuse_wrapping(unit: &str, config: &UnitConfig, folder: &Path) -> Result<(), EngineError> {
    let Some(path) = path_in_folder(config) else { return Ok(()) };
    let native = folder.join(&path);
    let folders = folders_in_cache(config);
    let refused = |used: &Path| refuse_other(unit, Keeper::Native, &native, used);
    // Any of them can be the one that Terragrunt goes on with; where none is there, it begins with the one beside the unit.
    let beside = config.dir.join(&path);
    let cached: Vec<PathBuf> = folders.iter().map(|folder| folder.join(&path)).collect();
    if cached.iter().chain([&beside]).all(|used| refused(used).is_err()) {
        let is_there = |file: &&PathBuf| file.is_file();
        let told = cached.iter().find(is_there).or(cached.first());
        refused(told.unwrap_or(&config.dir.join(".terragrunt-cache").join(&path)))?;
    }
    folders.iter().try_for_each(|folder| {
        if config.source().is_none() && is_current(config, folder) {
            return Ok(());
        }
        let used = folder.join(&path);
        refuse_taken(unit, folder, &beside, &used)?;
        refuse_beside(unit, config, &path, &used, true)
    })
}

/// Refuses where Terragrunt would remove the state that it once copied from `beside`: it keeps a list of what it copies, and
/// takes all of that away before it copies anew.
fn refuse_taken(unit: &str, folder: &Path, beside: &Path, used: &Path) -> Result<(), EngineError> {
    let is_listed = || {
        // Its list is Go's own format, in which texts are as they are.
        let list = read_regular(&folder.join(".terragrunt-module-manifest")).unwrap_or_default();
        let path = used.as_os_str().as_bytes();
        list.windows(path.len()).any(|part| part == path)
    };
    let is_lost = !beside.is_file() && state::in_file(used).is_some_and(|state| state.holds_something());
    if is_lost && is_listed() {
        let (used, beside) = (used.to_owned(), beside.to_owned());
        return Err(EngineError::StateTaken { unit: unit.to_owned(), used, beside });
    }
    Ok(())
}

/// Refuses where `found` tells of something, and `used` has not come from it.
fn refuse_other(unit: &str, other: Keeper, found: &Path, used: &Path) -> Result<(), EngineError> {
    let Some(state) = state::in_file(found).filter(State::holds_something) else { return Ok(()) };
    if state::in_file(used).is_some_and(|used| used.is_no_older_than(&state)) {
        return Ok(());
    }
    let is_there = used.symlink_metadata().is_ok();
    Err(EngineError::OtherState {
        unit: unit.to_owned(),
        other,
        found: found.to_owned(),
        used: used.to_owned(),
        is_there,
    })
}

/// Refuses a unit with another state beside it. One that is newer is brought along where that is what a run does.
fn refuse_beside(
    unit: &str,
    config: &UnitConfig,
    path: &Path,
    used: &Path,
    is_copied: bool,
) -> Result<(), EngineError> {
    let beside = config.dir.join(path);
    let Some(state) = state::in_file(&beside).filter(State::holds_something) else { return Ok(()) };
    let Some(used_state) = state::in_file(used) else { return Ok(()) };
    let have_parted = used_state.mark == state.mark && !state::are_alike(&beside, used);
    let is_harmless = if is_copied {
        state.is_no_older_than(&used_state) || !used_state.holds_something()
    } else {
        used_state.is_no_older_than(&state)
    };
    if is_harmless && !have_parted {
        return Ok(());
    }
    Err(EngineError::StateBeside { unit: unit.to_owned(), beside, used: used.to_owned(), is_copied })
}

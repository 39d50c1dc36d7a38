//! States that Terragrunt has left in its cache: without `remote_state`, or with a path that is not absolute, it keeps them in
//! the folder that it runs a unit in. There they are the unit's all the same, and a plan beside one would begin from nothing.

use std::path::{Path, PathBuf};

use super::{EngineError, state};
use crate::hcl::value::Value;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::terragrunt_working_dir;

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

/// Refuses a unit whose state Terragrunt has, where the one in `folder`, in which we run it, is none or an older one.
pub fn refuse(unit: &str, config: &UnitConfig, folder: &Path) -> Result<(), EngineError> {
    let Some(path) = path_in_folder(config) else { return Ok(()) };
    let runs_in = terragrunt_working_dir(&config.dir, config.source(), config.download_dir.as_deref());
    let Some(theirs) = runs_in.map(|runs_in| runs_in.join(&path)) else { return Ok(()) };
    let Some(their_state) = state::in_file(&theirs).filter(state::State::holds_something) else {
        return Ok(());
    };
    let ours = folder.join(&path);
    let is_ours_newer = state::in_file(&ours).is_some_and(|our_state| {
        let (Some(our), Some(their)) = (&our_state.mark, &their_state.mark) else { return false };
        our.lineage == their.lineage && our.serial >= their.serial
    });
    if is_ours_newer {
        return Ok(());
    }
    let is_there = ours.symlink_metadata().is_ok();
    Err(EngineError::OtherState { unit: unit.to_owned(), theirs, ours, is_there })
}

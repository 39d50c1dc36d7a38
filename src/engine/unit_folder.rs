//! Where the native engine runs a unit: `.slipway/work/<unit>/module`, and in it the module. The other engine, and whoever
//! looks for states, has to know it too.

use std::path::{Path, PathBuf};

use super::source::Sources;
use super::{EngineError, UnitJob};
use crate::support::paths::clean;
use crate::support::{unit_name, work_folder};

/// The folder in which a unit's commands run.
pub fn path(home: &Path, job: &UnitJob) -> Result<PathBuf, EngineError> {
    let source = job.config.source();
    let module = source.map(|text| Sources::module_folder(text, &job.config.dir)).transpose()?;
    Ok(clean(&root(home, &job.id).join(module.unwrap_or_default())))
}

/// The folder in which the commands of the unit in `dir` will run, as far as its source is known, for what asks before there is
/// a job: `get_working_dir`. The unit is one of the estate under `estate_root`.
pub fn working_dir(home: &Path, estate_root: &Path, dir: &Path, source: Option<&str>) -> PathBuf {
    let id = unit_name::name(estate_root, dir);
    // A source that cannot be read is told when the unit is worked on.
    let module = source.and_then(|text| Sources::module_folder(text, dir).ok());
    clean(&root(home, &id).join(module.unwrap_or_default()))
}

/// What is brought together for the unit of that name, of which its module may be a part.
pub fn root(home: &Path, id: &str) -> PathBuf {
    work_folder::of_unit(home, id).join("module")
}

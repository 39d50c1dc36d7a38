//! A unit's working folder: the module, the unit's own files and the generated ones, brought together.
//!
//! It lies under `.slipway/units/<unit>` and is kept between runs, so that `init` need not run again. Only
//! what differs is written; what has left the module since the last time is removed.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::generate;
use super::selection::Selection;
use crate::engine::source::share::share;
use crate::engine::source::{Fetched, Sources};
use crate::engine::tool::LOCK_FILE;
use crate::engine::{EngineError, UnitJob, folder_of};
use crate::support::fs::{FileError, create_private_dir, write_atomically, write_if_changed};
use crate::support::paths::{clean, relative};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};

/// The list of the files that we brought, relative to the folder, a line each.
const BROUGHT: &str = ".slipway-files";

/// The folder in which a unit's commands run.
pub fn path(home: &Path, job: &UnitJob) -> Result<PathBuf, EngineError> {
    let source = job.config.terraform.as_ref().and_then(|terraform| terraform.source.as_deref());
    let module = source.map(|text| Sources::module_folder(text, &job.config.dir)).transpose()?;
    Ok(clean(&root(home, &job.id).join(module.unwrap_or_default())))
}

/// The same of the unit in `dir` of the estate under `estate_root`, as far as its source is known, for what asks
/// before there is a job: `get_working_dir`.
pub fn working_dir(home: &Path, estate_root: &Path, dir: &Path, source: Option<&str>) -> PathBuf {
    let id = relative(estate_root, dir).display().to_string();
    // A source that cannot be read is told when the unit is worked on.
    let module = source.and_then(|text| Sources::module_folder(text, dir).ok());
    clean(&root(home, &id).join(module.unwrap_or_default()))
}

fn root(home: &Path, id: &str) -> PathBuf {
    home.join("units").join(folder_of(id))
}

/// Brings what is new, generates the files, and returns the folder in which commands run.
pub fn bring_together(home: &Path, job: &UnitJob, source: &Fetched) -> Result<PathBuf, EngineError> {
    let config = &job.config;
    let root = root(home, &job.id);
    create_private_dir(&root)?;
    let dir = clean(&root.join(&source.module));

    let mut brought = BTreeSet::new();
    if source.shared {
        share(&source.root, &root, is_for_terragrunt, &mut brought)?;
    } else {
        copy_tree(&source.root, &root, config, &mut brought)?;
    }
    if source.root != config.dir {
        // Terragrunt lays the unit's own files over the module.
        copy_tree(&config.dir, &dir, config, &mut brought)?;
    }
    for file in generate::write_all(&dir, config)? {
        brought.insert(file);
    }
    remove_what_left(&root, &brought)?;
    Ok(dir)
}

fn copy_tree(
    from: &Path,
    to: &Path,
    config: &UnitConfig,
    brought: &mut BTreeSet<PathBuf>,
) -> Result<(), EngineError> {
    let terraform = config.terraform.as_ref();
    let include = terraform.map(|terraform| terraform.include_in_copy.as_slice()).unwrap_or_default();
    let exclude = terraform.map(|terraform| terraform.exclude_from_copy.as_slice()).unwrap_or_default();
    for below in Selection::new(from, include, exclude)?.files()? {
        if is_for_terragrunt(&below) {
            continue;
        }
        let target = to.join(&below);
        copy(&from.join(&below), &target)?;
        // The tool writes the lock file here; what it wrote stays.
        if below.file_name().is_none_or(|name| name != LOCK_FILE) {
            brought.insert(target);
        }
    }
    Ok(())
}

/// Terragrunt's files beside a module are not the module's; left here, Terragrunt would find units in them.
pub fn is_for_terragrunt(below: &Path) -> bool {
    let name = below.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == UNIT_FILE || name == UNIT_FILE_JSON || name == "terragrunt.stack.hcl"
}

fn copy(from: &Path, to: &Path) -> Result<(), EngineError> {
    let content = std::fs::read(from).map_err(FileError::on("read", from))?;
    if write_if_changed(to, &content)? {
        // Scripts have to stay what can be run.
        let permissions = std::fs::metadata(from).map_err(FileError::on("read", from))?.permissions();
        let mode = Permissions::from_mode(permissions.mode() | 0o200);
        std::fs::set_permissions(to, mode).map_err(FileError::on("protect", to))?;
    }
    Ok(())
}

/// Removes the files of an earlier time that are no longer brought, and remembers those of this time.
fn remove_what_left(root: &Path, brought: &BTreeSet<PathBuf>) -> Result<(), EngineError> {
    let list = root.join(BROUGHT);
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    for line in before.lines() {
        let file = root.join(line);
        let is_there = file.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir());
        if !brought.contains(&file) && is_there {
            std::fs::remove_file(&file).map_err(FileError::on("remove", &file))?;
        }
    }
    let lines: Vec<_> = brought.iter().filter_map(|file| file.strip_prefix(root).ok()).collect();
    let text = lines.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n");
    if text != before {
        write_atomically(&list, text.as_bytes())?;
    }
    Ok(())
}

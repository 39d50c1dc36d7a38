//! A unit's working folder: the module, the unit's own files and the generated ones, brought together.
//!
//! It is `.slipway/work/<unit>/module` and is kept between runs, so that `init` need not run again. Only
//! what differs is written; what has left the module since the last time is removed.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::brought::{Brought, is_earlier_list};
use super::{earlier, generate, open_inputs};
use crate::engine::copied_files::CopiedFiles;
use crate::engine::source::share::share;
use crate::engine::source::{Fetched, files_of};
use crate::engine::unit_folder::{path, root};
use crate::engine::{EngineError, UnitJob};
use crate::support::confined::{FOLDER, PRIVATE_FOLDER, Root};
use crate::support::fs::{FileError, Obstacle};
use crate::support::paths::clean;
use crate::support::tool_files::{DATA_FOLDER, is_lock_file, is_of_a_tool};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};

/// The folder in which a unit's commands run, to write in. It is one of ours whatever a module holds: links in it are gone
/// through only where they lead to another part of the same unit's.
pub fn open(home: &Path, job: &UnitJob) -> Result<Root, EngineError> {
    let dir = path(home, job)?;
    let (_, work) = of_unit(home, job)?;
    Ok(work.folder(&dir, FOLDER)?)
}

/// Our own folder, and in it the unit's.
fn of_unit(home: &Path, job: &UnitJob) -> Result<(Root, Root), EngineError> {
    earlier::adopt(home, job, &root(home, &job.id))?;
    let ours = Root::own(home)?;
    let work = ours.folder(&root(home, &job.id), PRIVATE_FOLDER)?;
    Ok((ours, work.through_inner_links()))
}

/// Puts back what a run that was killed has replaced in the unit's folder for the time of a plan.
pub fn put_back(home: &Path, job: &UnitJob) -> Result<(), EngineError> {
    if !open_inputs::is_left_behind(&path(home, job)?) {
        return Ok(());
    }
    Ok(open_inputs::put_back(&open(home, job)?)?)
}

/// Brings what is new, generates the files, and returns the folder in which commands run.
pub fn bring_together(home: &Path, job: &UnitJob, source: &Fetched) -> Result<Root, EngineError> {
    let config = &job.config;
    let (ours, work) = of_unit(home, job)?;
    let place = root(home, &job.id);
    let list = Brought::of(&ours, place.strip_prefix(home).unwrap_or(&place), &work)?;

    let module = if source.shared {
        let files = files_of(&source.root)?.into_iter();
        let below = files.filter_map(|file| Some(file.strip_prefix(&source.root).ok()?.to_owned()));
        below.filter(|below| is_brought(below)).collect()
    } else {
        selected(&source.root, config)?
    };
    // Terragrunt lays the unit's own files over the module.
    let own = if source.root == config.dir { Vec::new() } else { selected(&config.dir, config)? };
    let place_of_own = |below: &PathBuf| clean(&source.module.join(below));
    let generated = generate::places(&work, &source.module, config);
    let wanted = module.iter().cloned().chain(own.iter().map(place_of_own)).chain(generated);
    // First, so that a file can be where a folder was, and a folder where a file was.
    list.remove_others(&work, &wanted.collect())?;

    let mut brought = BTreeSet::new();
    if source.shared {
        share(&source.root, &module, &work)?;
    } else {
        copy_all(&source.root, &module, &work, Path::new(""))?;
    }
    brought.extend(module);
    copy_all(&config.dir, &own, &work, &source.module)?;
    brought.extend(own.iter().map(place_of_own));
    brought.extend(generate::write_all(&work, &source.module, home, config)?);
    brought.retain(|file| !is_of_a_tool(file));
    list.remove_others(&work, &brought)?;
    list.remember(&ours, &brought)?;
    let folder = work.folder(&source.module, FOLDER)?;
    refuse_links_of_tools(&folder, Path::new(""))?;
    refuse_links_of_tools(&folder, Path::new(DATA_FOLDER))?;
    Ok(folder)
}

/// Refuses links in the places that the tools write: no module brought them, and the tools go through them. Only the
/// providers deep in their own folder are links, made by themselves.
fn refuse_links_of_tools(folder: &Root, below: &Path) -> Result<(), EngineError> {
    let place = folder.path().join(below);
    for entry in std::fs::read_dir(&place).into_iter().flatten() {
        let name = below.join(entry.map_err(FileError::on("read", &place))?.file_name());
        if let Some(target) = folder.link_target(&name).filter(|_| is_of_a_tool(&name)) {
            let link = Obstacle::Link { link: folder.path().join(&name), target: target.into() };
            return Err(FileError::on("use", &place)(link.into()).into());
        }
    }
    Ok(())
}

/// The files of a folder that are brought, by their paths under it.
fn selected(from: &Path, config: &UnitConfig) -> Result<Vec<PathBuf>, EngineError> {
    let terraform = config.terraform.as_ref();
    let include = terraform.map(|terraform| terraform.include_in_copy.as_slice()).unwrap_or_default();
    let exclude = terraform.map(|terraform| terraform.exclude_from_copy.as_slice()).unwrap_or_default();
    let files = CopiedFiles::new(from, include, exclude)?.files()?;
    Ok(files.into_iter().filter(|below| is_brought(below)).collect())
}

fn is_brought(below: &Path) -> bool {
    // What the tools keep there is their own, and would be taken for what an `init` of theirs has left.
    let of_init = below.iter().any(|part| part == DATA_FOLDER);
    !is_for_terragrunt(below) && !is_earlier_list(below) && !of_init
}

/// Copies files with the contents that links among them lead to, as Terragrunt does.
fn copy_all(from: &Path, files: &[PathBuf], work: &Root, below: &Path) -> Result<(), EngineError> {
    files.iter().try_for_each(|file| copy(&from.join(file), work, &clean(&below.join(file))))
}

/// Terragrunt's files beside a module are not the module's; left here, Terragrunt would find units in them.
pub fn is_for_terragrunt(below: &Path) -> bool {
    let name = below.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == UNIT_FILE || name == UNIT_FILE_JSON || name == "terragrunt.stack.hcl"
}

fn copy(from: &Path, work: &Root, below: &Path) -> Result<(), EngineError> {
    if !may_be_replaced(work, below)? {
        return Ok(());
    }
    // Scripts have to stay what can be run.
    let mode = std::fs::metadata(from).map_err(FileError::on("read", from))?.permissions().mode();
    work.copy_if_changed(from, below, mode & 0o777 | 0o200)?;
    Ok(())
}

/// Whether a copy of ours may come to a place: a state is brought where there is none, and from then on it is the tool's.
/// A lock file is the unit's to change.
pub fn may_be_replaced(work: &Root, below: &Path) -> Result<bool, FileError> {
    Ok(is_lock_file(below) || !is_of_a_tool(below) || work.kind(below)?.is_none())
}

//! A unit's working folder: the module, the unit's own files and the generated ones, brought together.
//!
//! It lies under `.slipway/units/<unit>` and is kept between runs, so that `init` need not run again. Only
//! what differs is written; what has left the module since the last time is removed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};

use super::generate;
use super::source::LocalSource;
use crate::engine::{EngineError, UnitJob};
use crate::support::fs::{FileError, create_private_dir, write_atomically, write_if_changed};
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::paths::{UNIT_FILE, UNIT_FILE_JSON};

/// The list of the files that we brought, relative to the folder, a line each.
const BROUGHT: &str = ".slipway-files";
/// The tool's dependency lock file.
pub const LOCK_FILE: &str = ".terraform.lock.hcl";

/// The folder in which a unit's commands run.
pub fn path(home: &Path, job: &UnitJob) -> Result<PathBuf, EngineError> {
    let source = LocalSource::of(&job.config)?;
    Ok(root(home, job).join(source.module))
}

fn root(home: &Path, job: &UnitJob) -> PathBuf {
    home.join("units").join(job.folder())
}

/// Copies what is new, generates the files, and returns the folder in which commands run.
pub fn bring_together(home: &Path, job: &UnitJob) -> Result<PathBuf, EngineError> {
    let config = &job.config;
    let source = LocalSource::of(config)?;
    let root = root(home, job);
    create_private_dir(&root)?;
    let dir = root.join(&source.module);

    let mut brought = BTreeSet::new();
    copy_tree(&source.root, &root, &selection(&source.root, config)?, &mut brought)?;
    if source.root != config.dir {
        // Terragrunt adds the unit's own files to the module, hidden ones left out.
        copy_tree(&config.dir, &dir, &selection(&config.dir, config)?, &mut brought)?;
    }
    let lock = config.dir.join(LOCK_FILE);
    if lock.is_file() {
        copy(&lock, &dir.join(LOCK_FILE))?;
    }
    for file in generate::write_all(&dir, config)? {
        brought.insert(file);
    }
    remove_what_left(&root, &brought)?;
    Ok(dir)
}

fn selection(folder: &Path, config: &UnitConfig) -> Result<Override, EngineError> {
    let mut builder = OverrideBuilder::new(folder);
    let terraform = config.terraform.as_ref();
    for glob in terraform.into_iter().flat_map(|terraform| &terraform.exclude_from_copy) {
        builder.add(&format!("!{glob}")).map_err(|error| bad_glob(folder, &error))?;
    }
    builder.build().map_err(|error| bad_glob(folder, &error))
}

fn bad_glob(folder: &Path, error: &ignore::Error) -> EngineError {
    FileError::on("select files of", folder)(std::io::Error::other(error.to_string())).into()
}

fn copy_tree(
    from: &Path,
    to: &Path,
    selection: &Override,
    brought: &mut BTreeSet<PathBuf>,
) -> Result<(), EngineError> {
    let walk = WalkBuilder::new(from)
        .standard_filters(false)
        .hidden(true)
        .overrides(selection.clone())
        .follow_links(true)
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| bad_glob(from, &error))?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        let Ok(below) = entry.path().strip_prefix(from) else { continue };
        if !is_file || is_own_configuration(below) {
            continue;
        }
        let target = to.join(below);
        copy(entry.path(), &target)?;
        brought.insert(target);
    }
    Ok(())
}

/// The Terragrunt files beside a module are not the module's.
fn is_own_configuration(below: &Path) -> bool {
    let name = below.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name == UNIT_FILE || name == UNIT_FILE_JSON || name == "terragrunt.stack.hcl"
}

fn copy(from: &Path, to: &Path) -> Result<(), EngineError> {
    let content = std::fs::read(from).map_err(FileError::on("read", from))?;
    write_if_changed(to, &content)?;
    Ok(())
}

/// Removes the files of an earlier time that are no longer brought, and remembers those of this time.
fn remove_what_left(root: &Path, brought: &BTreeSet<PathBuf>) -> Result<(), EngineError> {
    let list = root.join(BROUGHT);
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    for line in before.lines() {
        let file = root.join(line);
        if !brought.contains(&file) && file.is_file() {
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

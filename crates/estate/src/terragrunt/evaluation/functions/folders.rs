//! Functions about folders. Which folder each answers for, in included files and in files that are read, is
//! Terragrunt's rule: those of the child for an included file, its own for one that is read.

use std::path::{Path, PathBuf};
use std::rc::Weak;
use std::sync::Arc;

use super::{Answer, count, path_value};
use crate::terragrunt::cache_dir::terragrunt_working_dir;
use crate::terragrunt::evaluation::scope::{FileScope, Section};
use crate::terragrunt::evaluation::unit_evaluation::SharedBy;
use crate::terragrunt::paths::{self, UNIT_FILE, UNIT_FILE_JSON};
use slipway_hcl::scope::CallError;
use slipway_hcl::value::Value;

/// How far up files are looked for; a limit that only symbolic links in a circle reach.
const MOST_FOLDERS: usize = 100;

pub(super) fn dir(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_terragrunt_dir", arguments, 0, 0)?;
    path_value(scope.config_dir())
}

pub(super) fn original_dir(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_original_terragrunt_dir", arguments, 0, 0)?;
    scope.session.mark_own();
    path_value(paths::folder(&scope.session.original))
}

pub(super) fn find_in_parent_folders(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("find_in_parent_folders", arguments, 0, 2)?;
    let name = arguments.first().map(String::as_str).filter(|name| !name.is_empty());
    // Without a name, a folder's configuration is meant, whichever syntax it is written in.
    let names = match name {
        Some(name) => [Some(name), None],
        None => [Some(UNIT_FILE_JSON), Some(UNIT_FILE)],
    };
    let folder = scope.folder_above();
    let reader = scope.session.reader;
    let found = reader.above(folder, name.unwrap_or_default(), || {
        let folders = folder.ancestors().take(MOST_FOLDERS);
        let mut candidates =
            folders.flat_map(|above| names.into_iter().flatten().map(|name| above.join(name)));
        let found = candidates.find(|candidate| reader.is_there(candidate))?;
        path_value(&paths::clean(&found)).ok()
    });
    if let Some(found) = found {
        if let Some(path) = found.as_str() {
            scope.session.mark_looked_at(Path::new(path));
        }
        return Ok(found);
    }
    if folder.to_str().is_none() {
        path_value(folder)?;
    }
    match arguments.get(1) {
        Some(fallback) => Ok(Value::string(fallback)),
        None => Err(CallError::new(format!(
            "there is no {} in any folder above {}",
            name.unwrap_or(UNIT_FILE),
            scope.config_dir().display()
        ))),
    }
}

/// The file that the include functions measure against: the included file itself where the call stands in
/// one, else the one that the label names.
fn include_file(
    scope: &FileScope<'_>,
    name: &str,
    label: Option<&String>,
) -> Result<Option<PathBuf>, CallError> {
    if scope.section() == Section::Base {
        return Ok(None);
    }
    if scope.child.is_some() {
        return Ok(Some(scope.file.source.path().to_path_buf()));
    }
    let includes = scope.includes();
    match (&*includes.list, label) {
        ([], _) => Ok(None),
        ([include], _) => Ok(Some(include.path.clone())),
        (_, None) => Err(CallError::new(format!("{name} needs the label of an include: there are several"))),
        (_, Some(label)) => match includes.named(label) {
            Some(include) => Ok(Some(include.path.clone())),
            None => Err(CallError::new(format!("there is no include \"{label}\""))),
        },
    }
}

pub(super) fn path_relative_to_include(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let name = "path_relative_to_include";
    count(name, arguments, 0, 1)?;
    let include = include_file(scope, name, arguments.first())?;
    match include {
        Some(include) => path_value(&paths::relative(paths::folder(&include), scope.config_dir())),
        None => Ok(Value::string(".")),
    }
}

pub(super) fn path_relative_from_include(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let name = "path_relative_from_include";
    count(name, arguments, 0, 1)?;
    let include = include_file(scope, name, arguments.first())?;
    match include {
        Some(include) => path_value(&paths::relative(scope.config_dir(), paths::folder(&include))),
        None => Ok(Value::string(".")),
    }
}

pub(super) fn parent_dir(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let name = "get_parent_terragrunt_dir";
    count(name, arguments, 0, 1)?;
    let include = include_file(scope, name, arguments.first())?;
    let folder = include.as_deref().map_or(scope.config_dir(), paths::folder);
    path_value(folder)
}

fn root_of_repository(scope: &FileScope<'_>) -> Result<Arc<Path>, CallError> {
    let folder = scope.config_dir();
    scope.session.reader.repository_root(folder).ok_or_else(|| {
        CallError::new(format!("{} is not in a Git repository, which this function needs", folder.display()))
    })
}

pub(super) fn repo_root(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_repo_root", arguments, 0, 0)?;
    path_value(&root_of_repository(scope)?)
}

pub(super) fn path_from_repo_root(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_path_from_repo_root", arguments, 0, 0)?;
    path_value(&paths::relative(&root_of_repository(scope)?, scope.config_dir()))
}

pub(super) fn path_to_repo_root(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_path_to_repo_root", arguments, 0, 0)?;
    path_value(&paths::relative(scope.config_dir(), &root_of_repository(scope)?))
}

pub(super) fn working_dir(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    count("get_working_dir", arguments, 0, 0)?;
    scope.mark_shared_by(SharedBy::Nobody);
    let unit = scope.child.as_ref().and_then(Weak::upgrade);
    let unit = unit.as_deref().unwrap_or(scope);
    if unit.section() == Section::Base {
        return Err(CallError::new("get_working_dir needs the source, which is read after include blocks"));
    }
    let source = unit.source().map_err(CallError::Inside)?;
    let folder: &Path = unit.config_dir();
    if let Some(working_dir_of) = &scope.session.reader.options().working_dir_of {
        return path_value(&working_dir_of(folder, source.as_deref()));
    }
    let known = terragrunt_working_dir(folder, source.as_deref(), None);
    path_value(known.as_deref().unwrap_or(folder))
}

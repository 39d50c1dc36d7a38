//! Which variables get a value from elsewhere than `inputs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::modules::UnitModule;
use crate::terraform::files::is_automatic_variable_file;
use crate::terraform::variable_files::{self, values_of};
use crate::terragrunt::Reader;
use crate::terragrunt::check::Checked;
use slipway_support::fs::{FileError, Obstacle, read_text};

/// Why the names are not known.
pub(super) enum Unread {
    /// One of the files is not there, or not understood: that is the tool's to tell.
    Unknown,
    /// One of them is none that anybody could read.
    Refused(FileError),
}

/// The names of the variables that get a value from the environment, from `extra_arguments`, and from the
/// variable files that Terraform reads by itself.
///
/// After Terragrunt's own check, which counts `extra_arguments` of every command.
pub(super) fn names(
    checked: &Checked,
    reader: &Reader,
    module: &UnitModule,
) -> Result<BTreeSet<String>, Unread> {
    let mut names = BTreeSet::new();
    let of_variable = |name: &str| name.strip_prefix("TF_VAR_").map(str::to_owned);
    names.extend(reader.options().environment.keys().filter_map(|name| of_variable(name)));
    let mut files = Vec::new();
    let blocks = checked.unit.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    for block in blocks {
        names.extend(block.env_vars.keys().filter_map(|name| of_variable(name)));
        files.extend(block.required_var_files.iter().map(PathBuf::from));
        let optional = block.optional_var_files.iter().map(PathBuf::from);
        files.extend(optional.filter(|file| found(file, checked, module).is_some()));
        files.extend(values_of("var-file", &block.arguments).map(PathBuf::from));
        names.extend(values_of("var", &block.arguments).map(name_of));
    }
    for file in files {
        names.extend(names_in(&found(&file, checked, module).ok_or(Unread::Unknown)?, reader)?);
    }
    for folder in [&module.folder, &checked.unit.dir] {
        for entry in std::fs::read_dir(folder).map_err(|_| Unread::Unknown)?.flatten() {
            if is_automatic_variable_file(&entry.file_name().to_string_lossy()) {
                names.extend(names_in(&entry.path(), reader)?);
            }
        }
    }
    Ok(names)
}

fn name_of(given: &str) -> String {
    given.split('=').next().unwrap_or_default().trim_matches(['"', '\'', ' ']).to_owned()
}

/// A variable file, which Terraform looks for where the unit's files and those of its module are together.
fn found(file: &Path, checked: &Checked, module: &UnitModule) -> Option<PathBuf> {
    let folders = [&checked.unit.dir, &module.folder];
    folders.into_iter().map(|folder| folder.join(file)).find(|file| file.exists() && !file.is_dir())
}

fn names_in(file: &Path, reader: &Reader) -> Result<BTreeSet<String>, Unread> {
    if reader.refusal(file).is_some() {
        return Err(Unread::Unknown);
    }
    let text = read_text(file).map_err(|error| match Obstacle::of(&error) {
        Some(_) => Unread::Refused(FileError::on("read", file)(error)),
        None => Unread::Unknown,
    })?;
    variable_files::names_in(file, text).ok_or(Unread::Unknown)
}

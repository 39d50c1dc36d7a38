//! The variable files of a unit: those that the tools read by themselves, and those that it names.

use std::path::{Path, PathBuf};

use super::config::UnitConfig;
use crate::terraform::files::is_automatic_variable_file;
use crate::terraform::variable_files::values_of;

/// The variable files of a unit: those in `folder`, where the tool runs, and those that it names.
pub fn of_unit(config: &UnitConfig, folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let automatic = entries.filter(|entry| is_automatic_variable_file(&entry.file_name().to_string_lossy()));
    automatic.map(|entry| entry.path()).chain(named(config, folder)).collect()
}

/// The variable files that the `extra_arguments` of a unit name; `folder` is where the tool runs. One that a command names
/// may not be there.
pub fn named(config: &UnitConfig, folder: &Path) -> impl Iterator<Item = PathBuf> {
    let extras = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    extras.flat_map(move |extra| {
        let beside = extra.required_var_files.iter().chain(&extra.optional_var_files);
        let given = values_of("var-file", &extra.arguments).map(move |file| folder.join(file));
        beside.map(|file| config.dir.join(file)).chain(given)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::{ExtraArguments, Terraform};

    #[test]
    fn a_unit_has_the_files_that_are_read_by_themselves_and_those_that_it_names() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["terraform.tfvars", "x.auto.tfvars.json", ".hidden.auto.tfvars", "other.tfvars", "auto.tfvars"]
        {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let extra = ExtraArguments {
            required_var_files: vec!["own.tfvars".to_owned()],
            arguments: vec!["-var-file=there.tfvars".to_owned()],
            ..ExtraArguments::default()
        };
        let config = UnitConfig {
            dir: "/unit".into(),
            terraform: Some(Terraform { extra_arguments: vec![extra], ..Terraform::default() }),
            ..UnitConfig::default()
        };
        let mut files = of_unit(&config, dir.path());
        files.sort();
        let inside = [".hidden.auto.tfvars", "terraform.tfvars", "there.tfvars", "x.auto.tfvars.json"];
        let mut expected: Vec<PathBuf> = inside.iter().map(|name| dir.path().join(name)).collect();
        expected.push("/unit/own.tfvars".into());
        expected.sort();
        assert_eq!(files, expected);
    }
}

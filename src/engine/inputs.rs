//! Files that the tool reads by itself: it would wait for a pipe, and fill the memory from a device, so they are looked
//! at before it starts.

use std::path::Path;

use crate::engine::EngineError;
use crate::hcl::value::Value;
use crate::support::fs::{FileError, refuse_unreadable};
use crate::terraform::files;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::variable_files;

/// Refuses variable files, states and lock files that do not end: those in `dir`, where the tool runs, and those that
/// the unit names.
pub fn refuse_endless(config: &UnitConfig, dir: &Path) -> Result<(), EngineError> {
    for entry in std::fs::read_dir(dir).map_err(FileError::on("read", dir))? {
        let entry = entry.map_err(FileError::on("read", dir))?;
        if is_read_by_itself(&entry.file_name().to_string_lossy()) && !entry.path().is_dir() {
            refuse_unreadable(&entry.path())?;
        }
    }
    variable_files::named(config, dir).try_for_each(|file| refuse_unreadable(&file))?;
    let state = config.remote_state.as_ref().filter(|state| state.backend == "local");
    if let Some(path) = state.and_then(|state| state.config.get("path")).and_then(Value::as_str) {
        refuse_unreadable(&dir.join(path))?;
    }
    Ok(())
}

fn is_read_by_itself(name: &str) -> bool {
    files::is_code(name)
        || files::is_variable_file(name)
        || name.ends_with(".tfstate")
        || name == files::LOCK_FILE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::config::{ExtraArguments, RemoteState, Terraform};

    #[test]
    fn what_the_tool_would_wait_for_is_refused_by_its_name_wherever_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let unit = folder.path().join("unit");
        let dir = folder.path().join("dir");
        for made in [&unit, &dir] {
            std::fs::create_dir(made).unwrap();
        }
        let pipe = |path: &Path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut config = UnitConfig { dir: unit.clone(), ..UnitConfig::default() };
        refuse_endless(&config, &dir).unwrap();
        for name in ["main.tf", "x.auto.tfvars.json", "terraform.tfstate", ".terraform.lock.hcl"] {
            std::os::unix::fs::symlink("/dev/zero", dir.join(name)).unwrap();
            let error = refuse_endless(&config, &dir).unwrap_err();
            assert!(error.to_string().contains(name) && error.advice().is_some(), "{error}");
            std::fs::remove_file(dir.join(name)).unwrap();
        }
        pipe(&unit.join("own"));
        pipe(&dir.join("there"));
        let own = |files: &[&str]| files.iter().map(|&file| file.to_owned()).collect::<Vec<_>>();
        for extra in [
            ExtraArguments { required_var_files: own(&["own"]), ..ExtraArguments::default() },
            ExtraArguments { optional_var_files: own(&["own"]), ..ExtraArguments::default() },
            ExtraArguments { arguments: own(&["-var-file=there"]), ..ExtraArguments::default() },
            ExtraArguments { arguments: own(&["-var-file", "there"]), ..ExtraArguments::default() },
        ] {
            config.terraform = Some(Terraform { extra_arguments: vec![extra], ..Terraform::default() });
            assert!(refuse_endless(&config, &dir).is_err());
        }
        config.terraform = None;
        config.remote_state = Some(RemoteState {
            backend: "local".to_owned(),
            config: Value::object([("path", Value::string("there"))]),
            generate: None,
            disable_init: false,
            disable_dependency_optimization: false,
            encryption: None,
        });
        assert!(refuse_endless(&config, &dir).is_err());
    }
}

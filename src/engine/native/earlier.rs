//! Work folders of earlier versions, `.slipway/units/<path>`: there a unit's folder could lie within the module of another.
//!
//! A folder that is certainly one unit's becomes its work folder of today, with whatever state is in it. Where it is not
//! certain whose a state is, nothing is guessed: it stays, and whoever wants to work on the unit is told.

use std::path::{Path, PathBuf};

use crate::engine::{EngineError, UnitJob};
use crate::support::confined::{PRIVATE_FOLDER, Root};
use crate::support::path_text;

/// What each of those folders had in it, and only these: the list of what was brought there.
const BROUGHT: &str = ".slipway-files";

/// Takes over the folder that an earlier version has left of the unit, where today's is not there yet.
pub fn adopt(home: &Path, job: &UnitJob, root: &Path) -> Result<(), EngineError> {
    let units = home.join("units");
    let path = path_text::parse(&job.id).display().to_string();
    let old = units.join(path.replace("..", "__").trim_start_matches('/'));
    if root.symlink_metadata().is_ok() || old == units || !is_below(home, &old) {
        return Ok(());
    }
    // Names of those days could be those of two units.
    let is_its_own =
        !path.contains("..") && !path.contains("__") && !path.contains(char::REPLACEMENT_CHARACTER);
    if is_its_own && !lies_in_another(&units, &old) && !has_another(&old) {
        let home = Root::own(home)?;
        if let Some(parent) = root.parent() {
            home.create_dir_all(parent, PRIVATE_FOLDER)?;
        }
        return Ok(home.rename(&old, root)?);
    }
    let is_remote = job.config.remote_state.as_ref().is_some_and(|state| state.backend != "local");
    match state_in(&old).filter(|_| !is_remote) {
        Some(state) => Err(EngineError::EarlierState {
            unit: job.id.clone(),
            state,
            folder: root.to_owned(),
            old: units,
        }),
        None => Ok(()),
    }
}

/// Whether it is a folder of ours, reached without a link: what a link leads to is nobody's to move.
fn is_below(home: &Path, path: &Path) -> bool {
    let Ok(real_home) = home.canonicalize() else { return false };
    let below = path.strip_prefix(home).unwrap_or(path);
    path.canonicalize().is_ok_and(|real| real == real_home.join(below)) && is_folder(path)
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn lies_in_another(units: &Path, old: &Path) -> bool {
    let above = old.ancestors().skip(1).take_while(|folder| *folder != units);
    above.into_iter().any(|folder| folder.join(BROUGHT).symlink_metadata().is_ok())
}

fn has_another(old: &Path) -> bool {
    find(old, &|path| path.file_name().is_some_and(|name| name == BROUGHT) && path.parent() != Some(old))
        .is_some()
}

fn state_in(old: &Path) -> Option<PathBuf> {
    find(old, &|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".tfstate") || name.ends_with(".tfstate.backup")
    })
}

/// A file below a folder; what the tool keeps of providers and modules is passed over, and links are not followed.
fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .follow_links(false)
        .filter_entry(|entry| entry.file_name() != ".terraform")
        .build();
    walk.flatten().map(ignore::DirEntry::into_path).find(|path| !is_folder(path) && wanted(path))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::terragrunt::outputs::NoOutputs;
    use crate::terragrunt::{Reader, ReaderOptions};

    fn job(id: &str, text: &str) -> UnitJob {
        let folder = tempfile::tempdir().unwrap();
        let unit = folder.path().join("terragrunt.hcl");
        std::fs::write(&unit, text).unwrap();
        let reader = Reader::new(ReaderOptions::new(folder.path(), "plan"));
        let config = reader.evaluate(&unit, &NoOutputs).unwrap();
        UnitJob { id: id.to_owned(), config: Arc::new(config) }
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for file in files {
            let path = home.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        home
    }

    #[test]
    fn the_folder_of_one_unit_is_taken_over_with_its_state() {
        let home = tree(&["units/dev/vpc/.slipway-files", "units/dev/vpc/terraform.tfstate"]);
        let root = home.path().join("work/dev_-vpc/module");
        adopt(home.path(), &job("dev/vpc", ""), &root).unwrap();
        assert!(root.join("terraform.tfstate").is_file());
        assert!(!home.path().join("units/dev/vpc").exists());
        // What is there is not replaced.
        std::fs::create_dir_all(home.path().join("units/dev/vpc")).unwrap();
        adopt(home.path(), &job("dev/vpc", ""), &root).unwrap();
        assert!(root.join("terraform.tfstate").is_file());
    }

    #[test]
    fn what_a_link_leads_to_is_left_where_it_is() {
        let elsewhere = tree(&["dev/vpc/.slipway-files", "dev/vpc/terraform.tfstate"]);
        let home = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join("units")).unwrap();
        let root = home.path().join("work/dev_-vpc/module");
        adopt(home.path(), &job("dev/vpc", ""), &root).unwrap();
        assert!(!root.exists() && elsewhere.path().join("dev/vpc/terraform.tfstate").is_file());
    }

    #[test]
    fn a_state_that_may_be_another_units_is_neither_used_nor_forgotten() {
        let nested =
            ["units/app/.slipway-files", "units/app/db/.slipway-files", "units/app/db/terraform.tfstate"];
        for (id, files) in [
            ("app", &nested[..]),
            ("app/db", &nested[..]),
            ("v1..2", &["units/v1__2/.slipway-files", "units/v1__2/terraform.tfstate"][..]),
            ("v1__2", &["units/v1__2/.slipway-files", "units/v1__2/terraform.tfstate"][..]),
        ] {
            let home = tree(files);
            let root = home.path().join("work/it/module");
            let error = adopt(home.path(), &job(id, ""), &root).unwrap_err();
            let state = home.path().join(files.last().unwrap());
            assert!(error.to_string().contains(&state.display().to_string()), "{error}");
            assert!(state.is_file() && !root.exists());
            // Where states are elsewhere there is none to lose.
            let remote = job(id, "remote_state {\n backend = \"s3\"\n config = {}\n}\n");
            adopt(home.path(), &remote, &root).unwrap();
            assert!(state.is_file() && !root.exists());
        }
    }
}

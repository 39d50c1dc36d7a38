//! Where the states of a run have to be that machines share: where all of them get at them.

use std::path::{Path, PathBuf};

use super::error::CommandError;
use crate::engine::plan::left_out::local_states;
use crate::engine::source::Sources;
use crate::terraform::Module;
use crate::terragrunt::Reader;
use crate::terragrunt::outputs::UnknownOutputs;
use crate::terragrunt::paths::unit_file;

const ADVICE: &str =
    "keep the states of a shared run where all of its machines get at them, such as in a bucket";

/// Refuses units whose states would be on one machine: each of the others would begin with none, and make everything once more.
pub(super) fn refuse_local(reader: &Reader, dirs: &[PathBuf]) -> Result<(), CommandError> {
    if let Some(state) = local_states(reader, dirs).first() {
        let message = format!("{} is on this machine, where the others do not see it", state.display());
        return Err(CommandError::refused(message, ADVICE));
    }
    match dirs.iter().find(|dir| names_no_backend(reader, dir)) {
        None => Ok(()),
        Some(dir) => {
            let message = format!(
                "{} has no remote_state, and its module names no backend: its state would stay on the machine that applies it",
                dir.display()
            );
            Err(CommandError::refused(message, ADVICE))
        }
    }
}

/// Whether nothing says where the unit's state is, so that the tool keeps it where it runs. Of a module that is not on this machine
/// yet that is not known, nor of one that cannot be read.
fn names_no_backend(reader: &Reader, dir: &Path) -> bool {
    let file = unit_file(dir);
    // Most units have one, which one attribute tells.
    if reader.backend(&file).is_some() {
        return false;
    }
    let Ok(config) = reader.evaluate(&file, &UnknownOutputs) else { return false };
    if config.remote_state.is_some() {
        return false;
    }
    let module = match config.source() {
        None => Some(dir.to_owned()),
        Some(source) => Sources::local_module(source, dir),
    };
    let Some(module) = module else { return false };
    let mut generated = Module::default();
    for file in config.generate.iter().filter(|file| !file.disable) {
        generated.add(Path::new(&file.path), file.contents.as_str());
    }
    // The unit's own files are laid over the module's.
    let read = [module.as_path(), dir].map(|folder| Module::read(folder, None, |_| None));
    read.iter().chain([&generated]).all(|module| module.backends.is_empty() && module.diagnostics.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terragrunt::ReaderOptions;

    #[test]
    fn a_backend_may_be_named_by_the_module_by_what_is_generated_and_by_a_file_of_the_unit() {
        let backend = "terraform {\n  backend \"s3\" {}\n}\n";
        let generate = format!(
            "generate \"backend\" {{\n  path = \"backend.tf\"\n  if_exists = \"overwrite\"\n  contents = <<EOF\n{backend}EOF\n}}\n"
        );
        let local = "terraform {\n  source = \"../modules/plain\"\n}\n";
        let units = [
            ("plain", local.to_owned(), true),
            ("generated", format!("{local}{generate}"), false),
            (
                "switched-off",
                format!("{local}{}", generate.replace("path =", "disable = true\n  path =")),
                true,
            ),
            ("by-module", local.replace("plain", "with-backend"), false),
            ("cloud", local.replace("plain", "with-cloud"), false),
            ("own-file", local.to_owned(), false),
            ("elsewhere", local.replace("../modules/plain", "git::https://example.com/m.git"), false),
            ("bucket", format!("remote_state {{\n  backend = \"s3\"\n  config = {{}}\n}}\n{local}"), false),
            ("no-source", String::new(), true),
        ];
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("modules/plain/main.tf", "resource \"terraform_data\" \"this\" {}\n");
        write("modules/with-backend/main.tf", backend);
        write("modules/with-cloud/main.tf", "terraform {\n  cloud {\n    organization = \"acme\"\n  }\n}\n");
        write("own-file/backend.tf", backend);
        for (unit, text, _) in &units {
            write(&format!("{unit}/terragrunt.hcl"), text);
        }
        let reader = Reader::new(ReaderOptions::new(dir.path(), "apply"));
        let wrong: Vec<&str> = units
            .iter()
            .filter(|(unit, _, wanted)| names_no_backend(&reader, &dir.path().join(unit)) != *wanted)
            .map(|(unit, _, _)| *unit)
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
    }
}

//! The files that a unit is made of beside its own: those that were read, and those of its module.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::terraform::files::is_code;
use crate::terragrunt::Outline;

/// Folders in a module that hold copies and caches.
const PASSED_OVER: &[&str] = &[".git", ".terraform", ".terragrunt-cache"];

/// Lists files; a module that several units share is looked through once.
#[derive(Default)]
pub struct Readings {
    modules: RefCell<HashMap<PathBuf, Rc<BTreeSet<PathBuf>>>>,
}

impl Readings {
    /// The files whose change changes the unit, its own left out, as Terragrunt lists them: those that were read,
    /// and those of its module where that lies on this machine. Absolute, sorted.
    pub fn of(&self, outline: &Outline) -> BTreeSet<PathBuf> {
        let own = outline.file.as_path();
        let read = outline.files_read.iter().filter(|file| ***file != *own);
        let mut files: BTreeSet<PathBuf> = read.map(|file| file.to_path_buf()).collect();
        if let Some(module) = outline.module_dir() {
            files.extend(self.module(&module).iter().cloned());
        }
        files
    }

    fn module(&self, folder: &Path) -> Rc<BTreeSet<PathBuf>> {
        if let Some(known) = self.modules.borrow().get(folder) {
            return Rc::clone(known);
        }
        let mut files = BTreeSet::new();
        module_files(folder, &mut files);
        let files = Rc::new(files);
        self.modules.borrow_mut().insert(folder.to_path_buf(), Rc::clone(&files));
        files
    }
}

fn module_files(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && !PASSED_OVER.contains(&&*name) {
            module_files(&entry.path(), files);
        }
        if !is_dir && (is_code(&name) || name.ends_with(".hcl")) {
            files.insert(entry.path());
        }
    }
}

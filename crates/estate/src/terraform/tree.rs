//! A module with those that it calls from folders on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::ToolKind;
use super::module::{Module, paths};
use slipway_hcl::source::SourceFile;
use slipway_support::fs::FileError;
use slipway_support::paths::{clean, join};

/// A module and all that it calls by a path, and these in turn: each folder is read once.
#[derive(Debug)]
pub struct ModuleTree {
    root: Folder,
    /// By their paths.
    called: BTreeMap<PathBuf, Folder>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    module: Module,
    files: Vec<Arc<SourceFile>>,
}

impl ModuleTree {
    /// Reads what `tool` would read. A module that is called and not there is the tool's to tell; a file that is there
    /// and cannot be read is an error.
    pub fn read(root: &Path, tool: ToolKind) -> Result<Self, FileError> {
        let path = clean(root);
        let paths = paths(&path, Some(tool)).map_err(FileError::on("read", &path))?;
        let mut tree = Self { root: read(path, paths)?, called: BTreeMap::new() };
        let mut waiting: Vec<PathBuf> = called(&tree.root.path, &tree.root.module).collect();
        while let Some(path) = waiting.pop() {
            if path == tree.root.path || tree.called.contains_key(&path) {
                continue;
            }
            let Ok(paths) = self::paths(&path, Some(tool)) else { continue };
            let folder = read(path, paths)?;
            waiting.extend(called(&folder.path, &folder.module));
            tree.called.insert(folder.path.clone(), folder);
        }
        Ok(tree)
    }

    /// The module itself.
    pub fn root(&self) -> &Module {
        &self.root.module
    }

    /// The modules with the files that each was read from.
    pub fn modules(&self) -> impl Iterator<Item = (&Module, &[Arc<SourceFile>])> {
        self.all().map(|folder| (&folder.module, folder.files.as_slice()))
    }

    /// The folders of the modules.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.all().map(|folder| folder.path.as_path())
    }

    /// The files of all modules.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.all().flat_map(|folder| folder.files.iter().map(|file| &**file))
    }

    /// Always in the same order.
    fn all(&self) -> impl Iterator<Item = &Folder> {
        std::iter::once(&self.root).chain(self.called.values())
    }
}

fn read(path: PathBuf, paths: Vec<PathBuf>) -> Result<Folder, FileError> {
    let mut folder = Folder { path, module: Module::default(), files: Vec::with_capacity(paths.len()) };
    for path in paths {
        folder.module.has_files = true;
        match folder.module.read_file(path) {
            Ok(source) => folder.files.push(source),
            Err(unread) if unread.is_missing() => {}
            Err(unread) => return Err(FileError::on("read", &unread.path)(unread.error)),
        }
    }
    Ok(folder)
}

/// The folders that a module calls.
fn called<'m>(folder: &'m Path, module: &'m Module) -> impl Iterator<Item = PathBuf> + 'm {
    module.calls.values().filter_map(|call| Some(join(folder, call.path()?)))
}

/// What a module on this machine is made of: the folders of it and of all that it calls by a path, and what lies
/// elsewhere and is read by them.
#[derive(Clone, Debug, Default)]
pub struct LocalModules {
    /// The folders. Those that are not there are named as well: files of theirs may have been removed.
    pub folders: BTreeSet<PathBuf>,
    /// The paths that their expressions name, outside of these folders, see [`Reads::paths`](super::Reads::paths).
    pub reads: BTreeSet<PathBuf>,
}

impl LocalModules {
    /// Of the module in `root`, out of modules that somebody keeps.
    pub fn of(root: &Path, module: &dyn Fn(&Path) -> Arc<Module>) -> Self {
        let mut found = Self::default();
        let mut waiting = vec![root.to_path_buf()];
        while let Some(folder) = waiting.pop() {
            if !found.folders.contains(&folder) {
                let module = module(&folder);
                waiting.extend(called(&folder, &module));
                found.reads.extend(module.reads.paths(&folder, root));
                found.folders.insert(folder);
            }
        }
        let Self { folders, reads } = &mut found;
        reads.retain(|path| !path.ancestors().any(|above| folders.contains(above)));
        found
    }
}

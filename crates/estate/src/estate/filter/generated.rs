//! What the units of stacks are generated from: their own folders are mostly not in Git, and hold copies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::estate::expand::expand_files;
use crate::estate::{Estate, Templates};
use crate::terragrunt::Reader;
use crate::terragrunt::stack::{Expansion, NoFetch, STACK_DIR, STACK_FILE};

/// By the folders that stacks generate: what is in each, and in all below it, is made of these.
#[derive(Debug, Default)]
pub(super) struct Makers(BTreeMap<PathBuf, Made>);

/// What a generated folder is made of.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The files that were read of the stack.
    pub files: BTreeSet<PathBuf>,
    /// The folders that are copied, with whatever lies in them.
    pub folders: BTreeSet<PathBuf>,
}

impl Makers {
    /// Those of an estate: what its stacks would generate, and those above its folder that its units come from. Sources
    /// that are addresses are none of the repository's.
    pub fn of(estate: &Estate, reader: &Reader) -> Self {
        let mut files: BTreeSet<PathBuf> = estate.stacks.iter().map(|stack| stack.file.clone()).collect();
        let is_generated = |dir: &&Path| dir.components().any(|part| part.as_os_str() == STACK_DIR);
        let dirs = estate.units.iter().map(|unit| unit.dir.as_path());
        let above: BTreeSet<&Path> = dirs.filter(is_generated).filter_map(outermost).collect();
        files.extend(above.into_iter().map(|dir| dir.join(STACK_FILE)));
        if files.is_empty() {
            return Self::default();
        }
        // A reader of its own: that of the command sees what is on disk.
        let reader = Reader::new(reader.options().clone());
        let (expansions, _) =
            expand_files(files.into_iter().collect(), &reader, &NoFetch, Templates::PassedOver);
        let mut makers = Self::default();
        for expansion in &expansions {
            makers.add(expansion, &reader);
        }
        makers
    }

    fn add(&mut self, expansion: &Expansion, reader: &Reader) {
        let read: BTreeMap<&Path, BTreeSet<PathBuf>> = expansion
            .stacks
            .iter()
            .map(|stack| {
                let files = stack.files_read.iter().map(|file| reader.on_disk(file));
                (stack.dir.as_path(), files.collect())
            })
            .collect();
        for (dir, files) in &read {
            // What cannot be followed, such as a source elsewhere, comes from the stack all the same.
            self.0.entry(dir.join(STACK_DIR)).or_default().files.extend(files.iter().cloned());
        }
        for generated in &expansion.generated {
            let made = self.0.entry(generated.dir().to_path_buf()).or_default();
            made.folders.insert(generated.source.clone());
            made.files.extend(read.get(generated.stack.as_path()).into_iter().flatten().cloned());
        }
    }

    /// What the unit in a folder is made of, stack by stack.
    pub fn of_unit<'m>(&'m self, dir: &'m Path) -> impl Iterator<Item = &'m Made> {
        dir.ancestors().filter_map(|above| self.0.get(above))
    }
}

/// The outermost folder above one that has a stack file.
fn outermost(dir: &Path) -> Option<&Path> {
    dir.ancestors().skip(1).filter(|above| above.join(STACK_FILE).is_file()).last()
}

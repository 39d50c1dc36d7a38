//! The units that a stack stands for, where something depends on the whole stack.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::read::{self, Wanted};
use super::{Kind, STACK_FILE};
use crate::hcl::diagnostic::Diagnostic;
use crate::terragrunt::reader::Reader;

/// The folders of the units of the stack in `dir` (absolute) and of the stacks in it, its own first; none where
/// there is no stack. Only names and paths are evaluated.
pub(crate) fn unit_dirs(reader: &Reader, dir: &Path) -> Result<Option<Vec<PathBuf>>, Vec<Diagnostic>> {
    if !reader.is_there(&dir.join(STACK_FILE)) {
        return Ok(None);
    }
    let mut found = Vec::new();
    collect(reader, dir, &mut BTreeSet::new(), &mut found)?;
    Ok(Some(found))
}

fn collect(
    reader: &Reader,
    dir: &Path,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Vec<PathBuf>,
) -> Result<(), Vec<Diagnostic>> {
    let file = dir.join(STACK_FILE);
    if !reader.is_there(&file) || !seen.insert(dir.to_path_buf()) {
        return Ok(());
    }
    let stack = read::read(reader, &file, Wanted::Places)?;
    found.extend(stack.blocks.iter().filter(|block| block.kind == Kind::Unit).map(|block| block.dir.clone()));
    for block in stack.blocks.iter().filter(|block| block.kind == Kind::Stack) {
        collect(reader, &block.dir, seen, found)?;
    }
    Ok(())
}

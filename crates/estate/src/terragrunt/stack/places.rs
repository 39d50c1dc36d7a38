//! The units that a stack stands for, where something depends on the whole stack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::{self, Wanted};
use super::{Kind, STACK_FILE};
use crate::terragrunt::evaluation::reader::Reader;
use crate::terragrunt::outputs::{OutputSource, Outputs};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::value::Value;

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

/// The outputs of the stack in `dir`: those of each unit under its name, and its key where it is expanded; those of each
/// stack within the same way; none where a unit of it has none yet.
pub(crate) fn outputs(
    reader: &Reader,
    source: &dyn OutputSource,
    dir: &Path,
) -> Result<Option<Outputs>, Vec<Diagnostic>> {
    let stack = read::read(reader, &dir.join(STACK_FILE), Wanted::Places)?;
    // What was never applied has empty ones.
    let (mut all, mut any) = (Outputs::new(), false);
    let mut expanded: BTreeMap<Arc<str>, Outputs> = BTreeMap::new();
    for block in stack.blocks {
        let found = match block.kind {
            Kind::Unit => source
                .outputs(&block.dir)
                .map(|outputs| Value::object(outputs.iter().map(|(name, value)| (name, value.clone())))),
            Kind::Stack => outputs(reader, source, &block.dir)?
                .map(|outputs| Value::object(outputs.iter().map(|(name, value)| (name, value.clone())))),
        };
        let Some(found) = found else { return Ok(None) };
        any |= found.as_fields().is_some_and(|fields| !fields.is_empty());
        let name = Arc::from(block.name.as_str());
        match block.key {
            None => drop(all.insert(name, found)),
            Some(key) => drop(expanded.entry(name).or_default().insert(key, found)),
        }
    }
    all.extend(expanded.into_iter().map(|(name, each)| (name, Value::object(each))));
    Ok(any.then_some(all))
}

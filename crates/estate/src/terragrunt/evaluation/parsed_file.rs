//! A file that was read and parsed, with what its evaluations share.

use std::ffi::{OsStr, OsString};
use std::sync::{Arc, OnceLock};

use super::unit_evaluation::Trace;
use crate::terragrunt::cache::Cache;
use slipway_hcl::ast::{Attribute, Body};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::SourceFile;
use slipway_hcl::value::Value;
use slipway_support::slots::{Slots, slot};

/// A file that was read and parsed.
pub(crate) struct ParsedFile {
    pub source: Arc<SourceFile>,
    /// As much of it as could be understood.
    pub body: Body,
    /// What could not.
    pub diagnostics: Vec<Diagnostic>,
    /// Its locals, in the order of their names.
    locals: Slots<LocalIndex, LocalPlace>,
    /// The locals that are the same for whoever includes this file.
    shared: SharedLocals,
    /// Those that are the same for whoever includes it from one folder.
    by_folder: Cache<OsString, Arc<SharedLocals>>,
}

/// Where a local is defined: by places in the body, so that nothing of the tree has to be copied.
struct LocalPlace {
    name: Arc<str>,
    block: usize,
    attribute: usize,
}

/// A local by its place among the file's locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalIndex(pub usize);

slot!(LocalIndex);

/// Answers of locals that several units share, by their index.
pub(crate) struct SharedLocals(Vec<OnceLock<SharedLocal>>);

/// A local's value and the files that were read for it.
#[derive(Clone)]
pub(crate) struct SharedLocal {
    pub value: Value,
    pub files: Arc<[Trace]>,
}

impl SharedLocals {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| OnceLock::new()).collect())
    }

    pub fn get(&self, index: LocalIndex) -> Option<&SharedLocal> {
        self.0.get(index.0).and_then(OnceLock::get)
    }

    pub fn keep(&self, index: LocalIndex, local: SharedLocal) {
        if let Some(cell) = self.0.get(index.0) {
            // Of two that are found at the same time either will do.
            let _other = cell.set(local);
        }
    }
}

impl ParsedFile {
    pub fn new(source: Arc<SourceFile>, body: Body, diagnostics: Vec<Diagnostic>) -> Self {
        let mut locals = Vec::new();
        for (block, found) in body.blocks.iter().enumerate() {
            if &*found.kind.name == "locals" {
                for (attribute, found) in found.body.attributes.iter().enumerate() {
                    locals.push(LocalPlace { name: Arc::clone(&found.name.name), block, attribute });
                }
            }
        }
        // Of two of one name in two blocks, which is an error of its own, the later one counts.
        locals.reverse();
        locals.sort_by(|one, other| one.name.cmp(&other.name));
        locals.dedup_by(|later, first| later.name == first.name);
        let shared = SharedLocals::new(locals.len());
        let locals = locals.into();
        Self { source, body, diagnostics, locals, shared, by_folder: Cache::new() }
    }

    /// The syntax errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }

    /// The local of that name.
    pub fn local(&self, name: &str) -> Option<LocalIndex> {
        self.locals.as_slice().binary_search_by(|local| (*local.name).cmp(name)).ok().map(LocalIndex)
    }

    /// Every local, in the order of the names.
    pub fn locals(&self) -> impl Iterator<Item = (LocalIndex, &Arc<str>)> {
        self.locals.pairs().map(|(index, local)| (index, &local.name))
    }

    /// Where a local is defined; indices come from the file itself.
    #[expect(clippy::indexing_slicing, reason = "the places were found in this body, which never changes")]
    pub fn definition(&self, index: LocalIndex) -> &Attribute {
        let place = &self.locals[index];
        &self.body.blocks[place.block].body.attributes[place.attribute]
    }

    /// The answers that everyone who includes this file shares.
    pub fn shared_locals(&self) -> &SharedLocals {
        &self.shared
    }

    /// The answers that those who include it from configurations right under `folder` share.
    pub fn shared_locals_of(&self, folder: &OsStr) -> Arc<SharedLocals> {
        self.by_folder.get(folder, || Arc::new(SharedLocals::new(self.locals.len())))
    }
}

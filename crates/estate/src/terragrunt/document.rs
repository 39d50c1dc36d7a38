//! Files of our own in the same language: Terragrunt's functions and `locals`, other blocks.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::evaluation::decode;
use super::evaluation::parsed_file::ParsedFile;
use super::evaluation::reader::Reader;
use super::evaluation::scope::FileScope;
use super::evaluation::unit_evaluation::UnitEvaluation;
use super::options::ReaderOptions;
use super::outputs::NoOutputs;
use super::schema::Spec;
use slipway_hcl::ast::Body;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};
use slipway_hcl::value::Fields;

/// A parsed file whose blocks are evaluated when they are asked for.
pub struct Document {
    reader: Reader,
    file: Arc<ParsedFile>,
}

impl Document {
    /// Reads and parses a file (absolute path); syntax errors are all reported.
    pub fn read(path: &Path, options: ReaderOptions) -> Result<Self, Vec<Diagnostic>> {
        let reader = Reader::new(options);
        let file = reader.parsed(path)?;
        let errors: Vec<Diagnostic> = file.errors().cloned().collect();
        if errors.is_empty() { Ok(Self { reader, file }) } else { Err(errors) }
    }

    /// Parses a text that is on no disk, such as a file of a commit; its path is what its places are called.
    pub fn of(source: Arc<SourceFile>, options: ReaderOptions) -> Result<Self, Vec<Diagnostic>> {
        let (body, found) = slipway_hcl::parse(&source);
        let file = ParsedFile::new(source, body, found);
        let errors: Vec<Diagnostic> = file.errors().cloned().collect();
        if errors.is_empty() {
            Ok(Self { reader: Reader::new(options), file: Arc::new(file) })
        } else {
            Err(errors)
        }
    }

    /// How often a program was not started so far, since none may be: what rests on its answer is unknown.
    pub fn passed_over(&self) -> u64 {
        self.reader.passed_over()
    }

    /// What the file holds.
    pub fn body(&self) -> &Body {
        &self.file.body
    }

    /// A span of the file as a location.
    pub fn location(&self, span: Span) -> Location {
        Location::new(&self.file.source, span)
    }

    /// Refuses attributes and blocks that the tables do not hold, without evaluating anything. `repeated`
    /// names the blocks of which there may be several.
    pub fn check(
        &self,
        body: &Body,
        what: &str,
        specs: &[Spec],
        blocks: &[(&str, usize)],
        repeated: &[&str],
        errors: &mut Vec<Diagnostic>,
    ) {
        self.scope(None, |scope| {
            decode::check_attributes(scope, body, specs, what, errors);
            decode::check_blocks(scope, body, blocks, what, errors);
            decode::check_repetition(scope, body, repeated, &[], errors);
        });
    }

    /// The attributes of a body by the table, null where they are not set, with `variables` as further names.
    /// `place` is where a missing one is told.
    pub fn attributes(
        &self,
        body: &Body,
        place: Span,
        what: &str,
        specs: &[Spec],
        variables: &Fields,
    ) -> Result<Fields, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let fields = self
            .scope(Some(variables), |scope| decode::attributes(scope, body, specs, what, place, &mut errors));
        if errors.is_empty() { Ok(fields) } else { Err(errors) }
    }

    fn scope<T>(&self, variables: Option<&Fields>, work: impl FnOnce(&FileScope<'_>) -> T) -> T {
        let path = self.file.source.shared_path();
        let session = Rc::new(UnitEvaluation::new(&self.reader, Some(&NoOutputs), path));
        let scope = FileScope::root(&session, Arc::clone(&self.file));
        if let Some(variables) = variables {
            scope.further_names.borrow_mut().clone_from(variables);
        }
        work(&scope)
    }
}

impl std::fmt::Debug for Document {
    /// The path only: the file may hold what its expressions keep secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.file.source.path()).finish()
    }
}

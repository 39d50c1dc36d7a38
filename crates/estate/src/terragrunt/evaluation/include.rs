//! `include` blocks: which files a unit takes over, and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::decode;
use super::file_config::{FileConfig, Wanted};
use super::parsed_file::ParsedFile;
use super::scope::{FileScope, Section};
use crate::terragrunt::paths;
use crate::terragrunt::schema;
use slipway_hcl::ast::Block;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::{Value, field};

/// How an included file is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    NoMerge,
    Shallow,
    Deep,
}

/// One `include` block with the file it names.
pub(crate) struct Include<'r> {
    /// Empty for a bare block.
    pub label: String,
    pub path: PathBuf,
    pub expose: bool,
    pub strategy: Strategy,
    pub location: Location,
    pub scope: Rc<FileScope<'r>>,
}

/// The `include` blocks of a file, and what is wrong with those that are missing here.
#[derive(Default)]
pub(crate) struct Includes<'r> {
    pub list: Vec<Include<'r>>,
    pub errors: Vec<Diagnostic>,
}

impl<'r> Includes<'r> {
    /// The include that a label means: of two the last.
    pub fn named(&self, label: &str) -> Option<&Include<'r>> {
        self.list.iter().rfind(|include| include.label == label)
    }

    /// The includes that a label means, in the order of the file: all but those whose label stands again further down.
    pub fn by_label(&self) -> impl Iterator<Item = &Include<'r>> {
        let again =
            |index: usize, label: &str| self.list.iter().skip(index + 1).any(|other| other.label == label);
        self.list
            .iter()
            .enumerate()
            .filter(move |(index, include)| !again(*index, &include.label))
            .map(|(_, include)| include)
    }

    /// The one include of a file whose only label is the empty one: its fields are seen without a label.
    pub fn bare(&self) -> Option<&Include<'r>> {
        self.list.last().filter(|_| self.list.iter().all(|include| include.label.is_empty()))
    }
}

impl<'r> FileScope<'r> {
    /// What this file includes, read at the first call.
    pub fn includes(&self) -> Rc<Includes<'r>> {
        Rc::clone(self.includes.get_or_init(|| {
            let mut includes = Includes::default();
            for block in self.file.body.blocks("include") {
                match self.within(Section::Base, || self.include(block, &mut includes.errors)) {
                    Ok(Some(include)) => includes.list.push(include),
                    Ok(None) => {}
                    Err(diagnostics) => includes.errors.extend(diagnostics),
                }
            }
            Rc::new(includes)
        }))
    }

    fn include(
        &self,
        block: &Block,
        errors: &mut Vec<Diagnostic>,
    ) -> Result<Option<Include<'r>>, Vec<Diagnostic>> {
        let label = decode::label(block).unwrap_or_default().to_owned();
        let location = self.location(block.kind.span);
        if self.child.is_some() {
            let message = format!("{} is included itself, so it may include nothing", self.shown());
            return Err(vec![
                Diagnostic::error("terragrunt::nested_include", message)
                    .at(location)
                    .help("include both files from the unit, or read this one by read_terragrunt_config"),
            ]);
        }
        let title = format!("include \"{label}\"");
        let fields =
            decode::attributes_only(self, &block.body, schema::INCLUDE, &title, block.kind.span, errors);
        let Some(path) = field(&fields, "path").as_str() else { return Ok(None) };
        let place = block.body.attribute("path").map_or(block.kind.span, |attribute| attribute.expr.span);
        let path = paths::join(self.config_dir(), path);
        let strategy = match field(&fields, "merge_strategy").as_str() {
            None | Some("shallow") => Strategy::Shallow,
            Some("deep") => Strategy::Deep,
            Some("no_merge") => Strategy::NoMerge,
            Some(other) => {
                let place = block.body.attribute("merge_strategy").map_or(place, |found| found.expr.span);
                let message = format!("there is no merge_strategy \"{other}\"");
                return Err(vec![
                    Diagnostic::error("terragrunt::merge_strategy", message)
                        .at(self.location(place))
                        .help("use \"no_merge\", \"shallow\" or \"deep\""),
                ]);
            }
        };
        if *path == *self.config_path {
            return Err(vec![
                Diagnostic::error("terragrunt::self_include", format!("{} includes itself", self.shown()))
                    .at(self.location(place))
                    .help("name the file that it shares with others, such as root.hcl"),
            ]);
        }
        self.session.mark_read(path.as_path());
        let file = self.included_file(&path).map_err(|diagnostics| {
            let via = self.location(place);
            diagnostics
                .into_iter()
                .map(|diagnostic| match diagnostic.location {
                    Some(_) => diagnostic.via("included here", via.clone()),
                    None => diagnostic.at(via.clone()),
                })
                .collect::<Vec<_>>()
        })?;
        let this = self.this.upgrade().ok_or_else(Vec::new)?;
        let scope = FileScope::included(&this, file);
        // Read now, so that an include within it is found even where nothing is merged.
        let nested = scope.includes();
        if !nested.errors.is_empty() {
            let through = |nested: &Diagnostic| nested.clone().via("included here", location.clone());
            return Err(nested.errors.iter().map(through).collect());
        }
        let expose = field(&fields, "expose").as_bool().unwrap_or_default();
        Ok(Some(Include { label, path, expose, strategy, location, scope }))
    }

    fn included_file(&self, path: &Path) -> Result<Arc<ParsedFile>, Vec<Diagnostic>> {
        let file = self.session.reader.parsed(path)?;
        let errors: Vec<Diagnostic> = file.errors().cloned().collect();
        if errors.is_empty() { Ok(file) } else { Err(errors) }
    }

    /// The file's path as messages show it.
    pub fn shown(&self) -> String {
        self.file.source.path().display().to_string()
    }
}

impl Include<'_> {
    /// The block as messages name it.
    pub fn title(&self) -> String {
        if self.label.is_empty() { "the include".to_owned() } else { format!("include \"{}\"", self.label) }
    }

    /// The whole included file as `include.NAME` shows it.
    pub fn exposed(&self) -> Result<Value, Box<Diagnostic>> {
        if let Some(value) = self.scope.exposed.get() {
            return Ok(value.clone());
        }
        let (config, errors) = self.config(Wanted::Everything);
        if let Some(diagnostic) = Diagnostic::joined(errors) {
            return Err(Box::new(diagnostic));
        }
        let value = config.as_value();
        // While the unit's dependencies are being read, the file is seen with its own only: not for keeping.
        let final_answer = self.scope.child.as_ref().and_then(std::rc::Weak::upgrade);
        if final_answer.is_some_and(|unit| unit.known_dependencies().is_some()) {
            return Ok(self.scope.exposed.get_or_init(|| value).clone());
        }
        Ok(value)
    }

    /// The included file, evaluated for the unit.
    pub fn config(&self, wanted: Wanted) -> (FileConfig, Vec<Diagnostic>) {
        let mut errors = Vec::new();
        let config = self.scope.file_config(wanted, &mut errors);
        (config, self.through(errors))
    }

    /// Diagnostics of the included file, each with the include as one more step on the way.
    pub fn through(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut seen = BTreeSet::new();
        diagnostics
            .into_iter()
            .filter(|diagnostic| seen.insert(diagnostic.to_string()))
            .map(|diagnostic| diagnostic.via("included here", self.location.clone()))
            .collect()
    }
}

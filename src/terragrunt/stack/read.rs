//! One stack file, evaluated.
//!
//! The order is Terragrunt's: locals see functions and `values`; then the paths of all blocks, which make up
//! `unit.NAME.path` and `stack.NAME.path`; then everything else. An included file is evaluated with the names of
//! the file that includes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::autoinclude::Writer;
use super::source::{NoFetch, locate};
use super::{Kind, STACK_AUTOINCLUDE, StackBlock, StackFile, generated_dir};
use crate::hcl::ast::{Block, Body, Expr};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::scope::{CallError, Resolved, Scope};
use crate::hcl::source::Span;
use crate::hcl::value::Value;
use crate::terragrunt::convert::convert;
use crate::terragrunt::decode;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::paths;
use crate::terragrunt::reader::{Reader, without_repetition};
use crate::terragrunt::schema::{self, Spec, optional, required};
use crate::terragrunt::scope::FileScope;
use crate::terragrunt::session::Session;

const BLOCKS: &[(&str, usize)] = &[("include", 1), ("locals", 0), ("stack", 1), ("unit", 1)];

const PATH: Spec = required("path", schema::Kind::String);
const SOURCE: Spec = required("source", schema::Kind::String);
const VALUES: Spec = optional("values", schema::Kind::Object);
const NO_DOT: Spec = optional("no_dot_terragrunt_stack", schema::Kind::Bool);
const NO_VALIDATION: Spec = optional("no_validation", schema::Kind::Bool);
const FROM_STORE: Spec = optional("update_source_with_cas", schema::Kind::Bool);
const MUTABLE: Spec = optional("mutable", schema::Kind::Bool);

pub(super) const ATTRIBUTES: &[Spec] = &[SOURCE, PATH, VALUES, NO_DOT, NO_VALIDATION, FROM_STORE, MUTABLE];

/// How much of the blocks is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Names and places: sources and values stay out.
    Places,
    Everything,
}

/// Evaluates the stack file at `file` (absolute).
pub(crate) fn read(reader: &Reader, file: &Path, wanted: Wanted) -> Result<StackFile, Vec<Diagnostic>> {
    let parsed = reader.parsed(file)?;
    let errors: Vec<Diagnostic> = parsed.errors().cloned().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let session = Rc::new(Session::new(reader, Some(&NoOutputs), parsed.source.shared_path()));
    session.mark_read(file);
    let own = FileScope::root(&session, parsed);
    let mut reading =
        Reading { dir: paths::folder(file), own, refs: BTreeMap::new(), wanted, errors: Vec::new() };
    let blocks = reading.blocks();
    let errors = without_repetition(reading.errors);
    if errors.iter().any(Diagnostic::is_error) {
        return Err(errors);
    }
    Ok(StackFile {
        dir: paths::folder(file).to_path_buf(),
        file: file.to_path_buf(),
        blocks,
        files_read: session.files_read().iter().map(|file| file.to_path_buf()).collect(),
        warnings: errors,
    })
}

/// The folders on this machine that the blocks of the stack file at `file` (absolute) take their files from, as far as
/// they are known without the values of a stack above. What is wrong with the file is for whoever generates it.
pub(crate) fn sources(reader: &Reader, file: &Path) -> Vec<PathBuf> {
    let Ok(parsed) = reader.parsed(file) else { return Vec::new() };
    let session = Rc::new(Session::new(reader, Some(&NoOutputs), parsed.source.shared_path()));
    let own = FileScope::root(&session, parsed);
    let dir = paths::folder(file);
    let refs = BTreeMap::new();
    let mut reading = Reading { dir, own, refs, wanted: Wanted::Everything, errors: Vec::new() };
    let own = Rc::clone(&reading.own);
    let mut files = vec![Rc::clone(&own)];
    for include in own.file.body.blocks("include") {
        let path = reading.value(&own, &include.body, PATH, "include", include.kind.span);
        files.extend(path.as_str().and_then(|path| reading.file(&paths::join(dir, path))));
    }
    let mut folders = Vec::new();
    for file in files {
        for (kind, block) in components(&file.file.body) {
            let source = reading.value(&file, &block.body, SOURCE, kind.name(), block.kind.span);
            folders.extend(source.as_str().and_then(|source| locate(reader, dir, source, &NoFetch).ok()));
        }
    }
    folders
}

pub(super) struct Reading<'a, 'r> {
    dir: &'a Path,
    own: Rc<FileScope<'r>>,
    /// `unit` and `stack`, once the paths are known.
    refs: BTreeMap<&'static str, Value>,
    wanted: Wanted,
    pub(super) errors: Vec<Diagnostic>,
}

impl<'r> Reading<'_, 'r> {
    fn blocks(&mut self) -> Vec<StackBlock> {
        let own = Rc::clone(&self.own);
        self.check(&own, BLOCKS, "a stack file");
        own.all_locals(&mut self.errors);
        let injected = self.injected();
        let mut places = self.places(&own);
        self.publish(&places);
        if let Some(injected) = &injected {
            for (key, path) in self.places(injected) {
                places.insert(key, path);
            }
            self.publish(&places);
        }
        let mut blocks = self.decode(&own);
        for include in own.file.body.blocks("include") {
            blocks.extend(self.included(&own, include));
        }
        self.refuse_repeated_names(&blocks);
        if let Some(injected) = &injected {
            let over = self.decode(injected);
            self.refuse_repeated_names(&over);
            merge_by_name(&mut blocks, over);
        }
        // Units come before stacks, as they are generated.
        blocks.sort_by_key(|block| block.kind);
        if blocks.is_empty() && self.errors.is_empty() {
            let place = self.own.location(Span::new(0, 0));
            self.errors.push(
                Diagnostic::error("stack::empty", "a stack needs at least one unit or stack block")
                    .at(place)
                    .help("add one, such as: unit \"vpc\" { source = \"../units/vpc\", path = \"vpc\" }"),
            );
        }
        if self.wanted == Wanted::Everything {
            self.refuse_shared_folders(&blocks);
        }
        blocks
    }

    /// The file that a stack above left here to add or replace blocks.
    fn injected(&mut self) -> Option<Rc<FileScope<'r>>> {
        let path = self.dir.join(STACK_AUTOINCLUDE);
        if !self.own.session.reader.is_there(&path) {
            return None;
        }
        self.own.session.mark_read(path.as_path());
        let file = self.file(&path)?;
        self.check(&file, &[("stack", 1), ("unit", 1)], "a stack's autoinclude file");
        Some(file)
    }

    fn file(&mut self, path: &Path) -> Option<Rc<FileScope<'r>>> {
        match self.own.session.reader.parsed(path) {
            Ok(parsed) => {
                let broken: Vec<Diagnostic> = parsed.errors().cloned().collect();
                let sound = broken.is_empty();
                self.errors.extend(broken);
                sound.then(|| FileScope::root(&self.own.session, parsed))
            }
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn included(&mut self, own: &Rc<FileScope<'r>>, block: &Block) -> Vec<StackBlock> {
        let title = format!("include \"{}\"", decode::label(block).unwrap_or_default());
        let before = self.errors.len();
        for attribute in block.body.attributes.iter().filter(|attribute| &*attribute.name.name != "path") {
            let message = format!("there is no attribute \"{}\" in {title}", attribute.name.name);
            self.errors.push(
                Diagnostic::error("terragrunt::unknown_attribute", message)
                    .at(own.location(attribute.name.span))
                    .help("an include of a stack file has a path and nothing else"),
            );
        }
        let path = self.value(own, &block.body, PATH, &title, block.kind.span);
        let Some(path) = path.as_str() else { return Vec::new() };
        let path = paths::join(self.dir, path);
        own.session.mark_read(path.as_path());
        let via = own.location(block.kind.span);
        let mut blocks = Vec::new();
        if let Some(file) = self.file(&path) {
            for (kind, why) in [
                ("locals", "put them into the file that includes it"),
                ("include", "include both files here"),
            ] {
                if let Some(found) = file.file.body.blocks(kind).next() {
                    let message = format!("an included stack file may not hold a block \"{kind}\"");
                    self.errors.push(
                        Diagnostic::error("stack::nested_include", message)
                            .at(file.location(found.kind.span))
                            .help(why),
                    );
                }
            }
            self.check(&file, BLOCKS, "a stack file");
            blocks = self.decode(&file);
        }
        for error in self.errors.iter_mut().skip(before) {
            if error.location.is_none() {
                *error = error.clone().at(via.clone());
            } else if error.location.as_ref().is_some_and(|place| place.file.path() != via.file.path()) {
                *error = error.clone().via("included here", via.clone());
            }
        }
        blocks
    }

    /// The folders of a file's blocks, by kind and name.
    fn places(&mut self, file: &FileScope<'r>) -> BTreeMap<(Kind, String), String> {
        let mut places = BTreeMap::new();
        for (kind, block) in components(&file.file.body) {
            let Some(name) = decode::label(block) else { continue };
            let title = format!("{} \"{name}\"", kind.name());
            let path = self.value(file, &block.body, PATH, &title, block.kind.span);
            let no_dot = self.value(file, &block.body, NO_DOT, &title, block.kind.span);
            if let Some(path) = path.as_str() {
                let dir = generated_dir(self.dir, path, no_dot.as_bool().unwrap_or_default());
                places.insert((kind, name.to_owned()), dir.display().to_string());
            }
        }
        places
    }

    fn publish(&mut self, places: &BTreeMap<(Kind, String), String>) {
        for kind in [Kind::Unit, Kind::Stack] {
            let of_kind = places.iter().filter(|((its, _), _)| *its == kind);
            let fields = of_kind
                .map(|((_, name), dir)| (name.as_str(), Value::object([("path", Value::string(dir))])));
            self.refs.insert(kind.name(), Value::object(fields));
        }
    }

    fn decode(&mut self, file: &FileScope<'r>) -> Vec<StackBlock> {
        let blocks = components(&file.file.body).collect::<Vec<_>>();
        blocks.into_iter().filter_map(|(kind, block)| self.component(file, kind, block)).collect()
    }

    fn component(&mut self, file: &FileScope<'r>, kind: Kind, block: &Block) -> Option<StackBlock> {
        let name = decode::label(block)?.to_owned();
        let title = format!("{} \"{name}\"", kind.name());
        let (body, place) = (&block.body, block.kind.span);
        let before = self.errors.len();
        self.check_component(file, block, &title);
        let path = self.text(file, body, PATH, &title, place);
        let no_dot_terragrunt_stack =
            self.value(file, body, NO_DOT, &title, place).as_bool().unwrap_or_default();
        if name.trim().is_empty() {
            self.error(file, place, "stack::empty_name", format!("a {} needs a name", kind.name())).help =
                Some(format!("write {} \"name\" {{ … }}", kind.name()));
        }
        let span = |spec: Spec| body.attribute(spec.name).map_or(place, |attribute| attribute.expr.span);
        let mut from_store = false;
        let (source, values, no_validation) = match self.wanted {
            Wanted::Places => (String::new(), None, false),
            Wanted::Everything => {
                let source = self.text(file, body, SOURCE, &title, place);
                let values = self.value(file, body, VALUES, &title, place);
                let no_validation = self.value(file, body, NO_VALIDATION, &title, place);
                from_store = self.value(file, body, FROM_STORE, &title, place).as_bool().unwrap_or_default();
                self.value(file, body, MUTABLE, &title, place);
                if !values.is_wholly_known() {
                    let message = format!("the values of {title} are not known");
                    self.error(file, span(VALUES), "stack::unknown_values", message).help = Some(
                        "values are written down when the stack is generated: use what is known then".into(),
                    );
                }
                let values = (!values.is_null()).then_some(values);
                (source?, values, no_validation.as_bool().unwrap_or_default())
            }
        };
        let path = path?;
        self.check_path(file, &path, no_dot_terragrunt_stack, &title, span(PATH));
        let dir = generated_dir(self.dir, &path, no_dot_terragrunt_stack);
        let autoinclude = self.autoinclude(file, kind, block, &dir, &title);
        if self.errors.iter().skip(before).any(Diagnostic::is_error) {
            return None;
        }
        Some(StackBlock {
            kind,
            name,
            source: source.into(),
            dir,
            path,
            values,
            no_dot_terragrunt_stack,
            no_validation,
            autoinclude,
            update_source_with_cas: from_store,
            location: file.location(place),
            source_location: file.location(span(SOURCE)),
            path_location: file.location(span(PATH)),
        })
    }

    fn autoinclude(
        &mut self,
        file: &FileScope<'r>,
        kind: Kind,
        block: &Block,
        dir: &Path,
        title: &str,
    ) -> Option<String> {
        let found = block.body.blocks("autoinclude").next()?;
        if self.wanted == Wanted::Places {
            return None;
        }
        let allowed = |inner: &Block| match &*inner.kind.name {
            "locals" | "autoinclude" => false,
            "dependency" => kind == Kind::Unit,
            _ => true,
        };
        if let Some(refused) = found.body.blocks.iter().find(|inner| !allowed(inner)) {
            let message =
                format!("a block \"{}\" may not stand in the autoinclude of {title}", refused.kind.name);
            self.error(file, refused.kind.span, "stack::autoinclude", message).help = Some(match kind {
                Kind::Unit => "put locals into the stack file: they can be used in autoinclude".into(),
                Kind::Stack => {
                    "a stack takes unit and stack blocks there; put locals into the stack file".into()
                }
            });
            return None;
        }
        let scope = StackScope { file: &self.own, refs: &self.refs };
        let evaluate = |expr: &Expr| {
            crate::hcl::evaluate(expr, &file.file.source, &scope).map_err(|mut diagnostic| {
                diagnostic.location.get_or_insert_with(|| file.location(expr.span));
                diagnostic
            })
        };
        let slice = |span: Span| file.file.source.slice(span);
        let text = Writer { evaluate: &evaluate, slice: &slice, dir }.text(&found.body);
        text.map_err(|diagnostic| self.errors.push(*diagnostic)).ok()
    }

    pub(super) fn error(
        &mut self,
        file: &FileScope<'r>,
        place: Span,
        code: &'static str,
        message: String,
    ) -> &mut Diagnostic {
        self.errors.push_mut(Diagnostic::error(code, message).at(file.location(place)))
    }

    /// A required text that is not blank.
    fn text(
        &mut self,
        file: &FileScope<'r>,
        body: &Body,
        spec: Spec,
        title: &str,
        place: Span,
    ) -> Option<String> {
        let value = self.value(file, body, spec, title, place);
        if matches!(value, Value::Unknown) {
            let message = format!("the {} of {title} is not known", spec.name);
            self.error(file, place, "stack::unknown_value", message).help =
                Some("use what is known when the stack is generated".into());
        }
        let text = value.as_str()?;
        if text.trim().is_empty() {
            self.error(
                file,
                place,
                "stack::empty_attribute",
                format!("{title} has an empty {}", spec.name),
            )
            .help = Some(format!("say {} = \"…\"", spec.name));
            return None;
        }
        Some(text.to_owned())
    }

    fn value(&mut self, file: &FileScope<'r>, body: &Body, spec: Spec, title: &str, place: Span) -> Value {
        let Some(attribute) = body.attribute(spec.name) else {
            if spec.required {
                let message = format!("{title} needs the attribute \"{}\"", spec.name);
                self.error(file, place, "terragrunt::missing_attribute", message).help =
                    Some(format!("add {} = \"…\"", spec.name));
            }
            return Value::Null;
        };
        self.evaluate(file, &attribute.expr, spec).unwrap_or_else(|diagnostic| {
            self.errors.push(*diagnostic);
            Value::Null
        })
    }

    fn evaluate(&self, file: &FileScope<'r>, expr: &Expr, spec: Spec) -> Result<Value, Box<Diagnostic>> {
        let scope = StackScope { file: &self.own, refs: &self.refs };
        let value = crate::hcl::evaluate(expr, &file.file.source, &scope).map_err(|mut diagnostic| {
            diagnostic.location.get_or_insert_with(|| file.location(expr.span));
            diagnostic
        })?;
        let wrong = |message: String| {
            let message = format!("\"{}\" has the wrong type: {message}", spec.name);
            let diagnostic =
                Diagnostic::error("terragrunt::wrong_type", message).at(file.location(expr.span));
            Box::new(diagnostic.help(match spec.kind {
                schema::Kind::Object => "values are named: { name = value }",
                schema::Kind::Bool => "write true or false",
                _ => "write a string",
            }))
        };
        if spec.required && value.is_null() {
            return Err(wrong("it may not be null".to_owned()));
        }
        convert(value, spec.kind).map_err(wrong)
    }
}

/// The `unit` and `stack` blocks of a file, in its order.
fn components(body: &Body) -> impl Iterator<Item = (Kind, &Block)> {
    body.blocks.iter().filter_map(|block| match &*block.kind.name {
        "unit" => Some((Kind::Unit, block)),
        "stack" => Some((Kind::Stack, block)),
        _ => None,
    })
}

/// Puts each block in the place of one of the same kind and name, or behind all others.
fn merge_by_name(blocks: &mut Vec<StackBlock>, over: Vec<StackBlock>) {
    for block in over {
        match blocks.iter_mut().find(|under| under.kind == block.kind && under.name == block.name) {
            Some(under) => *under = block,
            None => blocks.push(block),
        }
    }
}

/// The names of a stack file.
struct StackScope<'a, 'r> {
    file: &'a FileScope<'r>,
    refs: &'a BTreeMap<&'static str, Value>,
}

impl Scope for StackScope<'_, '_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        match name {
            "unit" | "stack" => match self.refs.get(name) {
                Some(value) => Ok(Some(Resolved::root(value.clone()))),
                None => Err(Box::new(
                    Diagnostic::error("stack::too_early", format!("\"{name}\" cannot be used here"))
                        .help("paths of units and stacks are known to `values` and `source`, not to `path`"),
                )),
            },
            "dependency" | "include" | "feature" => Ok(None),
            "values" => match self.file.values()? {
                Some(values) => Ok(Some(Resolved::root(values))),
                None => Err(Box::new(
                    Diagnostic::error("stack::no_values", "nobody hands values over to this stack").help(
                        "values come from the `stack` block of another stack file; generate that one, in its \
                         own folder",
                    ),
                )),
            },
            _ => self.file.variable(name, path),
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        self.file.call(name, arguments)
    }

    fn variable_names(&self) -> Vec<String> {
        ["local", "stack", "unit", "values"].map(str::to_owned).to_vec()
    }

    fn function_names(&self) -> Vec<String> {
        self.file.function_names()
    }
}

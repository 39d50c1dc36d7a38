//! One stack file, evaluated.
//!
//! The order is Terragrunt's: locals see functions and `values`; then the paths of all blocks, which make up
//! `unit.NAME.path` and `stack.NAME.path`; then everything else. An included file is evaluated with the names of
//! the file that includes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::attributes::{NO_DOT, PATH, SOURCE};
use super::scope::StackScope;
use super::source::{NoFetch, locate};
use super::{Kind, STACK_AUTOINCLUDE, StackBlock, StackFile, generated_dir};
use crate::terragrunt::convert::convert;
use crate::terragrunt::evaluation::decode;
use crate::terragrunt::evaluation::expansion;
use crate::terragrunt::evaluation::reader::{Reader, without_repetition};
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::evaluation::unit_evaluation::UnitEvaluation;
use crate::terragrunt::outputs::NoOutputs;
use crate::terragrunt::paths;
use crate::terragrunt::schema::{self, Spec};
use slipway_hcl::ast::{Block, Body, Expr};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Span;
use slipway_hcl::value::Value;

const BLOCKS: &[(&str, usize)] = &[("include", 1), ("locals", 0), ("stack", 1), ("unit", 1)];

/// What `unit.NAME` and `stack.NAME` are.
type Places = BTreeMap<(Kind, String), Value>;

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
    let session = Rc::new(UnitEvaluation::new(reader, Some(&NoOutputs), parsed.source.shared_path()));
    session.mark_read(file);
    let own = FileScope::root(&session, parsed);
    let mut reading = Reading::new(paths::folder(file), own, wanted);
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
    let session = Rc::new(UnitEvaluation::new(reader, Some(&NoOutputs), parsed.source.shared_path()));
    let own = FileScope::root(&session, parsed);
    let dir = paths::folder(file);
    let mut reading = Reading::new(dir, own, Wanted::Everything);
    let own = Rc::clone(&reading.own);
    let mut files = vec![Rc::clone(&own)];
    for include in own.file.body.blocks("include") {
        let path = reading.value(&own, &include.body, PATH, "include", include.kind.span);
        files.extend(path.as_str().and_then(|path| reading.file(&paths::join(dir, path))));
    }
    let mut written: BTreeSet<String> = BTreeSet::new();
    for file in files {
        for (kind, block) in components(&file.file.body) {
            let sources = reading.each(&file, block, kind.name(), |reading, _| {
                reading.value(&file, &block.body, SOURCE, kind.name(), block.kind.span)
            });
            written.extend(sources.iter().filter_map(|source| source.as_str().map(str::to_owned)));
        }
    }
    written.iter().filter_map(|source| Some(locate(reader, dir, source, &NoFetch).ok()?.folder)).collect()
}

pub(super) struct Reading<'a, 'r> {
    pub(super) dir: &'a Path,
    own: Rc<FileScope<'r>>,
    /// `unit` and `stack`, once the paths are known.
    refs: BTreeMap<&'static str, Value>,
    /// `each` or `count`, while something that an expanded block stands for is evaluated.
    instance: Option<(&'static str, Value)>,
    pub(super) wanted: Wanted,
    pub(super) errors: Vec<Diagnostic>,
}

impl<'a, 'r> Reading<'a, 'r> {
    fn new(dir: &'a Path, own: Rc<FileScope<'r>>, wanted: Wanted) -> Self {
        Self { dir, own, refs: BTreeMap::new(), instance: None, wanted, errors: Vec::new() }
    }

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
        let bodies = std::iter::once(&own).chain(&injected).map(|file| &file.file.body);
        let declared = bodies.flat_map(components).next().is_some() || !blocks.is_empty();
        if !declared && self.errors.is_empty() {
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
        // Until here they count: their names are taken, and what is wrong with them is told.
        blocks.retain(|block| block.enabled);
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
    fn places(&mut self, file: &FileScope<'r>) -> Places {
        let mut places = Places::new();
        for (kind, block) in components(&file.file.body) {
            let Some(name) = decode::label(block) else { continue };
            let title = kind.title(name, None);
            let found = self.each(file, block, &title, |reading, key| {
                let path = reading.value(file, &block.body, PATH, &title, block.kind.span);
                let no_dot = reading.value(file, &block.body, NO_DOT, &title, block.kind.span);
                let no_dot = no_dot.as_bool().unwrap_or_default();
                let dir = path.as_str().map(|path| generated_dir(reading.dir, path, no_dot));
                let dir = dir.map(|dir| Value::object([("path", Value::string(dir.display().to_string()))]));
                (key, dir)
            });
            let named = (kind, name.to_owned());
            if block.body.blocks(expansion::BLOCK).next().is_none() {
                places.extend(found.into_iter().filter_map(|(_, dir)| Some((named.clone(), dir?))));
                continue;
            }
            // By their keys, beside those of another block of the name.
            let mut each = places.get(&named).and_then(Value::as_fields).cloned().unwrap_or_default();
            each.extend(found.into_iter().filter_map(|(key, dir)| Some((key?, dir?))));
            places.insert(named, Value::Object(Arc::new(each)));
        }
        places
    }

    fn publish(&mut self, places: &Places) {
        for kind in [Kind::Unit, Kind::Stack] {
            let of_kind = places.iter().filter(|((its, _), _)| *its == kind);
            let fields = of_kind.map(|((_, name), place)| (name.as_str(), place.clone()));
            self.refs.insert(kind.name(), Value::object(fields));
        }
    }

    fn decode(&mut self, file: &FileScope<'r>) -> Vec<StackBlock> {
        let blocks = components(&file.file.body).collect::<Vec<_>>();
        blocks.into_iter().flat_map(|(kind, block)| self.component(file, kind, block)).collect()
    }

    /// Does `work` for each of what a block stands for, with its key; once where it is not expanded.
    pub(super) fn each<T>(
        &mut self,
        file: &FileScope<'r>,
        block: &Block,
        title: &str,
        mut work: impl FnMut(&mut Self, Option<Arc<str>>) -> T,
    ) -> Vec<T> {
        let mut errors = Vec::new();
        let evaluate = |expr: &Expr| self.evaluated(file, expr);
        let found = expansion::instances(file, block, title, &evaluate, &mut errors);
        self.errors.extend(errors);
        let Some(instances) = found else { return vec![work(self, None)] };
        let mut made = Vec::with_capacity(instances.len());
        for instance in instances {
            self.instance = Some(instance.name);
            made.push(work(self, Some(instance.key)));
        }
        self.instance = None;
        made
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
    pub(super) fn text(
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

    pub(super) fn value(
        &mut self,
        file: &FileScope<'r>,
        body: &Body,
        spec: Spec,
        title: &str,
        place: Span,
    ) -> Value {
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

    /// The value of an expression of `file`, with the names of the stack file.
    pub(super) fn evaluated(&self, file: &FileScope<'r>, expr: &Expr) -> Result<Value, Box<Diagnostic>> {
        let scope = StackScope { file: &self.own, refs: &self.refs, instance: self.instance.as_ref() };
        slipway_hcl::evaluate(expr, &file.file.source, &scope).map_err(|mut diagnostic| {
            diagnostic.location.get_or_insert_with(|| file.location(expr.span));
            diagnostic
        })
    }

    fn evaluate(&self, file: &FileScope<'r>, expr: &Expr, spec: Spec) -> Result<Value, Box<Diagnostic>> {
        let value = self.evaluated(file, expr)?;
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

/// Puts the blocks of a kind and name in the place of those that have them below, or behind all others.
fn merge_by_name(blocks: &mut Vec<StackBlock>, over: Vec<StackBlock>) {
    let mut replacing: HashMap<(Kind, String), Vec<StackBlock>> = HashMap::new();
    let mut order = Vec::new();
    for block in over {
        let key = (block.kind, block.name.clone());
        if !replacing.contains_key(&key) {
            order.push(key.clone());
        }
        replacing.entry(key).or_default().push(block);
    }
    let mut merged = Vec::with_capacity(blocks.len());
    let replaced: BTreeSet<&(Kind, String)> = order.iter().collect();
    for block in std::mem::take(blocks) {
        let key = (block.kind, block.name.clone());
        match replacing.remove(&key) {
            Some(over) => merged.extend(over),
            None if replaced.contains(&key) => {}
            None => merged.push(block),
        }
    }
    merged.extend(order.iter().filter_map(|key| replacing.remove(key)).flatten());
    *blocks = merged;
}

//! One file seen from one unit: what the names in its expressions mean.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::convert::plain;
use super::dependency::{Table, TableState};
use super::functions;
use super::include::{Include, Includes};
use super::paths;
use super::reader::ParsedFile;
use super::session::Session;
use crate::hcl::ast::Expr;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::scope::{CallError, Resolved, Scope};
use crate::hcl::source::{Location, Span};
use crate::hcl::suggest::nearest;
use crate::hcl::value::{Fields, Value};

/// The part of a file that is being evaluated: each may use only what is evaluated before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// `include` and `feature` blocks: functions and `values` only.
    Base,
    /// `locals`: also `local`, `include`, `feature`.
    Locals,
    /// `dependency` blocks: the same.
    Dependencies,
    /// Everything else: also `dependency`.
    Rest,
}

/// A local that is being evaluated, with the place of its attribute.
#[derive(Clone)]
pub(crate) struct LocalStep {
    pub name: Arc<str>,
    pub location: Location,
}

struct Local {
    expr: Expr,
    place: Span,
    state: RefCell<LocalState>,
}

enum LocalState {
    Pending,
    Evaluating,
    Done(Value),
    Failed(Box<Diagnostic>),
}

/// One file in the evaluation of one unit: the unit's own, one it includes, or one it reads.
pub(crate) struct FileScope<'r> {
    pub this: Weak<FileScope<'r>>,
    pub session: Rc<Session<'r>>,
    pub file: Arc<ParsedFile>,
    /// The configuration that folder functions answer for: the child's, also in a file that it includes.
    pub config_path: PathBuf,
    /// Who includes this file, where it is included.
    pub child: Option<Weak<FileScope<'r>>>,
    /// The file's own dependency blocks.
    pub own_table: OnceCell<Rc<Table>>,
    /// The same with those of what it includes.
    pub table: RefCell<TableState>,
    pub includes: OnceCell<Rc<Includes<'r>>>,
    pub exposed: OnceCell<Value>,
    pub features: OnceCell<Rc<super::feature::Features>>,
    /// Names that a file of our own has beyond the dialect's.
    pub further_names: RefCell<Fields>,
    values: OnceCell<Option<Value>>,
    section: Cell<Section>,
    locals: BTreeMap<Arc<str>, Local>,
}

impl<'r> FileScope<'r> {
    /// A file that stands for itself: a unit's own, or one that is read.
    pub fn root(session: &Rc<Session<'r>>, file: Arc<ParsedFile>) -> Rc<Self> {
        let config_path = file.source.path().to_path_buf();
        Self::build(session, file, config_path, None)
    }

    /// A file that `child` includes.
    pub fn included(child: &Rc<Self>, file: Arc<ParsedFile>) -> Rc<Self> {
        Self::build(&child.session, file, child.config_path.clone(), Some(Rc::downgrade(child)))
    }

    fn build(
        session: &Rc<Session<'r>>,
        file: Arc<ParsedFile>,
        config_path: PathBuf,
        child: Option<Weak<Self>>,
    ) -> Rc<Self> {
        let attributes = file.body.blocks("locals").flat_map(|block| &block.body.attributes);
        let locals = attributes
            .map(|attribute| {
                let local = Local {
                    expr: attribute.expr.clone(),
                    place: attribute.span,
                    state: RefCell::new(LocalState::Pending),
                };
                (Arc::clone(&attribute.name.name), local)
            })
            .collect();
        Rc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            session: Rc::clone(session),
            file,
            config_path,
            child,
            own_table: OnceCell::new(),
            table: RefCell::new(TableState::Open),
            includes: OnceCell::new(),
            exposed: OnceCell::new(),
            features: OnceCell::new(),
            further_names: RefCell::default(),
            values: OnceCell::new(),
            section: Cell::new(Section::Rest),
            locals,
        })
    }

    /// The folder that `get_terragrunt_dir` names, and that most relative paths start from.
    pub fn config_dir(&self) -> &Path {
        paths::folder(&self.config_path)
    }

    /// The folder of the file that the expressions stand in.
    pub fn file_dir(&self) -> &Path {
        paths::folder(self.file.source.path())
    }

    pub fn section(&self) -> Section {
        self.section.get()
    }

    /// A span of this file as a location.
    pub fn location(&self, span: Span) -> Location {
        Location::new(&self.file.source, span)
    }

    /// Evaluates an expression of this file.
    pub fn evaluate(&self, expr: &Expr) -> Result<Value, Box<Diagnostic>> {
        crate::hcl::evaluate(expr, &self.file.source, self).map_err(|mut diagnostic| {
            if diagnostic.location.is_none() {
                diagnostic.location = Some(self.location(expr.span));
            }
            diagnostic
        })
    }

    /// Does `work` with the names that `section` may use.
    pub fn within<T>(&self, section: Section, work: impl FnOnce() -> T) -> T {
        let before = self.section.replace(section);
        let answer = work();
        self.section.set(before);
        answer
    }

    /// One local, evaluated at its first use.
    fn local(&self, name: &str) -> Result<Value, Box<Diagnostic>> {
        let Some((name, local)) = self.locals.get_key_value(name) else {
            let known = self.locals.keys().map(|known| &**known);
            return Err(Box::new(unknown("local", name, known)));
        };
        match &*local.state.borrow() {
            LocalState::Done(value) => return Ok(value.clone()),
            LocalState::Failed(diagnostic) => return Err(diagnostic.clone()),
            LocalState::Evaluating => return Err(Box::new(self.circle(name, local))),
            LocalState::Pending => {}
        }
        local.state.replace(LocalState::Evaluating);
        let step = LocalStep { name: Arc::clone(name), location: self.location(local.place) };
        self.session.evaluating.borrow_mut().push(step);
        let answer = self.within(Section::Locals, || self.evaluate(&local.expr));
        self.session.evaluating.borrow_mut().pop();
        local.state.replace(match &answer {
            Ok(value) => LocalState::Done(value.clone()),
            Err(diagnostic) => LocalState::Failed(diagnostic.clone()),
        });
        answer
    }

    /// Every local; what fails is added to `errors`, once for each local.
    pub fn all_locals(&self, errors: &mut Vec<Diagnostic>) -> Fields {
        let mut fields = Fields::new();
        for name in self.locals.keys() {
            match self.local(name) {
                Ok(value) => {
                    fields.insert(Arc::clone(name), plain(&value));
                }
                Err(diagnostic) => errors.push(*diagnostic),
            }
        }
        fields
    }

    fn circle(&self, name: &Arc<str>, local: &Local) -> Diagnostic {
        let steps = self.session.evaluating.borrow();
        let start = steps
            .iter()
            .rposition(|step| step.name == *name && step.location.file.path() == self.file.source.path());
        let circle = &steps[start.unwrap_or_default()..];
        let way: Vec<&str> = circle.iter().map(|step| &*step.name).chain([&**name]).collect();
        let diagnostic = Diagnostic::error(
            "terragrunt::locals_cycle",
            format!("locals need each other in a circle: {}", way.join(" → ")),
        )
        .at(self.location(local.place))
        .help("take one of them apart, so that it does not need the next");
        circle.iter().skip(1).rev().fold(diagnostic, |diagnostic, step| {
            diagnostic.via(format!("local.{} is needed", step.name), step.location.clone())
        })
    }

    fn local_variable(&self, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        if self.section.get() == Section::Base {
            return Err(Box::new(not_here("local", "include and feature blocks are read before locals")));
        }
        if let Some(name) = path.first() {
            return Ok(Some(Resolved { value: self.local(name)?, consumed: 1 }));
        }
        let fields: Result<Fields, Box<Diagnostic>> =
            self.locals.keys().map(|name| Ok((Arc::clone(name), self.local(name)?))).collect();
        Ok(Some(Resolved::root(Value::Object(Arc::new(fields?)))))
    }

    fn include_variable(&self, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        if self.section.get() == Section::Base {
            return Err(Box::new(not_here(
                "include",
                "include and feature blocks are read before what they include",
            )));
        }
        let includes = self.includes();
        if let Some(diagnostic) = includes.errors.first() {
            return Err(Box::new(diagnostic.clone()));
        }
        let (include, inside, consumed) = match (&*includes.list, path) {
            ([], _) => return Ok(None),
            ([include], path) if include.label.is_empty() => (include, path, 0),
            (list, [label, inside @ ..]) => {
                let Some(include) = list.iter().find(|include| include.label == *label) else {
                    let known = list.iter().map(|include| &*include.label);
                    return Err(Box::new(unknown("include", label, known)));
                };
                (include, inside, 1)
            }
            (list, []) => {
                let exposed = list.iter().filter(|include| include.expose);
                let fields: Result<Vec<(&str, Value)>, Box<Diagnostic>> =
                    exposed.map(|include| Ok((&*include.label, include.exposed()?))).collect();
                return Ok(Some(Resolved::root(Value::object(fields?))));
            }
        };
        if !include.expose {
            let diagnostic = Diagnostic::error(
                "terragrunt::not_exposed",
                format!("{} does not show what it holds", include.title()),
            );
            return Err(Box::new(diagnostic.help("add `expose = true` to the include block")));
        }
        Self::inside_include(include, inside, consumed).map(Some)
    }

    /// A local of an included file needs only that local; everything else needs the whole file.
    fn inside_include(
        include: &Include<'r>,
        path: &[&str],
        consumed: usize,
    ) -> Result<Resolved, Box<Diagnostic>> {
        let through = |mut diagnostic: Box<Diagnostic>| {
            *diagnostic = diagnostic.via("included here", include.location.clone());
            diagnostic
        };
        match path {
            ["locals", name, ..] => {
                let value = include.scope.local(name).map_err(through)?;
                Ok(Resolved { value: plain(&value), consumed: consumed + 2 })
            }
            _ => Ok(Resolved { value: include.exposed()?, consumed }),
        }
    }

    /// The dependencies that can be named here: those of the unit with what it includes; while these are
    /// still being read, an included file has its own only.
    pub fn visible_dependencies(&self) -> Result<Rc<Table>, Box<Diagnostic>> {
        let unit = self.child.as_ref().and_then(Weak::upgrade);
        if let Some(table) = unit.as_deref().unwrap_or(self).known_dependencies() {
            return Ok(table);
        }
        if unit.is_some()
            && let Some(table) = self.read_dependencies()
        {
            return Ok(table);
        }
        Err(Box::new(not_here("dependency", "dependency blocks cannot use each other's outputs")))
    }

    fn dependency_variable(&self, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        match self.section.get() {
            Section::Rest => {}
            Section::Base => {
                return Err(Box::new(not_here(
                    "dependency",
                    "include and feature blocks are read before dependencies",
                )));
            }
            Section::Locals => {
                return Err(Box::new(not_here(
                    "dependency",
                    "locals are evaluated before dependencies: use it in `inputs` or in another block",
                )));
            }
            Section::Dependencies => {
                return Err(Box::new(not_here(
                    "dependency",
                    "dependency blocks cannot use each other's outputs",
                )));
            }
        }
        if let [_, "inputs", ..] = path {
            return Err(Box::new(
                Diagnostic::error("terragrunt::dependency_inputs", "inputs of dependencies cannot be read")
                    .help("make the value an output of the dependency, and read dependency.NAME.outputs"),
            ));
        }
        if self.session.outputs.is_none() {
            return Ok(Some(Resolved::root(Value::Unknown)));
        }
        self.session.mark_own();
        let table = self.visible_dependencies()?;
        let Some(name) = path.first() else {
            let fields: Result<Vec<(&str, Value)>, Box<Diagnostic>> =
                table.blocks.iter().map(|block| Ok((&*block.name, block.as_seen(self)?))).collect();
            return Ok(Some(Resolved::root(Value::object(fields?))));
        };
        let Some(block) = table.blocks.iter().find(|block| &*block.name == *name) else {
            if let Some(broken) = table.errors.first() {
                return Err(Box::new(broken.clone()));
            }
            let known = table.blocks.iter().map(|block| &*block.name);
            return Err(Box::new(unknown("dependency", name, known)));
        };
        Ok(Some(Resolved { value: block.as_seen(self)?, consumed: 1 }))
    }

    fn values(&self) -> Result<Option<Value>, Box<Diagnostic>> {
        if let Some(values) = self.values.get() {
            return Ok(values.clone());
        }
        let values = functions::read::values_beside(self)?;
        Ok(self.values.get_or_init(|| values).clone())
    }
}

impl Scope for FileScope<'_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        match name {
            "local" => self.local_variable(path),
            "include" => self.include_variable(path),
            "dependency" => self.dependency_variable(path),
            "values" => Ok(self.values()?.map(Resolved::root)),
            "feature" if self.section.get() == Section::Base => {
                Err(Box::new(not_here("feature", "include and feature blocks are read before features")))
            }
            "feature" => {
                let features = self.features();
                match features.errors.first() {
                    Some(diagnostic) => Err(Box::new(diagnostic.clone())),
                    None => Ok(Some(Resolved::root(features.value.clone()))),
                }
            }
            _ => Ok(self.further_names.borrow().get(name).cloned().map(Resolved::root)),
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        functions::call(self, name, arguments)
    }

    fn variable_names(&self) -> Vec<String> {
        ["dependency", "feature", "include", "local", "values"].map(str::to_owned).to_vec()
    }

    fn function_names(&self) -> Vec<String> {
        functions::names()
    }
}

fn not_here(root: &str, why: &str) -> Diagnostic {
    let message = format!("\"{root}\" cannot be used here");
    Diagnostic::error("terragrunt::not_available", message).help(why)
}

fn unknown<'a>(root: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let diagnostic = Diagnostic::error("terragrunt::unknown_name", format!("there is no {root}.{name}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean {root}.{near}?")).suggest(name, near),
        None if known.is_empty() => diagnostic.help(format!("there is no {root} at all here")),
        None => diagnostic.help(format!("there {}", listed(root, &known))),
    }
}

/// The names that there are, where they are few.
fn listed(root: &str, known: &[&str]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = known.iter().take(SHOWN).map(|name| format!("{root}.{name}")).collect();
    let more = known.len().saturating_sub(SHOWN);
    match (known.len(), more) {
        (1, _) => format!("is only {}", names.join(", ")),
        (_, 0) => format!("are {}", names.join(", ")),
        _ => format!("are {} and {more} more", names.join(", ")),
    }
}

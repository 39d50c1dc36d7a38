//! One file seen from one unit: what the names in its expressions mean.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::dependency_table::{Named, Table, TableState};
use super::functions;
use super::include::{Include, Includes};
use super::locals::LocalState;
use super::overridden::Overridden;
use super::parsed_file::{LocalIndex, ParsedFile, SharedLocals};
use super::unit_evaluation::{SharedBy, UnitEvaluation};
use crate::terragrunt::convert::plain;
use crate::terragrunt::paths;
use slipway_hcl::ast::Expr;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::scope::{CallError, Resolved, Scope};
use slipway_hcl::source::{Location, Span};
use slipway_hcl::suggest::nearest;
use slipway_hcl::value::{Fields, Value};
use slipway_support::slots::Slots;

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

/// One file in the evaluation of one unit: the unit's own, one it includes, or one it reads.
pub(crate) struct FileScope<'r> {
    pub this: Weak<FileScope<'r>>,
    pub session: Rc<UnitEvaluation<'r>>,
    pub file: Arc<ParsedFile>,
    /// The configuration that folder functions answer for: the child's, also in a file that it includes.
    pub config_path: Arc<Path>,
    /// Who includes this file, where it is included.
    pub child: Option<Weak<FileScope<'r>>>,
    /// The file's own dependency blocks.
    pub own_table: OnceCell<Rc<Table>>,
    /// The dependencies of the file, with those of what it includes.
    pub table: RefCell<TableState>,
    pub includes: OnceCell<Rc<Includes<'r>>>,
    pub exposed: OnceCell<Value>,
    pub features: OnceCell<Rc<super::feature::Features>>,
    /// What the file beside it has in its place.
    pub overridden: OnceCell<Overridden>,
    /// Names that a file of our own has beyond the dialect's.
    pub further_names: RefCell<Fields>,
    /// `each` or `count`, while one of those is evaluated that an expanded dependency block stands for.
    pub instance: RefCell<Option<(&'static str, Value)>>,
    values: OnceCell<Option<Value>>,
    section: Cell<Section>,
    /// By the index of the local in the file.
    pub(in crate::terragrunt) locals: Slots<LocalIndex, RefCell<LocalState>>,
    /// Of an included file: the answers that configurations beside ours share.
    pub(in crate::terragrunt) folder_locals: OnceCell<Arc<SharedLocals>>,
}

impl<'r> FileScope<'r> {
    /// A file that stands for itself: a unit's own, or one that is read.
    pub fn root(session: &Rc<UnitEvaluation<'r>>, file: Arc<ParsedFile>) -> Rc<Self> {
        let config_path = file.source.shared_path();
        Self::build(session, file, config_path, None)
    }

    /// A file that `child` includes.
    pub fn included(child: &Rc<Self>, file: Arc<ParsedFile>) -> Rc<Self> {
        Self::build(&child.session, file, Arc::clone(&child.config_path), Some(Rc::downgrade(child)))
    }

    fn build(
        session: &Rc<UnitEvaluation<'r>>,
        file: Arc<ParsedFile>,
        config_path: Arc<Path>,
        child: Option<Weak<Self>>,
    ) -> Rc<Self> {
        let locals = file.locals().map(|_| RefCell::new(LocalState::Pending)).collect();
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
            overridden: OnceCell::new(),
            further_names: RefCell::default(),
            instance: RefCell::default(),
            values: OnceCell::new(),
            section: Cell::new(Section::Rest),
            locals,
            folder_locals: OnceCell::new(),
        })
    }

    /// The folder that `get_terragrunt_dir` names, and that most relative paths start from. Whoever asks in an
    /// included file gets an answer for the child only.
    pub fn config_dir(&self) -> &Path {
        self.mark_shared_by(SharedBy::Nobody);
        paths::folder(&self.config_path)
    }

    /// The folder above that one, which configurations beside each other have in common.
    pub fn folder_above(&self) -> &Path {
        self.mark_shared_by(SharedBy::Folder);
        paths::folder(paths::folder(&self.config_path))
    }

    /// `path` as it is seen from the folder of the configuration.
    pub fn seen_from_config(&self, path: &str) -> PathBuf {
        if path.starts_with('/') {
            paths::clean(Path::new(path))
        } else {
            paths::join(self.config_dir(), path)
        }
    }

    /// Notes who may share what this file answers, where it is an included one.
    pub fn mark_shared_by(&self, most: SharedBy) {
        if self.child.is_some() {
            self.session.mark_shared_by(most);
        }
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
        slipway_hcl::evaluate(expr, &self.file.source, self).map_err(|mut diagnostic| {
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
        if includes.list.is_empty() {
            return Ok(None);
        }
        let (include, inside, consumed) = match (includes.bare(), path) {
            (Some(include), path) => (include, path, 0),
            (None, [label, inside @ ..]) => {
                let Some(include) = includes.named(label) else {
                    let known = includes.by_label().map(|include| &*include.label);
                    return Err(Box::new(unknown("include", label, known)));
                };
                (include, inside, 1)
            }
            (None, []) => {
                let exposed = includes.by_label().filter(|include| include.expose);
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
        self.session.mark_own();
        if self.session.outputs.is_none() {
            return Ok(Some(Resolved::root(Value::Unknown)));
        }
        let table = self.visible_dependencies()?;
        let Some((name, path)) = path.split_first() else {
            let names: BTreeSet<&str> = table.blocks.iter().map(|block| &*block.name).collect();
            let fields: Result<Vec<(&str, Value)>, Box<Diagnostic>> = names
                .into_iter()
                .filter_map(|name| Some((name, self.named_dependency(table.find(name)?))))
                .map(|(name, value)| Ok((name, value?)))
                .collect();
            return Ok(Some(Resolved::root(Value::object(fields?))));
        };
        let found = match (table.find(name), path) {
            (Some(Named::One(block)), path) => Resolved { value: block.as_seen(self, path)?, consumed: 1 },
            (Some(Named::Each(each)), [key, path @ ..]) => {
                let Some(block) = each.get(key) else {
                    let known = each.iter().map(|(key, _)| &**key);
                    return Err(Box::new(unknown(&format!("dependency.{name}"), key, known)));
                };
                Resolved { value: block.as_seen(self, path)?, consumed: 2 }
            }
            (Some(each), []) => Resolved { value: self.named_dependency(each)?, consumed: 1 },
            (None, _) => {
                if let Some(broken) = table.errors.iter().find(|diagnostic| diagnostic.is_error()) {
                    return Err(Box::new(broken.clone()));
                }
                let known = table.blocks.iter().map(|block| &*block.name);
                return Err(Box::new(unknown("dependency", name, known)));
            }
        };
        Ok(Some(found))
    }

    /// The whole of `dependency.NAME`.
    fn named_dependency(&self, named: Named<'_>) -> Result<Value, Box<Diagnostic>> {
        match named {
            Named::One(block) => block.as_seen(self, &[]),
            Named::Each(each) => {
                let fields: Result<Vec<(Arc<str>, Value)>, Box<Diagnostic>> = each
                    .iter()
                    .map(|(key, block)| Ok((Arc::clone(key), block.as_seen(self, &[])?)))
                    .collect();
                Ok(Value::object(fields?))
            }
        }
    }

    /// The values that a stack left beside the file; nothing where it left none.
    pub(in crate::terragrunt) fn values(&self) -> Result<Option<Value>, Box<Diagnostic>> {
        if let Some(values) = self.values.get() {
            return Ok(values.clone());
        }
        let values = functions::read::values_beside(self)?;
        Ok(self.values.get_or_init(|| values).clone())
    }
}

impl Scope for FileScope<'_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        if name != "local" {
            self.mark_shared_by(SharedBy::Nobody);
        }
        match name {
            "local" => self.local_variable(path),
            "include" => self.include_variable(path),
            "dependency" => self.dependency_variable(path),
            "values" => match self.values()? {
                Some(values) => Ok(Some(Resolved::root(values))),
                None => Err(Box::new(
                    Diagnostic::error("terragrunt::no_values", "nobody hands values over to this unit").help(
                        "values come from the `unit` block of a stack file, which leaves them beside the unit that it \
                         generates",
                    ),
                )),
            },
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
            _ => {
                // What a block stands for is known to its own attributes only, not to the locals that they use.
                if self.section.get() == Section::Dependencies
                    && let Some((own, value)) = &*self.instance.borrow()
                    && *own == name
                {
                    return Ok(Some(Resolved::root(value.clone())));
                }
                Ok(self.further_names.borrow().get(name).cloned().map(Resolved::root))
            }
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

pub(in crate::terragrunt) fn not_here(root: &str, why: &str) -> Diagnostic {
    let message = format!("\"{root}\" cannot be used here");
    Diagnostic::error("terragrunt::not_available", message).help(why)
}

pub(in crate::terragrunt) fn unknown<'a>(
    root: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
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

//! `dependency` blocks: which unit, and its outputs or the mocks in their place.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::decode;
use super::dependency_table::{Address, Table, TableState, merge_blocks, titled};
use super::expansion::{self, Instance};
use super::include::Strategy;
use super::overridden::Overridden;
use super::scope::{FileScope, Section};
use crate::terragrunt::config::MockMerge;
use crate::terragrunt::convert::{merge_deep, merge_fields_deep, plain, strings};
use crate::terragrunt::outputs::{OutputSource, Outputs};
use crate::terragrunt::paths;
use crate::terragrunt::schema;
use crate::terragrunt::stack::{self, STACK_FILE};
use slipway_hcl::ast::Block;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::{Fields, Value, field};

/// The command that only shows a unit.
const RENDER: &str = "render";

/// One `dependency` block, evaluated.
#[derive(Clone)]
pub(crate) struct DependencyBlock {
    pub name: Arc<str>,
    /// Which of those it is that an expanded block stands for.
    pub key: Option<Arc<str>>,
    /// The attributes of the table, null where they are not set.
    pub fields: Fields,
    pub location: Location,
    outputs: OnceCell<Result<Option<Value>, Box<Diagnostic>>>,
    mocked: OnceCell<Mocked>,
}

impl FileScope<'_> {
    /// The dependencies, where they have been read.
    pub fn known_dependencies(&self) -> Option<Rc<Table>> {
        match &*self.table.borrow() {
            TableState::Done(table) => Some(Rc::clone(table)),
            TableState::Open | TableState::Reading => None,
        }
    }

    /// Reads the dependencies; nothing while that is going on.
    pub fn read_dependencies(&self) -> Option<Rc<Table>> {
        match &*self.table.borrow() {
            TableState::Done(table) => return Some(Rc::clone(table)),
            TableState::Reading => return None,
            TableState::Open => {}
        }
        self.table.replace(TableState::Reading);
        let mut broken = Vec::new();
        let over = self.autoinclude(&mut broken);
        if let Some(over) = &over {
            let _first = self.overridden.set(Overridden::by(&over.file.body));
        }
        let own = self.own_dependencies();
        let mut table = Table {
            blocks: own.blocks.clone(),
            waited_for: own.waited_for.clone(),
            errors: own.errors.clone(),
            places: OnceCell::new(),
        };
        for include in self.includes().list.iter().rev() {
            if include.strategy == Strategy::NoMerge {
                continue;
            }
            let included = include.scope.own_dependencies();
            table.errors.extend(include.through(included.errors.clone()));
            self.wait_for_overridden(&included, include.strategy, &mut table);
            let own = (include.strategy == Strategy::Deep).then(|| table.blocks.clone());
            table.blocks =
                merge_blocks(included.blocks.clone(), table.blocks, include.strategy, &mut table.errors);
            // What the included file has switched off is waited for where the child names it again.
            for block in own.into_iter().flatten().filter(DependencyBlock::enabled) {
                let is_off = table.find_last(&block.place()).is_some_and(|merged| !merged.enabled());
                if is_off && self.is_unit(&block) {
                    table.waited_for.push(block);
                }
            }
        }
        table.errors.extend(broken);
        if let Some(over) = over {
            let own = over.own_dependencies();
            table.errors.extend(own.errors.iter().cloned());
            table.blocks =
                merge_blocks(table.blocks, own.blocks.clone(), Strategy::Shallow, &mut table.errors);
        }
        if self.child.is_none() {
            table.drop_pathless();
            table.refuse_both();
        }
        let table = Rc::new(table);
        self.table.replace(TableState::Done(Rc::clone(&table)));
        Some(table)
    }

    /// Terragrunt gathers the paths of a shallow merge, file by file: the unit waits for those of blocks that it overrides too.
    /// One that leads nowhere, or to the unit itself, is what the override is for.
    fn wait_for_overridden(&self, included: &Table, strategy: Strategy, table: &mut Table) {
        if included.blocks.is_empty() && included.waited_for.is_empty() {
            return;
        }
        let own: HashSet<Address> = table.blocks.iter().map(DependencyBlock::place).collect();
        let repeated = included.waited_for.iter();
        let repeated =
            repeated.filter(|block| strategy == Strategy::Shallow || !own.contains(&block.place()));
        let overridden = included.blocks.iter();
        let overridden = overridden.filter(|block| {
            let is_overridden = strategy == Strategy::Shallow && own.contains(&block.place());
            is_overridden && block.enabled() && self.is_unit(block)
        });
        table.waited_for.extend(repeated.chain(overridden).cloned());
    }

    /// Whether a block names another unit that is there.
    fn is_unit(&self, block: &DependencyBlock) -> bool {
        let reader = self.session.reader;
        let target = || block.target(self);
        !block.config_path().is_empty()
            && target() != self.config_dir()
            && reader.is_file(&reader.unit_file(&target()))
    }

    /// The file's own blocks, evaluated at the first call.
    pub fn own_dependencies(&self) -> Rc<Table> {
        if let Some(table) = self.own_table.get() {
            return Rc::clone(table);
        }
        let mut table = Table::default();
        let mut places: HashMap<Address, usize> = HashMap::new();
        for block in self.file.body.blocks("dependency") {
            if let Some(name) = decode::label(block) {
                let before = table.errors.len();
                let made =
                    self.within(Section::Dependencies, || self.dependencies(name, block, &mut table.errors));
                self.bear(block, &mut table.errors, before);
                for block in made {
                    let place = *places.entry(block.place()).or_insert(table.blocks.len());
                    match table.blocks.get_mut(place) {
                        Some(first) => {
                            table.errors.extend(block.stands_again(first));
                            table.waited_for.push(std::mem::replace(first, block));
                        }
                        None => table.blocks.push(block),
                    }
                }
            }
        }
        Rc::clone(self.own_table.get_or_init(|| Rc::new(table)))
    }

    /// A warning for each dependency whose outputs are not what was applied.
    pub fn mock_warnings(&self) -> Vec<Diagnostic> {
        let table = self.read_dependencies().unwrap_or_default();
        let mocked = self.session.mocked.borrow();
        let blocks = table.blocks.iter().filter(|block| mocked.contains(&*block.address()));
        let warning = |block: &DependencyBlock| {
            let title = block.title();
            let message = match block.outputs.get() {
                Some(Ok(Some(Value::Unknown))) => {
                    format!("{title} has no outputs and no mocks: what rests on them is left empty")
                }
                _ => format!("mock_outputs of {title} stand in for its outputs"),
            };
            Diagnostic::warning("terragrunt::mocked", message).at(block.location.clone())
        };
        blocks.map(warning).collect()
    }

    /// What a block stands for: one dependency, or as many as its expansion asks for.
    fn dependencies(&self, name: &str, block: &Block, errors: &mut Vec<Diagnostic>) -> Vec<DependencyBlock> {
        let title = format!("dependency \"{name}\"");
        decode::check_blocks(self, &block.body, &[(expansion::BLOCK, 0)], &title, errors);
        let found = expansion::instances(self, block, &title, &|expr| self.evaluate(expr), errors);
        let Some(instances) = found else {
            return self.dependency(name, None, block, errors).into_iter().collect();
        };
        let mut made = Vec::with_capacity(instances.len());
        for Instance { key, name: own } in instances {
            let before = self.instance.replace(Some(own));
            made.extend(self.dependency(name, Some(key), block, errors));
            self.instance.replace(before);
        }
        made
    }

    fn dependency(
        &self,
        name: &str,
        key: Option<Arc<str>>,
        block: &Block,
        errors: &mut Vec<Diagnostic>,
    ) -> Option<DependencyBlock> {
        let title = titled(name, key.as_deref());
        let before = errors.len();
        let fields =
            decode::attributes(self, &block.body, schema::DEPENDENCY, &title, block.kind.span, errors);
        let location = self
            .location(block.kind.span.to(block.labels.first().map_or(block.kind.span, |label| label.span)));
        // One that failed has been told.
        if matches!(field(&fields, "config_path"), Value::Unknown) && errors.len() == before {
            let place = block.body.attribute("config_path").map_or(block.kind.span, |found| found.expr.span);
            let message = format!("the config_path of {title} cannot be known before something is run");
            errors.push(
                Diagnostic::error("terragrunt::config_path", message)
                    .at(self.location(place))
                    .help("name the folder of the unit it depends on"),
            );
        }
        if let (Some(given), value) = (block.body.attribute("config_path"), field(&fields, "config_path"))
            && !matches!(value, Value::Unknown | Value::String(_))
        {
            let message =
                format!("the config_path of {title} has to be a string, this is {}", value.type_name());
            errors.push(
                Diagnostic::error("terragrunt::config_path", message).at(self.location(given.expr.span)),
            );
        }
        if let Some(strategy) = field(&fields, "mock_outputs_merge_strategy_with_state").as_str()
            && merge_strategy(strategy).is_none()
        {
            let message = format!("there is no mock_outputs_merge_strategy_with_state \"{strategy}\"");
            errors.push(
                Diagnostic::error("terragrunt::merge_strategy", message)
                    .at(location.clone())
                    .help("use \"no_merge\", \"shallow\" or \"deep_map_only\""),
            );
        }
        // A block without a folder can be no edge of the graph; the others are of use although something else
        // in them is wrong.
        field(&fields, "config_path").as_str()?;
        Some(DependencyBlock {
            name: Arc::from(name),
            key,
            fields,
            location,
            outputs: OnceCell::new(),
            mocked: OnceCell::new(),
        })
    }
}

fn merge_strategy(name: &str) -> Option<MockMerge> {
    match name {
        "no_merge" => Some(MockMerge::NoMerge),
        "shallow" => Some(MockMerge::Shallow),
        "deep_map_only" => Some(MockMerge::DeepMapOnly),
        _ => None,
    }
}

/// Which outputs are no real ones.
#[derive(Clone, Debug)]
enum Mocked {
    /// Those of these names, or something in them.
    Some(BTreeSet<Arc<str>>),
    /// Every one.
    All,
}

impl DependencyBlock {
    /// Deep merging, attribute by attribute: mocks are joined, allowed commands appended, the rest replaced.
    pub fn merge(&mut self, over: &Self) -> Result<(), String> {
        for name in ["config_path", "enabled", "skip_outputs"] {
            if !field(&over.fields, name).is_null() && field(&over.fields, name).as_str() != Some("") {
                self.fields.insert(Arc::from(name), field(&over.fields, name).clone());
            }
        }
        for name in ["mock_outputs", "mock_outputs_allowed_terraform_commands"] {
            let value = match (field(&self.fields, name), field(&over.fields, name)) {
                (_, Value::Null) => continue,
                (Value::Null, value) => value.clone(),
                (under, over) => merge_deep(under, over, true)?,
            };
            self.fields.insert(Arc::from(name), value);
        }
        self.location = over.location.clone();
        Ok(())
    }

    pub fn config_path(&self) -> &str {
        field(&self.fields, "config_path").as_str().unwrap_or_default()
    }

    pub fn enabled(&self) -> bool {
        field(&self.fields, "enabled").as_bool().unwrap_or(true)
    }

    pub fn skip_outputs(&self) -> bool {
        field(&self.fields, "skip_outputs").as_bool().unwrap_or_default()
    }

    pub fn mock_outputs(&self) -> Option<Value> {
        let mocks = field(&self.fields, "mock_outputs");
        (!mocks.is_null()).then(|| plain(mocks))
    }

    /// For which commands mocks may be used; none means for all.
    pub fn allowed_commands(&self) -> Option<Vec<String>> {
        let commands = field(&self.fields, "mock_outputs_allowed_terraform_commands");
        (!commands.is_null()).then(|| strings(Some(commands))).filter(|commands| !commands.is_empty())
    }

    pub fn merge_with_state(&self) -> MockMerge {
        if let Some(strategy) = field(&self.fields, "mock_outputs_merge_strategy_with_state").as_str() {
            return merge_strategy(strategy).unwrap_or_default();
        }
        match field(&self.fields, "mock_outputs_merge_with_state").as_bool() {
            Some(true) => MockMerge::Shallow,
            _ => MockMerge::NoMerge,
        }
    }

    /// The folder of the unit it depends on.
    pub fn target(&self, scope: &FileScope<'_>) -> PathBuf {
        let target = paths::join(scope.config_dir(), self.config_path());
        // The path may name the file instead of its folder.
        if scope.session.reader.is_file(&target) { paths::folder(&target).to_path_buf() } else { target }
    }

    /// What `dependency.NAME` is; `path` is what of it is used, as far as it is written in names.
    pub fn as_seen(&self, scope: &FileScope<'_>, path: &[&str]) -> Result<Value, Box<Diagnostic>> {
        let outputs = self.used_outputs(scope, path)?;
        Ok(Value::object(outputs.map(|outputs| ("outputs", outputs))))
    }

    /// What is wrong with its outputs, whether or not anybody uses them.
    pub fn check_outputs(&self, scope: &FileScope<'_>) -> Result<(), Box<Diagnostic>> {
        self.outputs.get_or_init(|| self.find_outputs(scope)).clone().map(drop)
    }

    /// The outputs: real ones, mocks, or a mixture; none where they are skipped and there are no mocks. `path` says what of
    /// `dependency.NAME` is used: only a mock that is used makes anything provisional.
    pub fn used_outputs(
        &self,
        scope: &FileScope<'_>,
        path: &[&str],
    ) -> Result<Option<Value>, Box<Diagnostic>> {
        let outputs = self.outputs.get_or_init(|| self.find_outputs(scope)).clone()?;
        let is_mock = match (self.mocked.get(), path) {
            (None, _) => false,
            (Some(Mocked::Some(names)), ["outputs", name, ..]) => names.contains(*name),
            (Some(Mocked::All | Mocked::Some(_)), _) => true,
        };
        if is_mock {
            scope.session.mocked.borrow_mut().insert(self.address().into_owned());
        }
        Ok(outputs)
    }

    /// The outputs, where somebody has asked for them already.
    pub fn known_outputs(&self) -> Option<&Value> {
        self.outputs.get()?.as_ref().ok()?.as_ref()
    }

    fn find_outputs(&self, scope: &FileScope<'_>) -> Result<Option<Value>, Box<Diagnostic>> {
        if !self.enabled() {
            return Ok(self.mock_outputs());
        }
        let command = &scope.session.reader.options().terraform_command;
        let allowed = self.allowed_commands().is_none_or(|commands| commands.contains(command));
        let mocks = self.mock_outputs().filter(|_| allowed || command == RENDER);
        if self.skip_outputs() {
            return Ok(mocks);
        }
        let target = self.target(scope);
        let reader = scope.session.reader;
        let of_stack = reader.is_file(&target.join(STACK_FILE));
        if !of_stack && !reader.is_file(&reader.unit_file(&target)) {
            return Err(Box::new(
                Diagnostic::error(
                    "terragrunt::missing_dependency",
                    format!(
                        "{} does not exist: there is no {} in {}",
                        self.title(),
                        paths::UNIT_FILE,
                        target.display()
                    ),
                )
                .at(self.location.clone())
                .help("correct its config_path"),
            ));
        }
        if scope.session.outputs.is_some_and(OutputSource::are_unknown) {
            return Ok(Some(Value::Unknown));
        }
        let known = match scope.session.outputs {
            Some(source) if of_stack => {
                let found = stack::outputs(reader, source, &target);
                found.map_err(|errors| Box::new(self.broken_stack(errors)))?.map(Arc::new)
            }
            source => source.and_then(|source| source.outputs(&target)),
        };
        let known = known.filter(|outputs| !outputs.is_empty());
        match (known, mocks) {
            (Some(outputs), mocks) => {
                let mocks = mocks.filter(|_| allowed);
                self.mixed(&outputs, mocks.as_ref()).map(Some)
            }
            (None, Some(mocks)) => {
                let _first = self.mocked.set(Mocked::All);
                Ok(Some(mocks))
            }
            // Showing a unit does not need them: what depends on them is left open.
            (None, None) if command == RENDER => {
                let _first = self.mocked.set(Mocked::All);
                Ok(Some(Value::Unknown))
            }
            (None, None) => Err(Box::new(self.nothing(scope, command))),
        }
    }

    fn broken_stack(&self, errors: Vec<Diagnostic>) -> Diagnostic {
        let unreadable = || {
            let message = format!("{} is a stack that cannot be read", self.title());
            Diagnostic::error("terragrunt::missing_dependency", message)
        };
        let first = errors.into_iter().next().unwrap_or_else(unreadable);
        first.via(format!("{} is this stack", self.title()), self.location.clone())
    }

    /// Real outputs, with mocks in the gaps where the block asks for it.
    fn mixed(&self, outputs: &Arc<Outputs>, mocks: Option<&Value>) -> Result<Value, Box<Diagnostic>> {
        let real: Fields = outputs.iter().map(|(name, value)| (Arc::clone(name), value.clone())).collect();
        let mocks = mocks.and_then(Value::as_fields);
        let merged = match (self.merge_with_state(), mocks) {
            (MockMerge::NoMerge, _) | (_, None) => return Ok(Value::Object(Arc::new(real))),
            (MockMerge::Shallow, Some(mocks)) => {
                let mut merged = mocks.clone();
                merged.extend(real.clone());
                merged
            }
            (MockMerge::DeepMapOnly, Some(mocks)) => {
                merge_fields_deep(mocks, &real, false).map_err(|message| {
                    let message = format!("mocks of {} cannot be merged: {message}", self.title());
                    Box::new(Diagnostic::error("terragrunt::merge", message).at(self.location.clone()))
                })?
            }
        };
        let mocks = merged.iter().filter(|(name, value)| real.get(*name) != Some(*value));
        let names: BTreeSet<Arc<str>> = mocks.map(|(name, _)| Arc::clone(name)).collect();
        if !names.is_empty() {
            let _first = self.mocked.set(Mocked::Some(names));
        }
        Ok(Value::Object(Arc::new(merged)))
    }

    fn nothing(&self, scope: &FileScope<'_>, command: &str) -> Diagnostic {
        let target = self.target(scope);
        if scope.session.outputs.is_some_and(|outputs| outputs.is_applied(&target)) {
            let message = format!("{} has been applied and has no outputs", self.title());
            return Diagnostic::error("terragrunt::no_outputs", message).at(self.location.clone()).help(
                "give its module outputs, set skip_outputs = true, or name it in a `dependencies` block where only the \
                 order matters",
            );
        }
        let target = paths::relative(scope.config_dir(), &target);
        let help = if self.mock_outputs().is_some() {
            let commands = self.allowed_commands().unwrap_or_default().join(", ");
            format!(
                "apply {} first; its mocks are allowed only for {commands}, not for {command}",
                target.display()
            )
        } else {
            format!(
                "apply {} first, or give the block mock_outputs for what is planned before",
                target.display()
            )
        };
        let message = format!("{} has no outputs", self.title());
        Diagnostic::error("terragrunt::no_outputs", message).at(self.location.clone()).help(help)
    }
}

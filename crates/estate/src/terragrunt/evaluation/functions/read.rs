//! Functions that read other files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{Answer, from_config_dir, one};
use crate::terragrunt::convert::{merge_deep, plain, to_json};
use crate::terragrunt::evaluation::dependency::DependencyBlock;
use crate::terragrunt::evaluation::dependency_table::Address;
use crate::terragrunt::evaluation::experiment::DEEP_MERGE;
use crate::terragrunt::evaluation::file_config::Wanted;
use crate::terragrunt::evaluation::parsed_file::ParsedFile;
use crate::terragrunt::evaluation::reader::ReadConfig;
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::evaluation::unit_evaluation::Recorded;
use slipway_hcl::budget::take;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::scope::{CallError, MapScope, Resolved, Scope};
use slipway_hcl::source::{Location, Span};
use slipway_hcl::value::{Fields, Value};

/// The steps of evaluating a file, whatever is in it: as long as some hundred operations take.
const CONFIG_STEPS: u64 = 500;

/// The file beside a unit that a stack hands values over in.
const VALUES_FILE: &str = "terragrunt.values.hcl";

/// `read_terragrunt_config(path[, default])`: another configuration, evaluated in its own folder.
pub(super) fn terragrunt_config(scope: &FileScope<'_>, arguments: &[Value]) -> Answer {
    let (path, default) = match arguments {
        [path] => (path, None),
        [path, default] => (path, Some(default)),
        _ => {
            let given = arguments.len();
            return Err(CallError::new(format!(
                "read_terragrunt_config takes 1 to 2 arguments, not {given}"
            )));
        }
    };
    if !path.is_wholly_known() {
        return Ok(Value::Unknown);
    }
    let Some(path) = path.as_str() else {
        return Err(CallError::new("argument 1 of read_terragrunt_config has to be a string"));
    };
    let mut target = scope.seen_from_config(path);
    let reader = scope.session.reader;
    // Most files are read by many: what is known of one is there.
    if let Some(known) = reader.read_config(target.as_os_str()) {
        return Ok(told(scope, &known));
    }
    if reader.is_dir(&target) {
        target = reader.unit_file(&target);
    }
    if !reader.is_file(&target) {
        return default.cloned().ok_or_else(|| {
            CallError::new(format!("there is no file {} for read_terragrunt_config", target.display()))
        });
    }
    if target.file_name().is_some_and(|name| name == VALUES_FILE) {
        scope.session.mark_read(target.as_path());
        return values_of(scope, &target).map_err(CallError::Inside);
    }
    refuse_circle(scope, &target)?;
    let key = target.as_os_str();
    let mut own = None;
    let mut read = || {
        let Recorded { answer, files, sharing } =
            scope.session.recorded_file(&target, || evaluate(scope, &target));
        let shared = answer.as_ref().ok().filter(|_| sharing);
        let shared = shared.map(|value| ReadConfig { value: value.clone(), files: files.into() });
        own = Some(answer);
        shared
    };
    // Waiting for another thread is safe only for one that nobody can wait for.
    let shared = if scope.session.reading.borrow().is_empty() {
        reader.read_config_once(key, &mut read)
    } else if let Some(known) = reader.read_config(key) {
        Some(known)
    } else {
        let shared = read();
        reader.keep_read_config(key, shared.clone());
        shared
    };
    match (own, shared) {
        (Some(answer), _) => answer.map_err(CallError::Inside),
        (None, Some(known)) => Ok(told(scope, &known)),
        (None, None) => {
            let read = scope.session.recorded_file(&target, || evaluate(scope, &target));
            read.answer.map_err(CallError::Inside)
        }
    }
}

/// The answer that others found, with the files that it took.
fn told(scope: &FileScope<'_>, known: &ReadConfig) -> Value {
    for file in &*known.files {
        scope.session.mark(file.clone());
    }
    known.value.clone()
}

fn refuse_circle(scope: &FileScope<'_>, target: &Path) -> Result<(), CallError> {
    let reading = scope.session.reading.borrow();
    let Some(start) = reading.iter().position(|path| path == target) else { return Ok(()) };
    let circle: Vec<String> = reading
        .iter()
        .skip(start)
        .map(std::path::PathBuf::as_path)
        .chain([target])
        .map(|path| path.display().to_string())
        .collect();
    Err(CallError::new(format!("configurations read each other in a circle: {}", circle.join(" → "))))
}

fn evaluate(scope: &FileScope<'_>, target: &Path) -> Result<Value, Box<Diagnostic>> {
    let file = scope.session.reader.parsed(target).map_err(|found| Box::new(first(found)))?;
    if let Some(diagnostic) = Diagnostic::joined(file.errors().cloned()) {
        return Err(Box::new(diagnostic));
    }
    let start = Location::new(&file.source, Span::new(0, 0));
    take(CONFIG_STEPS + file.source.text().len() as u64 / 64).map_err(|spent| spent.at(&start))?;
    let read = FileScope::root(&scope.session, file);
    let mut errors = Vec::new();
    let config = read.merged_config(Wanted::Everything, &mut errors);
    let mut outputs: HashMap<Address, Value> = HashMap::new();
    for block in &config.dependency {
        scope.session.mark_own();
        let value = match scope.session.outputs {
            // What is open in a unit that is rendered is null in one that it reads.
            Some(_) => block
                .used_outputs(&read, &[])?
                .filter(|outputs| *outputs != Value::Unknown)
                .unwrap_or(Value::Null),
            None => Value::Unknown,
        };
        outputs.insert(block.place(), value);
    }
    if let Some(diagnostic) = Diagnostic::joined(errors) {
        return Err(Box::new(diagnostic));
    }
    let outputs_of = |block: &DependencyBlock| outputs.get(&block.place()).cloned();
    Ok(config.as_value_with(|block| outputs_of(block).unwrap_or(Value::Null)))
}

fn first(diagnostics: Vec<Diagnostic>) -> Diagnostic {
    let unreadable = || Diagnostic::error("hcl::unreadable", "the file cannot be read");
    diagnostics.into_iter().next().unwrap_or_else(unreadable)
}

/// The values that a stack left beside the unit; nothing where it left none.
pub(crate) fn values_beside(scope: &FileScope<'_>) -> Result<Option<Value>, Box<Diagnostic>> {
    let file = scope.file_dir().join(VALUES_FILE);
    if !scope.session.reader.is_file(&file) {
        return Ok(None);
    }
    // Terragrunt does not count it.
    scope.session.mark_looked_at(file.as_path());
    values_of(scope, &file).map(Some)
}

fn values_of(scope: &FileScope<'_>, path: &Path) -> Result<Value, Box<Diagnostic>> {
    let file = scope.session.reader.parsed(path).map_err(|found| Box::new(first(found)))?;
    plain_attributes(&file, &FunctionsOnly(scope))
}

/// `read_tfvars_file(path)`: the variables as JSON text.
pub(super) fn tfvars_file(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let path = from_config_dir(scope, one("read_tfvars_file", arguments)?);
    scope.session.mark_read(path.as_path());
    if path.to_string_lossy().ends_with("json") {
        let source = scope.session.reader.source(&path).map_err(CallError::Inside)?;
        let text = source.text();
        let json: serde_json::Result<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text);
        json.map_err(|error| CallError::new(format!("{} is no JSON object: {error}", path.display())))?;
        return Ok(Value::string(text));
    }
    let file = scope
        .session
        .reader
        .parsed(&path)
        .map_err(|diagnostics| CallError::Inside(Box::new(first(diagnostics))))?;
    let variables = plain_attributes(&file, &MapScope::new([])).map_err(CallError::Inside)?;
    Ok(Value::string(to_json(&variables, true).to_string()))
}

/// The attributes of a file that holds nothing else.
fn plain_attributes(file: &Arc<ParsedFile>, scope: &dyn Scope) -> Result<Value, Box<Diagnostic>> {
    if let Some(diagnostic) = Diagnostic::joined(file.errors().cloned()) {
        return Err(Box::new(diagnostic));
    }
    let mut fields = Fields::new();
    for attribute in &file.body.attributes {
        let value = slipway_hcl::evaluate(&attribute.expr, &file.source, scope)?;
        fields.insert(Arc::clone(&attribute.name.name), plain(&value));
    }
    Ok(Value::Object(Arc::new(fields)))
}

/// Marks a file as read and answers with its path as it was given.
pub(super) fn mark_as_read(scope: &FileScope<'_>, arguments: &[String]) -> Answer {
    let path = one("mark_as_read", arguments)?;
    scope.session.mark_read(from_config_dir(scope, path));
    Ok(Value::string(path))
}

/// Objects merged deeply, the later ones on top.
pub(super) fn deep_merge(scope: &FileScope<'_>, arguments: &[Value]) -> Answer {
    if !scope.session.reader.options().experiments.contains(DEEP_MERGE) {
        return Err(CallError::new(
            "deep_merge is an experiment of Terragrunt's; turn it on with --experiment deep-merge",
        ));
    }
    let mut merged = Value::Object(Arc::new(Fields::new()));
    for argument in arguments.iter().filter(|argument| !argument.is_null()) {
        if matches!(argument, Value::Unknown) {
            return Ok(Value::Unknown);
        }
        if argument.as_fields().is_none() {
            let message = format!("deep_merge takes objects, this is {}", argument.type_name());
            return Err(CallError::new(message));
        }
        merged = merge_deep(&merged, &plain(argument), true).map_err(CallError::new)?;
    }
    Ok(merged)
}

/// The functions of a file, without its names.
struct FunctionsOnly<'a, 'r>(&'a FileScope<'r>);

impl Scope for FunctionsOnly<'_, '_> {
    fn variable(&self, _: &str, _: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        Ok(None)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        super::call(self.0, name, arguments)
    }
}

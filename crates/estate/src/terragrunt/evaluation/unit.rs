//! A merged configuration as the typed unit that the engines and reports read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::file_config::{ErrorsBlock, FileConfig, TerraformBlock, Wanted};
use super::include::Strategy;
use super::merge::merge;
use super::overridden::{NAMES_NOT_THERE, Overridden};
use super::scope::{FileScope, Section};
use crate::terragrunt::config::{
    Dependency, ErrorHook, Errors, Exclude, ExtraArguments, Generate, GenerateTarget, Hook, IfDisabled,
    IfExists, Ignore, RemoteState, Retry, Terraform, UnitConfig,
};
use crate::terragrunt::convert::{plain, strings};
use crate::terragrunt::paths;
use crate::terragrunt::stack::UNIT_AUTOINCLUDE;
use slipway_hcl::budget;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::limits;
use slipway_hcl::source::{Location, Span};
use slipway_hcl::value::{Fields, Value};
use slipway_support::address::Address;

impl FileScope<'_> {
    /// The file with everything that it includes under it.
    pub fn merged_config(&self, wanted: Wanted, errors: &mut Vec<Diagnostic>) -> FileConfig {
        let includes = self.includes();
        errors.extend(includes.errors.iter().cloned());
        let table = self.read_dependencies().unwrap_or_default();
        errors.extend(table.errors.iter().cloned());
        let over = self.autoinclude(errors);
        if let Some(over) = &over {
            let _first = self.overridden.set(Overridden::by(&over.file.body));
        }
        let own = self.file_config(wanted, errors);
        let exclude = own.exclude.clone();
        let mut merged = own;
        // From the last to the first: what stands further down wins.
        for include in includes.list.iter().rev() {
            let (under, found) = include.config(wanted);
            errors.extend(found);
            if include.strategy != Strategy::NoMerge {
                merged = merge(under, merged, include.strategy, errors);
            }
        }
        if exclude.is_some() {
            merged.exclude = exclude;
        }
        if let Some(over) = over {
            let (locals, features) = (merged.locals.clone(), merged.feature.clone());
            merged = merge(merged, over.merged_config(wanted, errors), Strategy::Shallow, errors);
            merged.feature = features.into_iter().chain(std::mem::take(&mut merged.feature)).collect();
            merged.locals = locals;
        }
        merged.dependency.clone_from(&table.blocks);
        self.check_module_version(&merged, errors);
        merged
    }

    /// Whether these errors are all about names that are not there, in values that nothing else rests on: then the
    /// rest of the unit can be shown.
    pub fn lacks_only_values(&self, errors: &[Diagnostic]) -> bool {
        let includes = self.includes();
        let scopes = || std::iter::once(self).chain(includes.list.iter().map(|include| &*include.scope));
        let mut elsewhere = includes.errors.clone();
        elsewhere.extend(self.read_dependencies().unwrap_or_default().errors.iter().cloned());
        for scope in scopes() {
            elsewhere.extend(scope.features().errors.iter().cloned());
            scope.all_locals(&mut elsewhere);
        }
        !elsewhere.iter().any(Diagnostic::is_error)
            && errors.iter().all(|error| NAMES_NOT_THERE.contains(&error.code))
    }

    /// The file that a stack left beside this one, to be merged over it.
    pub fn autoinclude(&self, errors: &mut Vec<Diagnostic>) -> Option<Rc<Self>> {
        let reader = self.session.reader;
        let own = self.file.source.path().file_name();
        if self.child.is_some()
            || own.is_none_or(|name| name != paths::UNIT_FILE && name != paths::UNIT_FILE_JSON)
        {
            return None;
        }
        let path = self.config_dir().join(UNIT_AUTOINCLUDE);
        if !reader.is_there(&path) {
            return None;
        }
        self.session.mark_read(path.as_path());
        match reader.parsed(&path) {
            Ok(parsed) => {
                errors.extend(parsed.errors().cloned());
                Some(FileScope::root(&self.session, parsed))
            }
            Err(found) => {
                errors.extend(found);
                None
            }
        }
    }

    /// The unit's `terraform.source`: its own, or that of what it includes.
    pub fn source(&self) -> Result<Option<String>, Box<Diagnostic>> {
        // The source itself may ask for the folder that depends on it.
        if self.session.asking_source.replace(true) {
            return Ok(None);
        }
        let source = self.find_source();
        self.session.asking_source.set(false);
        source
    }

    /// The backend of the `remote_state` block that counts; none where it is an attribute, or not known.
    pub fn backend(&self) -> Option<String> {
        if self.file.errors().next().is_some() || self.file.body.attribute("remote_state").is_some() {
            return None;
        }
        let block = self.file.body.blocks("remote_state").next();
        if let Some(attribute) = block.and_then(|block| block.body.attribute("backend")) {
            let value = self.within(Section::Rest, || self.evaluate(&attribute.expr)).ok()?;
            return value.as_str().map(str::to_owned);
        }
        let includes = self.includes();
        let merged = includes.list.iter().rev().filter(|include| include.strategy != Strategy::NoMerge);
        // One that cannot be said without the whole file is not passed over.
        for include in merged {
            let body = &include.scope.file.body;
            if body.attribute("remote_state").is_some() || body.blocks("remote_state").next().is_some() {
                return include.scope.backend();
            }
        }
        None
    }

    fn find_source(&self) -> Result<Option<String>, Box<Diagnostic>> {
        let expr = self.file.body.blocks("terraform").find_map(|block| block.body.attribute("source"));
        if let Some(attribute) = expr {
            let value = self.within(Section::Rest, || self.evaluate(&attribute.expr))?;
            return Ok(value.as_str().map(str::to_owned));
        }
        for include in self.includes().list.iter().rev() {
            if include.strategy != Strategy::NoMerge
                && let Some(source) = include.scope.find_source()?
            {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }
}

/// Refuses a unit whose values are too large to be shown and written out, all of them together: what they share in
/// memory is written wherever it stands.
pub(crate) fn check_size(scope: &FileScope<'_>, whole: &Value) -> Result<(), Box<Diagnostic>> {
    let start = Location::new(&scope.file.source, Span::new(0, 0));
    if let Some(spent) = budget::spent() {
        return Err(spent.at(&start));
    }
    let weight = limits::check(whole).map_err(|problem| {
        let message = format!("the unit is too large to be written out: {problem}");
        Box::new(Diagnostic::error("hcl::limit", message).at(start.clone()))
    })?;
    budget::make(weight.text + limits::list_bytes(weight.values)).map_err(|spent| spent.at(&start))
}

/// The unit, from its merged configuration, which is also `whole`, as one value.
pub(crate) fn config(scope: &FileScope<'_>, config: FileConfig, whole: Value) -> UnitConfig {
    let dir = scope.config_dir().to_path_buf();
    let text = |name: &str| {
        let text = config.attributes.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let features = scope.features();
    let feature = |name: &String| {
        let value = features.in_force(name).unwrap_or(Value::Null);
        (name.clone(), value)
    };
    UnitConfig {
        file: scope.config_path.to_path_buf(),
        inputs: config.inputs.clone().unwrap_or_default(),
        terraform: config.terraform.as_ref().map(terraform),
        remote_state: config.remote_state.as_ref().map(remote_state),
        generate: config.generate.iter().map(|(name, block)| generate(name, &block.fields)).collect(),
        dependency: config.dependency.iter().map(|block| dependency(scope, block)).collect(),
        dependencies: paths_of(&dir, config.dependencies.as_deref()),
        feature: config.feature.keys().map(feature).collect(),
        exclude: config.exclude.as_ref().map(exclude),
        errors: config.errors.as_ref().map(errors),
        engine: config.engine.clone().map(|fields| Value::Object(std::sync::Arc::new(fields))),
        prevent_destroy: config
            .attributes
            .get("prevent_destroy")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        iam_role: text("iam_role"),
        iam_assume_role_duration: number(config.attributes.get("iam_assume_role_duration")),
        iam_assume_role_session_name: text("iam_assume_role_session_name"),
        iam_web_identity_token: text("iam_web_identity_token"),
        download_dir: text("download_dir").map(|folder| paths::join(&dir, folder)),
        terraform_binary: text("terraform_binary"),
        terraform_version_constraint: text("terraform_version_constraint"),
        terragrunt_version_constraint: text("terragrunt_version_constraint"),
        includes: scope
            .includes()
            .by_label()
            .map(|include| (include.label.clone(), include.path.clone()))
            .collect(),
        files_read: scope.session.files_read(),
        mocked: scope.session.mocked.borrow().iter().cloned().collect(),
        open: BTreeMap::new(),
        warnings: Vec::new(),
        rendered: Some(whole),
        locals: config.locals,
        dir,
    }
}

/// The folders of `dependencies` that are not there.
pub(crate) fn missing_folders(scope: &FileScope<'_>, config: &FileConfig) -> Vec<Diagnostic> {
    let (Some(paths), Some(place)) = (&config.dependencies, &config.dependencies_place) else {
        return Vec::new();
    };
    let missing =
        paths.iter().filter(|path| !scope.session.reader.is_dir(&paths::join(scope.config_dir(), path)));
    missing
        .map(|path| {
            let message = format!("dependency \"{path}\" does not exist: there is no such folder");
            Diagnostic::error("terragrunt::missing_dependency", message)
                .at(place.clone())
                .help("correct the path in its `dependencies` block")
        })
        .collect()
}

fn paths_of(dir: &std::path::Path, paths: Option<&[String]>) -> Vec<PathBuf> {
    paths.unwrap_or_default().iter().map(|path| paths::join(dir, path)).collect()
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn truth(fields: &Fields, name: &str) -> Option<bool> {
    fields.get(name).and_then(Value::as_bool)
}

fn number(value: Option<&Value>) -> Option<u32> {
    match value {
        Some(Value::Number(number)) => number.as_i64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    }
}

fn set(fields: &Fields, name: &str) -> Option<Value> {
    fields.get(name).filter(|value| !value.is_null()).cloned()
}

fn terraform(block: &TerraformBlock) -> Terraform {
    let hook = |(name, fields): (&String, &Fields)| Hook {
        name: name.clone(),
        commands: strings(fields.get("commands")),
        execute: strings(fields.get("execute")),
        working_dir: text(fields, "working_dir"),
        run_on_error: truth(fields, "run_on_error").unwrap_or_default(),
        suppress_stdout: truth(fields, "suppress_stdout").unwrap_or_default(),
        condition: truth(fields, "if").unwrap_or(true),
    };
    Terraform {
        source: text(&block.fields, "source").filter(|source| !source.is_empty()).map(Address::new),
        include_in_copy: strings(block.fields.get("include_in_copy")),
        exclude_from_copy: strings(block.fields.get("exclude_from_copy")),
        copy_terraform_lock_file: truth(&block.fields, "copy_terraform_lock_file"),
        extra_arguments: block
            .extra_arguments
            .iter()
            .map(|(name, fields)| ExtraArguments {
                name: name.clone(),
                commands: strings(fields.get("commands")),
                arguments: strings(fields.get("arguments")),
                env_vars: env_vars(fields.get("env_vars")),
                required_var_files: strings(fields.get("required_var_files")),
                optional_var_files: strings(fields.get("optional_var_files")),
            })
            .collect(),
        before_hooks: block.before_hooks.iter().map(hook).collect(),
        after_hooks: block.after_hooks.iter().map(hook).collect(),
        error_hooks: block
            .error_hooks
            .iter()
            .map(|(name, fields)| ErrorHook {
                name: name.clone(),
                commands: strings(fields.get("commands")),
                execute: strings(fields.get("execute")),
                on_errors: strings(fields.get("on_errors")),
                working_dir: text(fields, "working_dir"),
                suppress_stdout: truth(fields, "suppress_stdout").unwrap_or_default(),
            })
            .collect(),
    }
}

fn env_vars(value: Option<&Value>) -> BTreeMap<String, String> {
    let fields = value.and_then(Value::as_fields).into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned()))).collect()
}

fn remote_state(fields: &Fields) -> RemoteState {
    let generate = fields.get("generate").and_then(Value::as_fields).map(|fields| GenerateTarget {
        path: text(fields, "path").unwrap_or_default(),
        if_exists: if_exists(fields),
    });
    RemoteState {
        backend: text(fields, "backend").unwrap_or_default(),
        config: fields.get("config").map_or(Value::Null, plain),
        generate,
        disable_init: truth(fields, "disable_init").unwrap_or_default(),
        disable_dependency_optimization: truth(fields, "disable_dependency_optimization").unwrap_or_default(),
        encryption: set(fields, "encryption"),
    }
}

fn if_exists(fields: &Fields) -> IfExists {
    match fields.get("if_exists").and_then(Value::as_str) {
        Some("overwrite") => IfExists::Overwrite,
        Some("overwrite_terragrunt") => IfExists::OverwriteTerragrunt,
        Some("skip") => IfExists::Skip,
        _ => IfExists::Error,
    }
}

fn generate(name: &str, fields: &Fields) -> Generate {
    Generate {
        name: name.to_owned(),
        path: text(fields, "path").unwrap_or_default(),
        contents: text(fields, "contents").unwrap_or_default(),
        if_exists: if_exists(fields),
        if_disabled: match fields.get("if_disabled").and_then(Value::as_str) {
            Some("remove") => IfDisabled::Remove,
            Some("remove_terragrunt") => IfDisabled::RemoveTerragrunt,
            _ => IfDisabled::Skip,
        },
        disable: truth(fields, "disable").unwrap_or_default(),
        comment_prefix: text(fields, "comment_prefix").unwrap_or_default(),
        disable_signature: truth(fields, "disable_signature").unwrap_or_default(),
        hcl_fmt: truth(fields, "hcl_fmt"),
    }
}

fn dependency(scope: &FileScope<'_>, block: &super::dependency::DependencyBlock) -> Dependency {
    Dependency {
        name: block.address().into_owned(),
        config_path: block.target(scope),
        enabled: block.enabled(),
        skip_outputs: block.skip_outputs(),
        mock_outputs: block.mock_outputs(),
        mock_outputs_allowed_terraform_commands: block.allowed_commands(),
        mock_outputs_merge_strategy_with_state: block.merge_with_state(),
        location: block.location.clone(),
    }
}

pub(crate) fn exclude(fields: &Fields) -> Exclude {
    Exclude {
        condition: truth(fields, "if").unwrap_or_default(),
        actions: strings(fields.get("actions")),
        exclude_dependencies: truth(fields, "exclude_dependencies"),
        no_run: truth(fields, "no_run"),
    }
}

fn errors(block: &ErrorsBlock) -> Errors {
    Errors {
        retry: block
            .retry
            .last_of_each()
            .map(|(name, fields)| Retry {
                name: name.clone(),
                retryable_errors: strings(fields.get("retryable_errors")),
                max_attempts: number(fields.get("max_attempts")).unwrap_or_default(),
                sleep_interval_sec: number(fields.get("sleep_interval_sec")).unwrap_or_default(),
            })
            .collect(),
        ignore: block
            .ignore
            .last_of_each()
            .map(|(name, fields)| Ignore {
                name: name.clone(),
                ignorable_errors: strings(fields.get("ignorable_errors")),
                message: text(fields, "message"),
                signals: fields
                    .get("signals")
                    .and_then(Value::as_fields)
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.to_string(), value.clone()))
                    .collect(),
            })
            .collect(),
    }
}

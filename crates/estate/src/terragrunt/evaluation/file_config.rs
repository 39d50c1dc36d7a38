//! One file, evaluated, with set and unset told apart: what merging works on.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::decode;
use super::dependency::DependencyBlock;
use super::labelled::{Labelled, warn_of_repetition};
use super::overridden::{NAMES_NOT_THERE, NO_NAMES_AT_ALL, Overridden};
use super::patterns;
use super::scope::{FileScope, Section};
use crate::terragrunt::convert::{one_type, plain, strings};
use crate::terragrunt::schema::{self, Spec};
use slipway_hcl::ast::{Block, Body};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_hcl::value::{Fields, Value, field};

/// A file's configuration.
#[derive(Clone, Default)]
pub(crate) struct FileConfig {
    /// The attributes that are plain values and set, such as `iam_role`.
    pub attributes: BTreeMap<&'static str, Value>,
    pub locals: Fields,
    pub inputs: Option<Fields>,
    pub terraform: Option<TerraformBlock>,
    /// With every name of the table.
    pub remote_state: Option<Fields>,
    pub generate: BTreeMap<String, GenerateBlock>,
    pub dependency: Vec<DependencyBlock>,
    pub dependencies: Option<Vec<String>>,
    /// Where the paths of `dependencies` stand.
    pub dependencies_place: Option<Location>,
    pub feature: IndexMap<String, Value>,
    pub exclude: Option<Fields>,
    pub errors: Option<ErrorsBlock>,
    pub engine: Option<Fields>,
}

/// The `terraform` block.
#[derive(Clone, Default)]
pub(crate) struct TerraformBlock {
    pub fields: Fields,
    pub extra_arguments: Labelled,
    pub before_hooks: Labelled,
    pub after_hooks: Labelled,
    pub error_hooks: Labelled,
}

/// The `errors` block.
#[derive(Clone, Default)]
pub(crate) struct ErrorsBlock {
    pub retry: Labelled,
    pub ignore: Labelled,
}

/// A `generate` block with its place, which a repeated one in a child is told.
#[derive(Clone)]
pub(crate) struct GenerateBlock {
    pub fields: Fields,
    pub place: Location,
}

/// How much of a file is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What the graph needs: no inputs, no hooks, nothing generated.
    Outline,
    Everything,
}

impl FileScope<'_> {
    /// Evaluates the file; what fails is added to `errors`, and the rest is still there.
    pub fn file_config(&self, wanted: Wanted, errors: &mut Vec<Diagnostic>) -> FileConfig {
        let body = &self.file.body;
        decode::check_blocks(self, body, schema::BLOCKS, "this file", errors);
        decode::check_repetition(self, body, schema::REPEATED, schema::REPEATED_LABELS, errors);
        warn_of_repetition(self, body, schema::REPEATED_LABELS, errors);
        self.refuse_experiments(body, errors);
        let features = self.features();
        errors.extend(features.errors.iter().cloned());
        let locals = match wanted {
            Wanted::Outline => {
                self.check_locals(errors);
                Fields::new()
            }
            Wanted::Everything => self.all_locals(errors),
        };
        let mut config = FileConfig {
            locals,
            feature: features.defaults.clone(),
            dependency: self.own_dependencies().blocks.clone(),
            ..FileConfig::default()
        };
        self.within(Section::Rest, || self.decode_rest(body, wanted, &mut config, errors));
        config
    }

    fn decode_rest(
        &self,
        body: &Body,
        wanted: Wanted,
        config: &mut FileConfig,
        errors: &mut Vec<Diagnostic>,
    ) {
        self.decode_attributes(body, wanted, config, errors);
        for block in &body.blocks {
            let place = block.kind.span;
            let before = errors.len();
            match &*block.kind.name {
                "terraform" => config.terraform = Some(self.terraform(block, wanted, errors)),
                "dependencies" => {
                    let specs = schema::DEPENDENCIES;
                    let fields =
                        decode::attributes_only(self, &block.body, specs, "dependencies", place, errors);
                    config.dependencies = Some(strings(fields.get("paths")));
                    let place = block.body.attribute("paths").map_or(place, |paths| paths.expr.span);
                    config.dependencies_place = Some(self.location(place));
                }
                "exclude" => {
                    let specs = schema::EXCLUDE;
                    config.exclude =
                        Some(decode::attributes_only(self, &block.body, specs, "exclude", place, errors));
                }
                _ if wanted == Wanted::Outline => {}
                // As an attribute it takes the place of the block.
                "remote_state" if body.attribute("remote_state").is_none() => {
                    let mut borne = Vec::new();
                    let is_borne =
                        self.overridden.get().is_some_and(|over| over.has("this file", "remote_state"));
                    let told = if is_borne { &mut borne } else { &mut *errors };
                    config.remote_state = self.remote_state(block, told);
                }
                "generate" => {
                    if let Some(name) = decode::label(block) {
                        let title = format!("generate \"{name}\"");
                        let fields = decode::attributes_only(
                            self,
                            &block.body,
                            schema::GENERATE,
                            &title,
                            place,
                            errors,
                        );
                        Self::add_generate(config, name, fields, self.location(place), errors);
                    }
                }
                "errors" => config.errors = Some(self.errors_block(block, errors)),
                "engine" => {
                    let specs = schema::ENGINE;
                    config.engine =
                        Some(decode::attributes_only(self, &block.body, specs, "engine", place, errors));
                }
                _ => {}
            }
            self.bear(block, errors, before);
        }
    }

    /// Takes back what was told of names that are not there, since `before`, where the file above overrides the block.
    pub fn bear(&self, block: &Block, errors: &mut Vec<Diagnostic>, before: usize) {
        let is_overridden = |over: &Overridden| over.has_block(&block.kind.name, decode::label(block));
        if errors.len() > before && self.overridden.get().is_some_and(is_overridden) {
            // Of a dependency all goes: not even `values` need be there.
            let whole = &*block.kind.name == "dependency";
            let is_borne = |error: &Diagnostic| {
                NAMES_NOT_THERE.contains(&error.code) || whole && NO_NAMES_AT_ALL.contains(&error.code)
            };
            let told = errors.split_off(before);
            errors.extend(told.into_iter().filter(|error| !is_borne(error)));
        }
    }

    fn decode_attributes(
        &self,
        body: &Body,
        wanted: Wanted,
        config: &mut FileConfig,
        errors: &mut Vec<Diagnostic>,
    ) {
        let everything;
        let specs: &[Spec] = match wanted {
            Wanted::Everything => schema::FILE,
            Wanted::Outline => {
                everything = schema::FILE
                    .iter()
                    .filter(|spec| spec.name == "prevent_destroy")
                    .copied()
                    .collect::<Vec<_>>();
                &everything
            }
        };
        if wanted == Wanted::Outline {
            decode::check_attributes(self, body, schema::FILE, "this file", errors);
        }
        let given = specs.iter().filter(|spec| body.attribute(spec.name).is_some());
        for spec in given {
            let place = body.attribute(spec.name).map_or(body.span, |attribute| attribute.expr.span);
            let value = decode::value(self, body, *spec, "this file", place, errors);
            let location = self.location(place);
            match (spec.name, value.as_fields()) {
                ("inputs", fields) => {
                    // A graph or a validation asks for no outputs, so there they may be unknown as a whole.
                    let shown = self.session.outputs.is_some_and(|outputs| !outputs.are_unknown());
                    if shown && value == Value::Unknown && errors.is_empty() {
                        errors.push(
                            Diagnostic::error(
                                "terragrunt::inputs",
                                "inputs rest on outputs that are not there",
                            )
                            .at(location)
                            .help("apply what they come from first, or give it mock_outputs"),
                        );
                    }
                    config.inputs = Some(fields.cloned().unwrap_or_default());
                }
                ("remote_state", Some(fields)) => {
                    let specs = schema::REMOTE_STATE;
                    let mut fields = decode::fields_of(fields, specs, "remote_state", &location, errors);
                    Self::check_remote_state(&mut fields, &location, errors);
                    config.remote_state = Some(fields);
                }
                ("generate", Some(fields)) => {
                    for (name, value) in fields {
                        let title = format!("generate \"{name}\"");
                        let given = value.as_fields().cloned().unwrap_or_default();
                        let fields = decode::fields_of(&given, schema::GENERATE, &title, &location, errors);
                        Self::add_generate(config, name, fields, location.clone(), errors);
                    }
                }
                ("remote_state" | "generate", None) => {}
                (name, _) if !value.is_null() => {
                    config.attributes.insert(name, value);
                }
                _ => {}
            }
        }
        if wanted == Wanted::Everything {
            decode::check_attributes(self, body, schema::FILE, "this file", errors);
        }
    }

    fn terraform(&self, block: &Block, wanted: Wanted, errors: &mut Vec<Diagnostic>) -> TerraformBlock {
        let body = &block.body;
        let place = block.kind.span;
        self.refuse_dependency_in_source(body, errors);
        if wanted == Wanted::Outline {
            let source = decode::value(self, body, schema::TERRAFORM_SOURCE, "terraform", place, errors);
            let fields = Fields::from([(Arc::from("source"), source)]);
            return TerraformBlock { fields, ..TerraformBlock::default() };
        }
        decode::check_blocks(self, body, schema::TERRAFORM_BLOCKS, "terraform", errors);
        warn_of_repetition(self, body, schema::REPEATED_TERRAFORM_LABELS, errors);
        let fields = decode::attributes(self, body, schema::TERRAFORM, "terraform", place, errors);
        patterns::check_copied(self, block, &fields, errors);
        let before_hooks = self.labelled(body, "before_hook", schema::HOOK, errors);
        let after_hooks = self.labelled(body, "after_hook", schema::HOOK, errors);
        let error_hooks = self.labelled(body, "error_hook", schema::ERROR_HOOK, errors);
        let hooks = before_hooks.iter().chain(after_hooks.iter()).chain(error_hooks.iter());
        for (name, hook) in hooks {
            let execute = &hook["execute"];
            let program = execute.as_elements().and_then(<[Value]>::first).and_then(Value::as_str);
            if !execute.is_null() && program.is_none_or(str::is_empty) && execute.is_wholly_known() {
                let message = format!("the hook \"{name}\" has nothing to execute");
                errors.push(
                    Diagnostic::error("terragrunt::empty_hook", message)
                        .at(self.location(place))
                        .help("name a program: execute = [\"program\", \"argument\"]"),
                );
            }
        }
        let extra_arguments = self.labelled(body, "extra_arguments", schema::EXTRA_ARGUMENTS, errors);
        TerraformBlock { fields, extra_arguments, before_hooks, after_hooks, error_hooks }
    }

    /// Terragrunt needs the source before it reads any outputs.
    fn refuse_dependency_in_source(&self, body: &Body, errors: &mut Vec<Diagnostic>) {
        let Some(source) = body.attribute("source") else { return };
        if crate::terragrunt::references::uses(&source.expr, "dependency") {
            errors.push(
                Diagnostic::error(
                    "terragrunt::dependency_in_source",
                    "the source of a unit cannot depend on outputs of another",
                )
                .at(self.location(source.expr.span))
                .help("put what decides it into a local or a feature"),
            );
        }
    }

    fn labelled(&self, body: &Body, kind: &str, specs: &[Spec], errors: &mut Vec<Diagnostic>) -> Labelled {
        let mut blocks = Labelled::default();
        for block in body.blocks(kind) {
            let Some(name) = decode::label(block) else { continue };
            let title = format!("{kind} \"{name}\"");
            let before = errors.len();
            let mut fields =
                decode::attributes_only(self, &block.body, specs, &title, block.kind.span, errors);
            self.bear(block, errors, before);
            patterns::check(self, block, &fields, errors);
            fields.insert(Arc::from("name"), Value::string(name));
            blocks.push(name, fields);
        }
        blocks
    }

    fn errors_block(&self, block: &Block, errors: &mut Vec<Diagnostic>) -> ErrorsBlock {
        decode::check_blocks(self, &block.body, schema::ERRORS_BLOCKS, "errors", errors);
        warn_of_repetition(self, &block.body, schema::REPEATED_ERRORS_LABELS, errors);
        let retry = self.labelled(&block.body, "retry", schema::RETRY, errors);
        let mut ignore = self.labelled(&block.body, "ignore", schema::IGNORE, errors);
        for fields in ignore.values_mut() {
            // Signals are a map: where their types differ, all become strings.
            let signals = field(fields, "signals").as_fields().map(one_type);
            fields.insert(Arc::from("signals"), signals.unwrap_or(Value::Null));
        }
        ErrorsBlock { retry, ignore }
    }

    fn remote_state(&self, block: &Block, errors: &mut Vec<Diagnostic>) -> Option<Fields> {
        let place = block.kind.span;
        let specs = schema::REMOTE_STATE;
        let mut fields = decode::attributes_only(self, &block.body, specs, "remote_state", place, errors);
        Self::check_remote_state(&mut fields, &self.location(place), errors);
        // Without a backend there is nothing to show.
        field(&fields, "backend").as_str().is_some().then_some(fields)
    }

    fn check_remote_state(fields: &mut Fields, place: &Location, errors: &mut Vec<Diagnostic>) {
        for name in ["config", "encryption"] {
            if let Some(value) = fields.get_mut(name) {
                *value = plain(value);
            }
        }
        let Some(generate) = fields["generate"].as_fields().cloned() else { return };
        let specs = schema::REMOTE_STATE_GENERATE;
        let title = "generate of remote_state";
        let generate = decode::fields_of(&generate, specs, title, place, errors);
        check_choice(&generate, "if_exists", IF_EXISTS, title, place, errors);
        fields.insert(Arc::from("generate"), Value::Object(Arc::new(generate)));
    }

    fn add_generate(
        config: &mut FileConfig,
        name: &str,
        mut fields: Fields,
        place: Location,
        errors: &mut Vec<Diagnostic>,
    ) {
        let title = format!("generate \"{name}\"");
        check_choice(&fields, "if_exists", IF_EXISTS, &title, &place, errors);
        check_choice(&fields, "if_disabled", IF_DISABLED, &title, &place, errors);
        let defaults = [
            ("if_disabled", Value::string("skip")),
            ("comment_prefix", Value::string("# ")),
            ("disable_signature", Value::Bool(false)),
            ("disable", Value::Bool(false)),
        ];
        for (name, default) in defaults {
            if field(&fields, name).is_null() {
                fields.insert(Arc::from(name), default);
            }
        }
        if let Some(first) = config.generate.get(name) {
            let message = format!("{title} stands here again; the first is at {}", first.place);
            errors.push(Diagnostic::error("terragrunt::repeated_block", message).at(place.clone()));
        }
        config.generate.insert(name.to_owned(), GenerateBlock { fields, place });
    }
}

fn check_choice(
    fields: &Fields,
    name: &str,
    choices: &[&str],
    title: &str,
    place: &Location,
    errors: &mut Vec<Diagnostic>,
) {
    if let Some(given) = fields[name].as_str()
        && !choices.contains(&given)
    {
        // What is sensitive is not shown.
        let shown = match fields[name] {
            Value::Sensitive(_) => "this".to_owned(),
            _ => format!("\"{given}\""),
        };
        let message = format!("{name} of {title} cannot be {shown}");
        errors.push(
            Diagnostic::error("terragrunt::choice", message)
                .at(place.clone())
                .help(format!("use one of {}", choices.join(", "))),
        );
    }
}

const IF_EXISTS: &[&str] = &["overwrite", "overwrite_terragrunt", "skip", "error"];
const IF_DISABLED: &[&str] = &["remove", "remove_terragrunt", "skip"];

//! The modules that units run: which variables and outputs their files declare.

mod constraint;
mod json;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use constraint::Constraint;

use slipway_hcl::ast::{Body, ExprKind};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile};
use slipway_support::fs::read_text;

/// What the files of one folder declare, or those that a unit generates.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// By name.
    pub variables: BTreeMap<String, Variable>,
    /// The names of the outputs.
    pub outputs: BTreeSet<String>,
    /// What each `required_version` says, of files that are not JSON.
    pub required_versions: BTreeSet<String>,
    /// Whether there is any file of Terraform's in it.
    pub has_files: bool,
    /// What is wrong with the files; where something is, more may be declared than is known.
    pub diagnostics: Vec<Diagnostic>,
}

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// What `type` says, where it says something that is understood.
    pub constraint: Option<Constraint>,
    /// Whether it has a default, so that no value is needed.
    pub has_default: bool,
    /// Whether null is a value.
    pub nullable: bool,
    /// Whether its value is not to be shown.
    pub sensitive: bool,
    /// Where it is declared.
    pub location: Location,
}

impl Module {
    /// Reads the files of a folder: `*.tf`, `*.tofu` and their JSON forms, and then the override files; what `refused` has
    /// something against is not read.
    pub fn read(folder: &Path, refused: impl Fn(&Path) -> Option<Diagnostic>) -> Self {
        let mut module = Self::default();
        let Ok(entries) = std::fs::read_dir(folder) else { return module };
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_module_file))
            .collect();
        files.sort_by_key(|path| (is_override(path), path.clone()));
        for path in files {
            if let Some(refused) = refused(&path) {
                module.diagnostics.push(refused);
                continue;
            }
            match read_text(&path) {
                Ok(text) => module.add(&path, text),
                Err(error) => {
                    module.has_files = true;
                    let message = format!("{} cannot be read: {error}", path.display());
                    module.diagnostics.push(Diagnostic::error("hcl::unreadable", message));
                }
            }
        }
        module
    }

    /// Adds what a file declares that is not on disk.
    pub fn add(&mut self, path: &Path, text: impl Into<String>) {
        self.has_files = true;
        let file = SourceFile::new(path, text);
        if path.extension().is_some_and(|extension| extension == "json") {
            match json::body(&file) {
                Ok(declared) => self.declare_json(declared),
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
            return;
        }
        let (body, diagnostics) = slipway_hcl::parse(&file);
        self.declare(&file, &body);
        self.diagnostics.extend(diagnostics);
    }

    fn declare(&mut self, file: &Arc<SourceFile>, body: &Body) {
        for block in body.blocks("variable") {
            let Some(label) = block.labels.first() else { continue };
            let nullable = block.body.attribute("nullable").map(|nullable| nullable.expr.kind.clone());
            let constraint = block.body.attribute("type");
            // What is not understood forbids nothing.
            let constraint =
                constraint.map(|written| Constraint::of(&written.expr).unwrap_or(Constraint::Any));
            self.declare_variable(
                &label.name,
                constraint,
                block.body.attribute("default").is_some(),
                nullable.map(|kind| kind != ExprKind::Bool(false)),
                Location::new(file, block.kind.span.to(label.span)),
            );
            let hidden = ["sensitive", "ephemeral"].into_iter().any(|name| {
                let says = block.body.attribute(name).map(|said| &said.expr.kind);
                says.is_some_and(|kind| *kind != ExprKind::Bool(false))
            });
            if hidden {
                self.hide(&label.name);
            }
        }
        let asked = body.blocks("terraform").filter_map(|block| block.body.attribute("required_version"));
        self.required_versions.extend(asked.filter_map(|asked| match &asked.expr.kind {
            ExprKind::String(text) => Some(text.to_string()),
            _ => None,
        }));
        let outputs = body.blocks("output").filter_map(|block| block.labels.first());
        self.outputs.extend(outputs.map(|label| label.name.to_string()));
    }

    fn declare_json(&mut self, declared: json::Declared) {
        for variable in declared.variables {
            let json::Variable { name, constraint, has_default, nullable, sensitive, location } = variable;
            self.declare_variable(&name, constraint, has_default, nullable, location);
            if sensitive {
                self.hide(&name);
            }
        }
        self.outputs.extend(declared.outputs);
    }

    fn hide(&mut self, name: &str) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.sensitive = true;
        }
    }

    /// A second declaration is an override file's and replaces what it says.
    fn declare_variable(
        &mut self,
        name: &str,
        constraint: Option<Constraint>,
        has_default: bool,
        nullable: Option<bool>,
        location: Location,
    ) {
        let variable = self.variables.entry(name.to_owned()).or_insert(Variable {
            constraint: None,
            has_default: false,
            nullable: true,
            sensitive: false,
            location,
        });
        variable.has_default |= has_default;
        variable.nullable = nullable.unwrap_or(variable.nullable);
        variable.constraint = constraint.or(variable.constraint.take());
    }
}

/// Whether Terraform or OpenTofu reads a file of that name as a part of a module.
pub fn is_module_file(name: &str) -> bool {
    let endings = [".tf", ".tf.json", ".tofu", ".tofu.json"];
    // Editors leave files behind that begin with a dot or end in a tilde.
    !name.starts_with(['.', '#']) && endings.iter().any(|ending| name.ends_with(ending))
}

fn is_override(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    stem == "override" || stem.ends_with("_override")
}

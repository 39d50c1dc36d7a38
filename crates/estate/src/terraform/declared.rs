//! The declarations in a file, of either syntax.

use std::sync::Arc;

use super::constraint::Constraint;
use super::files::{is_override, name_of};
use super::module::{Backend, Hidden, Module, ModuleCall, Variable, Written};
use super::requirements::{ProviderRequirement, ProviderVersion};
use slipway_hcl::ast::{Attribute, Block, Body, Expr, ExprKind, ObjectItem};
use slipway_hcl::source::{Location, SourceFile};

impl Module {
    /// Adds what a file declares. What an override file says goes before what others have said; Terraform merges the
    /// attributes of each block by themselves.
    pub(super) fn declare(&mut self, file: &Arc<SourceFile>, body: &Body) {
        let is_override = is_override(&name_of(file.path()));
        let mut required_versions = Vec::new();
        for block in &body.blocks {
            let label = block.labels.first().map(|label| &*label.name);
            match (&*block.kind.name, label) {
                ("variable", Some(name)) => self.declare_variable(file, name, block),
                ("output", Some(name)) => {
                    self.outputs.insert(name.to_owned());
                }
                ("module", Some(name)) => self.declare_call(file, name, block),
                ("provider", Some(name)) => self.declare_provider(file, name, block),
                ("resource" | "data" | "ephemeral" | "action", Some(kind)) => {
                    self.providers.used.insert(provider_of(file, kind, block));
                }
                ("terraform", _) => self.declare_settings(file, &block.body, &mut required_versions),
                _ => {}
            }
        }
        // Those of one override file take the place of all that were asked for before it.
        if is_override && !required_versions.is_empty() {
            self.required_versions.clear();
        }
        self.required_versions.extend(required_versions);
    }

    fn declare_variable(&mut self, file: &Arc<SourceFile>, name: &str, block: &Block) {
        let location = || {
            Location::new(
                file,
                block.labels.first().map_or(block.kind.span, |label| block.kind.span.to(label.span)),
            )
        };
        let variable = self.variables.entry(name.to_owned()).or_insert_with(|| Variable {
            constraint: None,
            has_default: false,
            nullable: true,
            hidden: Hidden::default(),
            location: location(),
        });
        let written = |name: &str| block.body.attribute(name).map(|attribute| &attribute.expr);
        if let Some(written) = written("type") {
            // What is not understood forbids nothing.
            variable.constraint = Some(constraint(file, written).unwrap_or(Constraint::Any));
        }
        variable.has_default |= written("default").is_some();
        // What is neither is the tool's to refuse, and taken for the one that shows less.
        let truth = |name: &str| written(name).map(|expr| !matches!(expr.kind, ExprKind::Bool(false)));
        variable.nullable = truth("nullable").unwrap_or(variable.nullable);
        let hidden = &mut variable.hidden;
        hidden.sensitive = truth("sensitive").unwrap_or(hidden.sensitive);
        hidden.ephemeral = truth("ephemeral").unwrap_or(hidden.ephemeral);
    }

    fn declare_call(&mut self, file: &Arc<SourceFile>, name: &str, block: &Block) {
        let location = Location::new(file, block.span);
        let call =
            self.calls.entry(name.to_owned()).or_insert(ModuleCall { source: None, version: None, location });
        let written = |name: &str| block.body.attribute(name).map(|attribute| as_written(file, attribute));
        call.source = written("source").or_else(|| call.source.take());
        call.version = written("version").or_else(|| call.version.take());
    }

    fn declare_provider(&mut self, file: &Arc<SourceFile>, name: &str, block: &Block) {
        self.providers.used.insert(name.to_owned());
        if let Some(version) = block.body.attribute("version") {
            let version = as_written(file, version).text().to_owned();
            self.providers.versions.insert(ProviderVersion { name: name.to_owned(), version });
        }
    }

    /// A `terraform` block.
    fn declare_settings(&mut self, file: &Arc<SourceFile>, body: &Body, required_versions: &mut Vec<String>) {
        if let Some(ExprKind::String(text)) = body.attribute("required_version").map(|asked| &asked.expr.kind)
        {
            required_versions.push(text.to_string());
        }
        for block in &body.blocks {
            let location = || Location::new(file, block.kind.span);
            match &*block.kind.name {
                "backend" => {
                    let kind = block.labels.first().map(|label| label.name.to_string());
                    self.backends
                        .push(Backend { kind: Some(kind.unwrap_or_default()), location: location() });
                }
                "cloud" => self.backends.push(Backend { kind: None, location: location() }),
                "required_providers" => {
                    let entries = block.body.attributes.iter();
                    let entries =
                        entries.map(|entry| (entry.name.name.to_string(), requirement(file, entry)));
                    self.providers.required.extend(entries);
                }
                _ => {}
            }
        }
    }
}

/// In JSON types are texts that hold the expression.
fn constraint(file: &SourceFile, expr: &Expr) -> Option<Constraint> {
    match &expr.kind {
        ExprKind::String(text) if file.is_json() => {
            let text = SourceFile::new(file.path(), &**text);
            Constraint::of(&slipway_hcl::parse_expression(&text).ok()?)
        }
        _ => Constraint::of(expr),
    }
}

fn as_written(file: &SourceFile, attribute: &Attribute) -> Written {
    match &attribute.expr.kind {
        ExprKind::String(text) => Written::Literal(text.to_string()),
        _ => Written::Expression(file.slice(attribute.expr.span).to_owned()),
    }
}

/// The local name of the provider that a resource belongs to: that of `provider`, else the first word of its type.
fn provider_of(file: &SourceFile, kind: &str, block: &Block) -> String {
    let named = block.body.attribute("provider").map(|named| match &named.expr.kind {
        ExprKind::String(text) => text.to_string(),
        _ => file.slice(named.expr.span).to_owned(),
    });
    let text = named.as_deref().and_then(|name| name.split(['.', '[']).next());
    text.unwrap_or_else(|| kind.split('_').next().unwrap_or_default()).trim().to_owned()
}

fn requirement(file: &SourceFile, entry: &Attribute) -> ProviderRequirement {
    let text = |expr: &Expr| match &expr.kind {
        ExprKind::String(text) => text.to_string(),
        _ => file.slice(expr.span).to_owned(),
    };
    let ExprKind::Object(items) = &entry.expr.kind else {
        // A text alone is the version, as Terraform 0.12 has it.
        return ProviderRequirement { source: None, version: Some(text(&entry.expr)) };
    };
    let item = |wanted: &str| {
        let is_wanted = |item: &&ObjectItem| matches!(&item.key.kind, ExprKind::Variable(name) | ExprKind::String(name) if &**name == wanted);
        items.iter().find(is_wanted).map(|item| text(&item.value))
    };
    ProviderRequirement { source: item("source"), version: item("version") }
}

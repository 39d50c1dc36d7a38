//! The text of a module some of whose variables have values that are not known before another unit is applied.
//!
//! No tool takes such a value for a variable of the module that it runs in. What is unknown to both of them while they plan is the
//! answer of a function that they evaluate only when they apply, `uuid()`. So the variables move to a small module of ours,
//! declared as they were, with their types; that is called with the values as far as they are known, and what said `var.x` says
//! `module.slipway_open.x`. Types, optional attributes and nulls are then the tool's own affair, lines and addresses stay as they are,
//! and whatever cannot be planned without the value is refused in the tool's own words.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::OPEN_INPUTS as CALL;
use crate::hcl::ast::{Block, Body, Expr, ExprKind};
use crate::hcl::source::{SourceFile, Span};
use crate::hcl::value::{Fields, Value};
use crate::hcl::{parse, walk, write};
use crate::terraform::files::is_override;
use crate::terraform::{Constraint, Module, Variable};

/// What is unknown of whatever type while a tool plans.
const UNKNOWN: &str = "jsondecode(uuid())";
/// What a `variable` block says that is said of its value wherever that comes from.
const DECLARED: &[&str] = &["type", "nullable", "sensitive", "ephemeral"];
/// Of these, what an output has to say as well.
const HIDING: &[&str] = &["sensitive", "ephemeral"];

/// A module in which variables are open.
#[derive(Debug, Default)]
pub struct OpenedModule {
    /// The files that are others now, by the names that they have in the module's folder.
    pub files: BTreeMap<PathBuf, String>,
    /// The module of ours.
    pub inner: String,
    /// The values that it is called with.
    arguments: String,
}

impl OpenedModule {
    /// The module that is read from `files`, with these values for its variables. An error says why that cannot be.
    pub fn of(
        files: &[Arc<SourceFile>],
        module: &Module,
        open: &BTreeMap<Arc<str>, Value>,
    ) -> Result<Self, String> {
        let mut opened = Self::default();
        for source in files {
            let Some(name) = source.path().file_name() else { continue };
            if source.is_json() {
                refuse_json(source, module, open)?;
                continue;
            }
            let (body, _) = parse(source);
            let mut rewriting = Rewriting { source, open, edits: Vec::new() };
            for block in &body.blocks {
                let variable = block.labels.first().filter(|_| &*block.kind.name == "variable");
                match variable.filter(|variable| open.contains_key(&variable.name)) {
                    Some(variable) if is_override(&name.to_string_lossy()) => {
                        return Err(format!(
                            "an override file says more of the variable \"{}\"",
                            variable.name
                        ));
                    }
                    Some(variable) => {
                        opened.inner.push_str(&declaration(source, &variable.name, &block.body));
                        rewriting.blank(block.span);
                    }
                    None if variable.is_some() => rewriting.drop_validations(block),
                    None => rewriting.redirect(&block.body),
                }
            }
            if let Some(text) = rewriting.done() {
                opened.files.insert(PathBuf::from(name), text);
            }
        }
        for (name, value) in open {
            let variable = module.variables.get(&**name);
            // What is not to be shown rests in no file.
            let is_hidden = variable.is_some_and(Variable::is_hidden);
            let constraint =
                variable.filter(|_| !is_hidden).and_then(|variable| variable.constraint.as_ref());
            let written = write::expression(&as_given(value, constraint), 1, &Open);
            opened.arguments.extend(["  ", name, " = ", &written, "\n"]);
        }
        Ok(opened)
    }

    /// The file that calls the module of ours in the folder `source`, a path that begins with `./`.
    pub fn call(&self, source: &str) -> String {
        format!("module \"{CALL}\" {{\n  source = {}\n{}}}\n", write::quoted(source), self.arguments)
    }
}

/// What a file in JSON says of variables cannot be moved.
fn refuse_json(source: &SourceFile, module: &Module, open: &BTreeMap<Arc<str>, Value>) -> Result<(), String> {
    let is_declared = |name: &str| {
        module.variables.get(name).is_some_and(|variable| variable.location.file.path() == source.path())
    };
    let named = open.keys().find(|name| is_declared(name) || source.text().contains(&format!("var.{name}")));
    match named {
        Some(name) => {
            Err(format!("the variable \"{name}\" is in {}, which is JSON", source.path().display()))
        }
        None => Ok(()),
    }
}

/// The variable as it was declared, and an output of the same name.
fn declaration(source: &SourceFile, name: &str, body: &Body) -> String {
    let said = |names: &[&str]| -> String {
        let attributes = names.iter().filter_map(|name| body.attribute(name));
        let lines = attributes.map(|attribute| ["  ", source.slice(attribute.span), "\n"]);
        lines.flatten().collect()
    };
    let (declared, hiding) = (said(DECLARED), said(HIDING));
    format!(
        "variable \"{name}\" {{\n{declared}}}\n\noutput \"{name}\" {{\n  value = var.{name}\n{hiding}}}\n\n"
    )
}

/// The value as the tool would have taken it: a variable without a type, or with a simple one, gets a list or an object as one text,
/// of which nothing is known where some of it is not.
fn as_given(value: &Value, constraint: Option<&Constraint>) -> Value {
    let is_taken_apart = constraint.is_some_and(|constraint| {
        !matches!(constraint, Constraint::Bool | Constraint::Number | Constraint::String)
    });
    if is_taken_apart { without_secrets(value) } else { Value::Unknown }
}

/// What is secret is written in no file: it counts as unknown.
fn without_secrets(value: &Value) -> Value {
    let all = |elements: &[Value]| Arc::new(elements.iter().map(without_secrets).collect::<Vec<_>>());
    let each = |fields: &Fields| {
        let known = fields.iter().map(|(name, value)| (Arc::clone(name), without_secrets(value)));
        Arc::new(known.collect::<Fields>())
    };
    match value {
        Value::Sensitive(_) => Value::Unknown,
        Value::Tuple(elements) => Value::Tuple(all(elements)),
        Value::List(elements) => Value::List(all(elements)),
        Value::Set(elements) => Value::Set(all(elements)),
        Value::Object(fields) => Value::Object(each(fields)),
        Value::Map(fields) => Value::Map(each(fields)),
        plain => plain.clone(),
    }
}

/// Values of which some are not known.
struct Open;

impl write::Style for Open {
    fn key<'n>(&self, name: &'n str) -> std::borrow::Cow<'n, str> {
        std::borrow::Cow::Owned(self.quoted(name))
    }

    fn unknown(&self) -> &'static str {
        UNKNOWN
    }
}

/// A file that becomes another one, line by line.
struct Rewriting<'s> {
    source: &'s SourceFile,
    open: &'s BTreeMap<Arc<str>, Value>,
    edits: Vec<(Span, String)>,
}

impl Rewriting<'_> {
    /// Takes a block away, and leaves its lines.
    fn blank(&mut self, span: Span) {
        let lines = self.source.slice(span).matches('\n').count();
        self.edits.push((span, "\n".repeat(lines)));
    }

    /// Takes away what a variable is held to by an open one: nobody can tell yet.
    fn drop_validations(&mut self, block: &Block) {
        for validation in block.body.blocks("validation") {
            if !self.references(&validation.body).is_empty() {
                self.blank(validation.span);
            }
        }
    }

    fn redirect(&mut self, body: &Body) {
        for (span, name) in self.references(body) {
            self.edits.push((span, format!("module.{CALL}.{name}")));
        }
    }

    /// Each `var.x` of an open variable.
    fn references(&self, body: &Body) -> Vec<(Span, Arc<str>)> {
        let mut found = Vec::new();
        walk::body(body, &mut |expr: &Expr| {
            if let ExprKind::GetAttr { target, name } = &expr.kind
                && matches!(&target.kind, ExprKind::Variable(root) if &**root == "var")
                && self.open.contains_key(&name.name)
            {
                found.push((target.span.to(name.span), Arc::clone(&name.name)));
                return false;
            }
            true
        });
        found
    }

    /// The text; none where it stays as it is.
    fn done(mut self) -> Option<String> {
        if self.edits.is_empty() {
            return None;
        }
        self.edits.sort_by_key(|(span, _)| span.range().start);
        let mut text = String::with_capacity(self.source.text().len());
        let mut from = 0;
        for (span, instead) in self.edits {
            text.push_str(self.source.text().get(from..span.range().start).unwrap_or_default());
            text.push_str(&instead);
            from = span.range().end;
        }
        text.push_str(self.source.text().get(from..).unwrap_or_default());
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(files: &[(&str, &str)], open: &[(&str, Value)]) -> Result<OpenedModule, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let module = Module::read(folder.path(), None, |_| None);
        let sources: Vec<_> =
            files.iter().map(|(name, text)| SourceFile::new(folder.path().join(name), *text)).collect();
        let open = open.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
        OpenedModule::of(&sources, &module, &open)
    }

    #[test]
    fn what_said_the_variable_says_the_output_of_our_module_and_lines_stay() {
        let text = "variable \"vpc\" {\n  type = string\n  description = \"x\"\n\n  validation {\n    condition = length(var.vpc) > 0\n    \
                    error_message = \"\"\n  }\n}\nvariable \"vpc_name\" {}\nlocals {\n  a = \"in ${var.vpc} and \
                    ${var.vpc_name}\"\n  b = [for v in var.vpc : v]\n  c = <<-EOT\n    ${var.vpc}\n  EOT\n  d = { (var.vpc) = var.vpc }\n}\n";
        let opened = opened(&[("main.tf", text)], &[("vpc", Value::Unknown)]).unwrap();
        let written = &opened.files[std::path::Path::new("main.tf")];
        assert_eq!(written.matches('\n').count(), text.matches('\n').count());
        assert!(!written.contains("var.vpc}") && !written.contains("var.vpc "), "{written}");
        assert_eq!(written.matches("module.slipway_open.vpc").count(), 5);
        assert!(
            written.contains("${var.vpc_name}") && written.contains("variable \"vpc_name\" {}"),
            "{written}"
        );
        assert_eq!(
            opened.inner,
            "variable \"vpc\" {\n  type = string\n}\n\noutput \"vpc\" {\n  value = var.vpc\n}\n\n"
        );
        assert_eq!(
            opened.call("./.x"),
            "module \"slipway_open\" {\n  source = \"./.x\"\n  vpc = jsondecode(uuid())\n}\n"
        );
    }

    #[test]
    fn what_is_known_of_a_value_is_given_where_the_variable_takes_it_apart() {
        let network = || {
            Value::object([
                ("id", Value::Unknown),
                ("cidr", Value::string("10.0.0.0/16 ${x}")),
                ("key", Value::string("secret").marked_if(true)),
            ])
        };
        let typed = "  type = object({ id = string, cidr = string, key = string })\n";
        let text = format!(
            "variable \"typed\" {{\n{typed}}}\nvariable \"hidden\" {{\n{typed}  sensitive = true\n}}\n\
             variable \"untyped\" {{}}\nvariable \"text\" {{\n  type = string\n}}\n"
        );
        let open = ["typed", "hidden", "untyped", "text"].map(|name| (name, network()));
        let opened = opened(&[("main.tf", &text)], &open).unwrap();
        let call = opened.call("./.x");
        assert!(call.contains("\"cidr\" = \"10.0.0.0/16 $${x}\""), "{call}");
        assert!(!call.contains("secret"), "{call}");
        for name in ["hidden", "untyped", "text"] {
            assert!(call.contains(&format!("  {name} = jsondecode(uuid())\n")), "{call}");
        }
        assert!(opened.inner.contains("value = var.hidden\n  sensitive = true\n"), "{}", opened.inner);
    }

    #[test]
    fn what_cannot_be_moved_is_refused_and_what_others_are_held_to_is_let_go() {
        let variable = "variable \"a\" {\n  type = string\n}\n";
        let why = opened(&[("main.tf", variable), ("x_override.tf", variable)], &[("a", Value::Unknown)]);
        assert!(why.unwrap_err().contains("override"));
        let json = "{\"output\": {\"x\": {\"value\": \"${var.a}\"}}}";
        let why = opened(&[("main.tf", variable), ("x.tf.json", json)], &[("a", Value::Unknown)]);
        assert!(why.unwrap_err().contains("JSON"));
        let why = opened(&[("x.tf.json", "{\"variable\": {\"a\": {}}}")], &[("a", Value::Unknown)]);
        assert!(why.unwrap_err().contains("JSON"));
        let other = "variable \"b\" {\n  validation {\n    condition = var.b != var.a\n    error_message = \"\"\n  }\n}\n";
        let opened = opened(&[("main.tf", &format!("{variable}{other}"))], &[("a", Value::Unknown)]).unwrap();
        let written = &opened.files[std::path::Path::new("main.tf")];
        assert!(!written.contains("validation") && written.contains("variable \"b\""), "{written}");
    }
}

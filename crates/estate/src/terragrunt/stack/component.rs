//! One `unit` or `stack` block of a stack file.

use std::path::Path;
use std::sync::Arc;

use super::attributes::{NO_DOT, PATH, SOURCE};
use super::autoinclude::Writer;
use super::read::{Reading, Wanted};
use super::{Kind, StackBlock, generated_dir};
use crate::terragrunt::evaluation::decode;
use crate::terragrunt::evaluation::scope::FileScope;
use crate::terragrunt::schema::{self, Spec, optional};
use slipway_hcl::ast::{Block, Expr};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Span;

const VALUES: Spec = optional("values", schema::Kind::Object);
const NO_VALIDATION: Spec = optional("no_validation", schema::Kind::Bool);
const FROM_STORE: Spec = optional("update_source_with_cas", schema::Kind::Bool);
const MUTABLE: Spec = optional("mutable", schema::Kind::Bool);
/// Behind an experiment.
pub(super) const ENABLED: Spec = optional("enabled", schema::Kind::Bool);

pub(super) const ATTRIBUTES: &[Spec] =
    &[SOURCE, PATH, VALUES, NO_DOT, NO_VALIDATION, FROM_STORE, MUTABLE, ENABLED];

impl<'r> Reading<'_, 'r> {
    /// What a block makes: one, or as many as its expansion asks for.
    pub(super) fn component(&mut self, file: &FileScope<'r>, kind: Kind, block: &Block) -> Vec<StackBlock> {
        let Some(name) = decode::label(block) else { return Vec::new() };
        let title = kind.title(name, None);
        self.check_component(file, block, &title);
        let place = block.kind.span;
        if name.trim().is_empty() {
            self.error(file, place, "stack::empty_name", format!("a {} needs a name", kind.name())).help =
                Some(format!("write {} \"name\" {{ … }}", kind.name()));
        }
        let made =
            self.each(file, block, &title, |reading, key| reading.instance(file, kind, block, name, key));
        made.into_iter().flatten().collect()
    }

    fn instance(
        &mut self,
        file: &FileScope<'r>,
        kind: Kind,
        block: &Block,
        name: &str,
        key: Option<Arc<str>>,
    ) -> Option<StackBlock> {
        let title = kind.title(name, key.as_deref());
        let (body, place) = (&block.body, block.kind.span);
        let before = self.errors.len();
        let path = self.text(file, body, PATH, &title, place);
        let no_dot = self.value(file, body, NO_DOT, &title, place).as_bool().unwrap_or_default();
        let enabled = self.value(file, body, ENABLED, &title, place).as_bool().unwrap_or(true);
        let span = |spec: Spec| body.attribute(spec.name).map_or(place, |attribute| attribute.expr.span);
        let (source, values, no_validation) = match self.wanted {
            Wanted::Places => (String::new(), None, false),
            Wanted::Everything => {
                let source = self.text(file, body, SOURCE, &title, place);
                let values = self.value(file, body, VALUES, &title, place);
                let no_validation = self.value(file, body, NO_VALIDATION, &title, place);
                for of_the_store in [FROM_STORE, MUTABLE] {
                    self.value(file, body, of_the_store, &title, place);
                }
                if !values.is_wholly_known() {
                    let message = format!("the values of {title} are not known");
                    self.error(file, span(VALUES), "stack::unknown_values", message).help = Some(
                        "values are written down when the stack is generated: use what is known then".into(),
                    );
                }
                let values = (!values.is_null()).then_some(values);
                (source?, values, no_validation.as_bool().unwrap_or_default())
            }
        };
        let path = path?;
        self.check_path(file, &path, no_dot, &title, span(PATH));
        let dir = generated_dir(self.dir, &path, no_dot);
        let autoinclude = self.autoinclude(file, kind, block, &dir, &title);
        if self.errors.iter().skip(before).any(Diagnostic::is_error) {
            return None;
        }
        Some(StackBlock {
            kind,
            name: name.to_owned(),
            key,
            source: source.into(),
            dir,
            path,
            values,
            enabled,
            is_checked: !no_validation && !no_dot,
            autoinclude,
            location: file.location(place),
            source_location: file.location(span(SOURCE)),
            path_location: file.location(span(PATH)),
        })
    }

    fn autoinclude(
        &mut self,
        file: &FileScope<'r>,
        kind: Kind,
        block: &Block,
        dir: &Path,
        title: &str,
    ) -> Option<String> {
        let found = block.body.blocks("autoinclude").next()?;
        if self.wanted == Wanted::Places {
            return None;
        }
        let allowed = |inner: &Block| match &*inner.kind.name {
            "locals" | "autoinclude" => false,
            "dependency" => kind == Kind::Unit,
            _ => true,
        };
        if let Some(refused) = found.body.blocks.iter().find(|inner| !allowed(inner)) {
            let message =
                format!("a block \"{}\" may not stand in the autoinclude of {title}", refused.kind.name);
            self.error(file, refused.kind.span, "stack::autoinclude", message).help = Some(match kind {
                Kind::Unit => "put locals into the stack file: they can be used in autoinclude".into(),
                Kind::Stack => {
                    "a stack takes unit and stack blocks there; put locals into the stack file".into()
                }
            });
            return None;
        }
        let evaluate = |expr: &Expr| self.evaluated(file, expr);
        let slice = |span: Span| file.file.source.slice(span);
        let text = Writer { evaluate: &evaluate, slice: &slice, dir }.text(&found.body);
        text.map_err(|diagnostic| self.errors.push(*diagnostic)).ok()
    }
}

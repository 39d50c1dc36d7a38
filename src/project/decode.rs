//! One evaluation of a `cluster` block: its attributes, and mistakes in them with their place.

use std::time::Duration;

use super::fields::{duration, text};
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::hcl::value::Fields;
use crate::terragrunt::schema::Spec;
use crate::terragrunt::{Document, paths};

/// A block of `slipway.hcl` that is evaluated, with what it may use.
pub(super) struct Decode<'a> {
    /// The file.
    pub document: &'a Document,
    /// The names that it may use beside those of the file.
    pub variables: &'a Fields,
    /// The label of the cluster.
    pub label: &'a str,
    /// Where its block stands.
    pub location: &'a Location,
}

impl Decode<'_> {
    /// The attributes of a block.
    pub fn fields(&self, block: &Block, what: &str, specs: &[Spec]) -> Result<Fields, Box<Diagnostic>> {
        let attributes = self.document.attributes(&block.body, block.kind.span, what, specs, self.variables);
        attributes.map_err(|errors| {
            let first = errors.into_iter().next();
            Box::new(first.unwrap_or_else(|| Diagnostic::error("project::cluster", "cannot be evaluated")))
        })
    }

    /// A time such as `90s`, where one is given.
    pub fn duration(&self, fields: &Fields, name: &str) -> Result<Option<Duration>, Box<Diagnostic>> {
        let Some(text) = text(fields, name) else { return Ok(None) };
        let wrong = || {
            let error = self.error(&format!("{name} cannot be \"{text}\""));
            Box::new(error.help("write it like \"90s\" or \"20m\""))
        };
        duration(&text).map(Some).ok_or_else(wrong)
    }

    /// A path of the file counts from the file; an address stays.
    pub fn located(&self, path: String) -> String {
        if path.contains("://") {
            return path;
        }
        let dir = paths::folder(self.location.file.path());
        paths::join(dir, path).display().to_string()
    }

    /// What is wrong with the cluster's block.
    pub fn error(&self, message: &str) -> Diagnostic {
        let message = format!("cluster \"{}\": {message}", self.label);
        Diagnostic::error("project::cluster", message).at(self.location.clone())
    }

    /// What is wrong with a block in it.
    pub fn error_at(&self, block: &Block, message: &str) -> Diagnostic {
        let message = format!("cluster \"{}\": {message}", self.label);
        Diagnostic::error("project::cluster", message).at(self.document.location(block.kind.span))
    }
}

//! HCL's JSON syntax: the same bodies, written as JSON.
//!
//! After HCL's JSON syntax specification and its reference implementation. JSON alone does not say what is a block
//! and what is an attribute, so that the reader hands over a table of the blocks; everything else is an attribute.
//! Spans are those of the JSON text, also inside templates, so that diagnostics point into the file.

mod lower;
mod parser;
mod string;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::ast::Body;
use super::diagnostic::Diagnostic;
use super::source::{SourceFile, Span};

/// The blocks that a body may hold; every other name is an attribute.
#[derive(Clone, Copy, Debug)]
pub struct BodySchema {
    /// The blocks.
    pub blocks: &'static [BlockSchema],
}

impl BodySchema {
    /// A body that holds attributes only.
    pub const ATTRIBUTES: &'static Self = &Self { blocks: &[] };

    fn block(&self, name: &str) -> Option<&'static BlockSchema> {
        self.blocks.iter().find(|block| block.name == name)
    }
}

/// One kind of block.
#[derive(Clone, Copy, Debug)]
pub struct BlockSchema {
    /// Its type.
    pub name: &'static str,
    /// How many labels it has; each is one level of objects.
    pub labels: usize,
    /// The attribute that tells a block written without its label: an object where it is a string is no level of
    /// labels but the block itself.
    pub bare: Option<&'static str>,
    /// What stands in it.
    pub body: &'static BodySchema,
}

/// Parses a whole file. What could be read is in the body also where there are diagnostics; any diagnostic is an
/// error.
pub fn parse(file: &Arc<SourceFile>, schema: &BodySchema) -> (Body, Vec<Diagnostic>) {
    let (root, mut diagnostics) = parser::parse(file);
    let mut body = match root {
        Some(root) => lower::body(file, &root, schema, &mut diagnostics),
        None => Body::default(),
    };
    body.span = Span::new(0, file.text().len());
    (body, diagnostics)
}

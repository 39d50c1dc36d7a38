//! Bodies: attributes and blocks, line by line.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ast::{Attribute, Block, Body, Expr, ExprKind, Ident};
use super::super::source::Span;
use super::{MAX_ERRORS, Parsed, Parser};

/// How many attributes are cheaper to look through than to keep a table of.
const FEW: usize = 16;

/// The attributes of one body so far, with a table by name once there are many.
#[derive(Default)]
struct Attributes {
    list: Vec<Attribute>,
    by_name: HashMap<Arc<str>, usize>,
}

impl Attributes {
    fn find(&self, name: &str) -> Option<&Attribute> {
        if self.list.len() < FEW {
            return self.list.iter().find(|attribute| &*attribute.name.name == name);
        }
        self.by_name.get(name).and_then(|index| self.list.get(*index))
    }

    fn push(&mut self, attribute: Attribute) {
        self.list.push(attribute);
        if self.list.len() >= FEW {
            for (index, attribute) in self.list.iter().enumerate().skip(self.by_name.len()) {
                self.by_name.insert(Arc::clone(&attribute.name.name), index);
            }
        }
    }
}

impl Parser<'_> {
    /// A body up to the closing brace of the block opened at `open`, or to the end of the file.
    pub(super) fn body(&mut self, open: Option<Span>) -> Body {
        let start = self.position;
        let mut attributes = Attributes::default();
        let mut blocks = Vec::new();
        loop {
            self.skip_lines();
            let end = self.position;
            match self.peek() {
                None => {
                    if let Some(open) = open {
                        self.unexpected_inside("`}`", "block", open);
                    }
                }
                Some(b'}') if open.is_some() => self.position += 1,
                Some(_) => {
                    if self.item(&mut attributes, &mut blocks).is_err() {
                        self.recover(end);
                    }
                    if self.diagnostics.len() < MAX_ERRORS {
                        continue;
                    }
                    self.position = self.bytes.len();
                }
            }
            return Body { attributes: attributes.list, blocks, span: Span::new(start, end) };
        }
    }

    /// One attribute or block and the end of its line.
    fn item(&mut self, attributes: &mut Attributes, blocks: &mut Vec<Block>) -> Parsed<()> {
        self.count()?;
        let Some(name) = self.ident() else { return Err(self.not_an_item()) };
        self.skip();
        match self.peek() {
            Some(b'=') => {
                let attribute = self.attribute(name)?;
                self.end_of_item("attribute")?;
                self.add_attribute(attributes, attribute);
            }
            Some(b'"' | b'{') => {
                blocks.push(self.block(name)?);
                self.end_of_item("block")?;
            }
            Some(_) if self.peek_ident().is_some() => {
                blocks.push(self.block(name)?);
                self.end_of_item("block")?;
            }
            Some(b':') => {
                return Err(self.fail_here_with(
                    format!("expected `=` after `{}`, found `:`", name.name),
                    "attributes of a body are written `name = value`",
                ));
            }
            _ => {
                let found = self.found();
                return Err(self.fail_here_with(
                    format!("expected `=` or a block after `{}`, found {found}", name.name),
                    "an attribute is written `name = value`, a block `name { … }`",
                ));
            }
        }
        Ok(())
    }

    fn not_an_item(&mut self) -> super::Failed {
        match self.peek() {
            Some(b'"') => self.fail_here_with(
                "an attribute's name stands without quotes here",
                "take the quotes off; only keys of objects can have them",
            ),
            Some(b'}') => {
                let failed = self
                    .fail_here_with("this `}` closes nothing", "remove it, or look for a missing `{` above");
                self.position += 1;
                failed
            }
            _ => self.unexpected("an attribute or a block"),
        }
    }

    fn attribute(&mut self, name: Ident) -> Parsed<Attribute> {
        if self.starts_with("==") {
            return Err(
                self.fail_here_with("expected `=`, found `==`", "an attribute is written with one `=`")
            );
        }
        self.position += 1;
        self.height = 0;
        let expr = self.expression()?;
        let span = name.span.to(expr.span);
        Ok(Attribute { name, expr, span })
    }

    fn add_attribute(&mut self, attributes: &mut Attributes, attribute: Attribute) {
        if let Some(first) = attributes.find(&attribute.name.name) {
            let first = self.location(first.name.span);
            let message = format!("the attribute `{}` is set twice", attribute.name.name);
            let diagnostic = Self::syntax_error(message, self.location(attribute.name.span))
                .via("first set here", first)
                .help("remove one of the two");
            self.report(diagnostic);
        } else {
            attributes.push(attribute);
        }
    }

    fn end_of_item(&mut self, what: &str) -> Parsed<()> {
        self.skip();
        if self.at_end() || self.at_newline() {
            return Ok(());
        }
        if self.peek() == Some(b',') {
            let message = format!("expected a new line after this {what}, found `,`");
            return Err(self.fail_here_with(message, "remove the comma; only objects and lists have them"));
        }
        Err(self.unexpected(&format!("a new line after this {what}")))
    }

    /// A block behind its type.
    fn block(&mut self, kind: Ident) -> Parsed<Block> {
        let mut labels = Vec::new();
        loop {
            self.skip();
            if let Some(label) = self.ident() {
                labels.push(label);
                continue;
            }
            match self.peek() {
                Some(b'"') => labels.push(self.label()?),
                Some(b'{') => break,
                Some(b'=') => {
                    return Err(self.fail_here_with(
                        format!("expected `{{` after the labels of the block `{}`, found `=`", kind.name),
                        "an attribute's name is a single word",
                    ));
                }
                _ if self.at_newline() => {
                    return Err(self.fail_here_with(
                        format!("expected `{{` after the block `{}`, found the end of the line", kind.name),
                        "the `{` of a block stands on the line of its name",
                    ));
                }
                _ => return Err(self.unexpected("a label or `{`")),
            }
        }
        let open = self.next_span();
        self.position += 1;
        let body = self.nested(|parser| parser.block_body(open))?;
        let span = Span::new(kind.span.start as usize, self.position);
        Ok(Block { kind, labels, body, span })
    }

    fn label(&mut self) -> Parsed<Ident> {
        let Expr { kind, span } = self.quoted_template()?;
        if let ExprKind::String(name) = kind {
            return Ok(Ident { name, span });
        }
        let location = self.location(span);
        let help = "labels are plain strings; write `$${` for the characters themselves";
        Err(self.report_at(location, "a block's label cannot be computed", Some(help)))
    }

    fn block_body(&mut self, open: Span) -> Parsed<Body> {
        let start = self.position;
        self.skip();
        if self.at_end() || self.at_newline() || self.peek() == Some(b'}') {
            self.position = start;
            return Ok(self.body(Some(open)));
        }
        // A block on one line holds exactly one attribute.
        self.count()?;
        let Some(name) = self.ident() else { return Err(self.not_an_item()) };
        self.skip();
        if self.peek() != Some(b'=') {
            let message =
                format!("expected `=` after `{}` in a block on one line, found {}", name.name, self.found());
            return Err(self.fail_here_with(message, "start a new line after the `{`"));
        }
        let attribute = self.attribute(name)?;
        let end = attribute.span.end as usize;
        self.skip();
        if self.at_end() || !self.eat("}") {
            if self.at_end() {
                return Err(self.unexpected_inside("`}`", "block", open));
            }
            let message = format!(
                "expected `}}` after the only attribute of a block on one line, found {}",
                self.found()
            );
            return Err(
                self.fail_here_with(message, "start a new line after the `{` for more than one attribute")
            );
        }
        Ok(Body { attributes: vec![attribute], blocks: Vec::new(), span: Span::new(start, end) })
    }
}

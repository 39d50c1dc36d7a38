//! From JSON values to bodies and expressions.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ast::{Attribute, Block, Body, Expr, ExprKind, Ident, ObjectItem};
use super::super::diagnostic::Diagnostic;
use super::super::source::{Location, SourceFile, Span};
use super::parser::{Member, Node, NodeKind};
use super::string::{Text, error};
use super::{BlockSchema, BodySchema};
use crate::stack::with_room;

/// Properties with this name are comments, where a body is read.
const COMMENT: &str = "//";
/// What a body holds, as messages name it.
const WHOLE: &str = "the attributes and blocks";

/// A body: an object, or an array of objects whose properties count together.
pub(super) fn body(
    file: &Arc<SourceFile>,
    node: &Node,
    schema: &BodySchema,
    errors: &mut Vec<Diagnostic>,
) -> Body {
    let mut lowering = Lowering { file, errors };
    // Further in, null stands for no blocks; as a whole file it stands for nothing.
    if matches!(node.kind, NodeKind::Null) {
        lowering.wrong(node.span, "an object, or an array of objects,", WHOLE, &node.kind);
    }
    lowering.body(node, schema)
}

struct Lowering<'a> {
    file: &'a Arc<SourceFile>,
    errors: &'a mut Vec<Diagnostic>,
}

/// The type of the blocks that are being read, and the labels so far.
struct Header<'a> {
    kind: &'a Text,
    schema: &'static BlockSchema,
    labels: Vec<Ident>,
}

impl Lowering<'_> {
    fn body(&mut self, node: &Node, schema: &BodySchema) -> Body {
        let mut body = Body { span: node.span, ..Body::default() };
        let mut places: HashMap<Arc<str>, Span> = HashMap::new();
        for Member { name, value } in self.members(node, WHOLE) {
            if &*name.value == COMMENT {
                continue;
            }
            if let Some(block) = schema.block(&name.value) {
                let header = Header { kind: name, schema: block, labels: Vec::new() };
                self.blocks(value, &header, &mut body.blocks);
                continue;
            }
            if let Some(first) = places.get(&name.value) {
                let message = format!("the attribute `{}` is set twice", name.value);
                let diagnostic = error(self.file, name.span, message)
                    .via("first set here", Location::new(self.file, *first))
                    .help("remove one of the two");
                self.errors.push(diagnostic);
                continue;
            }
            places.insert(Arc::clone(&name.value), name.span);
            let expr = self.expression(value);
            let span = name.span.to(value.span);
            body.attributes.push(Attribute { name: ident(name), expr, span });
        }
        body
    }

    /// The properties of an object, or of all objects of an array; null has none.
    fn members<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Member> {
        match &node.kind {
            NodeKind::Null | NodeKind::Invalid => Vec::new(),
            NodeKind::Object(members) => members.iter().collect(),
            NodeKind::Array(elements) => {
                let mut all = Vec::new();
                for element in elements {
                    match &element.kind {
                        NodeKind::Object(members) => all.extend(members),
                        NodeKind::Invalid => {}
                        other => self.wrong(element.span, "an object", what, other),
                    }
                }
                all
            }
            other => {
                self.wrong(node.span, "an object, or an array of objects,", what, other);
                Vec::new()
            }
        }
    }

    fn wrong(&mut self, span: Span, wanted: &str, what: &str, found: &NodeKind) {
        let message = format!("{wanted} with {what} must stand here, but it is {}", found.described());
        self.errors.push(error(self.file, span, message));
    }

    /// The blocks of one property: a level of objects for each label, then an object for one or an array for
    /// several.
    fn blocks(&mut self, node: &Node, header: &Header<'_>, blocks: &mut Vec<Block>) {
        let kind = &header.kind.value;
        if let Some(bare) = bare(node, header) {
            blocks.push(self.block(bare, header));
            return;
        }
        if header.labels.len() < header.schema.labels {
            let members = self.members(node, &format!("the labels of `{kind}` blocks"));
            if members.is_empty()
                && matches!(node.kind, NodeKind::Null | NodeKind::Object(_) | NodeKind::Array(_))
            {
                let message = format!("`{kind}` needs a label: an object whose property is the label");
                let help = format!("write \"{kind}\": {{ \"name\": {{ … }} }}");
                self.errors.push(error(self.file, node.span, message).help(help));
            }
            for Member { name, value } in members {
                let mut labels = header.labels.clone();
                labels.push(ident(name));
                self.blocks(value, &Header { labels, ..*header }, blocks);
            }
            return;
        }
        match &node.kind {
            NodeKind::Null | NodeKind::Invalid => {}
            NodeKind::Object(_) => blocks.push(self.block(node, header)),
            NodeKind::Array(elements) => {
                for element in elements {
                    blocks.push(self.block(element, header));
                }
            }
            other => {
                let what = format!("the content of `{kind}`");
                self.wrong(node.span, "an object, or an array of objects,", &what, other);
            }
        }
    }

    fn block(&mut self, node: &Node, header: &Header<'_>) -> Block {
        let body = self.body(node, header.schema.body);
        let labels = header.labels.clone();
        Block { kind: ident(header.kind), labels, body, span: header.kind.span.to(node.span) }
    }

    fn expression(&mut self, node: &Node) -> Expr {
        let kind = match &node.kind {
            NodeKind::Null | NodeKind::Invalid => ExprKind::Null,
            NodeKind::Bool(truth) => ExprKind::Bool(*truth),
            NodeKind::Number(number) => ExprKind::Number(number.clone()),
            NodeKind::String(text) => return text.template(self.file, self.errors),
            NodeKind::Array(elements) => {
                ExprKind::Tuple(elements.iter().map(|element| self.deeper(element)).collect())
            }
            NodeKind::Object(members) => ExprKind::Object(self.items(members)),
        };
        Expr { kind, span: node.span }
    }

    fn deeper(&mut self, node: &Node) -> Expr {
        with_room(|| self.expression(node))
    }

    /// The properties of an object that is a value: names are templates too, and none is a comment.
    fn items(&mut self, members: &[Member]) -> Vec<ObjectItem> {
        let item = |lowering: &mut Self, Member { name, value }: &Member| ObjectItem {
            key: name.template(lowering.file, lowering.errors),
            value: lowering.deeper(value),
        };
        members.iter().map(|member| item(self, member)).collect()
    }
}

/// The block itself where it is written without its label.
fn bare<'n>(node: &'n Node, header: &Header<'_>) -> Option<&'n Node> {
    let telling = header.schema.bare.filter(|_| header.labels.is_empty())?;
    let node = match &node.kind {
        NodeKind::Array(elements) => match elements.as_slice() {
            [single] => single,
            _ => return None,
        },
        _ => node,
    };
    let NodeKind::Object(members) = &node.kind else { return None };
    let told = members
        .iter()
        .any(|member| &*member.name.value == telling && matches!(member.value.kind, NodeKind::String(_)));
    told.then_some(node)
}

fn ident(text: &Text) -> Ident {
    Ident { name: Arc::clone(&text.value), span: text.span }
}

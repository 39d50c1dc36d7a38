//! The syntax of HCL as a tree with spans.
//!
//! After the HCL native syntax specification: bodies hold attributes and blocks, expressions are the
//! expression and template sub-languages. The tree owns its text, so a file can be dropped; spans are byte
//! offsets into the file it was parsed from.

use std::sync::Arc;

use super::number::Number;
use super::source::Span;
use super::stack::with_room;

/// A name with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// The name itself.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// What stands between two braces, or in a whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Attributes in the order of the file; names are unique, a repeated one is a syntax error.
    pub attributes: Vec<Attribute>,
    /// Blocks in the order of the file.
    pub blocks: Vec<Block>,
    /// The whole body without its braces.
    pub span: Span,
}

impl Body {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name.name == name)
    }

    /// All blocks of that type, in order.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind.name == kind)
    }
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The left side.
    pub name: Ident,
    /// The right side.
    pub expr: Expr,
    /// Both.
    pub span: Span,
}

/// `type "label" … { body }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The block's type.
    pub kind: Ident,
    /// Its labels, quotes removed.
    pub labels: Vec<Ident>,
    /// What it holds.
    pub body: Body,
    /// From the type to the closing brace.
    pub span: Span,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number literal.
    Number(Number),
    /// A quoted or heredoc template without interpolation, escapes resolved.
    String(Arc<str>),
    /// A template with at least one interpolation or directive.
    Template(Vec<TemplatePart>),
    /// A root name.
    Variable(Arc<str>),
    /// `target.name`.
    GetAttr {
        /// What is looked into.
        target: Box<Expr>,
        /// The attribute.
        name: Ident,
    },
    /// `target[key]`, and the legacy `target.0`.
    Index {
        /// What is looked into.
        target: Box<Expr>,
        /// The key.
        key: Box<Expr>,
    },
    /// `target.*` or `target[*]` with the steps that apply to each element.
    Splat {
        /// What is walked over; a single value counts as one element, null as none.
        target: Box<Expr>,
        /// What is taken of each element, in order.
        steps: Vec<SplatStep>,
    },
    /// `name(arguments…)`.
    Call {
        /// The function; `ns::name` with its namespace.
        name: Ident,
        /// The arguments.
        arguments: Vec<Expr>,
        /// Whether the last argument is expanded by `...`.
        expand: bool,
    },
    /// `!x` or `-x`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a op b`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// `condition ? yes : no`.
    Conditional {
        /// What decides.
        condition: Box<Expr>,
        /// The value where it holds.
        yes: Box<Expr>,
        /// The value where it does not.
        no: Box<Expr>,
    },
    /// `(x)`; kept because `(x)` as an object's key is an expression and `x` is a name.
    Paren(Box<Expr>),
    /// `[a, b]`.
    Tuple(Vec<Expr>),
    /// `{ key = value }`.
    Object(Vec<ObjectItem>),
    /// `[for …]` or `{for …}`.
    For(Box<ForExpr>),
}

/// A step after a splat.
#[derive(Clone, Debug, PartialEq)]
pub enum SplatStep {
    /// `.name`.
    Attr(Ident),
    /// `[key]`.
    Index(Expr),
    /// A `[*]` behind a `[*]`: a splat of what the steps before gave, with steps of its own.
    Splat(Vec<SplatStep>),
}

/// One `key = value` of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectItem {
    /// The key; a bare name is a string, parentheses make it an expression.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// A for expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ForExpr {
    /// The name of the key or index, where one is given.
    pub key_name: Option<Ident>,
    /// The name of the value.
    pub value_name: Ident,
    /// What is walked over.
    pub collection: Expr,
    /// The key of the result; present exactly for objects.
    pub key: Option<Expr>,
    /// The value of the result.
    pub value: Expr,
    /// Whether values of one key are grouped by `...`.
    pub group: bool,
    /// The `if`.
    pub condition: Option<Expr>,
}

/// A piece of a template; strip markers and heredoc indentation are already applied.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Text.
    Literal(Arc<str>),
    /// `${ … }`.
    Interpolation(Expr),
    /// `%{ if … }`.
    If {
        /// What decides.
        condition: Expr,
        /// The text where it holds.
        yes: Vec<TemplatePart>,
        /// The text where it does not; empty without `else`.
        no: Vec<TemplatePart>,
    },
    /// `%{ for … }`.
    For {
        /// The name of the key or index.
        key_name: Option<Ident>,
        /// The name of the value.
        value_name: Ident,
        /// What is walked over.
        collection: Expr,
        /// The text for each element.
        body: Vec<TemplatePart>,
    },
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Negate,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

/// Replaces every span in an expression, for text that was parsed apart from the file it stands in.
pub(super) fn map_spans(expr: &mut Expr, map: &dyn Fn(Span) -> Span) {
    expr.span = map(expr.span);
    let mut each = |inner: &mut Expr| {
        with_room(|| map_spans(inner, map));
    };
    let name = |ident: &mut Ident| ident.span = map(ident.span);
    match &mut expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_) => {}
        ExprKind::Template(parts) => map_parts(parts, map),
        ExprKind::GetAttr { target, name: attribute } => {
            each(target);
            name(attribute);
        }
        ExprKind::Index { target, key } => {
            each(target);
            each(key);
        }
        ExprKind::Splat { target, steps } => {
            each(target);
            map_steps(steps, map);
        }
        ExprKind::Call { name: function, arguments, .. } => {
            name(function);
            arguments.iter_mut().for_each(each);
        }
        ExprKind::Unary { operand, .. } => each(operand),
        ExprKind::Binary { left, right, .. } => {
            each(left);
            each(right);
        }
        ExprKind::Conditional { condition, yes, no } => {
            each(condition);
            each(yes);
            each(no);
        }
        ExprKind::Paren(inner) => each(inner),
        ExprKind::Tuple(elements) => elements.iter_mut().for_each(each),
        ExprKind::Object(items) => {
            for item in items {
                each(&mut item.key);
                each(&mut item.value);
            }
        }
        ExprKind::For(inner) => {
            inner.key_name.iter_mut().for_each(name);
            name(&mut inner.value_name);
            each(&mut inner.collection);
            inner.key.iter_mut().for_each(&mut each);
            each(&mut inner.value);
            inner.condition.iter_mut().for_each(each);
        }
    }
}

fn map_steps(steps: &mut [SplatStep], map: &dyn Fn(Span) -> Span) {
    for step in steps {
        match step {
            SplatStep::Attr(name) => name.span = map(name.span),
            SplatStep::Index(key) => map_spans(key, map),
            SplatStep::Splat(inner) => map_steps(inner, map),
        }
    }
}

fn map_parts(parts: &mut [TemplatePart], map: &dyn Fn(Span) -> Span) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => map_spans(expr, map),
            TemplatePart::If { condition, yes, no } => {
                map_spans(condition, map);
                map_parts(yes, map);
                map_parts(no, map);
            }
            TemplatePart::For { key_name, value_name, collection, body } => {
                for name in key_name.iter_mut().chain([value_name]) {
                    name.span = map(name.span);
                }
                map_spans(collection, map);
                map_parts(body, map);
            }
        }
    }
}

//! Literals, names, calls, brackets, and the traversals behind them.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, ForExpr, Ident, ObjectItem, SplatStep, UnaryOp};
use super::super::number::Number;
use super::super::source::Span;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// A term and the `.name`, `[key]` and splats behind it.
    pub(super) fn term_with_traversals(&mut self) -> Parsed<Expr> {
        let mut expr = self.term()?;
        loop {
            self.skip();
            match self.peek() {
                Some(b'.') if !self.starts_with("...") => expr = self.dot(expr)?,
                Some(b'[') => expr = self.bracket(expr)?,
                _ => return Ok(expr),
            }
            self.grow_height()?;
        }
    }

    fn dot(&mut self, target: Expr) -> Parsed<Expr> {
        let start = target.span;
        self.position += 1;
        self.skip();
        if self.eat("*") {
            let (steps, end) = self.attribute_steps()?;
            let span = Span::new(start.start as usize, end);
            return Ok(Expr { kind: ExprKind::Splat { target: Box::new(target), steps }, span });
        }
        if let Some(name) = self.ident() {
            let span = start.to(name.span);
            return Ok(Expr { kind: ExprKind::GetAttr { target: Box::new(target), name }, span });
        }
        let key = self.legacy_index()?;
        let span = start.to(key.span);
        Ok(Expr { kind: ExprKind::Index { target: Box::new(target), key: Box::new(key) }, span })
    }

    /// The steps behind a `.*`: attributes only; an index behind them is one into the whole result. With the
    /// end of the last one.
    fn attribute_steps(&mut self) -> Parsed<(Vec<SplatStep>, usize)> {
        let mut steps = Vec::new();
        loop {
            let end = self.position;
            self.skip();
            if self.peek() != Some(b'.') || self.starts_with("...") {
                self.position = end;
                return Ok((steps, end));
            }
            self.position += 1;
            self.skip();
            steps.push(match self.ident() {
                Some(name) => SplatStep::Attr(name),
                None => SplatStep::Index(self.legacy_index()?),
            });
        }
    }

    /// The digits of `a.0`, the way HIL wrote `a[0]`.
    fn legacy_index(&mut self) -> Parsed<Expr> {
        let start = self.position;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.unexpected("an attribute's name after the dot"));
        }
        self.position += digits;
        if self.peek() == Some(b'.') && self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
            let location = self.location(self.span_from(start));
            let help = "write the indexes in brackets, such as [0][1]";
            return Err(self.report_at(
                location,
                "two indexes by dots in a row cannot be told from a fraction",
                Some(help),
            ));
        }
        self.number_at(start)
    }

    fn bracket(&mut self, target: Expr) -> Parsed<Expr> {
        let open = self.next_span();
        self.position += 1;
        let start = target.span;
        if self.with_newlines_end(false, |parser| {
            parser.skip();
            parser.eat("*")
        }) {
            self.skip();
            if !self.eat("]") {
                return Err(self.unexpected_inside("`]` right after the `*`", "splat", open));
            }
            let steps = self.nested(Self::splat_steps)?;
            let span = self.span_from(start.start as usize);
            return Ok(Expr { kind: ExprKind::Splat { target: Box::new(target), steps }, span });
        }
        let key = self.index_key(open)?;
        let span = Span::new(start.start as usize, self.position);
        Ok(Expr { kind: ExprKind::Index { target: Box::new(target), key: Box::new(key) }, span })
    }

    /// The key of an index behind its `[`, and the `]`.
    fn index_key(&mut self, open: Span) -> Parsed<Expr> {
        self.with_newlines_end(false, |parser| {
            let key = parser.expression()?;
            parser.skip();
            if parser.eat("]") { Ok(key) } else { Err(parser.unexpected_inside("`]`", "index", open)) }
        })
    }

    /// Everything behind a `[*]` belongs to the splat.
    fn splat_steps(&mut self) -> Parsed<Vec<SplatStep>> {
        let mut steps = Vec::new();
        loop {
            let before = self.position;
            self.skip();
            match self.peek() {
                Some(b'.') if !self.starts_with("...") => {
                    self.position += 1;
                    self.skip();
                    if self.eat("*") {
                        let (inner, _) = self.attribute_steps()?;
                        steps.push(SplatStep::Splat(inner));
                    } else if let Some(name) = self.ident() {
                        steps.push(SplatStep::Attr(name));
                    } else {
                        let index = self.legacy_index()?;
                        steps.push(SplatStep::Index(index));
                    }
                }
                Some(b'[') => {
                    let open = self.next_span();
                    self.position += 1;
                    if self.starts_with("*]") {
                        self.position += 2;
                        let inner = self.nested(Self::splat_steps)?;
                        steps.push(SplatStep::Splat(inner));
                        return Ok(steps);
                    }
                    let key = self.index_key(open)?;
                    steps.push(SplatStep::Index(key));
                }
                _ => {
                    self.position = before;
                    return Ok(steps);
                }
            }
        }
    }

    fn term(&mut self) -> Parsed<Expr> {
        self.count()?;
        self.skip();
        let start = self.position;
        let Some(first) = self.peek() else { return Err(self.unexpected("an expression")) };
        match first {
            b'"' => self.quoted_template(),
            b'0'..=b'9' => self.number(),
            b'(' => self.parenthesised(),
            b'[' => self.tuple_or_for(),
            b'{' => self.object_or_for(),
            b'-' => self.unary(UnaryOp::Negate),
            b'!' if self.peek_at(1) != Some(b'=') => self.unary(UnaryOp::Not),
            b'<' if self.peek_at(1) == Some(b'<') => self.heredoc(),
            b'\'' => {
                Err(self
                    .fail_here_with("expected an expression, found `'`", "strings stand in double quotes"))
            }
            _ => match self.peek_ident() {
                Some(name) => {
                    self.position += name.len();
                    self.named(start, name)
                }
                None => Err(self.unexpected("an expression")),
            },
        }
    }

    /// A keyword, a variable or a call, behind its name.
    fn named(&mut self, start: usize, name: &str) -> Parsed<Expr> {
        let span = self.span_from(start);
        self.skip();
        if self.peek() == Some(b'(') || self.starts_with("::") {
            return self.call(start, name);
        }
        let kind = match name {
            "null" => ExprKind::Null,
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            _ => ExprKind::Variable(Arc::from(name)),
        };
        Ok(Expr { kind, span })
    }

    fn unary(&mut self, op: UnaryOp) -> Parsed<Expr> {
        let start = self.next_span();
        self.position += 1;
        let operand = self.nested(Self::term_with_traversals)?;
        let span = start.to(operand.span);
        Ok(Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span })
    }

    /// Digits, points and exponents as far as they go, without points at the end; whether that is a number is
    /// seen afterwards.
    fn number(&mut self) -> Parsed<Expr> {
        let start = self.position;
        loop {
            match self.peek() {
                Some(b'0'..=b'9' | b'.') => self.position += 1,
                Some(b'e' | b'E') => {
                    let sign = usize::from(matches!(self.peek_at(1), Some(b'+' | b'-')));
                    if !self.peek_at(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
                        break;
                    }
                    self.position += 1 + sign;
                }
                _ => break,
            }
        }
        while self.bytes.get(self.position - 1) == Some(&b'.') {
            self.position -= 1;
        }
        if self.peek_ident().is_some() {
            self.position = start;
            return Err(self.fail_here("a number cannot be followed by letters"));
        }
        self.number_at(start)
    }

    fn number_at(&mut self, start: usize) -> Parsed<Expr> {
        let span = self.span_from(start);
        let text = self.text.get(span.range()).unwrap_or_default();
        if let Ok(number) = text.parse::<Number>() {
            return Ok(Expr { kind: ExprKind::Number(number), span });
        }
        let location = self.location(span);
        Err(self.report_at(location, format!("`{text}` is not a number that can be held"), None))
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        let open = self.next_span();
        self.position += 1;
        self.with_newlines_end(false, |parser| {
            let inner = parser.expression()?;
            parser.skip();
            if !parser.eat(")") {
                return Err(parser.unexpected_inside("`)`", "expression in parentheses", open));
            }
            Ok(Expr { kind: ExprKind::Paren(Box::new(inner)), span: parser.span_from(open.start as usize) })
        })
    }

    fn call(&mut self, start: usize, first: &str) -> Parsed<Expr> {
        let mut full = first.to_owned();
        let mut end = start + first.len();
        while self.eat("::") {
            self.skip();
            let Some(part) = self.peek_ident() else {
                return Err(self.unexpected("a function's name after `::`"));
            };
            self.position += part.len();
            end = self.position;
            full.push_str("::");
            full.push_str(part);
            self.skip();
        }
        let name = Ident { name: Arc::from(full), span: Span::new(start, end) };
        if self.peek() != Some(b'(') {
            return Err(self.unexpected("`(` and the arguments of the function"));
        }
        let open = self.next_span();
        self.position += 1;
        self.with_newlines_end(false, |parser| {
            let mut arguments = Vec::new();
            let mut expand = false;
            loop {
                parser.skip();
                if parser.eat(")") {
                    break;
                }
                if parser.at_end() {
                    return Err(parser.unexpected_inside("an argument or `)`", "call", open));
                }
                arguments.push(parser.expression()?);
                parser.skip();
                if parser.eat("...") {
                    expand = true;
                    parser.skip();
                    if parser.eat(")") {
                        break;
                    }
                    return Err(parser.unexpected_inside(
                        "`)` after the expanded last argument",
                        "call",
                        open,
                    ));
                }
                if !parser.eat(",") && parser.peek() != Some(b')') {
                    return Err(parser.unexpected_inside("`,` or `)`", "call", open));
                }
            }
            let kind = ExprKind::Call { name, arguments, expand };
            Ok(Expr { kind, span: parser.span_from(start) })
        })
    }

    fn tuple_or_for(&mut self) -> Parsed<Expr> {
        let open = self.next_span();
        self.position += 1;
        self.with_newlines_end(false, |parser| {
            parser.skip();
            if parser.peek_ident() == Some("for") {
                return parser.for_expression(open, false);
            }
            let mut elements = Vec::new();
            loop {
                parser.skip();
                if parser.eat("]") {
                    break;
                }
                if parser.at_end() {
                    return Err(parser.unexpected_inside("an element or `]`", "list", open));
                }
                elements.push(parser.expression()?);
                parser.skip();
                if !parser.eat(",") && parser.peek() != Some(b']') {
                    return Err(parser.unexpected_inside("`,` or `]`", "list", open));
                }
            }
            Ok(Expr { kind: ExprKind::Tuple(elements), span: parser.span_from(open.start as usize) })
        })
    }

    fn object_or_for(&mut self) -> Parsed<Expr> {
        let open = self.next_span();
        self.position += 1;
        let before = self.position;
        self.skip_lines();
        if self.peek_ident() == Some("for") {
            return self.with_newlines_end(false, |parser| parser.for_expression(open, true));
        }
        self.position = before;
        self.with_newlines_end(true, |parser| parser.object(open))
    }

    fn object(&mut self, open: Span) -> Parsed<Expr> {
        let mut items = Vec::new();
        loop {
            self.skip_lines();
            if self.eat("}") {
                break;
            }
            if self.at_end() {
                return Err(self.unexpected_inside("a key or `}`", "object", open));
            }
            if self.peek() == Some(b',') {
                return Err(self.unexpected_inside("a key or `}`", "object", open));
            }
            let key = self.object_key()?;
            self.skip();
            if !(self.peek() == Some(b'=') && self.peek_at(1) != Some(b'=') || self.peek() == Some(b':')) {
                return Err(self.unexpected_inside("`=` and a value after the key", "object", open));
            }
            self.position += 1;
            let value = self.expression()?;
            items.push(ObjectItem { key, value });
            self.skip();
            if self.eat(",") || self.at_newline() {
                continue;
            }
            if self.peek() != Some(b'}') {
                return Err(self.unexpected_inside("`,`, a new line or `}`", "object", open));
            }
        }
        Ok(Expr { kind: ExprKind::Object(items), span: self.span_from(open.start as usize) })
    }

    /// A key: a name stands for itself, everything else is an expression.
    fn object_key(&mut self) -> Parsed<Expr> {
        let start = self.position;
        if let Some(name) = self.peek_ident() {
            self.position += name.len();
            let span = self.span_from(start);
            self.skip();
            if matches!(self.peek(), Some(b'=' | b':')) && !self.starts_with("==") && !self.starts_with("::")
            {
                return Ok(Expr { kind: ExprKind::String(Arc::from(name)), span });
            }
            self.position = start;
        }
        let key = self.expression()?;
        // The name of a variable stands for itself here, whatever spaces are around it.
        Ok(match key.kind {
            ExprKind::Variable(name) => Expr { kind: ExprKind::String(name), span: key.span },
            _ => key,
        })
    }

    /// A for expression behind its opening bracket.
    fn for_expression(&mut self, open: Span, object: bool) -> Parsed<Expr> {
        let what = "for expression";
        self.eat_keyword("for");
        let (key_name, value_name) = self.for_names(open)?;
        let collection = self.expression()?;
        self.skip();
        if !self.eat(":") {
            return Err(self.unexpected_inside("`:` after the collection", what, open));
        }
        let first = self.expression()?;
        self.skip();
        let arrow = self.next_span();
        let (key, value) = if self.eat("=>") { (Some(first), self.expression()?) } else { (None, first) };
        self.skip();
        let dots = self.next_span();
        let group = self.eat("...");
        self.skip();
        let condition = if self.eat_keyword("if") { Some(self.expression()?) } else { None };
        self.skip();
        if !self.eat(if object { "}" } else { "]" }) {
            let expected = if object { "`if` or `}`" } else { "`if` or `]`" };
            return Err(self.unexpected_inside(expected, what, open));
        }
        let wrong = match (object, key.is_some(), group) {
            (false, true, _) => Some((
                arrow,
                "a key cannot be given in a for expression with [brackets]",
                "use {braces} to build an object",
            )),
            (false, _, true) => Some((
                dots,
                "values can be grouped only in a for expression with {braces}",
                "leave `...` out",
            )),
            (true, false, _) => {
                Some((value.span, "a for expression with {braces} needs a key", "write `key => value`"))
            }
            _ => None,
        };
        if let Some((span, message, help)) = wrong {
            let location = self.location(span);
            return Err(self.report_at(location, message, Some(help)));
        }
        let kind = ExprKind::For(Box::new(ForExpr {
            key_name,
            value_name,
            collection,
            key,
            value,
            group,
            condition,
        }));
        Ok(Expr { kind, span: self.span_from(open.start as usize) })
    }

    /// `[key,] value in`.
    pub(super) fn for_names(&mut self, open: Span) -> Parsed<(Option<Ident>, Ident)> {
        let what = "for expression";
        self.skip();
        let Some(first) = self.ident() else {
            return Err(self.unexpected_inside("a variable's name after `for`", what, open));
        };
        self.skip();
        let names = if self.eat(",") {
            self.skip();
            let Some(second) = self.ident() else {
                return Err(self.unexpected_inside("a variable's name after `,`", what, open));
            };
            (Some(first), second)
        } else {
            (None, first)
        };
        self.skip();
        if !self.eat_keyword("in") {
            return Err(self.unexpected_inside("`in` and what to walk over", what, open));
        }
        Ok(names)
    }
}

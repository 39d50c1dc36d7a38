//! Operators and conditionals.

use super::super::ast::{BinaryOp, Expr, ExprKind};
use super::{Parsed, Parser};

/// The loosest level of binary operators, and one past the tightest.
const LOOSEST: u8 = 0;
const PAST_TIGHTEST: u8 = 6;

impl Parser<'_> {
    /// Parses one expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let condition = self.binary(LOOSEST)?;
        self.skip();
        if self.peek() != Some(b'?') {
            return Ok(condition);
        }
        let question = self.next_span();
        self.position += 1;
        let yes = self.expression()?;
        self.skip();
        if !self.eat(":") {
            return Err(self.unexpected_inside("`:` and the value for false", "conditional", question));
        }
        let no = self.expression()?;
        self.grow_height()?;
        let span = condition.span.to(no.span);
        let kind =
            ExprKind::Conditional { condition: Box::new(condition), yes: Box::new(yes), no: Box::new(no) };
        Ok(Expr { kind, span })
    }

    /// Operators of `level` and tighter, those of one level grouped from the left.
    fn binary(&mut self, level: u8) -> Parsed<Expr> {
        if level == PAST_TIGHTEST {
            return self.term_with_traversals();
        }
        // Straight to the operand, then upwards: most expressions have no operator at all.
        let mut left = self.term_with_traversals()?;
        loop {
            self.skip();
            let Some((op, op_level, length)) = self.peek_operator() else { return Ok(left) };
            if op_level < level {
                return Ok(left);
            }
            self.position += length;
            let left_height = std::mem::take(&mut self.height);
            let right = self.binary(op_level + 1)?;
            self.height = self.height.max(left_height);
            self.grow_height()?;
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) };
            left = Expr { kind, span };
        }
    }

    /// The operator that stands here with its level and its length.
    fn peek_operator(&self) -> Option<(BinaryOp, u8, usize)> {
        let second = self.peek_at(1);
        Some(match (self.peek()?, second) {
            (b'|', Some(b'|')) => (BinaryOp::Or, 0, 2),
            (b'&', Some(b'&')) => (BinaryOp::And, 1, 2),
            (b'=', Some(b'=')) => (BinaryOp::Equal, 2, 2),
            (b'!', Some(b'=')) => (BinaryOp::NotEqual, 2, 2),
            (b'<', Some(b'=')) => (BinaryOp::LessEqual, 3, 2),
            (b'>', Some(b'=')) => (BinaryOp::GreaterEqual, 3, 2),
            (b'<', _) => (BinaryOp::Less, 3, 1),
            (b'>', _) => (BinaryOp::Greater, 3, 1),
            (b'+', _) => (BinaryOp::Add, 4, 1),
            (b'-', _) => (BinaryOp::Subtract, 4, 1),
            (b'*', _) => (BinaryOp::Multiply, 5, 1),
            (b'/', _) => (BinaryOp::Divide, 5, 1),
            (b'%', _) => (BinaryOp::Modulo, 5, 1),
            _ => return None,
        })
    }
}

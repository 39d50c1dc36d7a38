//! Operators and conditionals.

use super::super::ast::{BinaryOp, Expr, ExprKind, TemplatePart, UnaryOp};
use super::super::convert::{to_bool, to_number};
use super::super::functions::is_pure;
use super::super::limits::{self, fresh_bytes};
use super::super::number::Number;
use super::super::source::Span;
use super::super::types::{Type, convert, unify};
use super::super::value::Value;
use super::error::fail;
use super::{Evaluated, Evaluator};

impl Evaluator<'_> {
    pub(super) fn unary(&self, op: UnaryOp, operand: &Expr) -> Evaluated {
        let (value, marked) = self.expression(operand)?.unmarked();
        let result = match op {
            _ if matches!(value, Value::Unknown) => Value::Unknown,
            UnaryOp::Not => Value::Bool(!self.truth(&value, operand.span, "the operand of `!`")?),
            UnaryOp::Negate => Value::Number(self.number(&value, operand.span)?.negate()),
        };
        Ok(result.marked_if(marked))
    }

    pub(super) fn binary(&self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Evaluated {
        match op {
            BinaryOp::And => self.logical(left, right, false),
            BinaryOp::Or => self.logical(left, right, true),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.take_steps(walk_steps(&left) + walk_steps(&right), expr.span)?;
                let marked = left.is_marked() || right.is_marked();
                let equal = equals(&left.unmarked_deep(), &right.unmarked_deep());
                let result =
                    equal.map_or(Value::Unknown, |equal| Value::Bool(equal == (op == BinaryOp::Equal)));
                Ok(result.marked_if(marked))
            }
            _ => {
                let (left_value, left_marked) = self.expression(left)?.unmarked();
                let (right_value, right_marked) = self.expression(right)?.unmarked();
                let marked = left_marked || right_marked;
                if matches!(left_value, Value::Unknown) || matches!(right_value, Value::Unknown) {
                    return Ok(Value::Unknown.marked_if(marked));
                }
                let left_number = self.number(&left_value, left.span)?;
                let right_number = self.number(&right_value, right.span)?;
                let Some(result) = compute(op, &left_number, &right_number) else {
                    let message = format!("{} divides by zero", self.named(expr.span));
                    return fail(self.error("hcl::arithmetic", right.span, message));
                };
                if matches!(&result, Value::Number(number) if number.is_too_long()) {
                    let message = format!("{} has too many digits to be worked with", self.named(expr.span));
                    return fail(self.error("hcl::arithmetic", expr.span, message));
                }
                Ok(result.marked_if(marked))
            }
        }
    }

    /// `&&` and `||`: the side that decides is enough, whatever is wrong with the other one. As in HCL, null decides
    /// an `&&` as false does.
    fn logical(&self, left: &Expr, right: &Expr, decides: bool) -> Evaluated {
        let outcome = match self.expression(left) {
            // Null is no operand of `||`, but nobody minds where the other side decides.
            Ok(value) if value.is_null() => self.side(value, left, decides),
            Ok(value) => Ok(self.side(value, left, decides)?),
            Err(wrong) => Err(wrong),
        };
        let (left_truth, left_marked) = match outcome {
            Ok(side) => side,
            Err(wrong) => {
                let right = self.expression(right).and_then(|value| self.side(value, right, decides));
                return match right {
                    Ok((Some(truth), marked)) if truth == decides => {
                        Ok(Value::Bool(decides).marked_if(marked))
                    }
                    Ok(_) => Err(wrong),
                    Err(further) => Err(Box::new(wrong.and(*further))),
                };
            }
        };
        if left_truth == Some(decides) {
            return Ok(Value::Bool(decides).marked_if(left_marked));
        }
        let (right_truth, right_marked) = self.side(self.expression(right)?, right, decides)?;
        let result = match (left_truth, right_truth) {
            (_, Some(truth)) if truth == decides => Value::Bool(decides),
            (Some(_), Some(truth)) => Value::Bool(truth),
            _ => Value::Unknown,
        };
        Ok(result.marked_if(left_marked || right_marked))
    }

    /// One side of `&&` or `||`, where it is known, and whether it is sensitive.
    fn side(&self, value: Value, operand: &Expr, decides: bool) -> Evaluated<(Option<bool>, bool)> {
        let what = if decides { "an operand of `||`" } else { "an operand of `&&`" };
        let (value, marked) = value.unmarked();
        let truth = match value {
            Value::Unknown => None,
            Value::Null if !decides => Some(false),
            known => Some(self.truth(&known, operand.span, what)?),
        };
        Ok((truth, marked))
    }

    /// HCL evaluates both branches, to give the result the type that both have in common. Here the other branch
    /// is evaluated only where that can do nothing but give a value: it reads no file and runs no program. Its errors
    /// do not count.
    pub(super) fn conditional(&self, expr: &Expr, condition: &Expr, yes: &Expr, no: &Expr) -> Evaluated {
        let (decision, marked) = self.expression(condition)?.unmarked();
        if matches!(decision, Value::Unknown) {
            return Ok(Value::Unknown.marked_if(marked));
        }
        let truth = self.truth(&decision, condition.span, "the condition")?;
        let (chosen, other) = if truth { (yes, no) } else { (no, yes) };
        let value = self.expression(chosen)?;
        let purity = purity(other);
        if purity == Purity::Effects || matches!(value, Value::Null | Value::Unknown) {
            return Ok(value.marked_if(marked));
        }
        let other_type = match &other.kind {
            ExprKind::Template(parts) if !matches!(parts.as_slice(), [TemplatePart::Interpolation(_)]) => {
                Type::String
            }
            _ => match self.expression(other) {
                Ok(other) => {
                    self.take_steps(walk_steps(&other), expr.span)?;
                    Type::of(&other)
                }
                Err(_) => return Ok(value.marked_if(marked)),
            },
        };
        self.take_steps(walk_steps(&value), expr.span)?;
        let types = [Type::of(&value), other_type];
        let [own, other] = &types;
        if own == other || *other == Type::Any {
            return Ok(value.marked_if(marked));
        }
        let converted = unify(&types).ok_or_else(|| {
            format!(
                "the values for true and false cannot be of one type: {} and {}",
                own.name(),
                other.name()
            )
        });
        match converted.and_then(|wanted| convert(&value, &wanted)) {
            Ok(converted) => {
                self.take_bytes(fresh_bytes(&converted), expr.span)?;
                Ok(converted.marked_if(marked))
            }
            // Lists and maps that come from elsewhere can have lost their types on the way: then nothing is blamed.
            Err(_) if purity == Purity::Names && alike(own, other) => Ok(value.marked_if(marked)),
            Err(message) => fail(self.error("hcl::type", expr.span, message)),
        }
    }

    pub(super) fn truth(&self, value: &Value, span: Span, what: &str) -> Evaluated<bool> {
        to_bool(value).ok_or_else(|| self.wrong_type(span, what, "true or false", value).into())
    }

    fn number(&self, value: &Value, span: Span) -> Evaluated<Number> {
        to_number(value).ok_or_else(|| self.wrong_type(span, &self.named(span), "a number", value).into())
    }
}

/// The steps of walking through a value; nothing for those that hold no others, whatever they are.
fn walk_steps(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) => 0,
        // One that is larger than it may be has not been made by an expression.
        other => limits::check(other).map_or(limits::MOST_VALUES as u64, limits::Weight::steps),
    }
}

/// Whether both are lists of some kind, or both are maps.
fn alike(one: &Type, other: &Type) -> bool {
    let list = |kind: &Type| matches!(kind, Type::Tuple(_) | Type::List(_) | Type::Set(_));
    let map = |kind: &Type| matches!(kind, Type::Object(_) | Type::Map(_));
    (list(one) && list(other)) || (map(one) && map(other))
}

/// What evaluating an expression can involve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purity {
    Literals,
    Names,
    /// Whatever a function does that is not known to give a value only.
    Effects,
}

fn purity(expr: &Expr) -> Purity {
    let all = |exprs: &mut dyn Iterator<Item = &Expr>| exprs.map(purity).max().unwrap_or(Purity::Literals);
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => Purity::Literals,
        ExprKind::Variable(_) => Purity::Names,
        ExprKind::Paren(inner) | ExprKind::Unary { operand: inner, .. } => purity(inner),
        ExprKind::GetAttr { target, .. } => purity(target),
        ExprKind::Index { target, key } => purity(target).max(purity(key)),
        ExprKind::Binary { left, right, .. } => purity(left).max(purity(right)),
        ExprKind::Conditional { condition, yes, no } => purity(condition).max(purity(yes)).max(purity(no)),
        ExprKind::Tuple(elements) => all(&mut elements.iter()),
        ExprKind::Object(items) => all(&mut items.iter().flat_map(|item| [&item.key, &item.value])),
        ExprKind::Call { name, arguments, .. } if is_pure(&name.name) => {
            all(&mut arguments.iter()).max(Purity::Names)
        }
        ExprKind::For(each) => {
            let parts = [&each.collection, &each.value].into_iter().chain(&each.key).chain(&each.condition);
            all(&mut { parts }).max(Purity::Names)
        }
        // With text beside it, whatever is interpolated becomes a string.
        ExprKind::Template(parts) => match parts.as_slice() {
            [TemplatePart::Interpolation(inner)] => purity(inner),
            _ => Purity::Names,
        },
        ExprKind::Call { .. } | ExprKind::Splat { .. } => Purity::Effects,
    }
}

fn compute(op: BinaryOp, left: &Number, right: &Number) -> Option<Value> {
    Some(match op {
        BinaryOp::Less => Value::Bool(left < right),
        BinaryOp::LessEqual => Value::Bool(left <= right),
        BinaryOp::Greater => Value::Bool(left > right),
        BinaryOp::GreaterEqual => Value::Bool(left >= right),
        BinaryOp::Add => Value::Number(left.add(right)),
        BinaryOp::Subtract => Value::Number(left.subtract(right)),
        BinaryOp::Multiply => Value::Number(left.multiply(right)),
        BinaryOp::Divide => Value::Number(left.divide(right)?),
        BinaryOp::Modulo => Value::Number(left.modulo(right)),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Equal | BinaryOp::NotEqual => return None,
    })
}

/// Equal in type and value; `None` where that is not known.
fn equals(left: &Value, right: &Value) -> Option<bool> {
    if left.is_wholly_known() && right.is_wholly_known() { Some(left == right) } else { None }
}

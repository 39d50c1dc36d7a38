//! Objects and for expressions.

use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, ForExpr, Ident, ObjectItem};
use super::super::convert::to_string;
use super::super::diagnostic::Diagnostic;
use super::super::limits::object_bytes;
use super::super::scope::{CallError, Resolved, Scope};
use super::super::value::{Fields, Value};
use super::error::{fail, note};
use super::{Evaluated, Evaluator};

/// The names of one round of a for expression, before those around it.
pub(super) struct RoundScope<'a> {
    pub(super) key: Option<(&'a str, Value)>,
    pub(super) value: (&'a str, Value),
    pub(super) outer: &'a dyn Scope,
}

impl Scope for RoundScope<'_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        if self.value.0 == name {
            return Ok(Some(Resolved::root(self.value.1.clone())));
        }
        match &self.key {
            Some((key, value)) if *key == name => Ok(Some(Resolved::root(value.clone()))),
            _ => self.outer.variable(name, path),
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        self.outer.call(name, arguments)
    }

    fn variable_names(&self) -> Vec<String> {
        let own = self.key.iter().map(|(name, _)| *name).chain([self.value.0]).map(str::to_owned);
        own.chain(self.outer.variable_names()).collect()
    }

    fn function_names(&self) -> Vec<String> {
        self.outer.function_names()
    }
}

/// What a for expression walks over.
pub(super) enum Walk {
    Unknown,
    Rounds(Rounds),
}

/// A collection that is walked over, as it is: nothing of it is copied but what a round needs.
pub(super) enum Rounds {
    List(Arc<Vec<Value>>),
    Set(Arc<Vec<Value>>),
    Fields(Arc<Fields>),
}

impl Rounds {
    /// The pairs of key and value in their order.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = (Value, Value)> + '_> {
        match self {
            Self::List(elements) => Box::new((0..).map(Value::integer).zip(elements.iter().cloned())),
            Self::Set(elements) => {
                Box::new(elements.iter().map(|element| (element.clone(), element.clone())))
            }
            Self::Fields(fields) => {
                Box::new(fields.iter().map(|(key, value)| (Value::String(Arc::clone(key)), value.clone())))
            }
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn object(&self, items: &[ObjectItem]) -> Evaluated {
        let mut fields = Fields::new();
        let mut marked = false;
        let mut unknown = false;
        let mut wrong = None;
        for item in items {
            match self.item(item, &fields) {
                Ok((key, key_marked, value)) => {
                    marked |= key_marked;
                    match key {
                        // In the native syntax, of two values for one key the later one counts.
                        Some(name) => drop(fields.insert(name, value)),
                        None => unknown = true,
                    }
                }
                Err(error) => note(&mut wrong, error),
            }
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let object = if unknown { Value::Unknown } else { Value::Object(Arc::new(fields)) };
        Ok(object.marked_if(marked))
    }

    /// One `key = value`: the key, where it is known, whether it is sensitive, and the value.
    fn item(&self, item: &ObjectItem, before: &Fields) -> Evaluated<(Option<Arc<str>>, bool, Value)> {
        let ObjectItem { key, value } = item;
        if is_path(key) {
            let message = format!("the key {} could be a path or a name with dots", self.named(key.span));
            let help = "put it in parentheses to use its value, or in quotes to use it as it is";
            return fail(self.error("hcl::ambiguous_key", key.span, message).help(help));
        }
        let (name, key_marked) = self.expression(key)?.unmarked();
        let value = self.expression(value)?;
        let name = self.key(&name, key)?;
        if let Some(name) = name.as_ref().filter(|name| self.file.is_json() && before.contains_key(*name)) {
            let message = format!("the key `{name}` is there twice");
            let error = self.error("hcl::duplicate_key", key.span, message);
            return fail(error.help("remove one of the two"));
        }
        Ok((name, key_marked, value))
    }

    /// The key of an object; `None` where it is not known.
    fn key(&self, value: &Value, expr: &Expr) -> Evaluated<Option<Arc<str>>> {
        match value {
            Value::Unknown => Ok(None),
            known => match to_string(known) {
                Some(name) => Ok(Some(name)),
                None => fail(self.wrong_type(expr.span, "a key", "a string", known)),
            },
        }
    }

    pub(super) fn for_expression(&self, each: &ForExpr) -> Evaluated {
        let (collection, marked) = self.expression(&each.collection)?.unmarked();
        let Walk::Rounds(rounds) = self.rounds(collection, &each.collection)? else {
            return Ok(Value::Unknown.marked_if(marked));
        };
        let mut result = ForResult::new(marked);
        for (key, value) in rounds.iter() {
            let scope = RoundScope {
                key: each.key_name.as_ref().map(|name| (&*name.name, key)),
                value: (&each.value_name.name, value),
                outer: self.scope,
            };
            self.with_scope(&scope).round(each, &mut result)?;
        }
        Ok(result.finish(each))
    }

    /// What is walked over, where it can be.
    pub(super) fn rounds(&self, collection: Value, expr: &Expr) -> Evaluated<Walk> {
        Ok(Walk::Rounds(match collection {
            Value::Unknown => return Ok(Walk::Unknown),
            Value::Tuple(elements) | Value::List(elements) => Rounds::List(elements),
            Value::Set(elements) => Rounds::Set(elements),
            Value::Object(fields) | Value::Map(fields) => Rounds::Fields(fields),
            other => {
                let what = format!("{} in a for expression", self.named(expr.span));
                return fail(self.wrong_type(expr.span, &what, "a list, a set, a map or an object", &other));
            }
        }))
    }

    fn round(&self, each: &ForExpr, result: &mut ForResult) -> Evaluated<()> {
        self.take_steps(1, each.collection.span)?;
        if let Some(condition) = &each.condition {
            let (decision, marked) = self.expression(condition)?.unmarked();
            result.marked |= marked;
            if matches!(decision, Value::Unknown) {
                result.unknown = true;
                return Ok(());
            }
            if !self.truth(&decision, condition.span, "the `if` of a for expression")? {
                return Ok(());
            }
        }
        let Some(key) = &each.key else {
            let value = self.expression(&each.value)?;
            self.take_bytes(size_of::<Value>(), each.value.span)?;
            result.elements.push(value);
            return Ok(());
        };
        let (name, marked) = self.expression(key)?.unmarked();
        result.marked |= marked;
        let Some(name) = self.key(&name, key)? else {
            result.unknown = true;
            return Ok(());
        };
        let value = self.expression(&each.value)?;
        self.take_bytes(object_bytes(1) + name.len(), each.value.span)?;
        if each.group {
            result.groups.entry(name).or_default().push(value);
            return Ok(());
        }
        match result.fields.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(value)),
            Entry::Occupied(entry) => {
                let message = format!("two elements of this for expression have the key `{}`", entry.key());
                let error = self.error("hcl::duplicate_key", key.span, message);
                return Err(Box::new(
                    error.help("write `...` behind the value to group the values of one key"),
                ));
            }
        }
        Ok(())
    }

    /// `name` is what the variables of a template's `for` are called.
    pub(super) fn round_scope<'b>(
        &'b self,
        key_name: Option<&'b Ident>,
        value_name: &'b Ident,
        round: (Value, Value),
    ) -> RoundScope<'b> {
        let (key, value) = round;
        RoundScope {
            key: key_name.map(|name| (&*name.name, key)),
            value: (&value_name.name, value),
            outer: self.scope,
        }
    }
}

/// Whether it is a name with attributes or literal indexes behind it.
fn is_path(expr: &Expr) -> bool {
    let mut inner = expr;
    loop {
        inner = match &inner.kind {
            ExprKind::Variable(_) => return true,
            ExprKind::GetAttr { target, .. } => target,
            ExprKind::Index { target, key }
                if matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_)) =>
            {
                target
            }
            _ => return false,
        };
    }
}

/// What the rounds of a for expression have given so far.
struct ForResult {
    elements: Vec<Value>,
    fields: Fields,
    groups: std::collections::BTreeMap<Arc<str>, Vec<Value>>,
    marked: bool,
    unknown: bool,
}

impl ForResult {
    fn new(marked: bool) -> Self {
        Self {
            elements: Vec::new(),
            fields: Fields::new(),
            groups: std::collections::BTreeMap::new(),
            marked,
            unknown: false,
        }
    }

    fn finish(self, each: &ForExpr) -> Value {
        let value = if self.unknown {
            Value::Unknown
        } else if each.key.is_none() {
            Value::Tuple(Arc::new(self.elements))
        } else if each.group {
            Value::object(self.groups.into_iter().map(|(key, values)| (key, Value::tuple(values))))
        } else {
            Value::Object(Arc::new(self.fields))
        };
        value.marked_if(self.marked)
    }
}

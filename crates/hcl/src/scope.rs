//! What names mean where an expression stands.

use super::diagnostic::Diagnostic;
use super::value::Value;

impl From<super::limits::TooLarge> for CallError {
    fn from(problem: super::limits::TooLarge) -> Self {
        Self::new(problem.to_string())
    }
}

impl From<super::budget::Spent> for CallError {
    /// Whoever calls the function tells where and of what.
    fn from(spent: super::budget::Spent) -> Self {
        Self::new(spent.to_string())
    }
}

/// A name that was found, and how much of the path behind it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The value.
    pub value: Value,
    /// How many of the attribute names that follow are already applied to it.
    pub consumed: usize,
}

impl Resolved {
    /// The value of the root name itself; the path behind it is still to be walked.
    pub fn root(value: Value) -> Self {
        Self { value, consumed: 0 }
    }
}

/// Why a function refused its arguments.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The arguments do not fit; the message goes at the call.
    #[error("{0}")]
    Arguments(String),
    /// Something inside the function failed at a place of its own, such as in a template file.
    #[error("{0}")]
    Inside(Box<Diagnostic>),
}

impl CallError {
    /// An error about the arguments.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Arguments(message.into())
    }
}

/// The names that an expression can use.
///
/// Names are resolved together with the attribute names behind them, so that `local.a` needs only the local
/// `a` and not all of them: that is what keeps locals lazy.
pub trait Scope {
    /// The value of `name`, or of `name` with the first of `path` applied; `None` where the name is not known.
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>>;

    /// Calls a function; `None` where no function has that name. `try`, `can` and operators with short
    /// circuit are the evaluator's own and never come here.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>>;

    /// The root names that can be used, for suggestions.
    fn variable_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The functions that can be called, for suggestions.
    fn function_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A map of names, with a scope behind it for the names it does not have and for functions.
pub struct MapScope<'a> {
    variables: std::collections::BTreeMap<&'a str, Value>,
    parent: Option<&'a dyn Scope>,
}

impl<'a> MapScope<'a> {
    /// The given names and nothing else.
    pub fn new(variables: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self { variables: variables.into_iter().collect(), parent: None }
    }

    /// Adds another scope, for what is not among the names.
    #[must_use]
    pub fn over(mut self, parent: &'a dyn Scope) -> Self {
        self.parent = Some(parent);
        self
    }
}

impl Scope for MapScope<'_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        match (self.variables.get(name), self.parent) {
            (Some(value), _) => Ok(Some(Resolved::root(value.clone()))),
            (None, Some(parent)) => parent.variable(name, path),
            (None, None) => Ok(None),
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        self.parent.and_then(|parent| parent.call(name, arguments))
    }

    fn variable_names(&self) -> Vec<String> {
        let own = self.variables.keys().map(|name| (*name).to_owned());
        own.chain(self.parent.map(Scope::variable_names).unwrap_or_default()).collect()
    }

    fn function_names(&self) -> Vec<String> {
        self.parent.map(Scope::function_names).unwrap_or_default()
    }
}

//! What names mean in the expressions of a stack file.

use std::collections::BTreeMap;

use crate::terragrunt::evaluation::scope::FileScope;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::scope::{CallError, Resolved, Scope};
use slipway_hcl::value::Value;

/// The names of a stack file.
pub(super) struct StackScope<'a, 'r> {
    pub file: &'a FileScope<'r>,
    /// `unit` and `stack`, once the paths are known.
    pub refs: &'a BTreeMap<&'static str, Value>,
    /// `each` or `count`, in what an expanded block stands for.
    pub instance: Option<&'a (&'static str, Value)>,
}

impl Scope for StackScope<'_, '_> {
    fn variable(&self, name: &str, path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        match name {
            "unit" | "stack" => match self.refs.get(name) {
                Some(value) => Ok(Some(Resolved::root(value.clone()))),
                None => Err(Box::new(
                    Diagnostic::error("stack::too_early", format!("\"{name}\" cannot be used here"))
                        .help("paths of units and stacks are known to `values` and `source`, not to `path`"),
                )),
            },
            "dependency" | "include" | "feature" => Ok(None),
            "values" => match self.file.values()? {
                Some(values) => Ok(Some(Resolved::root(values))),
                None => Err(Box::new(
                    Diagnostic::error("stack::no_values", "nobody hands values over to this stack").help(
                        "values come from the `stack` block of another stack file; generate that one, in its \
                         own folder",
                    ),
                )),
            },
            _ => match self.instance {
                Some((own, value)) if *own == name => Ok(Some(Resolved::root(value.clone()))),
                _ => self.file.variable(name, path),
            },
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        self.file.call(name, arguments)
    }

    fn variable_names(&self) -> Vec<String> {
        let own = ["local", "stack", "unit", "values"].into_iter();
        own.chain(self.instance.map(|(name, _)| *name)).map(str::to_owned).collect()
    }

    fn function_names(&self) -> Vec<String> {
        self.file.function_names()
    }
}

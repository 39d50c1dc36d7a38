//! Calls.

use super::super::ast::{Expr, Ident};
use super::super::budget;
use super::super::limits::{self, Weight};
use super::super::scope::CallError;
use super::super::source::Span;
use super::super::value::Value;
use super::error::fail;
use super::{Evaluated, Evaluator};

impl Evaluator<'_> {
    pub(super) fn call(&self, expr: &Expr, name: &Ident, arguments: &[Expr], expand: bool) -> Evaluated {
        match &*name.name {
            // These two take their arguments unevaluated, because an error in them is an answer.
            "try" | "core::try" => return self.try_each(expr, arguments),
            "can" | "core::can" => {
                let [argument] = arguments else {
                    return fail(self.error("hcl::call", expr.span, "`can` takes exactly one argument"));
                };
                let value = self.expression(argument);
                if let (Err(_), Some(spent)) = (&value, budget::spent()) {
                    return Err(self.spent(spent, expr.span));
                }
                return Ok(Value::Bool(value.is_ok()));
            }
            _ => {}
        }
        let arguments = self.arguments(name, arguments, expand)?;
        let Some(arguments) = arguments else { return Ok(Value::Unknown) };
        self.take_steps(self.effort(name, &arguments, expr.span)?, expr.span)?;
        let called = self.scope.call(&name.name, &arguments);
        if let (Some(Err(CallError::Arguments(_))), Some(spent)) = (&called, budget::spent()) {
            return Err(self.spent(spent, expr.span));
        }
        match called {
            Some(Ok(value)) => {
                self.take_bytes(limits::fresh_bytes(&value), expr.span)?;
                // What is made of one value is no larger than that one was, nearly.
                if arguments.len() > 1 || matches!(value, Value::String(_)) {
                    self.checked(value, expr.span)
                } else {
                    Ok(value)
                }
            }
            // What is said of a sensitive value may hold it.
            Some(Err(CallError::Arguments(_))) if arguments.iter().any(Value::is_marked) => {
                let message = format!("in the call of `{}`: its arguments do not fit", name.name);
                let help = "what is wrong is not shown, since one of them is sensitive";
                fail(self.error("hcl::call", expr.span, message).help(help))
            }
            Some(Err(CallError::Arguments(message))) => {
                fail(self.error("hcl::call", expr.span, format!("in the call of `{}`: {message}", name.name)))
            }
            Some(Err(CallError::Inside(inner))) => {
                let message = format!("in the call of `{}`", name.name);
                Err(Box::new(inner.via(message, self.location(expr.span))))
            }
            None => fail(self.unknown_function(name)),
        }
    }

    /// The values of the arguments; `None` where one that is to be expanded is not known.
    fn arguments(&self, name: &Ident, arguments: &[Expr], expand: bool) -> Evaluated<Option<Vec<Value>>> {
        let mut values = self.all(arguments)?;
        if !expand {
            return Ok(Some(values));
        }
        let (Some(last), Some(expr)) = (values.pop(), arguments.last()) else { return Ok(Some(values)) };
        let (last, marked) = last.unmarked();
        match last {
            Value::Unknown => Ok(None),
            Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
                values.extend(elements.iter().map(|element| element.clone().marked_if(marked)));
                Ok(Some(values))
            }
            other => {
                let what = format!("the expanded last argument of `{}`", name.name);
                fail(self.wrong_type(expr.span, &what, "a list", &other))
            }
        }
    }

    fn try_each(&self, expr: &Expr, arguments: &[Expr]) -> Evaluated {
        let mut last = None;
        for argument in arguments {
            match self.expression(argument) {
                Ok(value) => return Ok(value),
                // There is nothing left to try the next one with.
                Err(error) if budget::spent().is_some() => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            None => Box::new(self.error("hcl::call", expr.span, "`try` needs at least one argument")),
            Some(error) => {
                Box::new(error.via("the last argument of this `try` failed too", self.location(expr.span)))
            }
        })
    }

    fn unknown_function(&self, name: &Ident) -> super::Diagnostic {
        let error =
            self.error("hcl::unknown_function", name.span, format!("there is no function `{}`", name.name));
        if name.name.starts_with("provider::") {
            return error.help("functions of providers are there in modules only; call it in the module");
        }
        if &*name.name == "type" {
            return error.help("`type` is there in the console only");
        }
        let known = self.scope.function_names();
        // All of them would be a long list: only a near one is worth naming.
        match super::super::suggest::nearest(&name.name, known.iter().map(String::as_str)) {
            Some(near) => {
                error.help(format!("did you mean `{near}`?")).suggest_at(near, self.location(name.span))
            }
            None => error,
        }
    }

    /// The steps of a call: those of walking through its arguments, which may not be more than one value may hold.
    fn effort(&self, name: &Ident, arguments: &[Value], span: Span) -> Evaluated<u64> {
        let mut weight = Weight::default();
        for argument in arguments {
            if let Err(problem) = limits::weigh(argument, &mut weight) {
                let message =
                    format!("in the call of `{}`: together, its arguments are too large", name.name);
                return fail(self.error("hcl::limit", span, message).help(problem.to_string()));
            }
        }
        Ok(weight.steps())
    }
}

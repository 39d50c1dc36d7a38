//! Evaluating `deny` and `warn` for one plan.

use super::facts::Facts;
use super::read::{RULES, part};
use super::{Check, Policy};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::value::Value;

/// What rules found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Why the plan may not be applied.
    pub deny: Vec<Finding>,
    /// What someone should know of it.
    pub warn: Vec<Finding>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The text; none where it is made of sensitive values.
    pub text: Option<String>,
}

impl Policy {
    /// What its rules say; an error where they cannot be decided.
    pub fn evaluate(&self, facts: &Facts) -> Result<Findings, Box<Diagnostic>> {
        let block = self.document.body().blocks("policy").nth(self.number);
        let Some(block) = block.filter(|_| self.check == Check::Rules) else {
            return Ok(Findings::default());
        };
        let variables = facts.variables();
        let evaluate = |name: &str| -> Result<Value, Box<Diagnostic>> {
            let specs: Vec<_> = RULES.iter().filter(|spec| spec.name == name).copied().collect();
            let body = part(&block.body, &specs);
            let fields = self.document.attributes(&body, block.kind.span, "policy", &specs, &variables);
            let fields = fields.map_err(|errors| {
                let first = errors.into_iter().next();
                Box::new(first.unwrap_or_else(|| self.error("it cannot be evaluated")))
            })?;
            Ok(fields.get(name).cloned().unwrap_or(Value::Null))
        };
        let message = || -> Result<Value, Box<Diagnostic>> { evaluate("message") };
        let place = |name: &str| {
            let attribute = block.body.attribute(name);
            attribute.map_or(self.location.clone(), |attribute| self.document.location(attribute.expr.span))
        };
        let findings = |name: &'static str| {
            findings_of(name, evaluate(name)?, &message)
                .map_err(|message| Box::new(self.error(&message).at(place(name))))
        };
        Ok(Findings { deny: findings("deny")?, warn: findings("warn")? })
    }

    fn error(&self, message: &str) -> Diagnostic {
        Diagnostic::error("project::policy", message.to_owned()).at(self.location.clone())
    }
}

/// What the value of `deny` or `warn` says; an error where that cannot be known.
fn findings_of(
    name: &str,
    value: Value,
    message: &dyn Fn() -> Result<Value, Box<Diagnostic>>,
) -> Result<Vec<Finding>, String> {
    let (value, _) = value.unmarked();
    let unknown = || {
        format!("{name} rests on values that are known only after the apply; look at `after_unknown` first")
    };
    match value {
        Value::Null | Value::Bool(false) => Ok(Vec::new()),
        Value::Unknown => Err(unknown()),
        Value::Bool(true) => {
            let (message, marked) = message().map_err(|error| error.to_string())?.unmarked();
            let text = match message {
                Value::Null => Some("its rule says so".to_owned()),
                Value::Unknown => {
                    Some("its rule says so; its message is not known before the apply".to_owned())
                }
                other => Some(text(&other).ok_or("message is no text")?),
            };
            Ok(vec![Finding { text: text.filter(|_| !marked) }])
        }
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            let mut findings = Vec::new();
            for element in elements.iter() {
                let (element, marked) = element.clone().unmarked();
                match element {
                    Value::Null => {}
                    // That there is a message is known, only its text is not.
                    Value::Unknown => findings
                        .push(Finding { text: Some("its message is not known before the apply".to_owned()) }),
                    other => {
                        let text = text(&other)
                            .ok_or_else(|| format!("{name} holds {}, which is no text", other.type_name()))?;
                        findings.push(Finding { text: Some(text).filter(|_| !marked) });
                    }
                }
            }
            Ok(findings)
        }
        other => {
            Err(format!("{name} is {}: it has to be a list of messages, or true or false", other.type_name()))
        }
    }
}

fn text(value: &Value) -> Option<String> {
    crate::hcl::convert::to_string(value).map(|text| text.to_string())
}

//! What a policy program answers, in each of the forms there are.

use serde::Deserialize;
use serde_json::Value as Json;

/// What a policy says, before anything in it is masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Why the plan may not be applied.
    pub deny: Vec<String>,
    /// What someone should know of it.
    pub warn: Vec<String>,
    /// Why it could not be decided, if so.
    pub undecided: Option<String>,
}

impl Answer {
    /// Nothing is known.
    pub fn undecided(cause: impl Into<String>) -> Self {
        Self { undecided: Some(cause.into()), ..Self::default() }
    }
}

/// One file and namespace of `conftest test --output json`.
#[derive(Deserialize)]
struct Tested {
    #[serde(default)]
    warnings: Vec<Reported>,
    #[serde(default)]
    failures: Vec<Reported>,
    #[serde(default)]
    exceptions: Vec<Reported>,
}

#[derive(Deserialize)]
struct Reported {
    msg: String,
}

/// Reads the answer of `conftest`. An exception is a denial that a rule of the policy takes back: it is told as a
/// warning.
pub fn of_conftest(stdout: &str, code: Option<i32>, stderr: &str) -> Answer {
    let tested: Vec<Tested> = match serde_json::from_str(stdout) {
        Ok(tested) => tested,
        Err(_) => return Answer::undecided(ended(code, stderr)),
    };
    let mut answer = Answer::default();
    for tested in tested {
        answer.deny.extend(tested.failures.into_iter().map(|reported| reported.msg));
        answer.warn.extend(tested.warnings.into_iter().map(|reported| reported.msg));
        let excepted = tested.exceptions.into_iter();
        answer.warn.extend(excepted.map(|reported| format!("an exception lets pass: {}", reported.msg)));
    }
    if code != Some(0) && answer.deny.is_empty() {
        return Answer::undecided(ended(code, stderr));
    }
    answer
}

#[derive(Deserialize)]
struct Evaluated {
    #[serde(default)]
    result: Vec<OpaResult>,
}

#[derive(Deserialize)]
struct OpaResult {
    expressions: Vec<OpaExpression>,
}

#[derive(Deserialize)]
struct OpaExpression {
    value: Json,
}

/// Reads the answer of `opa eval --format json data.PACKAGE`: the rules `deny`, `violation` and `warn` of it.
pub fn of_opa(stdout: &str, code: Option<i32>, stderr: &str, package: &str) -> Answer {
    if code != Some(0) {
        let errors = serde_json::from_str::<Json>(stdout).ok();
        let first = errors.as_ref().and_then(|answer| answer.pointer("/errors/0/message")?.as_str());
        return Answer::undecided(first.map_or_else(|| ended(code, stderr), str::to_owned));
    }
    let Ok(evaluated) = serde_json::from_str::<Evaluated>(stdout) else {
        return Answer::undecided("its answer cannot be read");
    };
    let value = evaluated.result.into_iter().next().and_then(|result| result.expressions.into_iter().next());
    let Some(OpaExpression { value: Json::Object(rules) }) = value else {
        return Answer::undecided(format!("there is no package {package} in its policies"));
    };
    let mut answer = Answer::default();
    let mut known = false;
    for name in ["deny", "violation", "warn"] {
        let Some(rule) = rules.get(name) else { continue };
        known = true;
        let into = if name == "warn" { &mut answer.warn } else { &mut answer.deny };
        match messages(rule, name) {
            Ok(messages) => into.extend(messages),
            Err(cause) => return Answer::undecided(cause),
        }
    }
    if known {
        answer
    } else {
        Answer::undecided(format!("package {package} has no deny, violation or warn"))
    }
}

/// Reads the answer of any other program: JSON `{"deny": […], "warn": […]}`, or a message a line, which denies where
/// it exits with 1 and warns where it exits with 0.
pub fn of_command(stdout: &str, code: Option<i32>, stderr: &str) -> Answer {
    if !matches!(code, Some(0 | 1)) {
        return Answer::undecided(ended(code, stderr));
    }
    let mut answer = Answer::default();
    if let Ok(Json::Object(rules)) = serde_json::from_str::<Json>(stdout) {
        for name in ["deny", "warn"] {
            let into = if name == "warn" { &mut answer.warn } else { &mut answer.deny };
            match rules.get(name).map_or_else(|| Ok(Vec::new()), |rule| messages(rule, name)) {
                Ok(messages) => into.extend(messages),
                Err(cause) => return Answer::undecided(cause),
            }
        }
    } else {
        let lines = stdout.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        if code == Some(0) {
            answer.warn.extend(lines);
        } else {
            answer.deny.extend(lines);
        }
    }
    if code == Some(1) && answer.deny.is_empty() {
        answer.deny.push(ended(code, stderr));
    }
    answer
}

/// A rule's value: a list of texts or of objects with `msg`, or a truth.
fn messages(rule: &Json, name: &str) -> Result<Vec<String>, String> {
    let one = |element: &Json| {
        let text = element.as_str().or_else(|| element["msg"].as_str()).map(str::to_owned);
        text.ok_or_else(|| format!("{name} holds something that is neither a text nor an object with msg"))
    };
    match rule {
        Json::Array(elements) => elements.iter().map(one).collect(),
        Json::Bool(true) => Ok(vec!["its rule says so".to_owned()]),
        Json::Bool(false) | Json::Null => Ok(Vec::new()),
        Json::String(text) => Ok(vec![text.clone()]),
        _ => Err(format!("{name} is neither a list of messages nor true or false")),
    }
}

/// How a program ended that should have said more.
fn ended(code: Option<i32>, stderr: &str) -> String {
    let how = code.map_or("it was killed".to_owned(), |code| format!("it exited with {code}"));
    match stderr.lines().rfind(|line| !line.trim().is_empty()) {
        Some(last) => format!("{how}: {}", last.trim()),
        None => how,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conftest_tells_failures_warnings_and_exceptions() {
        let answer = of_conftest(
            r#"[{"filename":"","namespace":"main","successes":1,"warnings":[{"msg":"w"}],"failures":[{"msg":"f"}],
                "exceptions":[{"msg":"e"}]}]"#,
            Some(1),
            "",
        );
        assert_eq!(answer.deny, ["f"]);
        assert_eq!(answer.warn, ["w", "an exception lets pass: e"]);
        assert_eq!(answer.undecided, None);
    }

    #[test]
    fn a_program_that_fails_without_an_answer_has_not_decided() {
        let broken = of_conftest("", Some(1), "Error: running test: load: no policies found\n");
        assert!(broken.undecided.unwrap().contains("no policies found"));
        assert!(of_conftest("[]", Some(2), "").undecided.is_some(), "nothing failed, and yet it did");
        assert!(of_opa("{}", Some(0), "", "data.terraform").undecided.is_some());
        assert!(
            of_opa(r#"{"errors":[{"message":"var x is unsafe"}]}"#, Some(2), "", "terraform")
                .undecided
                .unwrap()
                .contains("unsafe")
        );
        assert!(of_command("fine", Some(3), "").undecided.is_some());
        assert!(of_command(r#"{"deny": 4}"#, Some(0), "").undecided.is_some());
    }

    #[test]
    fn opa_tells_the_rules_of_a_package() {
        let text = r#"{"result":[{"expressions":[{"value":{"deny":["no"],"violation":[{"msg":"bad"}],"warn":[],
            "helper":3}}]}]}"#;
        assert_eq!(of_opa(text, Some(0), "", "terraform").deny, ["no", "bad"]);
        let without = r#"{"result":[{"expressions":[{"value":{"allow":true}}]}]}"#;
        assert!(of_opa(without, Some(0), "", "terraform").undecided.is_some());
    }

    #[test]
    fn a_command_speaks_in_lines_or_in_json() {
        assert_eq!(of_command("one\n\ntwo\n", Some(1), "").deny, ["one", "two"]);
        assert_eq!(of_command("careful\n", Some(0), "").warn, ["careful"]);
        assert_eq!(of_command("", Some(1), "why\n").deny, ["it exited with 1: why"]);
        let json = of_command(r#"{"deny":["no"],"warn":["hm"]}"#, Some(0), "");
        assert_eq!((json.deny, json.warn), (vec!["no".to_owned()], vec!["hm".to_owned()]));
    }
}

//! Files of variables, and what a command's arguments say of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use slipway_hcl::ast::Body;
use slipway_hcl::json::from_json;
use slipway_hcl::scope::MapScope;
use slipway_hcl::source::SourceFile;
use slipway_hcl::value::{Fields, Value};
use slipway_support::fs::read_text;

/// What the arguments of a command give to a flag, in both ways of writing: `-flag=value` and `-flag value`.
pub fn values_of<'a>(flag: &'a str, arguments: &'a [String]) -> impl Iterator<Item = &'a str> {
    let bare =
        move |argument: &'a str| argument.strip_prefix('-')?.trim_start_matches('-').strip_prefix(flag);
    arguments.iter().enumerate().filter_map(move |(index, argument)| match bare(argument)? {
        "" => arguments.get(index + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

/// The value that a text of an argument or a variable of the environment stands for: a list or an object where it is
/// written as one, else the text.
pub fn value_of(text: &str) -> Value {
    let written = || {
        if let Ok(json) = serde_json::from_str(text) {
            return from_json(&json).ok();
        }
        let source = SourceFile::new("value", format!("value = {text}\n"));
        let (body, errors) = slipway_hcl::parse(&source);
        let attribute = body.attributes.first().filter(|_| errors.is_empty())?;
        slipway_hcl::evaluate(&attribute.expr, &source, &MapScope::new([])).ok()
    };
    let is_collection = text.trim_start().starts_with(['[', '{']);
    is_collection.then(written).flatten().unwrap_or_else(|| Value::string(text))
}

/// What is in a file of variables; nothing of one that cannot be read, which is the tool's to tell.
pub fn values(file: &Path) -> Fields {
    let Ok(text) = read_text(file) else { return Fields::new() };
    values_in(file, text).unwrap_or_default()
}

/// What is in the text of a file of variables, as far as it can be evaluated; none where it is nothing of the kind.
fn values_in(file: &Path, text: String) -> Option<Fields> {
    match parsed(file, text) {
        Parsed::Json(fields) => {
            let each =
                fields?.into_iter().map(|(name, value)| Some((Arc::from(name), from_json(&value).ok()?)));
            each.collect()
        }
        Parsed::Native(source, body) => {
            let evaluated = body.attributes.iter().filter_map(|attribute| {
                let value = slipway_hcl::evaluate(&attribute.expr, &source, &MapScope::new([])).ok()?;
                Some((Arc::clone(&attribute.name.name), value))
            });
            Some(evaluated.collect())
        }
    }
}

/// The names in the text of a file of variables, whatever they are set to; none where it is nothing of the kind.
pub fn names_in(file: &Path, text: String) -> Option<BTreeSet<String>> {
    match parsed(file, text) {
        Parsed::Json(fields) => Some(fields?.into_iter().map(|(name, _)| name).collect()),
        Parsed::Native(_, body) => {
            Some(body.attributes.iter().map(|attribute| attribute.name.name.to_string()).collect())
        }
    }
}

enum Parsed {
    /// None where it is no object.
    Json(Option<serde_json::Map<String, serde_json::Value>>),
    Native(Arc<SourceFile>, Body),
}

fn parsed(file: &Path, text: String) -> Parsed {
    let source = SourceFile::new(file, text);
    if source.is_json() {
        return Parsed::Json(serde_json::from_str(source.text()).ok());
    }
    let (body, _) = slipway_hcl::parse(&source);
    Parsed::Native(source, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_files_are_read_and_both_ways_of_naming_them() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("terraform.tfvars", "a = \"one\"\nb = { c = [\"two\"] }\nbroken = nothing.x\n");
        write("x.auto.tfvars.json", "{\"d\": \"three\"}");
        let keys = |name: &str| {
            let mut keys: Vec<_> =
                values(&dir.path().join(name)).into_keys().map(|key| key.to_string()).collect();
            keys.sort_unstable();
            keys
        };
        assert_eq!(keys("terraform.tfvars"), ["a", "b"], "what cannot be evaluated is left out");
        assert_eq!(keys("x.auto.tfvars.json"), ["d"]);
        let names = names_in(Path::new("x.tfvars"), "a = nothing.x\nb = [{ c = 1 }]\n".to_owned());
        assert_eq!(names, Some(["a", "b"].map(str::to_owned).into()));
        assert_eq!(names_in(Path::new("x.tfvars.json"), "[]".to_owned()), None);
        let arguments = ["-var-file=x", "-var", "a=b", "-var-file", "y", "--var-file=z"].map(str::to_owned);
        assert_eq!(values_of("var-file", &arguments).collect::<Vec<_>>(), ["x", "y", "z"]);
        assert_eq!(values_of("var", &arguments).collect::<Vec<_>>(), ["a=b"]);
        assert!(values(Path::new("/dev/zero")).is_empty());
        let list = Value::tuple([Value::string("a")]);
        assert_eq!([value_of("[\"a\"]"), value_of(" [ \"a\", ]")], [list.clone(), list]);
        assert_eq!(value_of("{ a = \"b\" }"), Value::object([("a", Value::string("b"))]));
        assert_eq!([value_of("{x"), value_of("7")], [Value::string("{x"), Value::string("7")]);
    }
}

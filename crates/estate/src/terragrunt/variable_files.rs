//! Files of variables: those that Terraform reads by itself, and those that a unit names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::UnitConfig;
use slipway_hcl::json::from_json;
use slipway_hcl::scope::MapScope;
use slipway_hcl::source::SourceFile;
use slipway_hcl::value::{Fields, Value};
use slipway_support::fs::read_text;

/// Whether Terraform reads a file of that name without being told.
pub fn is_automatic(name: &str) -> bool {
    name == "terraform.tfvars"
        || name == "terraform.tfvars.json"
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}

/// The variable files of a unit: those in `folder`, where the tool runs, and those that it names.
pub fn of_unit(config: &UnitConfig, folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let automatic = entries.filter(|entry| is_automatic(&entry.file_name().to_string_lossy()));
    automatic.map(|entry| entry.path()).chain(named(config, folder)).collect()
}

/// The variable files that the `extra_arguments` of a unit name; `folder` is where the tool runs. One that a command names
/// may not be there.
pub fn named(config: &UnitConfig, folder: &Path) -> impl Iterator<Item = PathBuf> {
    let extras = config.terraform.iter().flat_map(|terraform| &terraform.extra_arguments);
    extras.flat_map(move |extra| {
        let beside = extra.required_var_files.iter().chain(&extra.optional_var_files);
        let given = values_of("var-file", &extra.arguments).map(move |file| folder.join(file));
        beside.map(|file| config.dir.join(file)).chain(given)
    })
}

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
    if file.extension().is_some_and(|extension| extension == "json") {
        let value = serde_json::from_str(&text).ok().and_then(|json| from_json(&json).ok());
        return value.as_ref().and_then(Value::as_fields).cloned().unwrap_or_default();
    }
    let source = SourceFile::new(file, text);
    let (body, _) = slipway_hcl::parse(&source);
    let attributes = body.attributes.iter();
    let evaluated = attributes.filter_map(|attribute| {
        let value = slipway_hcl::evaluate(&attribute.expr, &source, &MapScope::new([])).ok()?;
        Some((Arc::clone(&attribute.name.name), value))
    });
    evaluated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_files_are_read_and_those_of_both_ways_of_naming_found() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("terraform.tfvars", "a = \"one\"\nb = { c = [\"two\"] }\nbroken = nothing.x\n");
        write("x.auto.tfvars.json", "{\"d\": \"three\"}");
        write("other.tfvars", "e = 1\n");
        let files = of_unit(&UnitConfig::default(), dir.path());
        let mut names: Vec<String> =
            files.iter().flat_map(|file| values(file).into_keys()).map(|name| name.to_string()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "d"]);
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

//! Functions on files and paths.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::budget::take;
use super::super::diagnostic::Diagnostic;
use super::super::scope::{CallError, MapScope, Resolved, Scope};
use super::super::source::SourceFile;
use super::super::types::set_of;
use super::super::value::Value;
use super::super::{evaluate, parse_template};
use super::arguments::Arguments;
use super::{Called, Function, FunctionContext, glob, names};
use slipway_support::fs::{MOST_BYTES, read_regular};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abspath", (1, 1), |arguments| {
        let path = std::path::absolute(&*arguments.string(0)?)
            .map_err(|error| Arguments::wrong(0, format!("cannot be made absolute: {error}")))?;
        Ok(Value::string(clean(&path).to_string_lossy()))
    }),
    Function::new("basename", (1, 1), |arguments| Ok(Value::string(base_name(&arguments.string(0)?)))),
    Function::new("dirname", (1, 1), |arguments| Ok(Value::string(dir_name(&arguments.string(0)?)))),
    Function::new("file", (1, 1), |arguments| Ok(Value::string(read_text(arguments, 0)?))),
    Function::new("filebase64", (1, 1), |arguments| {
        Ok(Value::string(STANDARD.encode(read_bytes(arguments, 0)?)))
    }),
    Function::new("fileexists", (1, 1), file_exists),
    Function::new("fileset", (2, 2), file_set),
    Function::new("pathexpand", (1, 1), |arguments| {
        Ok(Value::string(expand_home(&arguments.string(0)?).to_string_lossy()))
    }),
    Function::new("templatefile", (2, 2), template_file).with_nulls().moving(),
    Function::new("templatestring", (2, 2), template_string).with_nulls().moving(),
];

/// The steps of opening a file, whatever is in it.
const FILE_STEPS: u64 = 16;

/// A leading `~` is the home folder.
fn expand_home(path: &str) -> PathBuf {
    let rest = match path.strip_prefix('~') {
        Some("") => "",
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => return PathBuf::from(path),
    };
    std::env::home_dir().map_or_else(|| PathBuf::from(path), |home| home.join(rest))
}

/// The path as it is opened: home folder resolved, relative to the base folder, clean.
fn resolve(arguments: &Arguments<'_>, index: usize) -> Called<PathBuf> {
    let path = arguments.string(index)?;
    let context = arguments.context;
    (context.on_disk)(clean(&context.base_dir.join(expand_home(&path))))
}

/// Without `.`, `..` and doubled slashes, as Go cleans paths: by the text alone.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => drop(cleaned.pop()),
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(".."),
            },
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

fn base_name(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        None | Some("") => "/".to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn dir_name(path: &str) -> String {
    let (dir, _) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
    clean(Path::new(dir)).to_string_lossy().into_owned()
}

pub(super) fn read_bytes(arguments: &Arguments<'_>, index: usize) -> Called<Vec<u8>> {
    let path = resolve(arguments, index)?;
    (arguments.context.on_read)(&path);
    let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len().min(MOST_BYTES));
    take(FILE_STEPS + length / 64)?;
    read_regular(&path).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_owned(),
            std::io::ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        CallError::new(format!("the file {} {why}", path.display()))
    })
}

fn read_text(arguments: &Arguments<'_>, index: usize) -> Called<String> {
    String::from_utf8(read_bytes(arguments, index)?).map_err(|_| {
        Arguments::wrong(index, "names a file that is not UTF-8 text; `filebase64` reads any file")
    })
}

fn file_exists(arguments: &Arguments<'_>) -> Called {
    let path = resolve(arguments, 0)?;
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(Value::Bool(true)),
        Ok(_) => Err(CallError::new(format!("{} is a folder, not a file", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Bool(false)),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(Value::Bool(false)),
        Err(error) => Err(CallError::new(format!("{} cannot be looked at: {error}", path.display()))),
    }
}

/// Files only, relative to the folder, with slashes.
fn file_set(arguments: &Arguments<'_>) -> Called {
    let root = resolve(arguments, 0)?;
    let pattern = arguments.string(1)?;
    let found = glob::files(&root, &pattern)?;
    Ok(set_of(found.into_iter().map(Value::string).collect()))
}

/// What a template can use: the variables given to it, and the functions except the one that reads templates.
struct TemplateScope<'a> {
    context: &'a FunctionContext<'a>,
}

impl Scope for TemplateScope<'_> {
    fn variable(&self, _name: &str, _path: &[&str]) -> Result<Option<Resolved>, Box<Diagnostic>> {
        Ok(None)
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, CallError>> {
        if matches!(name.strip_prefix("core::").unwrap_or(name), "templatefile" | "templatestring") {
            return Some(Err(CallError::new("a template cannot read another template")));
        }
        super::call(name, arguments, self.context)
    }

    fn function_names(&self) -> Vec<String> {
        names().iter().map(|name| (*name).to_owned()).collect()
    }
}

fn template_file(arguments: &Arguments<'_>) -> Called {
    let path = resolve(arguments, 0)?;
    render(&SourceFile::new(path, read_text(arguments, 0)?), arguments)
}

fn template_string(arguments: &Arguments<'_>) -> Called {
    render(&SourceFile::new("template", &*arguments.string(0)?), arguments)
}

fn render(file: &Arc<SourceFile>, arguments: &Arguments<'_>) -> Called {
    let fields = arguments.fields(1)?;
    let template = parse_template(file).map_err(|diagnostics| match diagnostics.into_iter().next() {
        Some(first) => CallError::Inside(Box::new(first)),
        None => CallError::new("the template cannot be read"),
    })?;
    let functions = TemplateScope { context: arguments.context };
    let variables = fields.iter().map(|(name, value)| (&**name, value.clone()));
    let scope = MapScope::new(variables).over(&functions);
    evaluate(&template, file, &scope).map_err(CallError::Inside)
}

//! The modules that a module calls from folders on this machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::paths;
use slipway_hcl::ast::ExprKind;
use slipway_hcl::source::SourceFile;

/// The folder of a module and of all that it calls by a path, and these in turn. Folders that are not there are named
/// as well: files of theirs may have been removed.
pub(crate) fn local_modules(module: &Path, may_read: &dyn Fn(&Path) -> bool) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![module.to_path_buf()];
    while let Some(folder) = open.pop() {
        if found.insert(folder.clone()) {
            let sources = called(&folder, may_read).into_iter().filter(|source| is_path(source));
            open.extend(sources.map(|source| paths::join(&folder, source.replace("//", "/"))));
        }
    }
    found
}

fn is_path(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../")
}

/// The sources of the `module` blocks in a folder, as far as its files can be understood.
fn called(folder: &Path, may_read: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut sources = Vec::new();
    for entry in entries.flatten().filter(|entry| may_read(&entry.path())) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".tf", ".tofu"]) {
            sources.extend(native(&entry.path()));
        } else if ends(&[".tf.json", ".tofu.json"]) {
            sources.extend(json(&entry.path()));
        }
    }
    sources
}

fn native(file: &Path) -> Vec<String> {
    let Ok(source) = SourceFile::read(file) else { return Vec::new() };
    let (body, _diagnostics) = slipway_hcl::parse(&source);
    let modules = body.blocks("module").filter_map(|block| block.body.attribute("source"));
    let literal = modules.filter_map(|attribute| match &attribute.expr.kind {
        ExprKind::String(text) => Some(text.to_string()),
        _ => None,
    });
    literal.collect()
}

fn json(file: &Path) -> Vec<String> {
    fn sources(value: &Json, found: &mut Vec<String>) {
        match value {
            Json::Array(several) => several.iter().for_each(|one| sources(one, found)),
            Json::Object(fields) => match fields.get("source") {
                Some(Json::String(source)) => found.push(source.clone()),
                _ => fields.values().for_each(|inner| sources(inner, found)),
            },
            _ => {}
        }
    }
    let text = slipway_support::fs::read_regular(file).unwrap_or_default();
    let Ok(json) = serde_json::from_slice::<Json>(&text) else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(modules) = json.get("module") {
        sources(modules, &mut found);
    }
    found
}

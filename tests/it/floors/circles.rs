//! No files use each other in a circle: whoever reads one needs to have read what is below it only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Item, UseTree, Visibility};

use crate::support::root;

/// A module by the names that lead to it from the crate's root.
type Module = Vec<String>;

/// Circles that are known, by a module that is in them. The evaluation of Terragrunt's files goes round by its nature;
/// none is to come.
const KNOWN: [&str; 1] = ["terragrunt::evaluation::include"];

/// One file: what it uses, and what it passes on under a name.
struct Source {
    uses: Vec<Vec<String>>,
    passes_on: Vec<Vec<String>>,
}

fn modules(src: &Path, folder: &Path, found: &mut BTreeMap<Module, PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            modules(src, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !["main", "tests"].contains(&name) {
            let way = path.strip_prefix(src).unwrap().with_extension("");
            let mut module: Module = way.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            module.pop_if(|last| last == "mod" || last == "lib");
            found.insert(module, path);
        }
    }
}

fn paths(tree: &UseTree, so_far: &[String], found: &mut Vec<Vec<String>>) {
    let with = |name: &syn::Ident| [so_far, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => paths(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) => found.push(with(&name.ident)),
        UseTree::Rename(renamed) => found.push(with(&renamed.ident)),
        UseTree::Glob(_) => found.push(so_far.to_vec()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| paths(tree, so_far, found)),
    }
}

fn read(file: &Path) -> Source {
    let parsed = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut source = Source { uses: Vec::new(), passes_on: Vec::new() };
    for item in parsed.items {
        let Item::Use(item) = item else { continue };
        if item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            continue;
        }
        let private = matches!(item.vis, Visibility::Inherited);
        paths(&item.tree, &[], if private { &mut source.uses } else { &mut source.passes_on });
    }
    source
}

/// The module that a path leads to, and what of the path is left behind it.
fn resolve(
    modules: &BTreeMap<Module, PathBuf>,
    from: &Module,
    path: &[String],
) -> Option<(Module, Vec<String>)> {
    let (mut at, mut rest) = match path.first()?.as_str() {
        "crate" => (Module::new(), &path[1..]),
        "self" => (from.clone(), &path[1..]),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            (from[..from.len().checked_sub(up)?].to_vec(), &path[up..])
        }
        // A child may be named without more.
        child if modules.contains_key(&[from.as_slice(), &[child.to_owned()]].concat()) => {
            (from.clone(), path)
        }
        _ => return None,
    };
    while let Some((next, behind)) = rest.split_first() {
        let deeper = [at.as_slice(), std::slice::from_ref(next)].concat();
        if !modules.contains_key(&deeper) {
            break;
        }
        (at, rest) = (deeper, behind);
    }
    Some((at, rest.to_vec()))
}

/// Which modules of a crate each of them uses; where a name is passed on, that from which it comes.
fn uses(src: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut files = BTreeMap::new();
    modules(src, src, &mut files);
    let sources: BTreeMap<&Module, Source> =
        files.iter().map(|(module, file)| (module, read(file))).collect();
    let origin = |mut at: Module, mut rest: Vec<String>| {
        while let (Some(source), Some(name)) = (sources.get(&at), rest.first()) {
            let passed = source.passes_on.iter().filter(|path| path.last() == Some(name));
            let Some((next, behind)) =
                passed.filter_map(|path| resolve(&files, &at, path)).find(|(next, _)| *next != at)
            else {
                break;
            };
            (at, rest) = (next, behind);
        }
        at
    };
    let of = |module: &Module, source: &Source| {
        let resolved = source.uses.iter().filter_map(|path| resolve(&files, module, path));
        let used = resolved.map(|(at, rest)| origin(at, rest));
        used.filter(|used| used != module && !used.is_empty()).collect()
    };
    sources.iter().map(|(module, source)| ((*module).clone(), of(module, source))).collect()
}

/// All that a module uses, over however many others.
fn reached<'u>(uses: &'u BTreeMap<Module, BTreeSet<Module>>, from: &'u Module) -> BTreeSet<&'u Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for used in uses.get(module).into_iter().flatten() {
            if reached.insert(used) {
                open.push(used);
            }
        }
    }
    reached
}

fn circles(src: &Path) -> Vec<String> {
    let uses = uses(src);
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for module in uses.keys() {
        let below = reached(&uses, module);
        if !below.contains(module) || told.contains(module) {
            continue;
        }
        let circle: Vec<&Module> =
            below.into_iter().filter(|other| reached(&uses, other).contains(module)).collect();
        told.extend(circle.iter().copied());
        let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
        if !KNOWN.iter().any(|module| names.iter().any(|name| name == module)) {
            circles.push(names.join(", "));
        }
    }
    circles
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut crates = vec![root().to_path_buf()];
    crates.extend(std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()));
    let mut found = Vec::new();
    for folder in crates {
        let of = circles(&folder.join("src"));
        found.extend(of.into_iter().map(|circle| format!("{}: {circle}", folder.display())));
    }
    assert!(found.is_empty(), "these use each other:\n{}", found.join("\n"));
}

#[test]
fn a_circle_over_a_name_that_is_passed_on_is_seen() {
    let crate_of = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        circles(folder.path())
    };
    let facade = ("room/mod.rs", "mod a; mod b; pub use self::a::A;");
    let uses_facade = ("room/b.rs", "use super::A; pub struct B;");
    assert_eq!(crate_of(&[facade, ("room/a.rs", "pub struct A;"), uses_facade]), [""; 0]);
    let found = crate_of(&[facade, ("room/a.rs", "use crate::room::b::B; pub struct A;"), uses_facade]);
    assert_eq!(found, ["room::a, room::b"]);
}

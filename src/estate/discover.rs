//! Finding the units of an estate.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::{Edge, Estate, Unit, UnitIndex};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::hcl::suggest;
use crate::terragrunt::paths::{self, UNIT_FILE, UNIT_FILE_JSON};
use crate::terragrunt::{Outline, Reader};

/// Folders that hold copies, caches and state, never units. Other hidden folders are walked, as Terragrunt
/// does: generated stacks live in one.
const PASSED_OVER: &[&str] = &[".git", ".slipway", ".terraform", ".terragrunt-cache"];

/// How many names a "did you mean" offers.
const MOST_SUGGESTIONS: usize = 3;

type Read = (Outline, Vec<Diagnostic>);

impl Estate {
    /// Finds every unit under `root` (absolute) and reads its outline, several at once; then the units
    /// outside of it that these depend on, and so on.
    ///
    /// Nothing is dropped: a unit that cannot be read is there without edges, with its errors beside it.
    pub fn discover(root: &Path, reader: &Reader) -> Self {
        let root = paths::clean(root);
        let (found, mut diagnostics) = walk(&root);
        let mut read: BTreeMap<PathBuf, Read> = outline_all(reader, found);
        loop {
            let outside: BTreeSet<PathBuf> = read
                .values()
                .flat_map(|(outline, _)| targets(outline))
                .map(|target| listed_file(&target.dir))
                .filter(|file| !read.contains_key(file) && file.is_file())
                .filter(|file| !read.contains_key(&behind_links(&root, file)))
                .collect();
            if outside.is_empty() {
                break;
            }
            read.extend(outline_all(reader, outside));
        }
        let mut units: Vec<Unit> = Vec::new();
        for (outline, found) in read.into_values() {
            diagnostics.extend(found);
            let path = paths::relative(&root, &outline.dir);
            let external = path.starts_with("..");
            units.push(Unit { dir: outline.dir.clone(), path, external, outline, dependencies: Vec::new() });
        }
        // By the text, as Terragrunt sorts: `a-b` comes before `a/b`.
        units.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        let mut estate = Self { root, units, diagnostics };
        estate.connect(&reader.options().working_dir);
        estate
    }

    fn connect(&mut self, working_dir: &Path) {
        let places: BTreeMap<PathBuf, UnitIndex> =
            self.iter().map(|(index, unit)| (unit.dir.clone(), index)).collect();
        let mut edges = Vec::new();
        let mut missing = Vec::new();
        for unit in &self.units {
            let mut own: Vec<Edge> = Vec::new();
            for target in targets(&unit.outline) {
                let place = places.get(&target.dir);
                match place.or_else(|| places.get(&behind_links(&self.root, &target.dir))) {
                    Some(to) if own.iter().any(|edge| edge.to == *to) => {}
                    Some(to) => {
                        let location = target.location.clone();
                        own.push(Edge { to: *to, name: target.name.map(str::to_owned), location });
                    }
                    None => missing.push(self.missing(unit, &target, working_dir)),
                }
            }
            edges.push(own);
        }
        for (unit, edges) in self.units.iter_mut().zip(edges) {
            unit.dependencies = edges;
        }
        self.diagnostics.extend(missing);
    }

    fn missing(&self, unit: &Unit, target: &Target<'_>, working_dir: &Path) -> Diagnostic {
        let shown = paths::relative(working_dir, &unit.dir);
        let message = format!("dependency \"{}\" of {} does not exist", target.written, shown.display());
        let near = self.near(unit, &target.dir);
        let help = match near.as_slice() {
            [] => format!("there is no {UNIT_FILE} in {}", target.dir.display()),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let mut diagnostic =
            Diagnostic::error("estate::missing_dependency", message).at(target.location.clone()).help(help);
        diagnostic.affects = vec![unit.dir.clone()];
        diagnostic
    }

    /// The units that could be meant: those of nearly the same path, else those in the same folder.
    fn near(&self, unit: &Unit, target: &Path) -> Vec<String> {
        let others: Vec<(PathBuf, String)> = self
            .units
            .iter()
            .filter(|other| other.dir != unit.dir)
            .map(|other| {
                let way = paths::relative(&unit.dir, &other.dir);
                (other.dir.clone(), way.display().to_string())
            })
            .collect();
        let written = paths::relative(&unit.dir, target).display().to_string();
        let alike = suggest::nearest(&written, others.iter().map(|(_, way)| way.as_str()));
        if let Some(alike) = alike {
            return vec![format!("\"{alike}\"")];
        }
        let beside = others.iter().filter(|(dir, _)| dir.parent() == target.parent());
        beside.take(MOST_SUGGESTIONS).map(|(_, way)| format!("\"{way}\"")).collect()
    }
}

/// The path that a dependency over a symbolic link really leads to, as the walk names it: links are not
/// followed there, so the unit behind one is known by its own path only.
fn behind_links(root: &Path, path: &Path) -> PathBuf {
    let real = path.canonicalize();
    match (&real, root.canonicalize()) {
        (Ok(real), Ok(real_root)) => match real.strip_prefix(real_root) {
            Ok(inside) => paths::clean(&root.join(inside)),
            Err(_) => real.clone(),
        },
        _ => path.to_path_buf(),
    }
}

/// One folder that an outline names as a dependency.
struct Target<'a> {
    dir: PathBuf,
    name: Option<&'a str>,
    written: &'a str,
    location: &'a Location,
}

/// The dependencies that count: enabled blocks, then the paths that stand for order only.
fn targets(outline: &Outline) -> impl Iterator<Item = Target<'_>> {
    let blocks = outline.dependencies.iter().filter(|block| block.enabled).map(|block| Target {
        dir: block.config_path.clone(),
        name: Some(&block.name),
        written: &block.written,
        location: &block.location,
    });
    let ordered = outline.order_only.iter().map(|only| Target {
        dir: only.path.clone(),
        name: None,
        written: &only.written,
        location: &only.location,
    });
    blocks.chain(ordered)
}

fn walk(root: &Path) -> (BTreeSet<PathBuf>, Vec<Diagnostic>) {
    if !root.is_dir() {
        let message = format!("there is no folder {}", root.display());
        return (BTreeSet::new(), vec![Diagnostic::error("estate::no_folder", message)]);
    }
    let found = Mutex::new((BTreeSet::new(), Vec::new()));
    // Ignored files count: whether Git looks after a unit says nothing about whether it is deployed.
    let walker = WalkBuilder::new(root).standard_filters(false).filter_entry(is_walked).build_parallel();
    walker.run(|| {
        Box::new(|entry| {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match entry {
                Ok(entry) if is_dir(&entry) => {}
                Ok(entry) if entry.file_name() == UNIT_FILE || entry.file_name() == UNIT_FILE_JSON => {
                    found.0.insert(entry.into_path());
                }
                Ok(entry) => found.1.extend(not_read(&entry)),
                Err(error) => {
                    let message = format!("a folder cannot be read: {error}");
                    found.1.push(Diagnostic::error("estate::unreadable", message));
                }
            }
            WalkState::Continue
        })
    });
    let (mut found, mut diagnostics) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    diagnostics.extend(only_one_each(&mut found));
    (found, diagnostics)
}

/// The file that a unit is listed by.
fn listed_file(dir: &Path) -> PathBuf {
    let native = dir.join(UNIT_FILE);
    if native.is_file() { native } else { paths::unit_file(dir) }
}

/// Where a folder holds a configuration in both syntaxes, Terragrunt finds units by the `terragrunt.hcl`, and reads
/// the JSON one when it works in the folder: that is said, and discovery goes by the first too.
fn only_one_each(files: &mut BTreeSet<PathBuf>) -> Vec<Diagnostic> {
    let both = files.iter().filter(|file| file.file_name().is_some_and(|name| name == UNIT_FILE));
    let both: Vec<PathBuf> =
        both.map(|file| file.with_file_name(UNIT_FILE_JSON)).filter(|json| files.contains(json)).collect();
    both.into_iter()
        .map(|json| {
            files.remove(&json);
            let message = format!("{} is there beside {UNIT_FILE}", json.display());
            Diagnostic::warning("estate::two_configurations", message).help(
                "keep one of the two: Terragrunt lists the unit by terragrunt.hcl, but reads the JSON in its folder",
            )
        })
        .collect()
}

/// What Terragrunt would read and we do not yet: told, so that no unit is missed in silence.
fn not_read(entry: &DirEntry) -> Option<Diagnostic> {
    let shown = entry.path().display();
    match entry.file_name().to_str()? {
        "terragrunt.stack.hcl" => Some(
            Diagnostic::warning("estate::not_read", format!("{shown} is passed over: it is a stack"))
                .help("run `terragrunt stack generate`: the units that it generates are found"),
        ),
        _ => None,
    }
}

fn is_dir(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_walked(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_str().unwrap_or_default();
    !(is_dir(entry) && entry.depth() > 0 && PASSED_OVER.contains(&name))
}

/// Reads outlines on as many threads as there are processors.
fn outline_all(reader: &Reader, files: BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Read> {
    let files: Vec<PathBuf> = files.into_iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(files.len());
    let next = AtomicUsize::new(0);
    let read = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outline = reader.outline(file);
                    read.lock().unwrap_or_else(PoisonError::into_inner).insert(file.clone(), outline);
                }
            });
        }
    });
    read.into_inner().unwrap_or_else(PoisonError::into_inner)
}

//! Finding the units of an estate.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::kept::Kept;
use super::near::Near;
use super::walk::{by_names, excluded, in_order, walk};
use super::{Edge, Estate, Stack, Unit, UnitIndex};
use crate::terragrunt::paths::{self, UNIT_FILE};
use crate::terragrunt::stack::{self, Expansion, Kind, STACK_DIR, STACK_FILE};
use crate::terragrunt::{Outline, Reader};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::Location;
use slipway_support::parallel;

type Read = (Box<Outline>, Vec<Diagnostic>);

impl Estate {
    /// Finds every unit under `root` (absolute) and reads its outline, several at once; then the units
    /// outside of it that these depend on, and so on.
    ///
    /// Nothing is dropped: a unit that cannot be read is there without edges, with its errors beside it.
    pub fn discover(root: &Path, reader: &Reader) -> Self {
        Self::discover_expanded(root, reader, &[])
    }

    /// Finds the units under a folder, with what `expansions` would generate; `reader` is the one that expanded them.
    pub fn discover_expanded(root: &Path, reader: &Reader, expansions: &[Expansion]) -> Self {
        Self::discover_around(root, root, reader, expansions)
    }

    /// Finds the units under `root`, and every unit in a folder around it: what lies outside of `root` is external, and may depend on
    /// what lies inside.
    pub fn discover_around(root: &Path, around: &Path, reader: &Reader, expansions: &[Expansion]) -> Self {
        let root = paths::clean(root);
        let excluded = excluded(reader, &root);
        let around = paths::clean(around);
        let mut kept = Kept::of(reader, &around, excluded);
        let mut walked = kept.walked().unwrap_or_else(|| walk(&around, excluded));
        for generated in expansions.iter().flat_map(|expansion| &expansion.generated) {
            let file = match generated.block.kind {
                Kind::Unit => listed_file(reader, generated.dir()),
                Kind::Stack => generated.dir().join(STACK_FILE),
            };
            if reader.is_there(&file) {
                match generated.block.kind {
                    Kind::Unit => walked.units.push(file),
                    Kind::Stack => walked.stacks.push(file),
                }
            }
        }
        if !expansions.is_empty() {
            walked.units = in_order(walked.units);
            walked.stacks = in_order(walked.stacks);
        }
        let mut diagnostics = walked.diagnostics;
        let is_whole = diagnostics.is_empty();
        let folders = std::mem::take(&mut walked.folders);
        let mut read = outline_all(reader, &mut kept, walked.units);
        let mut stack_units = BTreeMap::new();
        let mut absent: HashSet<PathBuf> = HashSet::new();
        loop {
            let known: HashSet<&OsStr> = read.values().map(|(outline, _)| outline.dir.as_os_str()).collect();
            let wanted: BTreeSet<PathBuf> = read
                .values()
                .flat_map(|(outline, _)| targets(outline))
                .filter(|target| !known.contains(target.dir.as_os_str()) && !absent.contains(target.dir))
                .map(|target| target.dir.clone())
                .collect();
            let mut outside = BTreeSet::new();
            for dir in wanted {
                if !reader.is_there(&dir) {
                    absent.insert(dir);
                    continue;
                }
                if read.contains_key(listed_file(reader, &dir).as_os_str()) {
                    continue;
                }
                for dir in units_behind(reader, &dir, &mut stack_units, &mut diagnostics) {
                    let file = listed_file(reader, &dir);
                    if !read.contains_key(file.as_os_str())
                        && reader.is_there(&file)
                        && !read.contains_key(behind_links(&root, &file).as_os_str())
                    {
                        outside.insert(file);
                    }
                }
            }
            if outside.is_empty() {
                break;
            }
            read.extend(outline_all(reader, &mut kept, outside.into_iter().collect()));
            read.sort_by(|one, _, other, _| by_names(one, other));
        }
        let inside = walked.stacks.iter().filter(|file| file.starts_with(&root)).cloned();
        let inside: Vec<PathBuf> = inside.collect();
        let learnt = is_whole.then(|| kept.learnt(reader, around, folders, walked.stacks)).flatten();
        let mut units: Vec<Unit> = Vec::new();
        for (outline, found) in read.into_values() {
            diagnostics.extend(found);
            let path = paths::relative(&root, &outline.dir);
            let external =
                path.starts_with("..") || excluded.is_some_and(|excluded| excluded.holds(&outline.dir));
            units.push(Unit {
                dir: outline.dir.clone(),
                path,
                external,
                template: false,
                outline,
                dependencies: Vec::new(),
            });
        }
        // By the text, as Terragrunt sorts: `a-b` comes before `a/b`.
        units.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        let stacks = stacks(&root, &inside, expansions);
        let named_from = reader.options().estate_root.clone().unwrap_or_else(|| root.clone());
        let (units, stacks) = (units.into(), stacks.into());
        let mut estate = Self { root, named_from, units, stacks, stack_units, diagnostics, learnt };
        estate.assign_units();
        estate.refuse_both();
        estate.connect(&reader.options().working_dir, &absent);
        estate.tell_templates(reader);
        estate
    }

    /// Leads the dependencies of each unit to their units; in the `absent` folders nothing is looked for.
    fn connect(&mut self, working_dir: &Path, absent: &HashSet<PathBuf>) {
        let places: HashMap<&OsStr, UnitIndex> =
            self.iter().map(|(index, unit)| (unit.dir.as_os_str(), index)).collect();
        let mut edges = Vec::new();
        let mut missing = Vec::new();
        let mut near = None;
        for unit in &self.units {
            let mut own: Vec<Edge> = Vec::new();
            let name = LazyCell::new(|| unit.seen_from(&self.named_from));
            for target in targets(&unit.outline) {
                let of_stack = self.stack_units.get(target.dir);
                let own_dir = std::slice::from_ref(target.dir);
                for dir in of_stack.map_or(own_dir, Vec::as_slice) {
                    let place = places.get(dir.as_os_str());
                    let behind = || places.get(behind_links(&self.root, dir).as_os_str());
                    match place.or_else(|| if absent.contains(dir) { None } else { behind() }) {
                        Some(to) if own.iter().any(|edge| edge.to == *to) => {}
                        Some(to) => {
                            let location = target.location.clone();
                            own.push(Edge { to: *to, name: target.name.map(str::to_owned), location });
                        }
                        None => {
                            let near = near.get_or_insert_with(|| Near::new(self.units.as_slice()));
                            let near = near.ways(&unit.dir, dir);
                            let mut error = missing_dependency(&name, &target, dir, working_dir, &near);
                            error.affects = vec![unit.dir.clone()];
                            missing.push(error);
                        }
                    }
                }
            }
            edges.push(own);
        }
        for (unit, edges) in self.units.iter_mut().zip(edges) {
            unit.dependencies = edges;
        }
        missing.splice(0..0, self.diagnostics.drain(..));
        self.diagnostics = missing;
    }
}

fn missing_dependency(
    name: &str,
    target: &Target<'_>,
    dir: &Path,
    working_dir: &Path,
    near: &[String],
) -> Diagnostic {
    let mut message = format!("dependency \"{}\" of {name} does not exist", target.written);
    let generated = dir.components().any(|part| part.as_os_str() == STACK_DIR);
    let mut help = match near {
        _ if generated => format!(
            "{} is generated from a stack: run `slipway stack generate`, or ask with --expand-stacks",
            paths::relative(working_dir, dir).display()
        ),
        [] => format!("there is no {UNIT_FILE} in {}", dir.display()),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    // There may be tens of thousands of them.
    message.shrink_to_fit();
    help.shrink_to_fit();
    Diagnostic::error("estate::missing_dependency", message).at(target.location.clone()).help(help)
}

/// The path that a dependency over a symbolic link really leads to, as the walk names it: links are not
/// followed there, so the unit behind one is known by its own path only.
pub fn behind_links(root: &Path, path: &Path) -> PathBuf {
    // Most that are asked for are not there at all.
    let Ok(real) = path.canonicalize() else { return path.to_path_buf() };
    let Ok(real_root) = root.canonicalize() else { return path.to_path_buf() };
    match real.strip_prefix(real_root) {
        Ok(inside) => paths::clean(&root.join(inside)),
        Err(_) => real,
    }
}

/// One folder that an outline names as a dependency.
struct Target<'a> {
    dir: &'a PathBuf,
    name: Option<&'a str>,
    written: &'a str,
    location: &'a Location,
}

/// The dependencies that count: enabled blocks, then the paths that stand for order only.
fn targets(outline: &Outline) -> impl Iterator<Item = Target<'_>> {
    let blocks = outline.dependencies.iter().filter(|block| block.enabled).map(|block| Target {
        dir: &block.config_path,
        name: Some(&block.name),
        written: &block.written,
        location: &block.location,
    });
    let ordered = outline.order_only.iter().map(|only| Target {
        dir: &only.path,
        name: None,
        written: &only.written,
        location: &only.location,
    });
    blocks.chain(ordered)
}

/// The folders of units that a dependency on `dir` means: the folder itself, or the units of the stack in it.
fn units_behind(
    reader: &Reader,
    dir: &Path,
    stack_units: &mut BTreeMap<PathBuf, Vec<PathBuf>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PathBuf> {
    if let Some(known) = stack_units.get(dir) {
        return known.clone();
    }
    match stack::unit_dirs(reader, dir) {
        Ok(None) => vec![dir.to_path_buf()],
        Ok(Some(units)) => {
            stack_units.insert(dir.to_path_buf(), units.clone());
            units
        }
        Err(errors) => {
            diagnostics.extend(errors);
            stack_units.insert(dir.to_path_buf(), Vec::new());
            Vec::new()
        }
    }
}

fn stacks(root: &Path, files: &[PathBuf], expansions: &[Expansion]) -> Vec<Stack> {
    let mut stacks: Vec<Stack> =
        files.iter().map(|file| Stack::new(root, paths::folder(file).to_path_buf())).collect();
    let evaluated = expansions.iter().flat_map(|expansion| &expansion.stacks);
    let read: BTreeMap<&Path, &Vec<PathBuf>> =
        evaluated.map(|stack| (stack.file.as_path(), &stack.files_read)).collect();
    for stack in &mut stacks {
        if let Some(files) = read.get(stack.file.as_path()) {
            stack.files_read.clone_from(files);
        }
    }
    stacks.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    stacks
}

/// The file that a unit is listed by.
fn listed_file(reader: &Reader, dir: &Path) -> PathBuf {
    let native = dir.join(UNIT_FILE);
    if reader.is_there(&native) { native } else { reader.unit_file(dir) }
}

/// The outlines of files, by these: those that are kept, and the others read on as many threads as there are processors.
fn outline_all(reader: &Reader, kept: &mut Kept, files: Vec<PathBuf>) -> IndexMap<OsString, Read> {
    let known: Vec<Option<Box<Outline>>> = files.iter().map(|file| kept.outline(file)).collect();
    let unknown = files.iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown: Vec<&PathBuf> = unknown.map(|(file, _)| file).collect();
    let mut read = parallel::map(&unknown, |file| {
        let (outline, found) = reader.outline(file);
        (Box::new(outline), found)
    })
    .into_iter();
    let found = known.into_iter().map(|known| match known {
        Some(outline) => (outline, Vec::new()),
        None => read.next().unwrap_or_default(),
    });
    let found: Vec<Read> = found.collect();
    files.into_iter().map(PathBuf::into_os_string).zip(found).collect()
}

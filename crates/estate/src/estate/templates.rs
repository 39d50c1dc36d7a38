//! Units that are made to be copied: alone they are not whole.
//!
//! A repository that holds a catalogue beside its estate has units in it that use values nobody hands over, and include
//! files that are above their copies only. Those that a stack of the estate takes its files from are templates: told as
//! such, and left out of what is done. Others that look like it may be mistakes, and stay errors; once for all of them
//! it is said how their folders are left out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::Estate;
use crate::terragrunt::Reader;
use crate::terragrunt::paths;
use crate::terragrunt::stack::{self, STACK_DIR, STACK_FILE};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::counted::listed;
use slipway_support::path_text;

/// How many of them are named.
const MOST_NAMES: usize = 5;

impl Estate {
    /// Finds the templates among the units, and says what they are in the place of what is wrong with them.
    pub(super) fn tell_templates(&mut self, reader: &Reader) {
        let orphans = self.broken_by(|error| error.message.contains("find_in_parent_folders"));
        let sources = self.sources(reader);
        let mut templates = BTreeSet::new();
        for unit in self.units.iter_mut().filter(|unit| sources.contains(&unit.dir)) {
            unit.template = orphans.contains(&unit.dir) || reader.lacks_values(&unit.outline.file);
            if unit.template {
                templates.insert(unit.dir.clone());
            }
        }
        if !templates.is_empty() {
            self.diagnostics.retain_mut(|diagnostic| {
                let broken = diagnostic.affects.len();
                // A mistake in the language is one in every copy as well.
                let is_theirs = |dir: &PathBuf| templates.contains(dir) && diagnostic.code != "hcl::syntax";
                diagnostic.affects.retain(|dir| !is_theirs(dir));
                broken == 0 || !diagnostic.affects.is_empty()
            });
            self.diagnostics.push(templates_warning(&templates, &self.named_from));
        }
        let wanting = self.broken_by(|error| error.code == "terragrunt::no_values");
        let alike = self.alike(&orphans, &wanting);
        if !alike.is_empty() {
            self.diagnostics.push(catalogue_warning(&alike));
        }
    }

    /// The folders of the units that errors of a kind break.
    fn broken_by(&self, kind: impl Fn(&Diagnostic) -> bool) -> HashSet<PathBuf> {
        let of_kind = self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error() && kind(diagnostic));
        of_kind.flat_map(|diagnostic| &diagnostic.affects).cloned().collect()
    }

    /// The folders that the stacks of the estate take their files from, where they are on this machine.
    fn sources(&self, reader: &Reader) -> HashSet<PathBuf> {
        let generated = |dir: &Path| dir.components().any(|part| part.as_os_str() == STACK_DIR);
        let written = self.stacks.iter().filter(|stack| !generated(&stack.dir));
        written.flat_map(|stack| stack::sources(reader, &stack.dir.join(STACK_FILE))).collect()
    }

    /// The outermost folders, from the root of the estate, in which every unit misses its parents or its values.
    fn alike(&self, orphans: &HashSet<PathBuf>, wanting: &HashSet<PathBuf>) -> BTreeSet<PathBuf> {
        if orphans.is_empty() && wanting.is_empty() {
            return BTreeSet::new();
        }
        let mut folders: BTreeMap<&Path, Counts> = BTreeMap::new();
        for unit in self.units.iter().filter(|unit| !unit.external && !unit.template) {
            let is_wanting = wanting.contains(&unit.dir);
            for folder in unit.path.ancestors().filter(|folder| !matches!(folder.to_str(), Some("" | "."))) {
                let counts = folders.entry(folder).or_default();
                counts.units += 1;
                counts.alike += usize::from(is_wanting || orphans.contains(&unit.dir));
                counts.wanting += usize::from(is_wanting);
            }
        }
        // One unit without its parent may have mistyped it.
        let is_catalogue =
            |counts: &Counts| counts.units == counts.alike && (counts.wanting > 0 || counts.alike > 1);
        let found = folders.iter().filter(|(_, counts)| is_catalogue(counts));
        let found: BTreeSet<&Path> = found.map(|(folder, _)| *folder).collect();
        let is_outermost = |folder: &&&Path| !folder.ancestors().skip(1).any(|above| found.contains(above));
        found.iter().filter(is_outermost).map(|folder| folder.to_path_buf()).collect()
    }
}

/// What is in a folder.
#[derive(Default)]
struct Counts {
    units: usize,
    /// Those that miss their parents or their values.
    alike: usize,
    /// Those that miss their values.
    wanting: usize,
}

fn templates_warning(templates: &BTreeSet<PathBuf>, base: &Path) -> Diagnostic {
    let names = named(templates.iter().map(|dir| paths::relative(base, dir)));
    let (units, them, their) = match templates.len() {
        1 => ("a unit is a template of a stack".to_owned(), "it", "its"),
        count => (format!("{count} units are templates of stacks"), "them", "their"),
    };
    Diagnostic::warning("estate::template", format!("{units}, and nothing is done with {them}: {names}")).help(
        format!("to leave {them} out of lists too, name {their} folder in slipway.hcl: estate {{ exclude = [\"…\"] }}"),
    )
}

fn catalogue_warning(folders: &BTreeSet<PathBuf>) -> Diagnostic {
    let names = named(folders.iter().cloned());
    let quoted: Vec<String> =
        folders.iter().take(MOST_NAMES).map(|dir| format!("{:?}", path_text::shown(dir))).collect();
    let message = format!("units that nobody hands values or parents to look like templates: {names}");
    Diagnostic::warning("estate::catalogue", message).help(format!(
        "if they only are copied from there, leave them out in slipway.hcl: estate {{ exclude = [{}] }}",
        quoted.join(", ")
    ))
}

fn named(paths: impl ExactSizeIterator<Item = PathBuf>) -> String {
    listed(paths.map(|path| path_text::shown(&path)), MOST_NAMES)
}

//! Which units a command means: queries, what a change affects, and the files of filters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::stacks::stale_ones;
use super::workspace::Workspace;
use crate::estate::filter::{
    EXCLUDES_FILE, FILTERS_FILE, FilterContext, Filters, GitRange, RangeUnits, Selected, Situation,
};
use crate::estate::{Estate, Templates, Unit, UnitIndex, expand_stacks};
use crate::hcl::diagnostic::Diagnostic;
use crate::support::fs::is_there;
use crate::support::git::{self, changes};
use crate::terragrunt::Reader;
use crate::ui::Ui;

/// What narrows a command to some of the units; by default nothing does.
#[derive(Clone, Debug, Default)]
pub struct Selectors {
    /// Queries in Terragrunt's filter grammar: each adds units.
    pub filters: Vec<String>,
    /// The commit since which what a change affects is meant: empty for the main branch.
    pub affected: Option<String>,
    /// A file of queries, instead of `.terragrunt-filters`.
    pub filters_file: Option<PathBuf>,
    /// Whether `.terragrunt-filters` and `.terragrunt-excludes` are passed over.
    pub no_filters_file: bool,
    /// Whether it is no mistake where no unit matches.
    pub allow_empty: bool,
}

impl Selectors {
    /// The queries that were given.
    fn typed(&self) -> impl Iterator<Item = &String> + Clone {
        self.filters.iter().filter(|query| !query.trim().is_empty())
    }
}

/// What they match of an estate.
pub struct Matched {
    /// The units and stacks.
    pub selected: Selected,
    /// The Git ranges that had a part in it, with what differs in each.
    pub ranges: Vec<RangeUnits>,
    /// The queries, as they may be written.
    pub queries: Vec<String>,
    /// Whether a unit that is broken may be meant as well, without anyone being able to tell.
    uncertain: bool,
}

impl Matched {
    /// The part of the estate that is needed for what is selected, and what is selected in it. What is wrong with
    /// other units counts only where it may hide that they are meant.
    pub fn narrow(&self, estate: &Estate) -> (Estate, BTreeSet<UnitIndex>) {
        let needed = estate.with_dependencies(&self.selected.units);
        let places = needed.iter().enumerate().filter(|(_, unit)| self.selected.units.contains(unit));
        let selected = places.map(|(place, _)| UnitIndex(place));
        let mut narrowed = estate.restricted(&needed);
        if self.uncertain {
            narrowed.diagnostics.clone_from(&estate.diagnostics);
        }
        let selected = selected.filter(|unit| !narrowed.unit(*unit).template).collect();
        (narrowed, selected)
    }
}

impl Selectors {
    /// The units under `root` (absolute) and those they depend on; where dependents are asked for, with those of the
    /// whole repository, as Terragrunt looks for them.
    ///
    /// Where `expand` says so, also the units that stacks under `root` would generate.
    pub fn discover(
        &self,
        workspace: &Workspace,
        root: &Path,
        reader: &Reader,
        expand: bool,
    ) -> Result<Estate, CommandError> {
        let around = self.around(workspace, root)?;
        if !expand {
            return Ok(Estate::discover_around(root, &around, reader, &[]));
        }
        let (expansions, diagnostics) =
            expand_stacks(root, reader, &*workspace.stack_sources(reader), Templates::PassedOver);
        let mut estate = Estate::discover_around(root, &around, reader, &expansions);
        estate.diagnostics.splice(0..0, diagnostics.into_iter().chain(stale_ones(&expansions)));
        Ok(estate)
    }

    /// The folder that is walked for `root`.
    fn around(&self, workspace: &Workspace, root: &Path) -> Result<PathBuf, CommandError> {
        if !self.filters(workspace, root)?.ask_for_dependents() {
            return Ok(root.to_path_buf());
        }
        // Git names the folder with its links resolved, so it is found by the number of steps up.
        let depth = git::repo_root(root)
            .ok()
            .zip(root.canonicalize().ok())
            .and_then(|(repository, real)| Some(real.strip_prefix(repository).ok()?.components().count()));
        Ok(depth.and_then(|depth| root.ancestors().nth(depth)).unwrap_or(root).to_path_buf())
    }

    /// The units of an estate that are meant; none where nothing narrows them, so that all are.
    pub fn select(
        &self,
        ui: Ui,
        workspace: &Workspace,
        estate: &Estate,
        reader: &Reader,
    ) -> Result<Option<Matched>, CommandError> {
        let mut filters = self.filters(workspace, &estate.root)?;
        if let Some(base) = &self.affected {
            let from = base_of(ui, base, &estate.root)?;
            filters = filters.within(GitRange { from, to: None });
        }
        if filters.is_empty() {
            return Ok(None);
        }
        let ranges = filters.ranges();
        let mut known = Vec::new();
        if !ranges.is_empty() {
            let situation = Situation::new(estate, reader).map_err(|diagnostic| refused(*diagnostic))?;
            for range in &ranges {
                known.push(situation.units(range).map_err(|diagnostic| refused(*diagnostic))?);
            }
        }
        let selected = FilterContext::new(estate, &workspace.working_dir, &known).select(&filters);
        let typed = self.typed().map(|query| query.trim().to_owned());
        let of_files = filters.iter().skip(typed.clone().count()).map(ToString::to_string);
        let queries = typed.chain(of_files).collect();
        Ok(Some(Matched { selected, ranges: known, queries, uncertain: filters.look_into_units() }))
    }

    /// The queries that were given, and those of the files in the working folder and in the folder that is walked.
    fn filters(&self, workspace: &Workspace, root: &Path) -> Result<Filters, CommandError> {
        let mut errors: Vec<Diagnostic> = Vec::new();
        let mut filters = Filters::parse(self.typed()).unwrap_or_else(|wrong| {
            errors.extend(wrong);
            Filters::default()
        });
        let working_dir = workspace.working_dir.as_path();
        if let Some(file) = &self.filters_file {
            errors.extend(filters.add_file(&working_dir.join(file), working_dir).err().unwrap_or_default());
        }
        if !self.no_filters_file {
            for folder in BTreeSet::from([working_dir, root]) {
                let (queries, excludes) = (folder.join(FILTERS_FILE), folder.join(EXCLUDES_FILE));
                let boundary = workspace.boundary.as_ref();
                let refused = |file: &Path| boundary.is_some_and(|found| found.refusal(file).is_some());
                if self.filters_file.is_none() && is_there(&queries) && !refused(&queries) {
                    errors.extend(filters.add_file(&queries, folder).err().unwrap_or_default());
                }
                if is_there(&excludes) && !refused(&excludes) {
                    errors.extend(filters.add_excludes(&excludes, folder).err().unwrap_or_default());
                }
            }
        }
        if errors.is_empty() { Ok(filters) } else { Err(CommandError::Configuration(errors)) }
    }
}

/// The commit that `--affected` compares with, by name; it is said, since it may not be the one that was meant.
fn base_of(ui: Ui, given: &str, root: &Path) -> Result<String, CommandError> {
    let failed =
        |error: git::GitError| CommandError::usage(error.to_string(), "name a commit: --affected=BASE");
    let repository = git::repo_root(root).map_err(failed)?;
    let name = match given {
        "" | "true" => changes::main_branch(&repository).ok_or_else(|| {
            let message = "there is no main branch here to compare with";
            CommandError::usage(message, "name a commit: --affected=BASE; in CI, fetch the main branch first")
        })?,
        named => named.to_owned(),
    };
    let base = changes::commit_of(&repository, &name)
        .and_then(|commit| changes::merge_base(&repository, &commit, "HEAD"))
        .map_err(failed)?;
    ui.say(&format!("affected: what changed since {} (where this work left {name})", git::short(&base)));
    Ok(name)
}

fn refused(diagnostic: Diagnostic) -> CommandError {
    CommandError::Configuration(vec![diagnostic])
}

/// The units of the folder that was walked, without those that are templates.
pub fn inside(estate: &Estate) -> BTreeSet<UnitIndex> {
    let counts = |unit: &Unit| !unit.external && !unit.template;
    estate.iter().filter(|(_, unit)| counts(unit)).map(|(index, _)| index).collect()
}

//! Which units a command means: `--filter`, `--affected` and the files of filters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CliError;
use super::stack::stale_ones;
use super::ui::Ui;
use super::workspace::Workspace;
use crate::estate::filter::{
    EXCLUDES_FILE, FILTERS_FILE, FilterContext, Filters, GitRange, RangeUnits, Selected, Situation,
};
use crate::estate::{Estate, Templates, Unit, UnitIndex, expand_stacks};
use crate::hcl::diagnostic::Diagnostic;
use crate::support::fs::is_there;
use crate::support::git::{self, changes};
use crate::terragrunt::Reader;

/// The flags of every command that works on units.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only the units that a query selects, in Terragrunt's filter grammar: a name, ./path/**, key=glob, ...unit,
    /// unit..., !query, query | query, [main...HEAD]. Given again, it adds more
    #[arg(long = "filter", value_name = "QUERY", env = "SLIPWAY_FILTER", value_delimiter = '\n')]
    filters: Vec<String>,

    /// Only the units that a change affects since this work left BASE, by default the main branch; what is not
    /// committed counts
    #[arg(long, value_name = "BASE", num_args = 0..=1, require_equals = true, default_missing_value = "",
          env = "SLIPWAY_AFFECTED")]
    affected: Option<String>,

    /// A file of queries, one a line, instead of .terragrunt-filters
    #[arg(long, value_name = "FILE", env = "SLIPWAY_FILTERS_FILE", conflicts_with = "no_filters_file")]
    filters_file: Option<PathBuf>,

    /// Do not read .terragrunt-filters and .terragrunt-excludes
    #[arg(long, env = "SLIPWAY_NO_FILTERS_FILE")]
    no_filters_file: bool,

    /// Succeed where no unit matches, which is otherwise taken for a mistake; nothing that --affected finds never is one
    #[arg(long, env = "SLIPWAY_ALLOW_EMPTY")]
    allow_empty: bool,
}

impl SelectionArgs {
    /// Whether the command line asks for less than everything.
    pub fn is_narrowed(&self) -> bool {
        !self.filters.is_empty() || self.affected.is_some() || self.filters_file.is_some()
    }

    /// The queries of the command line.
    fn typed(&self) -> impl Iterator<Item = &String> + Clone {
        self.filters.iter().filter(|query| !query.trim().is_empty())
    }

    /// Whether somebody has said that nothing may be meant.
    pub fn may_be_empty(&self) -> bool {
        self.allow_empty
    }
}

/// What the flags select of an estate.
pub struct Chosen {
    /// The units and stacks.
    pub selected: Selected,
    /// The Git ranges that had a part in it, with what differs in each.
    pub ranges: Vec<RangeUnits>,
    /// The queries, as they may be written.
    pub queries: Vec<String>,
    /// Whether a unit that is broken may be meant as well, without anyone being able to tell.
    uncertain: bool,
}

impl Chosen {
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

impl SelectionArgs {
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
    ) -> Result<Estate, CliError> {
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
    fn around(&self, workspace: &Workspace, root: &Path) -> Result<PathBuf, CliError> {
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
    ) -> Result<Option<Chosen>, CliError> {
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
        Ok(Some(Chosen { selected, ranges: known, queries, uncertain: filters.look_into_units() }))
    }

    /// The queries of the flags, and those of the files in the working folder and in the folder that is walked.
    fn filters(&self, workspace: &Workspace, root: &Path) -> Result<Filters, CliError> {
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
        if errors.is_empty() { Ok(filters) } else { Err(CliError::Configuration(errors)) }
    }
}

/// The commit that `--affected` compares with, by name; it is said, since it may not be the one that was meant.
fn base_of(ui: Ui, given: &str, root: &Path) -> Result<String, CliError> {
    let failed = |error: git::GitError| CliError::usage(error.to_string(), "name a commit: --affected=BASE");
    let repository = git::repo_root(root).map_err(failed)?;
    let name = match given {
        "" | "true" => changes::main_branch(&repository).ok_or_else(|| {
            let message = "there is no main branch here to compare with";
            CliError::usage(message, "name a commit: --affected=BASE; in CI, fetch the main branch first")
        })?,
        named => named.to_owned(),
    };
    let base = changes::commit_of(&repository, &name)
        .and_then(|commit| changes::merge_base(&repository, &commit, "HEAD"))
        .map_err(failed)?;
    ui.say(&format!("affected: what changed since {} (where this work left {name})", git::short(&base)));
    Ok(name)
}

fn refused(diagnostic: Diagnostic) -> CliError {
    CliError::Configuration(vec![diagnostic])
}

/// The units of the folder that was walked, without those that are templates.
pub fn inside(estate: &Estate) -> BTreeSet<UnitIndex> {
    let counts = |unit: &Unit| !unit.external && !unit.template;
    estate.iter().filter(|(_, unit)| counts(unit)).map(|(index, _)| index).collect()
}

//! Which units a command means: `--filter` and the files of filters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CliError;
use super::workspace::Workspace;
use crate::estate::filter::{EXCLUDES_FILE, FILTERS_FILE, FilterContext, Filters, Selected};
use crate::estate::{Estate, UnitIndex};
use crate::hcl::diagnostic::Diagnostic;

/// The flags of every command that works on units.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only the units that a query selects, in Terragrunt's filter grammar: a name, ./path/**, key=glob, ...unit,
    /// unit..., !query, query | query. Given again, it adds more
    #[arg(long = "filter", value_name = "QUERY", env = "SLIPWAY_FILTER", value_delimiter = '\n')]
    filters: Vec<String>,

    /// A file of queries, one a line, instead of .terragrunt-filters
    #[arg(long, value_name = "FILE", env = "SLIPWAY_FILTERS_FILE", conflicts_with = "no_filters_file")]
    filters_file: Option<PathBuf>,

    /// Do not read .terragrunt-filters and .terragrunt-excludes
    #[arg(long, env = "SLIPWAY_NO_FILTERS_FILE")]
    no_filters_file: bool,
}

impl SelectionArgs {
    /// The queries of the flags, and those of the files in the working folder and in the folder that is walked.
    pub fn filters(&self, workspace: &Workspace, root: &Path) -> Result<Filters, CliError> {
        let mut errors: Vec<Diagnostic> = Vec::new();
        let queries = self.filters.iter().filter(|query| !query.trim().is_empty());
        let mut filters = Filters::parse(queries).unwrap_or_else(|wrong| {
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
                if self.filters_file.is_none() && queries.is_file() {
                    errors.extend(filters.add_file(&queries, folder).err().unwrap_or_default());
                }
                if excludes.is_file() {
                    errors.extend(filters.add_excludes(&excludes, folder).err().unwrap_or_default());
                }
            }
        }
        if errors.is_empty() { Ok(filters) } else { Err(CliError::Configuration(errors)) }
    }

    /// The units of an estate that are meant; none where nothing narrows them, so that all are.
    pub fn select(&self, workspace: &Workspace, estate: &Estate) -> Result<Option<Selected>, CliError> {
        let filters = self.filters(workspace, &estate.root)?;
        if filters.is_empty() {
            return Ok(None);
        }
        Ok(Some(FilterContext::new(estate, &workspace.working_dir, &[]).select(&filters)))
    }
}

/// The units of the folder that was walked.
pub fn inside(estate: &Estate) -> BTreeSet<UnitIndex> {
    estate.iter().filter(|(_, unit)| !unit.external).map(|(index, _)| index).collect()
}

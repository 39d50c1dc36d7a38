//! The flags that say which units a command means.

use std::path::PathBuf;

use clap::Args;

use crate::launch::Selectors;

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

    /// What they say.
    pub fn selectors(&self) -> Selectors {
        Selectors {
            filters: self.filters.clone(),
            affected: self.affected.clone(),
            filters_file: self.filters_file.clone(),
            no_filters_file: self.no_filters_file,
            allow_empty: self.allow_empty,
        }
    }
}

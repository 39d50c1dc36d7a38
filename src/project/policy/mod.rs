//! `policy` and `cost` blocks of `slipway.hcl`: what a plan has to hold before it may be applied.
//!
//! What a block says of itself (where it applies, which program it runs) is read with the file. Its rules are
//! evaluated for each plan, with the plan as a variable.

mod facts;
mod read;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use facts::{Facts, plan_value};
pub use rules::{Finding, Findings};

use crate::estate::Estate;
use crate::estate::filter::{Filter, FilterContext, Filters};
use crate::hcl::source::Location;
use crate::terragrunt::Document;

pub(super) use read::{all, cost};

/// One `policy` block.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The label.
    pub name: String,
    /// Where the block stands.
    pub location: Location,
    /// What a denial does.
    pub enforcement: Enforcement,
    /// What decides.
    pub check: Check,
    /// The units it is about; all where nothing is said.
    units: Option<Filter>,
    document: Arc<Document>,
    /// Which of the file's `policy` blocks it is.
    number: usize,
}

/// What a denial does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// The plan is not applied.
    #[default]
    Deny,
    /// It is told, and the plan may be applied.
    Warn,
}

/// What decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The block's own `deny` and `warn`.
    Rules,
    /// `conftest`.
    Conftest(Conftest),
    /// `opa`.
    Opa(Opa),
    /// Any program that reads the plan from its standard input; the program, then its arguments.
    Command(Vec<String>),
}

/// A `conftest` block. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conftest {
    /// The program.
    pub program: String,
    /// The files and folders with its policies.
    pub policy: Vec<PathBuf>,
    /// The packages that are asked; `main` where none is named.
    pub namespaces: Vec<String>,
    /// Whether all packages are asked.
    pub all_namespaces: bool,
    /// The files and folders with further data.
    pub data: Vec<PathBuf>,
}

/// An `opa` block. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opa {
    /// The program.
    pub program: String,
    /// The files and folders with its policies and data.
    pub policy: Vec<PathBuf>,
    /// The package whose `deny`, `violation` and `warn` are asked.
    pub package: String,
}

/// The `cost` block: what is asked of the price list, and what may not be exceeded.
#[derive(Clone, Debug, PartialEq)]
pub struct CostLimits {
    /// The program.
    pub program: String,
    /// How much more all units of a run together may cost a month.
    pub max_monthly_increase: Option<f64>,
    /// How much more one unit may cost a month.
    pub max_unit_increase: Option<f64>,
    /// The usage file, absolute.
    pub usage_file: Option<PathBuf>,
    /// What exceeding a limit does.
    pub enforcement: Enforcement,
}

impl Default for CostLimits {
    fn default() -> Self {
        Self {
            program: "infracost".to_owned(),
            max_monthly_increase: None,
            max_unit_increase: None,
            usage_file: None,
            enforcement: Enforcement::default(),
        }
    }
}

impl Policy {
    /// The folders of the units of an estate that it is about; `root` is the folder that paths in its query count
    /// from, which is the estate's root, whatever part of it was walked.
    pub fn units(&self, estate: &Estate, root: &Path) -> BTreeSet<PathBuf> {
        let Some(filter) = &self.units else {
            return estate.units.iter().map(|unit| unit.dir.clone()).collect();
        };
        let filters = Filters::one(filter.clone());
        let selected = FilterContext::new(estate, root, &[]).select_anywhere(&filters);
        selected.units.into_iter().map(|unit| estate.unit(unit).dir.clone()).collect()
    }
}

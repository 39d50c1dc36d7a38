//! The pipeline of an estate: which environments it has, how its units are cut into jobs, and the files that forges read.
//!
//! | what | by |
//! |---|---|
//! | the environments, in the order in which they are applied | [`Pipeline::of`] |
//! | jobs of about the same length, inside of a platform's limits | [`Pipeline::cut`] |
//! | the file of a platform | [`github::workflow`], [`gitlab::pipeline`], [`argo_workflows::templates`], [`atlantis::projects`] |
//! | plans on their way from one job to another | [`sealed`] |
//! | the reports of a run's jobs | [`reports`] |
//! | how long units took in earlier runs | [`durations`] |
//! | those that were made for the pull request of a commit | [`reviewed`], of a [`host`] |

pub mod argo_workflows;
pub mod atlantis;
pub mod durations;
mod environments;
pub mod github;
pub mod gitlab;
pub mod host;
pub mod limits;
pub mod reports;
pub mod reviewed;
pub mod sealed;
mod shards;

use std::path::{Path, PathBuf};

pub use self::environments::Environment;
pub use self::shards::Shard;
pub use self::shards::{list, matrix};
use crate::project::Ci;
use crate::scaffold::names::{Label, UnitsFolder};
use crate::support::path_text;

/// How a file of ours begins, so that no other is written over.
pub const MARK: &str = "# Written by `slipway ci ";

/// What a pipeline is made from.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// In the order in which they are applied.
    pub environments: Vec<Environment>,
    /// The project's folder, from the root of the repository; empty where it is that.
    pub folder: PathBuf,
    /// The project's folder, absolute.
    base: PathBuf,
    /// The estate's root, from the project's folder.
    root: PathBuf,
    /// What slipway.hcl says.
    settings: Ci,
    /// Whether stacks make units of it, which jobs have to generate.
    has_stacks: bool,
}

/// A file for a forge.
#[derive(Clone, Debug)]
pub struct Written {
    /// From the root of the repository.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
    /// Whether it has the jobs themselves, with their roles and secrets.
    pub has_jobs: bool,
}

/// Why there is no pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// There is nothing to plan.
    #[error("there are no units to write a pipeline for")]
    NoUnits,
    /// A unit that no job would plan.
    #[error("no environment of slipway.hcl has {unit}")]
    Uncovered {
        /// The unit.
        unit: String,
    },
    /// A unit that two jobs would plan.
    #[error("the environments {one} and {other} both have {unit}")]
    Twice {
        /// The unit.
        unit: String,
        /// An environment.
        one: String,
        /// Another.
        other: String,
    },
    /// A job without units is one that waits for nothing, for ever green.
    #[error("the environment {0} has no units")]
    Empty(String),
    /// What is applied later is needed before.
    #[error("{unit} of {environment} depends on {needed} of {later}, which is applied after it")]
    Backwards {
        /// The unit.
        unit: String,
        /// Its environment.
        environment: String,
        /// What it depends on.
        needed: String,
        /// The environment of that.
        later: String,
    },
    /// More jobs than a platform takes.
    #[error("there are {count} {what}, and {platform} takes {most}")]
    TooMany {
        /// How many there are.
        count: usize,
        /// Of what.
        what: &'static str,
        /// Whose limit it is.
        platform: &'static str,
        /// The limit.
        most: usize,
    },
    /// One that is not there.
    #[error("there is no environment {name}: there are {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Those that are there.
        known: String,
    },
    /// A folder that a pipeline cannot say.
    #[error("a pipeline cannot stand in {0:?}: it takes letters, digits and . _ -, and no ..")]
    Folder(String),
    /// A name that cannot be in a query.
    #[error("{0} cannot be named in a pipeline: it has a character that means something in a query")]
    Unnameable(String),
}

impl PipelineError {
    /// The way out.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoUnits => "name the folder of the units by estate { root = … } in slipway.hcl",
            Self::Uncovered { .. } => {
                "add an environment block for its folder, or leave the folder out by estate { exclude = […] }"
            }
            Self::Twice { .. } => "give each environment a folder of its own",
            Self::Unknown { .. } => "name one of them",
            Self::Empty(_) => "correct its path, or take the block away",
            Self::Backwards { .. } => "change the order of the environment blocks in slipway.hcl",
            Self::TooMany { .. } => "have fewer: bring environments together, or split the repository",
            Self::Unnameable(_) | Self::Folder(_) => "rename its folder",
        }
    }
}

/// A folder as a pipeline can say it, `.` where it is the one that is stood in.
fn plain(folder: &Path) -> Result<String, PipelineError> {
    let text = path_text::shown(folder);
    let text = if text.is_empty() { ".".to_owned() } else { text };
    match text.parse::<UnitsFolder>() {
        Ok(_) => Ok(text),
        Err(_) => Err(PipelineError::Folder(text)),
    }
}

impl Pipeline {
    /// How many units it has.
    pub fn units(&self) -> usize {
        self.environments.iter().map(|environment| environment.units.len()).sum()
    }

    /// Keeps one environment alone.
    pub fn keep(&mut self, name: &Label) -> Result<(), PipelineError> {
        let known: Vec<String> = self.environments.iter().map(|one| one.name.to_string()).collect();
        self.environments.retain(|one| one.name == *name);
        if self.environments.is_empty() {
            return Err(PipelineError::Unknown { name: name.to_string(), known: known.join(", ") });
        }
        Ok(())
    }

    /// Whether the jobs that plan are cut from what is affected, or are one an environment.
    pub fn is_cut(&self) -> bool {
        self.environments.iter().any(|environment| environment.units.len() > self.settings.units_per_job)
    }

    fn branch(&self) -> &str {
        self.settings.branch.as_ref().map_or("main", |branch| branch.as_str())
    }

    /// The folder in which Slipway is run, from the repository's root.
    fn working_directory(&self) -> Result<String, PipelineError> {
        plain(&self.folder)
    }

    /// The estate's root, from there.
    fn root(&self) -> Result<String, PipelineError> {
        plain(&self.root)
    }
}

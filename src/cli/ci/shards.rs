//! `slipway ci shards`: the jobs that plan, as a matrix.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::durations::kept;
use super::left::files;
use super::write::slipway;
use super::{Whole, pipeline};
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::selection::SelectionArgs;
use crate::launch::{CommandError, Workspace, inside};
use crate::pipeline::gitlab::plans;
use crate::pipeline::limits::{ARGO_WORKFLOWS, GITHUB, GITLAB};
use crate::pipeline::{list, matrix};
use crate::project::Needs;
use crate::run::durations::lately;
use crate::run::home::HOME;
use crate::scaffold::names::Label;
use crate::ui::Ui;

/// Print the jobs that plan what is selected, as a matrix or a pipeline
///
/// There are as many jobs as it takes for none to have more units than `units_per_job` of slipway.hcl says, or as the platform takes. They are about as long as each other, by how long the units took lately: those that are quick have more units, up to four times as many.
#[derive(Args, Clone, Debug)]
pub(super) struct ShardsArgs {
    #[command(flatten)]
    selection: SelectionArgs,

    /// How long units take, in a JSON object of names and seconds, or a folder of such files; before what runs of this machine say
    #[arg(long, value_name = "FILE", env = "SLIPWAY_DURATIONS")]
    durations: Vec<PathBuf>,

    /// Whose pipeline they are for: on GitHub a matrix, on GitLab a pipeline of their own, for Argo Workflows a list
    #[arg(long = "for", value_enum, default_value_t = Platform::GitHub)]
    platform: Platform,

    /// Only those of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<Label>,
}

/// Whose jobs they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Platform {
    /// GitHub Actions
    #[value(name = "github")]
    GitHub,
    /// GitLab CI
    #[value(name = "gitlab")]
    GitLab,
    /// Argo Workflows
    #[value(name = "argo-workflows")]
    ArgoWorkflows,
}

pub(super) fn cmd_shards(ui: Ui, global: &Global, args: &ShardsArgs) -> Result<Exit, CommandError> {
    let workspace = Workspace::open(ui, &global.invocation(), Needs::PIPELINE)?;
    let reader = workspace.reader("plan");
    let Whole { mut pipeline, estate, .. } = pipeline(&workspace, &reader)?;
    let selectors = args.selection.selectors();
    let selected = match selectors.select(ui, &workspace, &estate, &reader)? {
        Some(matched) => matched.selected.units,
        None => inside(&estate),
    };
    let mut seconds = lately(&workspace.project.dir.join(HOME), "plan")?;
    for named in &args.durations {
        let place = workspace.working_dir.join(named);
        if !place.exists() {
            return Err(CommandError::usage(
                format!("there is no {}", named.display()),
                "name a file like {\"dev/vpc\": 12.5}, which `--report-durations` writes, or a folder of them",
            ));
        }
        for file in files(&place, "json")? {
            seconds.extend(kept(ui, &file));
        }
    }
    let limits = match args.platform {
        Platform::GitHub => GITHUB,
        Platform::GitLab => GITLAB,
        Platform::ArgoWorkflows => ARGO_WORKFLOWS,
    };
    if let Some(only) = &args.environment {
        pipeline.keep(only)?;
    }
    let shards = pipeline.cut(&estate, &selected, &seconds, limits)?;
    ui.raw(&match args.platform {
        Platform::GitHub => matrix(&shards) + "\n",
        Platform::GitLab => plans(&pipeline, &shards, &slipway(&pipeline)?)?,
        Platform::ArgoWorkflows => list(&shards) + "\n",
    })?;
    let units: usize = shards.iter().map(|shard| shard.queries.len()).sum();
    ui.say(&format!("{units} units in {} jobs", shards.len()));
    Ok(Exit::Done)
}

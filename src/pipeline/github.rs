//! The workflow for GitHub Actions.

use askama::Template;

use super::limits::GITHUB;
use super::{Environment, MARK, Pipeline, PipelineError, Written, plain};
use crate::scaffold::names::Schedule;
use crate::scaffold::{PINS, Pins, Slipway};

/// Where it is, from the root of the repository.
const PLACE: &str = ".github/workflows/infrastructure.yml";
/// What jobs run on where nobody says otherwise.
const RUNNER: &str = "ubuntu-24.04";

#[derive(Template)]
#[template(path = "ci/github.yml", syntax = "scaffold", escape = "none")]
struct Workflow<'p> {
    mark: String,
    branch: &'p str,
    drift: Option<&'p str>,
    names: String,
    runner: &'p str,
    folder: String,
    root: String,
    action: &'p str,
    pins: Pins,
    is_cut: bool,
    has_stacks: bool,
    has_roles: bool,
    environments: Vec<Part<'p>>,
}

/// An environment as its jobs say it.
struct Part<'p> {
    name: &'p str,
    place: String,
    plan_role: &'p str,
    apply_role: &'p str,
    region: &'p str,
    after: Option<&'p str>,
    /// What its folders begin with, as a shell matches it.
    pattern: String,
}

/// The workflow of an estate.
pub fn workflow(pipeline: &Pipeline, slipway: &Slipway) -> Result<Written, PipelineError> {
    let parts = &pipeline.environments;
    if parts.len() > GITHUB.matrix {
        return Err(PipelineError::TooMany {
            count: parts.len(),
            what: "environments",
            platform: GITHUB.platform,
            most: GITHUB.matrix,
        });
    }
    let befores = std::iter::once(None).chain(parts.iter().map(|one| Some(one.name.as_str())));
    let environments = parts.iter().zip(befores).map(|(one, after)| part(one, after));
    let environments = environments.collect::<Result<Vec<Part<'_>>, _>>()?;
    let names: Vec<&str> = environments.iter().map(|one| one.name).collect();
    let settings = pipeline.settings();
    let workflow = Workflow {
        mark: format!("{MARK}github`. `slipway ci github --check` fails where it is not that of the estate."),
        branch: pipeline.branch(),
        drift: settings.drift.as_ref().map(Schedule::as_str),
        names: names.join(", "),
        runner: settings.runner.as_ref().map_or(RUNNER, |runner| runner.as_str()),
        folder: pipeline.working_directory()?,
        root: pipeline.root()?,
        action: slipway.action(),
        pins: PINS,
        is_cut: pipeline.is_cut(),
        has_stacks: pipeline.has_stacks,
        has_roles: environments.iter().any(|one| !one.plan_role.is_empty()),
        environments,
    };
    // Rendering into a string fails only where a part cannot be written; these are all text.
    let text = workflow.render().unwrap_or_else(|error| error.to_string()) + "\n";
    if text.len() > GITHUB.file {
        return Err(PipelineError::TooMany {
            count: text.len(),
            what: "bytes of a workflow",
            platform: GITHUB.platform,
            most: GITHUB.file,
        });
    }
    Ok(Written { path: PLACE, text, has_jobs: true })
}

fn part<'p>(one: &'p Environment, after: Option<&'p str>) -> Result<Part<'p>, PipelineError> {
    Ok(Part {
        name: one.name.as_str(),
        place: plain(&one.place)?,
        plan_role: one.plan_role.as_ref().map_or("", |role| role.as_str()),
        apply_role: one.apply_role.as_ref().map_or("", |role| role.as_str()),
        region: one.region.as_ref().map_or("", |region| region.as_str()),
        after,
        pattern: one.pattern(),
    })
}

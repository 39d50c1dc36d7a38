//! The pipeline for GitLab CI; that of a large estate begins another one, which is made anew each time.

use askama::Template;

use super::limits::GITLAB;
use super::shards::Shard;
use super::{Environment, MARK, Pipeline, PipelineError, Written, plain};
use crate::scaffold::Slipway;
use crate::scaffold::names::{JobImage, Region, Role};

/// Where it is, from the root of the repository.
const PLACE: &str = ".gitlab-ci.yml";
/// What jobs run in where nobody says otherwise.
const IMAGE: &str = "registry.example/platform/tofu:1.11";

#[derive(Template)]
#[template(path = "ci/gitlab.yml", syntax = "scaffold", escape = "none")]
struct Main<'p> {
    mark: String,
    branch: &'p str,
    image: &'p str,
    folder: String,
    root: String,
    slipway: &'p Slipway,
    is_cut: bool,
    has_stacks: bool,
    environments: Vec<Part>,
}

#[derive(Template)]
#[template(path = "ci/gitlab-plans.yml", syntax = "scaffold", escape = "none")]
struct Plans<'p> {
    image: &'p str,
    folder: String,
    root: String,
    has_stacks: bool,
    slipway: &'p Slipway,
    jobs: Vec<Job>,
}

/// An environment as its jobs say it.
struct Part {
    name: String,
    place: String,
    plan_role: String,
    apply_role: String,
    region: String,
    after: Option<String>,
    /// What its folders begin with, as a shell matches it.
    pattern: String,
}

/// A job that plans.
struct Job {
    name: String,
    number: String,
    place: String,
    role: String,
    region: String,
    filter: String,
}

/// The pipeline of an estate.
pub fn pipeline(pipeline: &Pipeline, slipway: &Slipway) -> Result<Written, PipelineError> {
    let parts = &pipeline.environments;
    let befores = std::iter::once(None).chain(parts.iter().map(|one| Some(one.name.to_string())));
    let environments = parts.iter().zip(befores).map(|(one, after)| {
        Ok(Part {
            name: one.name.to_string(),
            place: plain(&one.place)?,
            plan_role: role(one.plan_role.as_ref()),
            apply_role: role(one.apply_role.as_ref()),
            region: region(one),
            after,
            pattern: one.pattern(),
        })
    });
    let made = Main {
        mark: format!("{MARK}gitlab`. `slipway ci gitlab --check` fails where it is not that of the estate."),
        branch: pipeline.branch(),
        image: image(pipeline),
        folder: pipeline.working_directory()?,
        root: pipeline.root()?,
        slipway,
        is_cut: pipeline.is_cut(),
        has_stacks: pipeline.has_stacks,
        environments: environments.collect::<Result<_, PipelineError>>()?,
    };
    Ok(Written { path: PLACE, text: rendered(&made)?, has_jobs: true })
}

/// The pipeline of the jobs that plan.
pub fn plans(pipeline: &Pipeline, shards: &[Shard<'_>], slipway: &Slipway) -> Result<String, PipelineError> {
    let jobs = shards.iter().map(|shard| {
        Ok(Job {
            name: shard.environment.name.to_string(),
            number: format!("{:03}", shard.number),
            place: plain(&shard.environment.place)?,
            role: role(shard.environment.plan_role.as_ref()),
            region: region(shard.environment),
            // One a line, each as far to the right as the script is.
            filter: shard.queries.join("\n      "),
        })
    });
    let jobs = jobs.collect::<Result<_, PipelineError>>()?;
    rendered(&Plans {
        image: image(pipeline),
        folder: pipeline.working_directory()?,
        root: pipeline.root()?,
        has_stacks: pipeline.has_stacks,
        slipway,
        jobs,
    })
}

fn rendered(template: &impl Template) -> Result<String, PipelineError> {
    // Rendering into a string fails only where a part cannot be written; these are all text.
    let text = template.render().unwrap_or_else(|error| error.to_string()) + "\n";
    if text.len() <= GITLAB.file {
        return Ok(text);
    }
    Err(PipelineError::TooMany {
        count: text.len(),
        what: "bytes of a pipeline",
        platform: GITLAB.platform,
        most: GITLAB.file,
    })
}

fn image(pipeline: &Pipeline) -> &str {
    pipeline.settings().image.as_ref().map_or(IMAGE, JobImage::as_str)
}

fn role(role: Option<&Role>) -> String {
    role.map(Role::to_string).unwrap_or_default()
}

fn region(environment: &Environment) -> String {
    environment.region.as_ref().map(Region::to_string).unwrap_or_default()
}

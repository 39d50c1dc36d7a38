//! The workflows for Argo Workflows: what is applied is planned, agreed to and applied within one workflow.

use askama::Template;

use super::limits::ARGO_WORKFLOWS;
use super::{MARK, Pipeline, PipelineError, Written, plain};
use crate::scaffold::names::{JobImage, Region, Role, Schedule};

/// Where it is, from the root of the repository.
const PLACE: &str = "argo-workflows.yaml";
/// What steps run in where nobody says otherwise: Slipway, Git, and `tofu` or `terraform`.
const IMAGE: &str = concat!("registry.example/platform/slipway:v", env!("CARGO_PKG_VERSION"));

#[derive(Template)]
#[template(path = "ci/argo-workflows.yaml", syntax = "scaffold", escape = "none")]
struct Templates<'p> {
    mark: String,
    branch: &'p str,
    image: &'p str,
    folder: String,
    root: String,
    drift: Option<&'p str>,
    is_cut: bool,
    has_stacks: bool,
    environments: Vec<Part<'p>>,
}

/// An environment as its steps say it.
struct Part<'p> {
    name: &'p str,
    place: String,
    plan_role: &'p str,
    apply_role: &'p str,
    region: &'p str,
    /// What has to have come to its end before it is planned in order to be applied.
    depends: String,
    /// What its folders begin with, as a shell matches it.
    pattern: String,
}

/// The workflows of an estate.
pub fn templates(pipeline: &Pipeline) -> Result<Written, PipelineError> {
    let parts = &pipeline.environments;
    let befores = std::iter::once(None).chain(parts.iter().map(|one| Some(one.name.as_str())));
    let environments = parts.iter().zip(befores).map(|(one, before)| {
        Ok(Part {
            name: one.name.as_str(),
            place: plain(&one.place)?,
            plan_role: one.plan_role.as_ref().map_or("", Role::as_str),
            apply_role: one.apply_role.as_ref().map_or("", Role::as_str),
            region: one.region.as_ref().map_or("", Region::as_str),
            depends: before.map_or_else(|| "check.Succeeded".to_owned(), is_done),
            pattern: one.pattern(),
        })
    });
    let settings = pipeline.settings();
    let made = Templates {
        mark: format!(
            "{MARK}argo-workflows`. `slipway ci argo-workflows --check` fails where it is not that of the estate."
        ),
        branch: pipeline.branch(),
        image: settings.image.as_ref().map_or(IMAGE, JobImage::as_str),
        folder: pipeline.working_directory()?,
        root: pipeline.root()?,
        drift: settings.drift.as_ref().map(Schedule::as_str),
        is_cut: pipeline.is_cut(),
        has_stacks: pipeline.has_stacks,
        environments: environments.collect::<Result<_, PipelineError>>()?,
    };
    // Rendering into a string fails only where a part cannot be written; these are all text.
    let text = made.render().unwrap_or_else(|error| error.to_string()) + "\n";
    if text.len() > ARGO_WORKFLOWS.file {
        return Err(PipelineError::TooMany {
            count: text.len(),
            what: "bytes of a workflow",
            platform: ARGO_WORKFLOWS.platform,
            most: ARGO_WORKFLOWS.file,
        });
    }
    Ok(Written { path: PLACE, text, has_jobs: true })
}

/// That an environment is applied, or that nothing of it was to be.
fn is_done(name: &str) -> String {
    format!("plan-{name}.Succeeded && (apply-{name}.Succeeded || agree-{name}.Skipped)")
}

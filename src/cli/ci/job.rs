//! A job of a pipeline, as its environment tells of it.

use std::path::Path;

use crate::forge::{Kind, Place};
use crate::launch::CommandError;
use crate::support::fs::read_text;
use crate::support::secret::Secret;

/// What a job knows of itself.
pub(super) struct Job {
    kind: Kind,
    url: String,
    api: String,
    token: Option<Secret>,
    /// The number of its request; none where it is of none.
    pub request: Option<u64>,
    /// The branch that the request is for, where it is known.
    pub base: Option<String>,
    /// The commit that it is for: the last one of its request, not one that the forge has only tried to merge.
    pub commit: Option<String>,
    /// The number of the pipeline.
    pub run: u64,
    /// Where people see it.
    pub page: Option<String>,
    /// Whether what it writes is a program's.
    pub by_programs: bool,
}

impl Job {
    /// Its repository.
    pub fn place(&self, variable: &impl Fn(&str) -> Option<String>) -> Result<Place, CommandError> {
        let place = Place::of(&self.url, Some(self.kind), Some(&self.api), variable);
        place.map_err(|error| CommandError::failed(error, None))
    }

    /// What lets it in.
    pub fn token(&self) -> Result<Secret, CommandError> {
        let (name, way) = match self.kind {
            Kind::GitHub => ("GITHUB_TOKEN", "env: { GITHUB_TOKEN: ${{ github.token }} }"),
            Kind::GitLab => {
                ("SLIPWAY_GITLAB_TOKEN", "a project access token with the scope api, as a masked variable")
            }
        };
        self.token.clone().ok_or_else(|| {
            CommandError::usage(
                format!("{name} is not set: the forge lets nobody in without"),
                format!("give it to the job: {way}"),
            )
        })
    }

    /// Of the environment; none where this is no job of a forge.
    pub fn of(variable: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        if variable("CI_PROJECT_PATH").is_some() && variable("GITHUB_REPOSITORY").is_none() {
            Self::of_gitlab(variable)
        } else {
            Self::of_github(variable)
        }
    }

    fn of_github(variable: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        let event = variable("GITHUB_EVENT_PATH").and_then(|file| read_text(Path::new(&file)).ok());
        let event: Option<serde_json::Value> = event.and_then(|text| serde_json::from_str(&text).ok());
        let said = |path: &str| event.as_ref()?.pointer(path);
        let number = said("/pull_request/number").and_then(serde_json::Value::as_u64);
        let head =
            ["/pull_request/head/sha", "/merge_group/head_sha"].iter().find_map(|path| said(path)?.as_str());
        let commit = head.map(str::to_owned).or_else(|| variable("GITHUB_SHA"));
        let url = format!("{server}/{repository}");
        let run = variable("GITHUB_RUN_ID");
        Some(Self {
            kind: Kind::GitHub,
            api: variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned()),
            token: variable("GITHUB_TOKEN").map(Secret::new),
            request: number,
            commit,
            base: variable("GITHUB_BASE_REF"),
            page: run.as_ref().map(|run| format!("{url}/actions/runs/{run}")),
            run: run.and_then(|run| run.parse().ok()).unwrap_or_default(),
            by_programs: variable("GITHUB_ACTIONS").is_some(),
            url,
        })
    }

    fn of_gitlab(variable: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (server, path) = (variable("CI_SERVER_URL")?, variable("CI_PROJECT_PATH")?);
        Some(Self {
            kind: Kind::GitLab,
            url: format!("{server}/{path}"),
            api: variable("CI_API_V4_URL")?,
            token: variable("SLIPWAY_GITLAB_TOKEN").map(Secret::new),
            request: variable("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
            base: variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            commit: variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| variable("CI_COMMIT_SHA")),
            run: variable("CI_PIPELINE_ID").and_then(|run| run.parse().ok()).unwrap_or_default(),
            page: variable("CI_PIPELINE_URL"),
            by_programs: false,
        })
    }
}

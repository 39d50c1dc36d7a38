//! GitLab: merge requests by REST.

mod jobs;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::api::{Api, Reply, at};
use super::error::ForgeError;
use super::place::Place;
use super::text::RequestText;
use super::{Request, RequestState, Wanted, address};
use crate::support::secret::Secret;

/// A request that was just pushed to is being checked for a while, and cannot be told to be merged.
const CHECKS: u32 = 20;
const BETWEEN_CHECKS: Duration = Duration::from_millis(500);

/// A project on GitLab.
#[derive(Debug)]
pub struct GitLab {
    api: Api,
    project: String,
}

impl GitLab {
    /// The project at a place, let in by a token.
    pub fn new(place: &Place, token: Secret) -> Self {
        Self { api: Api::new(place, token), project: place.path.clone() }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// An address below the project's.
    pub(super) fn at(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let project: &[&str] = &["projects", &self.project];
        address(&self.api.base, &[project, segments].concat(), query)
    }

    pub(super) async fn propose(&self, wanted: &Wanted<'_>) -> Result<Request, ForgeError> {
        let mut request = match self.open_for(wanted).await? {
            Some(request) => {
                self.describe(request.number, wanted.text, wanted.labels).await?;
                request
            }
            None => self.open(wanted).await?,
        };
        if request.opened {
            request.warnings.extend(self.what_a_squash_loses().await?);
        }
        if wanted.auto_merge {
            self.merge_when_ready(&request, wanted).await?;
        }
        Ok(request)
    }

    /// The merge request that is open for the branch.
    async fn open_for(&self, wanted: &Wanted<'_>) -> Result<Option<Request>, ForgeError> {
        let query = [
            ("state", "opened"),
            ("source_branch", wanted.head),
            ("target_branch", wanted.base),
            ("per_page", "100"),
        ];
        let open = self.api.list("list the merge requests", &self.at(&["merge_requests"], &query)).await?;
        // Of a fork it may be called the same.
        let is_its = |one: &&Value| {
            at(one, "source_branch") == wanted.head
                && at(one, "target_branch") == wanted.base
                && at(one, "source_project_id") == at(one, "target_project_id")
        };
        open.iter().find(is_its).map(|one| self.read(one, false)).transpose()
    }

    async fn open(&self, wanted: &Wanted<'_>) -> Result<Request, ForgeError> {
        let (mut reviewers, mut warnings) = (Vec::new(), Vec::new());
        for name in wanted.reviewers {
            match self.user(name).await? {
                Some(id) => reviewers.push(id),
                None => warnings.push(format!("{name} was not asked for a review: there is no such user")),
            }
        }
        let body = json!({
            "source_branch": wanted.head, "target_branch": wanted.base, "title": wanted.text.title,
            "description": wanted.text.body, "labels": wanted.labels.join(","), "reviewer_ids": reviewers,
            "remove_source_branch": true,
        });
        let reply = self.api.ask(Method::POST, &self.at(&["merge_requests"], &[]), Some(&body)).await?;
        // Another pipeline was faster, or an answer got lost.
        if reply.status == 409
            && let Some(request) = self.open_for(wanted).await?
        {
            self.describe(request.number, wanted.text, wanted.labels).await?;
            return Ok(request);
        }
        let reply = reply.granted(&self.api, "open a merge request")?;
        Ok(Request { warnings, ..self.read(&reply.json, true)? })
    }

    async fn user(&self, name: &str) -> Result<Option<u64>, ForgeError> {
        let url = address(&self.api.base, &["users"], &[("username", name)]);
        let users = self.api.list("look for a reviewer", &url).await?;
        Ok(users.first().and_then(|user| at(user, "id").as_u64()))
    }

    pub(super) async fn describe(
        &self,
        number: u64,
        text: &RequestText,
        labels: &[String],
    ) -> Result<Reply, ForgeError> {
        let mut body = json!({"title": text.title, "description": text.body});
        if !labels.is_empty() {
            let _ = body
                .as_object_mut()
                .map(|body| body.insert("add_labels".to_owned(), json!(labels.join(","))));
        }
        let url = self.at(&["merge_requests", &number.to_string()], &[]);
        self.api.ask(Method::PUT, &url, Some(&body)).await?.granted(&self.api, "update the merge request")
    }

    /// Has GitLab merge it once its pipeline is through; where there is none, merges it.
    async fn merge_when_ready(&self, request: &Request, wanted: &Wanted<'_>) -> Result<(), ForgeError> {
        let message = format!("{}\n\n{}", wanted.text.title, wanted.text.body);
        let body = json!({
            "auto_merge": true, "merge_when_pipeline_succeeds": true, "sha": wanted.commit,
            "should_remove_source_branch": true, "squash_commit_message": message,
        });
        let url = self.at(&["merge_requests", &request.number.to_string(), "merge"], &[]);
        for _ in 0..CHECKS {
            let reply = self.api.ask(Method::PUT, &url, Some(&body)).await?;
            // 405 is also what a request gets that is being checked, or waits for an approval.
            if !matches!(reply.status, 405 | 422) {
                return reply.granted(&self.api, "merge the merge request by itself").map(drop);
            }
            if self.state(request.number).await? != RequestState::Open {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_CHECKS).await;
        }
        let status = self.at(&["merge_requests", &request.number.to_string()], &[]);
        let reply =
            self.api.ask(Method::GET, &status, None).await?.granted(&self.api, "read the merge request")?;
        let said =
            at(&reply.json, "detailed_merge_status").as_str().unwrap_or("it cannot be merged yet").to_owned();
        let way = "it is open; merge it by hand once that is there, or leave --auto-merge out".to_owned();
        Err(ForgeError::Refused {
            forge: "GitLab",
            what: "merge the merge request by itself",
            status: 405,
            said,
            way,
        })
    }

    pub(super) async fn state(&self, number: u64) -> Result<RequestState, ForgeError> {
        let url = self.at(&["merge_requests", &number.to_string()], &[]);
        let reply =
            self.api.ask(Method::GET, &url, None).await?.granted(&self.api, "read the merge request")?;
        match at(&reply.json, "state").as_str() {
            Some("merged") => {
                // A fast-forward makes no commit of its own.
                let keys = ["merge_commit_sha", "squash_commit_sha", "sha"];
                let commit = keys.iter().find_map(|key| at(&reply.json, key).as_str());
                let commit =
                    commit.ok_or_else(|| self.api.unusable(&url, "a merged request without a commit"))?;
                Ok(RequestState::Merged(commit.to_owned()))
            }
            Some("closed") => Ok(RequestState::Closed),
            Some(_) => Ok(RequestState::Open),
            None => Err(self.api.unusable(&url, "a merge request without a state")),
        }
    }

    /// Whether the project squashes to a message without the lines that history is read from.
    async fn what_a_squash_loses(&self) -> Result<Option<String>, ForgeError> {
        let reply = self.api.ask(Method::GET, &self.at(&[], &[]), None).await?;
        let project = reply.granted(&self.api, "read the project")?.json;
        let squashes = matches!(at(&project, "squash_option").as_str(), Some("always" | "default_on"));
        let template = at(&project, "squash_commit_template").as_str().unwrap_or_default();
        let keeps = ["%{description}", "%{all_commits}", "%{first_multiline_commit}"];
        let loses = squashes && !keeps.iter().any(|part| template.contains(part));
        Ok(loses.then(|| {
            "the project squashes merge requests to a message without a body: history and rollback would not see it; add \
             %{first_multiline_commit} to its template of squash commits, or let --auto-merge do it"
                .to_owned()
        }))
    }

    fn read(&self, one: &Value, opened: bool) -> Result<Request, ForgeError> {
        let number = at(one, "iid").as_u64();
        let number = number.ok_or_else(|| {
            self.api.unusable(&self.at(&["merge_requests"], &[]), "a merge request without a number")
        })?;
        let url = at(one, "web_url").as_str().unwrap_or_default().to_owned();
        Ok(Request { number, url, opened, warnings: Vec::new(), id: String::new() })
    }
}

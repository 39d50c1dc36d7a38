//! GitHub: pull requests by REST, auto-merge by GraphQL.

mod app;
mod artifacts;
mod merging;

use http::Method;
use serde_json::{Value, json};
use url::Url;

pub use self::app::AppKey;
use super::api::{Api, Reply, at};
use super::error::ForgeError;
use super::place::Place;
use super::text::RequestText;
use super::{Request, RequestState, Wanted, address};
use crate::support::secret::Secret;

/// A repository on GitHub.
#[derive(Debug)]
pub struct GitHub {
    api: Api,
    owner: String,
    name: String,
}

impl GitHub {
    /// The repository at a place, let in by a token.
    pub fn new(place: &Place, token: Secret) -> Self {
        let (owner, name) = place.path.split_once('/').unwrap_or((&place.path, ""));
        Self { api: Api::new(place, token), owner: owner.to_owned(), name: name.to_owned() }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// An address below the repository's.
    pub(super) fn at(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let repository: &[&str] = &["repos", &self.owner, &self.name];
        address(&self.api.base, &[repository, segments].concat(), query)
    }

    pub(super) async fn propose(&self, wanted: &Wanted<'_>) -> Result<Request, ForgeError> {
        let mut request = match self.open_for(wanted).await? {
            Some(request) => {
                self.describe(request.number, wanted.text).await?;
                request
            }
            None => self.open(wanted).await?,
        };
        let number = request.number.to_string();
        if !wanted.labels.is_empty() {
            let labels = json!({"labels": wanted.labels});
            let reply = self
                .api
                .ask(Method::POST, &self.at(&["issues", &number, "labels"], &[]), Some(&labels))
                .await?;
            reply.granted(&self.api, "set the labels")?;
        }
        if request.opened && !wanted.reviewers.is_empty() {
            request.warnings.extend(self.ask_for_review(&number, wanted.reviewers).await?);
        }
        if wanted.auto_merge {
            self.merge_when_ready(&request, wanted).await?;
        }
        if request.opened {
            request.warnings.extend(self.what_a_squash_loses().await?);
        }
        Ok(request)
    }

    /// The pull request that is open for the branch.
    async fn open_for(&self, wanted: &Wanted<'_>) -> Result<Option<Request>, ForgeError> {
        let head = format!("{}:{}", self.owner, wanted.head);
        let query = [("state", "open"), ("head", head.as_str()), ("base", wanted.base), ("per_page", "100")];
        let open = self.api.list("list the pull requests", &self.at(&["pulls"], &query)).await?;
        // Who asks for a head that cannot be read gets all of them.
        let found = open.iter().find(|one| {
            at(at(one, "head"), "ref") == wanted.head && at(at(one, "base"), "ref") == wanted.base
        });
        found.map(|one| self.read(one, false)).transpose()
    }

    async fn open(&self, wanted: &Wanted<'_>) -> Result<Request, ForgeError> {
        let body = json!({
            "title": wanted.text.title, "body": wanted.text.body, "head": wanted.head, "base": wanted.base,
            "maintainer_can_modify": true,
        });
        let reply = self.api.ask(Method::POST, &self.at(&["pulls"], &[]), Some(&body)).await?;
        // Another pipeline was faster, or an answer got lost.
        if reply.status == 422
            && reply.said().contains("already exists")
            && let Some(request) = self.open_for(wanted).await?
        {
            self.describe(request.number, wanted.text).await?;
            return Ok(request);
        }
        let reply = reply.granted(&self.api, "open a pull request")?;
        self.read(&reply.json, true)
    }

    pub(super) async fn describe(&self, number: u64, text: &RequestText) -> Result<Reply, ForgeError> {
        let body = json!({"title": text.title, "body": text.body});
        let reply =
            self.api.ask(Method::PATCH, &self.at(&["pulls", &number.to_string()], &[]), Some(&body)).await?;
        reply.granted(&self.api, "update the pull request")
    }

    async fn ask_for_review(&self, number: &str, reviewers: &[String]) -> Result<Option<String>, ForgeError> {
        let (teams, users): (Vec<&String>, Vec<&String>) =
            reviewers.iter().partition(|name| name.contains('/'));
        let teams: Vec<&str> = teams.iter().filter_map(|name| name.rsplit('/').next()).collect();
        let body = json!({"reviewers": users, "team_reviewers": teams});
        let url = self.at(&["pulls", number, "requested_reviewers"], &[]);
        let reply = self.api.ask(Method::POST, &url, Some(&body)).await?;
        // The request stands whoever looks at it.
        let is_refused = matches!(reply.status, 403 | 422);
        if is_refused {
            return Ok(Some(format!("nobody was asked for a review: {}", reply.said())));
        }
        reply.granted(&self.api, "ask for a review").map(|_| None)
    }

    pub(super) async fn state(&self, number: u64) -> Result<RequestState, ForgeError> {
        let url = self.at(&["pulls", &number.to_string()], &[]);
        let reply =
            self.api.ask(Method::GET, &url, None).await?.granted(&self.api, "read the pull request")?;
        if at(&reply.json, "merged") == true {
            let commit = at(&reply.json, "merge_commit_sha").as_str();
            let commit =
                commit.ok_or_else(|| self.api.unusable(&url, "a merged pull request without a commit"))?;
            return Ok(RequestState::Merged(commit.to_owned()));
        }
        Ok(if at(&reply.json, "state") == "closed" { RequestState::Closed } else { RequestState::Open })
    }

    fn read(&self, one: &Value, opened: bool) -> Result<Request, ForgeError> {
        let text = |key: &str| at(one, key).as_str().unwrap_or_default().to_owned();
        let number = at(one, "number").as_u64();
        let number = number
            .ok_or_else(|| self.api.unusable(&self.at(&["pulls"], &[]), "a pull request without a number"))?;
        Ok(Request { number, url: text("html_url"), opened, warnings: Vec::new(), id: text("node_id") })
    }
}

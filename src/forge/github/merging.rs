//! How a pull request gets merged: by itself once it may be, and what is left of a message then.

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::GitHub;
use crate::forge::api::at;
use crate::forge::error::ForgeError;
use crate::forge::{Request, Wanted};

const ENABLE: &str = "mutation($id: ID!, $method: PullRequestMergeMethod!, $headline: String, $body: String) { \
                      enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method, commitHeadline: $headline, \
                      commitBody: $body}) { clientMutationId } }";

impl GitHub {
    /// Has GitHub merge it once everything required is there; where nothing is required, merges it.
    pub(super) async fn merge_when_ready(
        &self,
        request: &Request,
        wanted: &Wanted<'_>,
    ) -> Result<(), ForgeError> {
        let repository = self.repository().await?;
        let allowed = |key: &str| at(&repository, key) != false;
        let method = if allowed("allow_merge_commit") {
            "MERGE"
        } else if allowed("allow_squash_merge") {
            "SQUASH"
        } else {
            "REBASE"
        };
        // Whoever squashes keeps the message, whatever the repository makes of it otherwise.
        let squashes = method == "SQUASH";
        let message = squashes.then_some((&wanted.text.title, &wanted.text.body));
        let variables = json!({
            "id": request.id, "method": method,
            "headline": message.map(|(title, _)| title), "body": message.map(|(_, body)| body),
        });
        let url = graphql(&self.api.base);
        let body = json!({"query": ENABLE, "variables": variables});
        let reply = self.api.ask(Method::POST, &url, Some(&body)).await?;
        let reply = reply.granted(&self.api, "turn auto-merge on")?;
        if at(&reply.json, "errors").as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let said = reply.said();
        // GitHub turns it on only where something is awaited.
        if said.contains("clean status") || said.contains("unstable status") {
            return self.merge(request, wanted, method).await;
        }
        let way = if said.contains("not allowed") || said.contains("not enabled") {
            "allow it there: Settings, General, Pull Requests, Allow auto-merge".to_owned()
        } else {
            "merge it by hand, or leave --auto-merge out".to_owned()
        };
        let status = reply.status;
        Err(ForgeError::Refused { forge: "GitHub", what: "turn auto-merge on", status, said, way })
    }

    async fn merge(&self, request: &Request, wanted: &Wanted<'_>, method: &str) -> Result<(), ForgeError> {
        let mut body = json!({"merge_method": method.to_lowercase(), "sha": wanted.commit});
        if method == "SQUASH" {
            let _ = body
                .as_object_mut()
                .map(|body| body.insert("commit_title".to_owned(), json!(wanted.text.title)));
            let _ = body
                .as_object_mut()
                .map(|body| body.insert("commit_message".to_owned(), json!(wanted.text.body)));
        }
        let url = self.at(&["pulls", &request.number.to_string(), "merge"], &[]);
        let reply = self.api.ask(Method::PUT, &url, Some(&body)).await?;
        // An answer got lost, and it was merged.
        if reply.status == 405 && self.state(request.number).await? != crate::forge::RequestState::Open {
            return Ok(());
        }
        reply.granted(&self.api, "merge the pull request").map(drop)
    }

    async fn repository(&self) -> Result<Value, ForgeError> {
        let reply = self.api.ask(Method::GET, &self.at(&[], &[]), None).await?;
        Ok(reply.granted(&self.api, "read the repository")?.json)
    }

    /// Whether the repository squashes to a message without the lines that history is read from.
    pub(super) async fn what_a_squash_loses(&self) -> Result<Option<String>, ForgeError> {
        let repository = self.repository().await?;
        // Who may only read is not told.
        let loses = at(&repository, "allow_squash_merge") != false
            && at(&repository, "squash_merge_commit_message") == "BLANK";
        Ok(loses.then(|| {
            "the repository squashes pull requests to a message without a body: history and rollback would not see it; set the \
             default message of squash merges there to commits or to the description"
                .to_owned()
        }))
    }
}

/// `https://HOST/api/v3` is REST of an Enterprise server, whose GraphQL is beside it.
fn graphql(api: &Url) -> Url {
    let mut url = api.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    let path = path
        .strip_suffix("/v3")
        .map_or_else(|| format!("{path}/graphql"), |before| format!("{before}/graphql"));
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_is_beside_rest() {
        let of = |api: &str| graphql(&Url::parse(api).unwrap()).to_string();
        assert_eq!(of("https://api.github.com"), "https://api.github.com/graphql");
        assert_eq!(of("https://ghe.example.com/api/v3/"), "https://ghe.example.com/api/graphql");
    }
}

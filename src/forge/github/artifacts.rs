//! What runs of workflows have left: which pull request a commit came by, its runs, and their artifacts.

use std::path::Path;

use http::Method;
use serde_json::Value;

use super::GitHub;
use crate::forge::api::at;
use crate::forge::error::ForgeError;
use crate::forge::left::{Artifact, Merged, Run};

impl GitHub {
    /// The pull requests by which a commit was merged.
    pub async fn merged(&self, commit: &str) -> Result<Vec<Merged>, ForgeError> {
        let url = self.at(&["commits", commit, "pulls"], &[("per_page", "100")]);
        let all = self.api.list("list the pull requests of a commit", &url).await?;
        let own = format!("{}/{}", self.owner, self.name);
        let merged = all.iter().filter(|one| !at(one, "merged_at").is_null());
        Ok(merged
            .filter_map(|one| {
                let (head, base) = (at(one, "head"), at(one, "base"));
                let from = at(at(head, "repo"), "full_name").as_str().unwrap_or_default();
                Some(Merged {
                    number: at(one, "number").as_u64()?,
                    head: at(head, "sha").as_str()?.to_owned(),
                    base: at(base, "ref").as_str()?.to_owned(),
                    is_of_fork: !from.eq_ignore_ascii_case(&own),
                })
            })
            .collect())
    }

    /// The runs of a workflow for pull requests at a commit that is their branch's last, the newest first; those of forks
    /// are none.
    pub async fn runs(&self, workflow: &str, head: &str) -> Result<Vec<Run>, ForgeError> {
        let query = [("event", "pull_request"), ("head_sha", head), ("per_page", "100")];
        let url = self.at(&["actions", "workflows", workflow, "runs"], &query);
        let all = self.api.list_in("list the runs of the workflow", &url, Some("workflow_runs")).await?;
        let own = format!("{}/{}", self.owner, self.name);
        let is_own = |run: &&Value| {
            let from = at(at(run, "head_repository"), "full_name").as_str().unwrap_or_default();
            from.eq_ignore_ascii_case(&own)
                && at(run, "head_sha") == head
                && at(run, "event") == "pull_request"
        };
        let mut runs: Vec<Run> = all
            .iter()
            .filter(is_own)
            .filter_map(|run| {
                let conclusion = at(run, "conclusion").as_str().map(str::to_owned);
                Some(Run { id: at(run, "id").as_u64()?, conclusion })
            })
            .collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs)
    }

    /// What a run has left.
    pub async fn artifacts(&self, run: u64) -> Result<Vec<Artifact>, ForgeError> {
        let url = self.at(&["actions", "runs", &run.to_string(), "artifacts"], &[("per_page", "100")]);
        let all = self.api.list_in("list the artifacts of the run", &url, Some("artifacts")).await?;
        Ok(all.iter().filter_map(artifact).collect())
    }

    /// The newest artifacts of that name, of any run, the newest first; not all that there ever were.
    pub async fn named(&self, name: &str) -> Result<Vec<Artifact>, ForgeError> {
        let url = self.at(&["actions", "artifacts"], &[("name", name), ("per_page", "30")]);
        let reply = self.api.ask(Method::GET, &url, None).await?;
        let reply = reply.granted(&self.api, "look for an artifact")?;
        let all = at(&reply.json, "artifacts").as_array().cloned().unwrap_or_default();
        let mut found: Vec<Artifact> =
            all.iter().filter_map(artifact).filter(|one| one.name == name).collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.id));
        Ok(found)
    }

    /// Saves an artifact, which is a zip archive, into a new file of `most` bytes at most.
    pub async fn save(&self, artifact: &Artifact, file: &Path, most: u64) -> Result<(), ForgeError> {
        let url = self.at(&["actions", "artifacts", &artifact.id.to_string(), "zip"], &[]);
        self.api.save("hand out an artifact", &url, file, most).await
    }
}

fn artifact(one: &Value) -> Option<Artifact> {
    let run = at(one, "workflow_run");
    let is_own =
        !at(run, "repository_id").is_null() && at(run, "repository_id") == at(run, "head_repository_id");
    Some(Artifact {
        id: at(one, "id").as_u64()?,
        name: at(one, "name").as_str()?.to_owned(),
        is_expired: at(one, "expired") == true,
        commit: at(run, "head_sha").as_str().unwrap_or_default().to_owned(),
        branch: at(run, "head_branch").as_str().filter(|_| is_own).map(str::to_owned),
    })
}

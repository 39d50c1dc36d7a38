//! What pipelines have left: which merge request a commit came by, its pipeline, and what the jobs of that have left.

use std::path::Path;

use http::Method;
use serde_json::Value;

use super::GitLab;
use crate::forge::api::at;
use crate::forge::error::ForgeError;
use crate::forge::left::{Artifact, Merged, Run};

impl GitLab {
    /// The merge requests by which a commit was merged.
    pub async fn merged(&self, commit: &str) -> Result<Vec<Merged>, ForgeError> {
        let url = self.at(&["repository", "commits", commit, "merge_requests"], &[("per_page", "100")]);
        let all = self.api.list("list the merge requests of a commit", &url).await?;
        let merged = all.iter().filter(|one| at(one, "state") == "merged");
        Ok(merged
            .filter_map(|one| {
                Some(Merged {
                    number: at(one, "iid").as_u64()?,
                    head: at(one, "sha").as_str()?.to_owned(),
                    base: at(one, "target_branch").as_str()?.to_owned(),
                    is_of_fork: at(one, "source_project_id") != at(one, "target_project_id"),
                })
            })
            .collect())
    }

    /// The newest pipeline for the last commit of a merge request.
    pub async fn run(&self, request: &Merged) -> Result<Option<Run>, ForgeError> {
        let url = self.at(&["merge_requests", &request.number.to_string()], &[]);
        let reply = self.api.ask(Method::GET, &url, None).await?;
        let reply = reply.granted(&self.api, "read the merge request")?.json;
        // One that was pushed to since has another last commit.
        if at(&reply, "sha") != request.head.as_str() {
            return Ok(None);
        }
        let pipeline = at(&reply, "head_pipeline");
        let status = at(pipeline, "status").as_str().map(str::to_owned);
        let conclusion =
            status.filter(|status| !["created", "pending", "running"].contains(&status.as_str()));
        Ok(at(pipeline, "id").as_u64().map(|id| Run { id, conclusion }))
    }

    /// What the jobs of a pipeline have left, and of the pipelines that it has begun.
    pub async fn artifacts(&self, pipeline: u64) -> Result<Vec<Artifact>, ForgeError> {
        let pipeline = pipeline.to_string();
        let bridges = self.at(&["pipelines", &pipeline, "bridges"], &[("per_page", "100")]);
        let bridges = self.api.list("list the pipelines that a pipeline has begun", &bridges).await?;
        let below = bridges.iter().filter_map(|bridge| at(at(bridge, "downstream_pipeline"), "id").as_u64());
        let mut found = Vec::new();
        for pipeline in std::iter::once(pipeline).chain(below.map(|id| id.to_string())) {
            let url = self.at(&["pipelines", &pipeline, "jobs"], &[("per_page", "100")]);
            let jobs = self.api.list("list the jobs of the pipeline", &url).await?;
            found.extend(jobs.iter().filter_map(artifact));
        }
        Ok(found)
    }

    /// Saves what a job has left, which is a zip archive, into a new file of `most` bytes at most.
    pub async fn save(&self, artifact: &Artifact, file: &Path, most: u64) -> Result<(), ForgeError> {
        let url = self.at(&["jobs", &artifact.id.to_string(), "artifacts"], &[]);
        self.api.save("hand out what a job has left", &url, file, most).await
    }
}

fn artifact(job: &Value) -> Option<Artifact> {
    Some(Artifact {
        id: at(job, "id").as_u64()?,
        name: at(job, "name").as_str()?.to_owned(),
        is_expired: at(job, "artifacts_file").is_null(),
        commit: at(at(job, "commit"), "id").as_str().unwrap_or_default().to_owned(),
        branch: None,
    })
}

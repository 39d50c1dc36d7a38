//! Kinds and schemas as an API server publishes them, which whoever is logged in may read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use kube::Client;
use serde_json::Value;
use tokio::sync::Mutex;

use super::files::{group_and_version, named, schemas};
use super::found::Found;
use super::strict;
use super::verdict::Kind;
use crate::hcl::suggest;
use crate::support::causes::innermost;

/// Schemas of a cluster, each asked for once.
pub struct ClusterSchemas {
    client: Client,
    name: String,
    /// What was answered for each path: nothing where it is not there.
    answers: Mutex<BTreeMap<String, Option<Arc<Value>>>>,
}

impl fmt::Debug for ClusterSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterSchemas").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClusterSchemas {
    /// Those of the cluster that a client leads to; `name` is how it is called.
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned(), answers: Mutex::default() }
    }

    /// What is wrong with a kind: nothing where the cluster has it. An error says why that is not known.
    pub(super) async fn problem(&self, api_version: &str, kind: &str) -> Result<Option<String>, String> {
        let name = &self.name;
        if !is_api_version(api_version) {
            return Ok(Some(format!("{api_version:?} is no apiVersion; write it like apps/v1")));
        }
        let Some(kinds) = self.kinds(api_version).await? else {
            let versions = self.versions(api_version).await?;
            let versions = match &versions[..] {
                [] => "the group is not known to it".to_owned(),
                known => format!("it has {}", known.join(", ")),
            };
            return Ok(Some(format!("{name} has no {api_version}; {versions}")));
        };
        if kinds.contains(kind) {
            return Ok(None);
        }
        let near = suggest::nearest(kind, kinds.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Ok(Some(format!("{api_version} of {name} has no kind {kind}{near}")))
    }

    /// The schema of a kind that it has.
    pub(super) async fn find(&self, api_version: &str, kind: &str) -> Found {
        match self.problem(api_version, kind).await {
            Err(cause) => return Found::None(cause),
            Ok(Some(problem)) => return Found::Unknown(problem),
            Ok(None) => {}
        }
        let missing = || Found::None(format!("{} publishes no schema of {api_version} {kind}", self.name));
        let path = format!("/openapi/v3/{}", path_of(api_version));
        let document = match self.get(&path).await {
            Err(cause) => return Found::None(cause),
            Ok(None) => return missing(),
            Ok(Some(document)) => document,
        };
        let Some(schemas) = schemas(Value::clone(&document)) else { return missing() };
        let Some(name) = named(&schemas, api_version, kind) else { return missing() };
        Found::of(Kind::new(strict::closed(&schemas, name)), &self.name)
    }

    /// The kinds of a version of a group; none where it is not served.
    async fn kinds(&self, api_version: &str) -> Result<Option<BTreeSet<String>>, String> {
        let Some(answer) = self.get(&format!("/{}", path_of(api_version))).await? else { return Ok(None) };
        let resources = answer.get("resources").and_then(Value::as_array);
        let kind = |resource: &Value| {
            let text = |key: &str| resource.get(key).and_then(Value::as_str);
            // A part of another one, such as pods/eviction.
            text("name").filter(|name| !name.contains('/'))?;
            text("kind").map(str::to_owned)
        };
        Ok(Some(resources.into_iter().flatten().filter_map(kind).collect()))
    }

    async fn versions(&self, api_version: &str) -> Result<Vec<String>, String> {
        let (group, _) = group_and_version(api_version);
        if group.is_empty() {
            return Ok(vec!["v1".to_owned()]);
        }
        let Some(answer) = self.get(&format!("/apis/{group}")).await? else { return Ok(Vec::new()) };
        let versions = answer.get("versions").and_then(Value::as_array).into_iter().flatten();
        let text = |version: &Value| version.get("groupVersion").and_then(Value::as_str).map(str::to_owned);
        Ok(versions.filter_map(text).collect())
    }

    async fn get(&self, path: &str) -> Result<Option<Arc<Value>>, String> {
        let mut answers = self.answers.lock().await;
        if let Some(known) = answers.get(path) {
            return Ok(known.clone());
        }
        let failed = |cause: String| format!("{} cannot be asked for its schemas: {cause}", self.name);
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| failed(error.to_string()))?;
        let answer = match self.client.request::<Value>(request).await {
            Ok(answer) => Some(Arc::new(answer)),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(kube::Error::Api(status)) => {
                return Err(failed(format!("{} ({})", status.message, status.code)));
            }
            Err(error) => return Err(failed(innermost(&error))),
        };
        answers.insert(path.to_owned(), answer.clone());
        Ok(answer)
    }
}

fn path_of(api_version: &str) -> String {
    if api_version.contains('/') { format!("apis/{api_version}") } else { format!("api/{api_version}") }
}

/// Whether this can be a part of a path, and leads nowhere else.
fn is_api_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let is_name = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
    };
    parts.len() <= 2 && parts.iter().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_says_leads_to_no_other_path() {
        for text in ["v1", "apps/v1", "gateway.networking.k8s.io/v1beta1"] {
            assert!(is_api_version(text), "{text}");
        }
        for text in ["", "../v1", "v1/namespaces/x", "v1?x", "apps/..", "a/b/c", "{{ x }}", "apps/v1\n"] {
            assert!(!is_api_version(text), "{text}");
        }
    }
}

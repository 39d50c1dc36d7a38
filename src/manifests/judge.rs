//! All objects of an application held to what is known of their kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::cluster::ClusterSchemas;
use super::definitions::{self, Defined};
use super::files::FileSchemas;
use super::found::Found;
use super::verdict::Kind;
use crate::gitops::{Finding, JudgeManifests, Judged, Judging, ManifestObject, ManifestRule};

/// Where schemas come from.
#[derive(Debug)]
pub enum SchemaSource {
    /// A cluster.
    Cluster(Box<ClusterSchemas>),
    /// A file or a folder.
    Files(FileSchemas),
    /// A place that was named and cannot be asked, with the cause.
    Unreached(String),
}

/// Schemas of kinds, from several places: the first that has one of a kind decides.
#[derive(Debug)]
pub struct Schemas {
    sources: Vec<SchemaSource>,
    /// By `apiVersion` and kind.
    found: Mutex<BTreeMap<(String, String), Arc<Found>>>,
}

impl Schemas {
    /// Those of some places.
    pub fn new(sources: Vec<SchemaSource>) -> Self {
        Self { sources, found: Mutex::default() }
    }

    async fn of(&self, object: &ManifestObject, objects: &[ManifestObject]) -> Arc<Found> {
        let key = (object.api_version.clone(), object.kind.clone());
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(&key) {
            return Arc::clone(known);
        }
        let of_kind = Arc::new(self.look(object, objects).await);
        found.insert(key, Arc::clone(&of_kind));
        of_kind
    }

    async fn look(&self, object: &ManifestObject, objects: &[ManifestObject]) -> Found {
        let (api_version, kind) = (&object.api_version, &object.kind);
        let (mut unknown, mut missing) = (None, Vec::new());
        for source in &self.sources {
            let found = match source {
                SchemaSource::Cluster(cluster) => cluster.find(api_version, kind).await,
                SchemaSource::Files(files) => files.find(api_version, kind),
                SchemaSource::Unreached(cause) => Found::None(cause.clone()),
            };
            match found {
                Found::Kind(kind) => return Found::Kind(kind),
                Found::Unknown(problem) => unknown = unknown.or(Some(problem)),
                Found::None(cause) => missing.push(cause),
            }
        }
        match definitions::find(objects, api_version, kind) {
            Some(Defined::As(schema)) => Found::of(Kind::new(schema), "its definition in the repository"),
            Some(Defined::Somehow) => {
                Found::None("its definition in the repository has no schema".to_owned())
            }
            None => match unknown {
                Some(problem) => Found::Unknown(problem),
                None => Found::None(missing.join("; ")),
            },
        }
    }

    /// What is wrong with the kind of an object that is not edited. Only clusters are asked, which say it in a few words.
    async fn problem_of_kind(
        &self,
        object: &ManifestObject,
        objects: &[ManifestObject],
    ) -> Result<Option<String>, ()> {
        let (api_version, kind) = (&object.api_version, &object.kind);
        let mut problem = None;
        for source in &self.sources {
            let SchemaSource::Cluster(cluster) = source else { continue };
            match cluster.problem(api_version, kind).await {
                Ok(None) => return Ok(None),
                Ok(Some(wrong)) => problem = problem.or(Some(wrong)),
                Err(_) => {}
            }
        }
        if problem.is_some() && definitions::find(objects, api_version, kind).is_some() {
            return Ok(None);
        }
        problem.map(Some).ok_or(())
    }

    async fn judge_all(&self, objects: &[ManifestObject]) -> Judged {
        let mut judged = Judged::default();
        let mut missing = BTreeSet::new();
        for object in objects.iter().filter(|object| object.kind != "List") {
            let kind = (object.api_version.clone(), object.kind.clone());
            let at = |rule: ManifestRule, problem: &str| {
                let line = object.line_of(["kind"]);
                let file = object.file.clone();
                Finding { rule, file, line, problem: problem.to_owned(), is_certain: true }
            };
            if !object.is_edited {
                match self.problem_of_kind(object, objects).await {
                    Ok(None) => _ = judged.known.insert(kind),
                    Ok(Some(problem)) if object.is_whole => {
                        judged.findings.push(at(ManifestRule::Known, &problem));
                    }
                    _ => {}
                }
                continue;
            }
            match &*self.of(object, objects).await {
                Found::Kind(schema) => {
                    judged.known.insert(kind);
                    judged.findings.extend(schema.hold(object));
                }
                // Kustomize has kinds of its own, and so has every plugin of it.
                _ if !object.is_whole => {}
                Found::Unknown(problem) => judged.findings.push(at(ManifestRule::Known, problem)),
                Found::None(cause) => {
                    // One that cannot be asked has one cause for all of them.
                    if missing.insert(cause.clone()) {
                        let problem = format!("not held to a schema: {cause}");
                        judged.findings.push(at(ManifestRule::Held, &problem));
                    }
                }
            }
        }
        judged
    }
}

impl JudgeManifests for Schemas {
    fn judge<'a>(&'a self, objects: &'a [ManifestObject]) -> Judging<'a> {
        Box::pin(self.judge_all(objects))
    }
}

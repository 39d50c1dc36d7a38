//! Manifests held to schemas before they are pushed: those of a real API server, which is asked for its own verdict as well, and
//! those of files.

mod files;
mod rows;
mod server;

use std::sync::Arc;

use slipway::gitops::{
    BumpOptions, CheckLevel, Finding, GitOpsError, ImageAssignment, Repository, set_images,
};
use slipway::manifests::{SchemaSource, Schemas};

use crate::gitops::remote::Remote;

/// A Deployment that nothing is wrong with.
pub const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example/web:v1
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 100m, memory: 64Mi}}
";

/// Sets the image of an application, without a push; what is told, or what refuses it.
async fn set(repository: &mut Repository, app: &str) -> Result<Vec<Finding>, String> {
    let assignment: ImageAssignment = format!("{app}=registry.example/web:v2").parse().unwrap();
    repository.only_rehearse();
    match set_images(repository, "manifests", &[assignment], &BumpOptions::default()).await {
        Ok(_) => Ok(repository.findings().to_vec()),
        Err(GitOpsError::Manifests { problems }) => Err(problems),
        Err(GitOpsError::ManifestsNotHeld { problems }) => Err(format!("not held: {problems}")),
        Err(other) => panic!("{app}: {other}"),
    }
}

/// A repository with an application of one file, which is held to these schemas.
async fn held(text: &str, sources: Vec<SchemaSource>) -> (Remote, Repository) {
    let remote = Remote::empty();
    remote.commit("start", &[("manifests/web/all.yaml", text)]);
    let mut repository = remote.open().await;
    repository.check_manifests(CheckLevel::Warn, Some(Arc::new(Schemas::new(sources))));
    (remote, repository)
}

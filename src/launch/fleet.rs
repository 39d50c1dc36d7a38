//! Many clusters asked in one go: those of slipway.hcl, or those that EKS lists.

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::error::CommandError;
use super::manifests::manifests;
use super::options::Tools;
use super::target::Target;
use super::workspace::Workspace;
use crate::cluster::{
    ClusterError, Places, ProgressFn, Verification, VerifySpec, discover, load_aws, readiness, verify,
};
use crate::project::{Cluster, Verify};
use crate::report::verification::{Unverified, Verified};
use crate::support::paths;

/// What is asked of each cluster.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Whether it is usable.
    Usable {
        /// How long what may still come is waited for.
        timeout: Duration,
        /// Whether a pod is to be scheduled and to run, whatever slipway.hcl says.
        probe: bool,
    },
    /// Whether it is ready to be upgraded.
    ReadyFor {
        /// The version.
        version: String,
        /// The folder of its manifests, in the place of the repository that slipway.hcl names.
        manifests: Option<PathBuf>,
    },
}

/// Asks one cluster of slipway.hcl.
pub async fn ask(
    target: &Target,
    asked: &Asked,
    progress: ProgressFn<'_>,
) -> Result<Verification, ClusterError> {
    match asked {
        Asked::Usable { timeout, probe } => {
            let mut spec = VerifySpec::of(&target.cluster);
            spec.timeout = *timeout;
            spec.wanted.probe |= *probe;
            verify(&spec, &target.aws, progress).await
        }
        Asked::ReadyFor { version, manifests: folder } => {
            let name = &target.cluster.name;
            if target.cluster.context.is_some() {
                return Err(ClusterError::NotByEks { name: name.clone(), what: "`verify --for`" });
            }
            let manifests = manifests(target, folder.as_deref()).await;
            readiness(&target.aws, name, version, &manifests).await
        }
    }
}

/// Asks all clusters of slipway.hcl, so many at once; the answers come in the order of the file.
pub async fn ask_all(
    workspace: &Workspace,
    tools: &Tools,
    asked: &Asked,
    at_once: usize,
    progress: ProgressFn<'_>,
) -> Vec<Verified> {
    let each: Vec<BoxFuture<'_, Verified>> = workspace
        .project
        .clusters
        .iter()
        .map(|cluster| of_file(workspace, cluster, tools, asked, progress).boxed())
        .collect();
    futures::stream::iter(each).buffered(at_once.max(1)).collect().await
}

async fn of_file(
    workspace: &Workspace,
    cluster: &Cluster,
    tools: &Tools,
    asked: &Asked,
    progress: ProgressFn<'_>,
) -> Verified {
    let label = cluster.label.clone();
    let place = place(workspace, &label);
    let unverified = |region: Option<String>, message: String| Err(Unverified { region, message });
    let answer = match Target::find(workspace, Some(&label), tools).await {
        Ok(target) => match ask(&target, asked, progress).await {
            Ok(answer) => Ok(answer),
            Err(error) => unverified(target.cluster.region.clone(), error.to_string()),
        },
        Err(error) => unverified(None, in_words(&error)),
    };
    Verified { label, place, answer }
}

fn in_words(error: &CommandError) -> String {
    if let CommandError::Configuration(diagnostics) = error {
        let each = diagnostics.iter().map(|diagnostic| match &diagnostic.help {
            Some(help) => format!("{}; {help}", diagnostic.message),
            None => diagnostic.message.clone(),
        });
        return each.collect::<Vec<_>>().join("; ");
    }
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// Where a cluster's block stands: a path from the working folder, and the line.
pub fn place(workspace: &Workspace, label: &str) -> Option<(PathBuf, usize)> {
    let location = &workspace.project.cluster(label)?.location;
    let file = paths::relative(&workspace.working_dir, location.file.path());
    Some((file, location.position().line))
}

/// Asks all clusters that EKS lists in some places. A place that cannot be looked into stands among the answers.
pub async fn ask_found(places: &Places, asked: &Asked, progress: ProgressFn<'_>) -> Vec<Verified> {
    let base = load_aws(places.regions.first().map(String::as_str)).await;
    let (found, unlisted) = discover(&base, places).await;
    let each: Vec<BoxFuture<'_, Verified>> = found
        .into_iter()
        .map(|cluster| {
            async move {
                let answer = match asked {
                    Asked::Usable { timeout, .. } => {
                        let mut spec = VerifySpec::new(&cluster.name, Verify::default());
                        spec.timeout = *timeout;
                        verify(&spec, &cluster.aws, progress).await
                    }
                    Asked::ReadyFor { version, .. } => {
                        let manifests =
                            Err("a cluster that stands in no slipway.hcl has no manifests".to_owned());
                        readiness(&cluster.aws, &cluster.name, version, &manifests).await
                    }
                };
                let region = cluster.aws.region().map(|region| region.as_ref().to_owned());
                let label = match &cluster.account {
                    Some(account) => format!("{account}/{}", cluster.name),
                    None => cluster.name.clone(),
                };
                let answer = answer.map_err(|error| Unverified { region, message: error.to_string() });
                Verified { label, place: None, answer }
            }
            .boxed()
        })
        .collect();
    let mut verified: Vec<Verified> =
        futures::stream::iter(each).buffered(places.at_once.max(1)).collect().await;
    verified.extend(unlisted.into_iter().map(|place| Verified {
        label: place.account.unwrap_or_else(|| "–".to_owned()),
        place: None,
        answer: Err(Unverified { region: place.region, message: place.error.to_string() }),
    }));
    verified
}

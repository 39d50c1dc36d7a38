//! What runs of Applications by now, without waiting and without asking Argo CD for anything.

use kube::Client;

use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::objects::Objects;
use super::running::{Running, Seen, Somewhere, running, seen};
use super::wait::applications;

/// What the workloads of Applications run by now, those of the Applications that they keep, and the pods beside them; one list for
/// each name.
pub async fn running_in(
    client: Client,
    namespace: &str,
    names: &[&str],
) -> Result<Vec<Vec<Running>>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let all = applications(&objects).await?;
    let all: Vec<&ApplicationStatus> = all.iter().collect();
    let mut running_in = Vec::new();
    for name in names {
        running_in.push(running(&objects, &all, name).await?);
    }
    Ok(running_in)
}

/// The images of which nothing can be seen: no workload of the Application runs any version of them, nor does a pod beside it.
pub async fn unseen<'a>(
    client: Client,
    namespace: &str,
    wanted: &'a [Somewhere],
) -> Result<Vec<&'a Somewhere>, ArgoCdError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let objects = Objects::new(client, namespace);
    let all = applications(&objects).await?;
    let all: Vec<&ApplicationStatus> = all.iter().collect();
    let mut unseen = Vec::new();
    for one in wanted {
        if seen(&objects, &all, one).await? == Seen::Nothing {
            unseen.push(one);
        }
    }
    Ok(unseen)
}

//! Whether Applications are green as they are, without waiting and without asking Argo CD for anything.

use kube::Client;

use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::followed::lacks;
use super::images::wrong_images;
use super::objects::Objects;
use super::running::{Running, Seen, Somewhere, running, seen};
use super::wait::applications;
use super::wanted::{Ancestry, Wanted};

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

/// Why the named Applications are not green at the commit, or do not run the images; nothing where they are and do.
pub async fn is_green(
    client: Client,
    namespace: &str,
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
) -> Result<Vec<String>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let all = applications(&objects).await?;
    let mut reasons = Vec::new();
    for name in wanted.applications {
        let Some(application) = all.iter().find(|one| one.name == *name) else {
            reasons.push(format!("{name}: there is no such Application"));
            continue;
        };
        let lacks = lacks(application, wanted, ancestry).await;
        reasons.extend(application.not_green(lacks.as_deref()));
    }
    if reasons.is_empty() {
        reasons = wrong_images(&objects, all.iter(), wanted).await?;
    }
    Ok(reasons)
}

//! Whether Applications are green as they are, without waiting and without asking Argo CD for anything.

use kube::Client;

use super::ArgoCdError;
use super::followed::lacks;
use super::objects::Objects;
use super::wait::{applications, wrong_images};
use super::wanted::{Ancestry, Wanted};

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
        reasons = wrong_images(&objects, &all, wanted).await?;
    }
    Ok(reasons)
}

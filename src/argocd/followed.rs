//! Whether what an Application follows has the wanted commit.

use super::application::ApplicationStatus;
use super::sources::SourceStatus;
use super::wanted::{Ancestry, Wanted};
use crate::support::address::{Address, Sameness, sameness};
use crate::support::git::short;

/// Why an Application does not have the commit, where that matters for it; `None` where it has, or follows other
/// repositories only.
pub(super) async fn lacks(
    application: &ApplicationStatus,
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
) -> Option<String> {
    let mut counted = false;
    for source in application.sources.iter().filter(|source| source.is_git) {
        let sameness = sameness(&source.repository, wanted.repository);
        let named = wanted.applications.contains(&application.name);
        if sameness == Sameness::Different && !named {
            continue;
        }
        let has = match ancestry.has(&source.revision, wanted.commit).await {
            Ok(has) => has,
            Err(cause) => return Some(format!("whether it has the commit is not known: {cause}")),
        };
        match (sameness, has) {
            (_, Some(true)) => counted = true,
            // A commit that came before the wanted one, so it is the same repository by another way.
            (Sameness::Same, _) | (Sameness::Unsure, Some(false)) => {
                return Some(format!("still at {}", short(&source.revision)));
            }
            (Sameness::Unsure | Sameness::Different, _) => {}
        }
    }
    (!counted && wanted.applications.contains(&application.name)).then(|| {
        format!(
            "it follows {}, which cannot be compared with {}; write the repository as the Application does",
            followed([application]),
            Address::new(wanted.repository)
        )
    })
}

/// The Applications that do not have the commit, each with the reason.
pub async fn behind(
    applications: &[ApplicationStatus],
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
) -> Vec<(String, String)> {
    let mut behind = Vec::new();
    for application in applications {
        let reason = lacks(application, wanted, ancestry).await;
        behind.extend(reason.map(|reason| (application.name.clone(), reason)));
    }
    behind
}

/// Whether an Application follows the wanted repository, as far as addresses tell.
pub(super) fn follows(application: &ApplicationStatus, wanted: &Wanted<'_>) -> bool {
    let may_be = |source: &SourceStatus| sameness(&source.repository, wanted.repository);
    application.sources.iter().any(|source| source.is_git && may_be(source) == Sameness::Same)
}

/// The repositories of Applications, for messages.
pub(super) fn followed<'a>(applications: impl IntoIterator<Item = &'a ApplicationStatus>) -> String {
    let sources = applications.into_iter().flat_map(|one| &one.sources);
    let mut repositories: Vec<String> =
        sources.map(|source| Address::new(source.repository.as_str()).to_string()).collect();
    repositories.sort();
    repositories.dedup();
    if repositories.is_empty() { "nothing".to_owned() } else { repositories.join(", ") }
}

#[cfg(test)]
mod tests;

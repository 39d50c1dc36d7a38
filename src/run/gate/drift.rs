//! Whether the applications of a cluster are as the manifests repository says: Argo CD's own view, the commit that it has, and
//! fields that others keep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::argocd::repository_spec;
use super::context::{GateContext, GateError, WithArgoCd, until_stopped};
use super::history::History;
use crate::argocd::{self, ApplicationStatus, ArgoCdError, Wanted};
use crate::engine::plan::detail::{AttributeChange, ResourceDetail, Shown};
use crate::engine::{Action, ResourceChange};
use crate::gitops::{Reach, Repository};
use crate::project::{ArgoCd, DriftRules};
use crate::run::drift::sift;
use crate::run::event::Outcome;
use crate::run::node::{Reporter, Work};
use crate::support::counted::plural;
use crate::support::interrupt::Stop;

/// Looks at the applications of a cluster, and changes nothing.
pub struct DriftGate {
    /// The cluster.
    pub context: Arc<GateContext>,
    /// What may differ.
    pub rules: DriftRules,
    /// Whether every field is told.
    pub detailed: bool,
}

#[async_trait]
impl Work for DriftGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        until_stopped(reporter, Stop::Drain, self.look(reporter)).await
    }
}

impl DriftGate {
    async fn look(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        reporter.doing("looking at the applications");
        let WithArgoCd { argocd, client } = match self.context.with_argocd(reporter).await? {
            Ok(there) => there,
            Err(note) => return Ok(Outcome::Unchanged { note }),
        };
        let applications = argocd::status(client.clone(), &argocd.namespace).await?;
        // What could not be compared is not known to be as Git says.
        let not_compared =
            applications.iter().find_map(|one| Some((one.name.clone(), one.errors.first()?.clone())));
        if let Some((application, error)) = not_compared {
            return Err(ArgoCdError::NotCompared { application, error }.into());
        }
        let behind = behind(&argocd, &applications).await?;
        let kept = argocd::drift(client, &applications).await?;
        let differences = differences(&applications, behind, kept);
        let (changes, details): (Vec<_>, Vec<_>) =
            differences.into_iter().map(|detail| (detail.change.clone(), detail)).unzip();
        let found = sift(&reporter.node, changes, details, &self.rules);
        if found.summary.drift.is_empty() && found.ignored.is_empty() {
            let count = applications.len();
            let are = if count == 1 { "is" } else { "are" };
            let note = format!("{count} {} {are} as Git says", plural(count, "application"));
            return Ok(Outcome::Passed { note });
        }
        for change in &found.summary.drift {
            reporter.log(&change.address);
        }
        Ok(found.tell(reporter, self.detailed, Vec::new()))
    }
}

/// What differs from Git, each resource once, with the fields that somebody else keeps.
fn differences(
    applications: &[ApplicationStatus],
    behind: Vec<(String, String)>,
    kept: Vec<argocd::Drift>,
) -> Vec<ResourceDetail> {
    let mut found: BTreeMap<String, ResourceDetail> = BTreeMap::new();
    let mut add = |address: String, attribute: Option<AttributeChange>| {
        let change = ResourceChange::new(address.clone(), Action::Update);
        let one = found.entry(address).or_insert(ResourceDetail { change, attributes: Vec::new() });
        one.attributes.extend(attribute);
    };
    for application in applications {
        for resource in &application.out_of_sync {
            add(format!("{}: {resource} is not as Git says", application.name), None);
        }
        if application.sync != "Synced" && application.out_of_sync.is_empty() {
            add(format!("{}: it is {}", application.name, application.sync), None);
        }
    }
    for (application, why) in behind {
        add(format!("{application}: {why}"), None);
    }
    for argocd::Drift { application, resource, field, manager, live, wanted } in kept {
        let live = live.map(|live| format!("{live}, ")).unwrap_or_default();
        let kept = AttributeChange {
            path: field,
            before: wanted.map(|wanted| Shown::Value(wanted.to_string().into())),
            after: Some(Shown::Value(format!("{live}set by {manager}").into())),
            forces_replacement: false,
            lines: Vec::new(),
            waits_for: Vec::new(),
        };
        add(format!("{application}: {resource}"), Some(kept));
    }
    found.into_values().collect()
}

/// The Applications that do not have the newest commit of the manifests repository, and why.
async fn behind(
    argocd: &ArgoCd,
    applications: &[ApplicationStatus],
) -> Result<Vec<(String, String)>, GateError> {
    let Some(spec) = repository_spec(argocd) else { return Ok(Vec::new()) };
    let repository = Repository::open_kept(spec, None, Reach::Newest).await?;
    let (url, commit) = (repository.url().to_owned(), repository.tip().to_owned());
    let wanted = Wanted::at(&url, &commit, Duration::ZERO);
    Ok(argocd::behind(applications, &wanted, &History::new(repository)).await)
}

//! Waits until a cluster runs what the manifests repository says.

use std::time::Duration;

use kube::Client;

use super::exit::CliError;
use super::target::Target;
use super::ui::Ui;
use crate::argocd::{ApplicationStatus, Wanted, WantedImage, wait_green};
use crate::cluster::connect;
use crate::estate::ArgoCd;
use crate::gitops::{BumpOutcome, Repository};
use crate::run::gate::argocd::{self, History, repository_spec};
use crate::support::git::short;

/// Waits for bumps: their applications green at the commit, and the workloads with their images.
pub async fn wait_for_bumps(
    ui: Ui,
    target: &Target,
    repository: Repository,
    outcomes: &[BumpOutcome],
    timeout: Duration,
) -> Result<(), CliError> {
    let argocd = target.argocd()?;
    let Some(last) = outcomes.last() else { return Ok(()) };
    let images: Vec<WantedImage> = outcomes
        .iter()
        .map(|outcome| WantedImage {
            application: outcome.app.clone(),
            container: outcome.container.clone(),
            image: outcome.image.clone(),
        })
        .collect();
    let mut names: Vec<String> = outcomes.iter().map(|outcome| outcome.app.clone()).collect();
    names.sort();
    names.dedup();
    let connection = connect(&target.aws, &target.cluster.name).await;
    let client = connection.map_err(|error| CliError::failed(error, None))?.client;
    let url = repository.url().to_owned();
    // Every bump is an ancestor of the last one.
    let wanted =
        Wanted { repository: &url, commit: &last.commit, applications: &names, images: &images, timeout };
    let (history, progress) = (History::new(repository), waiting(ui));
    let applications = wait_green(client, &argocd.namespace, &wanted, &history, &progress).await;
    let applications = applications.map_err(|error| CliError::failed(error, None))?;
    for application in applications.iter().filter(|one| names.contains(&one.name)) {
        let revision = short(&application.revision);
        ui.say(&format!("{}: Synced and Healthy at {revision}", application.name));
    }
    Ok(())
}

/// Waits until all applications are green at the tip of the repository that slipway.hcl names.
pub async fn wait_for_tip(
    ui: Ui,
    client: Client,
    argocd: &ArgoCd,
    timeout: Duration,
) -> Result<Vec<ApplicationStatus>, CliError> {
    let Some(spec) = repository_spec(argocd) else {
        let help = "add repository { url } to the argocd block of slipway.hcl";
        return Err(CliError::usage("no manifests repository is named", help));
    };
    let progress = waiting(ui);
    let waited = argocd::wait_for_tip(client, argocd, spec, timeout, &progress).await;
    waited.map(|(_, applications)| applications).map_err(|error| CliError::failed(error, None))
}

fn waiting(ui: Ui) -> impl Fn(String) + Send + Sync {
    move |line| ui.say(&format!("waiting: {line}"))
}

//! Waits until a cluster runs what the manifests repository says.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use kube::Client;

use super::global::ToolArgs;
use crate::argocd::{
    Ancestry, ApplicationStatus, ArgoCdError, Running, Somewhere, Wanted, WantedImage, not_green, running_in,
    status, unseen, wait_green,
};
use crate::cluster::{self, platforms};
use crate::gitops::{BumpOutcome, Deployed, Promotable, Repository};
use crate::hcl::suggest;
use crate::launch::{CommandError, Target, Workspace};
use crate::manifests::ClusterSchemas;
use crate::project::ArgoCd;
use crate::registry::Platform;
use crate::run::gate::History;
use crate::run::gate::argocd::{self, Tip, repository_spec};
use crate::support::{redact, shown};
use crate::ui::Ui;

/// What containers are called by that are in files which Argo CD renders.
const RENDERED: [&str; 5] = ["Application/", "ApplicationSet/", "Kustomization/", "Patch/", "Values/"];
/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// A cluster whose Argo CD was reached, and which has the applications that will be waited for.
pub struct Reached {
    client: Client,
    /// What the cluster is called.
    cluster: String,
    namespace: String,
    /// What the applications ran when they were reached, as far as that may be seen.
    before: BTreeMap<String, Vec<Running>>,
}

impl Reached {
    /// The same, without what ran: what is taken back did run then.
    pub fn anew(&self) -> Self {
        let (client, cluster) = (self.client.clone(), self.cluster.clone());
        Self { client, cluster, namespace: self.namespace.clone(), before: BTreeMap::new() }
    }

    /// The schemas of its kinds.
    pub fn schemas(&self) -> ClusterSchemas {
        ClusterSchemas::new(self.client.clone(), &self.cluster)
    }

    /// An image of which it is not known here in which container it comes to be.
    fn somewhere(&self, outcome: &BumpOutcome) -> Somewhere {
        let BumpOutcome { app, image, container, changed, .. } = outcome;
        let before = self.before.get(app).filter(|_| *changed).cloned();
        somewhere((app, container, image), before.unwrap_or_default())
    }

    /// What its nodes are; nothing where that is not shown.
    pub async fn platforms(&self) -> Vec<Platform> {
        let nodes = platforms(&self.client).await.unwrap_or_default();
        nodes.iter().map(|(os, architecture)| Platform::new(os, architecture, None)).collect()
    }
}

/// Reaches what a bump will wait for, before anything is pushed that could then not be followed.
pub async fn reach(
    workspace: &Workspace,
    cluster: Option<&str>,
    tools: &ToolArgs,
    applications: &[&str],
) -> Result<Reached, CommandError> {
    let target = Target::find(workspace, cluster, &tools.tools()).await?;
    let namespace = target.argocd()?.namespace.clone();
    let client = cluster::reach(&target.aws, &target.cluster).await.map_err(unpushed)?;
    let there = status(client.clone(), &namespace).await;
    let there = there.map_err(unpushed)?;
    let is_there = |name: &&&str| there.iter().any(|one| one.name == **name);
    let Some(missing) = applications.iter().find(|name| !is_there(name)) else {
        let before = match Box::pin(running_in(client.clone(), &namespace, applications)).await {
            Ok(before) => applications.iter().map(|name| (*name).to_owned()).zip(before).collect(),
            // Whether it is needed is known only when it was decided what is set; then it is asked again, and said.
            Err(ArgoCdError::Refused { .. }) => BTreeMap::new(),
            Err(error) => return Err(unpushed(error)),
        };
        return Ok(Reached { client, cluster: target.cluster.name, namespace, before });
    };
    let near = suggest::nearest(missing, there.iter().map(|one| one.name.as_str()));
    let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    let cluster = &target.cluster.name;
    Err(unpushed(format!("Argo CD on {cluster} has no Application {missing} in {namespace}{near}")))
}

/// What cannot be waited for, and the way out.
fn unpushed(error: impl std::fmt::Display) -> CommandError {
    CommandError::failed(error, Some("nothing was pushed; mend it, or leave --wait out".to_owned()))
}

/// Waits for bumps: their applications green at the commit, and the workloads with their images.
pub async fn wait_for_bumps(
    ui: Ui,
    reached: &Reached,
    repository: Repository,
    outcomes: &[BumpOutcome],
    timeout: Duration,
) -> (Repository, Result<(), ArgoCdError>) {
    let Some(last) = outcomes.last() else { return (repository, Ok(())) };
    // What the cluster makes up a name for is not found by it.
    let (known, unknown): (Vec<&BumpOutcome>, Vec<&BumpOutcome>) =
        outcomes.iter().partition(|outcome| !outcome.deployed.is_empty() && !outcome.generated);
    let images: Vec<WantedImage> = known.into_iter().flat_map(wanted_images).collect();
    let somewhere: Vec<Somewhere> = unknown.into_iter().map(|outcome| reached.somewhere(outcome)).collect();
    let mut names: Vec<String> = outcomes.iter().map(|outcome| outcome.app.clone()).collect();
    names.sort();
    names.dedup();
    let url = repository.url().to_owned();
    // All of them are one commit.
    let wanted = Wanted {
        applications: &names,
        images: &images,
        somewhere: &somewhere,
        ..Wanted::at(&url, &last.commit, timeout)
    };
    let (history, waiting) = (History::new(repository), Waiting::new(ui));
    let progress = |line: String| waiting.tell(&line);
    let applications =
        wait_green(reached.client.clone(), &reached.namespace, &wanted, &history, &progress).await;
    drop(waiting);
    let repository = history.into_repository();
    let applications = match applications {
        Ok(applications) => applications,
        Err(error) => return (repository, Err(error)),
    };
    for application in applications.iter().filter(|one| names.contains(&one.name)) {
        ui.say(&format!("{}: Synced and Healthy at {}", application.name, application.revisions()));
    }
    let unseen = match unseen(reached.client.clone(), &reached.namespace, &somewhere).await {
        Ok(unseen) => unseen,
        Err(error) => return (repository, Err(error)),
    };
    tell_unseen(ui, unseen);
    (repository, Ok(()))
}

/// Says of which images it was not seen whether they run.
fn tell_unseen(ui: Ui, unseen: Vec<&Somewhere>) {
    for Somewhere { application, image, .. } in unseen {
        ui.warn(&format!(
            "{application}: whether {image} runs is not known: none of its workloads runs any version of it, and no pod beside them"
        ));
    }
}

/// Refuses what does not run as it is written: Synced and Healthy, at a commit that has it, with that image.
///
/// It is looked at once: what is on its way is not promoted.
pub async fn check_green(
    ui: Ui,
    reached: &Reached,
    repository: &Repository,
    images: &[Promotable],
    label: &str,
) -> Result<(), CommandError> {
    let url = repository.url().to_owned();
    let mut reasons = Vec::new();
    let mut apps: Vec<&Promotable> = images.iter().collect();
    apps.dedup_by(|one, other| one.app == other.app);
    let tips = Tips(repository);
    for app in apps {
        let of_app: Vec<&Promotable> = images.iter().filter(|one| one.app == app.app).collect();
        let running: Vec<WantedImage> =
            of_app.iter().flat_map(|one| wanted_of(&one.app, &one.deployed)).collect();
        let unknown = of_app.iter().filter(|one| one.deployed.is_empty());
        let somewhere: Vec<Somewhere> =
            unknown.map(|one| somewhere((&one.app, &one.container, &one.image), Vec::new())).collect();
        let names = [app.app.clone()];
        let wanted = Wanted {
            applications: &names,
            images: &running,
            somewhere: &somewhere,
            ..Wanted::at(&url, &app.commit, Duration::ZERO)
        };
        let looked = not_green(reached.client.clone(), &reached.namespace, &wanted, &tips).await;
        reasons.extend(looked.map_err(|error| CommandError::failed(error, None))?);
        let unseen = unseen(reached.client.clone(), &reached.namespace, &somewhere).await;
        tell_unseen(ui, unseen.map_err(|error| CommandError::failed(error, None))?);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(CommandError::refused(
        format!("{label} does not run what would be promoted: {}", reasons.join("; ")),
        "wait until it is green there, as slipway argocd wait does, or promote without --healthy-in",
    ))
}

/// The history of a repository as it was fetched.
struct Tips<'a>(&'a Repository);

#[async_trait]
impl Ancestry for Tips<'_> {
    async fn has(&self, revision: &str, commit: &str) -> Result<Option<bool>, String> {
        self.0.has(revision, commit).await.map_err(|error| error.to_string())
    }
}

/// The containers that a bump changes. One is enough of those that are called the same: overlays give each its own name.
fn wanted_images(outcome: &BumpOutcome) -> Vec<WantedImage> {
    wanted_of(&outcome.app, &outcome.deployed)
}

/// What is rendered elsewhere than here comes to be in some container. Whoever renders it for Argo CD makes the workloads of the
/// application; an operator that gets it makes its own.
fn somewhere((app, container, image): (&str, &str, &str), before: Vec<Running>) -> Somewhere {
    let is_rendered = RENDERED.iter().any(|kind| container.starts_with(kind));
    Somewhere { application: app.to_owned(), image: image.to_owned(), before, is_rendered }
}

fn wanted_of(app: &str, deployed: &[Deployed]) -> Vec<WantedImage> {
    let mut images: Vec<WantedImage> = Vec::new();
    for deployed in deployed {
        let one = (deployed.workload.clone(), deployed.image.clone());
        let (kind, container) = (deployed.kind.clone(), deployed.container.clone());
        match images.iter_mut().find(|image| (&image.kind, &image.container) == (&kind, &container)) {
            Some(image) => image.any_of.push(one),
            None => {
                images.push(WantedImage { application: app.to_owned(), kind, container, any_of: vec![one] });
            }
        }
    }
    images
}

/// Waits until all applications are green at the tip of the repository that slipway.hcl names.
pub async fn wait_for_tip(
    ui: Ui,
    client: Client,
    argocd: &ArgoCd,
    tip: &Tip<'_>,
) -> Result<Vec<ApplicationStatus>, CommandError> {
    let Some(spec) = repository_spec(argocd) else {
        let help = "add repository { url } to the argocd block of slipway.hcl";
        return Err(CommandError::usage("no manifests repository is named", help));
    };
    let waiting = Waiting::new(ui);
    let progress = |line: String| waiting.tell(&line);
    let waited = argocd::wait_for_tip(client, argocd, spec, tip, &progress).await;
    waited.map(|(_, applications)| applications).map_err(|error| CommandError::failed(error, None))
}

/// Tells what is waited for: on a terminal in one line that also says for how long, elsewhere a line a change.
struct Waiting {
    ui: Ui,
    spinner: Option<ProgressBar>,
}

impl Waiting {
    fn new(ui: Ui) -> Self {
        let spinner = ui.draws().then(ProgressBar::new_spinner);
        if let Some(spinner) = &spinner {
            // A template of this file; a wrong one falls back to indicatif's own.
            let style = ProgressStyle::with_template("{spinner:.cyan} waiting {elapsed}: {wide_msg}");
            spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            spinner.enable_steady_tick(TICK);
        }
        Self { ui, spinner }
    }

    fn tell(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(shown::one_line(&redact::clean(line))),
            None => self.ui.say(&format!("waiting: {line}")),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

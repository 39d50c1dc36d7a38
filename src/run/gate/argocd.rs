//! Argo CD in the graph: installed on the way up, its applications waited for, all of it gone on the way down.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kube::Client;

use super::context::{GateContext, GateError, WithArgoCd, until_stopped};
use super::history::History;
use super::neighbours::{annotations, others};
use crate::argocd::{
    self, ApplicationStatus, ArgoCdError, BootstrapSpec, Changes, Manifest, ManifestSpec, OtherCluster,
    Wanted,
};
use crate::cluster;
use crate::gitops::{GitOpsError, Reach, Repository, RepositorySpec};
use crate::project::{ArgoCd, LeftOut, ResolvedCluster};
use crate::run::event::{Green, Outcome};
use crate::run::node::{Reporter, Work};
use crate::support::address::{Address, Sameness, sameness};
use crate::support::counted::listed;
use crate::support::git::short;
use crate::support::interrupt::Stop;

/// How long Argo CD's own workloads may take.
pub const AVAILABLE: Duration = Duration::from_mins(5);
/// How long the applications may take.
pub const GREEN: Duration = Duration::from_mins(10);
/// How long everything may take to go.
pub const GONE: Duration = Duration::from_mins(10);
/// So many Applications are named where all went well.
const NAMES: usize = 8;

/// Installs Argo CD and connects the repository.
pub struct BootstrapGate {
    /// The cluster.
    pub context: Arc<GateContext>,
    /// Where downloads are kept.
    pub cache: PathBuf,
}

/// Waits until the applications are green at the tip of the manifests repository.
pub struct ApplicationsGate(pub Arc<GateContext>);

/// Takes the applications and Argo CD down.
pub struct UninstallGate {
    /// The cluster.
    pub context: Arc<GateContext>,
    /// Where downloads are kept.
    pub cache: PathBuf,
}

#[async_trait]
impl Work for BootstrapGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        // Applying can be cut off anywhere: the next run applies the rest.
        until_stopped(reporter, Stop::Interrupt, self.install(reporter)).await
    }
}

impl BootstrapGate {
    async fn install(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        let (cluster, aws) = self.context.resolve(reporter).await?;
        let Some(argocd) = &cluster.argocd else { return Ok(Outcome::Unchanged { note: None }) };
        if let Some(name) = cluster::argocd_of_eks(&aws, &cluster).await? {
            return Err(ArgoCdError::Managed { name }.into());
        }
        let outputs = self.context.outputs(reporter).await?;
        let annotations = annotations(&outputs).into_iter().collect();
        let GateContext { neighbours, loader, .. } = &*self.context;
        let clusters = others(argocd, neighbours, Some((loader, reporter.session()))).await?;
        let client = cluster::reach(&aws, &cluster).await?;
        let progress = |line: String| {
            reporter.log(&line);
            reporter.doing(&line);
        };
        let spec = bootstrap_spec(&cluster, argocd, Some(annotations), clusters, self.cache.clone()).await?;
        reporter
            .log(&format!("install manifest {} (SHA-256 {})", spec.manifest.origin, spec.manifest.sha256));
        if !reporter.may_change() {
            return Ok(Outcome::Interrupted);
        }
        let changes = argocd::bootstrap(client.clone(), &spec, &progress).await?;
        let timeout = self.context.timeout.or(argocd.install_timeout).unwrap_or(AVAILABLE);
        argocd::wait_available(client, &argocd.namespace, &spec.manifest, timeout, &progress).await?;
        let note = installed(argocd, &changes);
        Ok(if changes.any() { Outcome::Done { note } } else { Outcome::Passed { note } })
    }
}

#[async_trait]
impl Work for ApplicationsGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        until_stopped(reporter, Stop::Drain, self.wait(reporter)).await
    }
}

impl ApplicationsGate {
    async fn wait(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        let (cluster, aws) = self.0.resolve(reporter).await?;
        let Some(argocd) = &cluster.argocd else { return Ok(Outcome::Unchanged { note: None }) };
        let Some(spec) = repository_spec(argocd).filter(|_| argocd.root.is_some()) else {
            return Ok(Outcome::Unchanged { note: Some("slipway.hcl names no root application".to_owned()) });
        };
        reporter.doing("looking at the manifests repository");
        let client = cluster::reach(&aws, &cluster).await?;
        let progress = |line: String| reporter.doing(&line);
        let timeout = self.0.timeout.or(argocd.sync_timeout).unwrap_or(GREEN);
        let before = self.0.cluster.after.iter().filter_map(|label| self.0.greens.get(label));
        let before: Vec<Green> = before.map(|known| known.green).collect();
        let tip = Tip { left_out: &argocd.leave_out, ends_old_syncs: false, timeout, before: &before };
        let (commit, applications) = wait_for_tip(client, argocd, spec.clone(), &tip, &progress).await?;
        let green = Green {
            node: reporter.node.clone(),
            cluster: cluster.label.clone(),
            repository: spec.url.to_string(),
            commit: commit.clone(),
        };
        self.0.greens.tell(green, reporter);
        let left_out = |one: &&ApplicationStatus| argocd.leave_out.has(&one.facts.traits(&one.name));
        let (left_out, green): (Vec<_>, Vec<_>) = applications.iter().partition(left_out);
        let names = |of: &[&ApplicationStatus]| listed(of.iter().map(|one| &one.name), NAMES);
        let beside = match left_out.as_slice() {
            [] => String::new(),
            left_out => format!("; left out: {}", names(left_out)),
        };
        let note = format!("{} Synced and Healthy at {}{beside}", names(&green), short(&commit));
        Ok(Outcome::Passed { note })
    }
}

#[async_trait]
impl Work for UninstallGate {
    async fn run(&self, reporter: &Reporter) -> Outcome {
        // Whatever was asked to go goes on doing so, and the next `down` asks for the rest.
        let cluster = &self.context.cluster;
        let removing = async { self.remove(reporter).await.map_err(|error| error.on_the_way_down(cluster)) };
        until_stopped(reporter, Stop::Drain, removing).await
    }
}

impl UninstallGate {
    async fn remove(&self, reporter: &Reporter) -> Result<Outcome, GateError> {
        let WithArgoCd { argocd, client } = match self.context.with_argocd(reporter).await? {
            Ok(there) => there,
            Err(note) => return Ok(Outcome::Unchanged { note }),
        };
        if !reporter.may_change() {
            return Ok(Outcome::Interrupted);
        }
        let timeout = self.context.timeout.or(argocd.removal_timeout).unwrap_or(GONE);
        let removed =
            remove(client, &argocd, self.cache.clone(), timeout, &|line| reporter.doing(&line)).await?;
        if removed.objects + removed.applications == 0 {
            return Ok(Outcome::Unchanged { note: Some("Argo CD is not there".to_owned()) });
        }
        let note = format!("{} applications and {} objects removed", removed.applications, removed.objects);
        Ok(Outcome::Done { note })
    }
}

/// How the applications are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Tip<'a> {
    /// Those that nobody waits for.
    pub left_out: &'a LeftOut,
    /// Whether operations are ended that still sync another commit.
    pub ends_old_syncs: bool,
    /// How long.
    pub timeout: Duration,
    /// The clusters that were green before this one, which follows them.
    pub before: &'a [Green],
}

/// Waits until all applications are green at the tip of the manifests repository; returns the commit and them.
pub async fn wait_for_tip(
    client: Client,
    argocd: &ArgoCd,
    spec: RepositorySpec,
    tip: &Tip<'_>,
    progress: argocd::Progress<'_>,
) -> Result<(String, Vec<ApplicationStatus>), GateError> {
    let repository = Repository::open_kept(spec, None, Reach::Newest).await?;
    let Tip { left_out, ends_old_syncs, timeout, before } = *tip;
    let (url, commit) = (repository.url().to_owned(), promoted(&repository, before).await?);
    let history = History::new(repository);
    let wanted = Wanted { left_out, ends_old_syncs, ..Wanted::at(&url, &commit, timeout) };
    let applications = argocd::wait_green(client, &argocd.namespace, &wanted, &history, progress).await?;
    Ok((commit, applications))
}

/// The commit that is waited for: the tip, or where other clusters were green before, the commit that they were green at. What
/// came since is not proven there.
async fn promoted(repository: &Repository, before: &[Green]) -> Result<String, GateError> {
    let tip = repository.tip();
    let mut commits = Vec::new();
    for Green { cluster, commit, repository: of, .. } in before {
        let sameness = sameness(of, repository.url());
        match repository.has(tip, commit).await? {
            Some(true) => commits.push(commit),
            // Another repository, of which no commit can be compared.
            _ if sameness != Sameness::Same => {}
            _ => {
                return Err(GateError::NotPromoted {
                    branch: repository.branch().to_owned(),
                    repository: Address::new(repository.url()),
                    commit: commit.clone(),
                    label: cluster.clone(),
                });
            }
        }
    }
    for commit in &commits {
        let mut has_all = true;
        for other in &commits {
            has_all &= repository.has(commit, other).await? == Some(true);
        }
        if has_all {
            return Ok((*commit).clone());
        }
    }
    Ok(tip.to_owned())
}

/// What a bootstrap did, in a few words.
pub fn installed(argocd: &ArgoCd, changes: &Changes) -> String {
    let Changes { created, changed, unchanged, removed, put_right, from } = changes;
    let from = from.as_ref().map(|from| format!(" in the place of {from}")).unwrap_or_default();
    let counted =
        |count: usize, what: &str| if count == 0 { String::new() } else { format!(", {count} {what}") };
    let (removed, put_right) = (counted(*removed, "removed"), counted(*put_right, "put right after a hand"));
    format!(
        "Argo CD {}{from}: {created} objects created, {changed} changed{put_right}{removed}, {unchanged} unchanged",
        argocd.version
    )
}

/// Everything a bootstrap needs, from `slipway.hcl`; without annotations those of the cluster's secret stay.
pub async fn bootstrap_spec(
    cluster: &ResolvedCluster,
    argocd: &ArgoCd,
    annotations: Option<BTreeMap<String, String>>,
    clusters: Vec<OtherCluster>,
    cache: PathBuf,
) -> Result<BootstrapSpec, GateError> {
    Ok(BootstrapSpec {
        namespace: argocd.namespace.clone(),
        manifest: manifest(argocd, cache).await?,
        repository: argocd.repository.clone(),
        root: argocd.root.clone(),
        sources: argocd.sources.clone(),
        notifications: argocd.notifications.clone(),
        ssh_known_hosts: argocd.ssh_known_hosts.clone(),
        labels: argocd.labels.clone(),
        clusters,
        cluster: cluster.name.clone(),
        annotations,
        force: false,
        downgrade: false,
    })
}

/// Takes Argo CD down on a cluster.
pub async fn remove(
    client: Client,
    argocd: &ArgoCd,
    cache: PathBuf,
    timeout: Duration,
    progress: argocd::Progress<'_>,
) -> Result<argocd::Removed, GateError> {
    let manifest = manifest(argocd, cache).await?;
    Ok(argocd::uninstall(client, &argocd.namespace, &manifest, timeout, progress).await?)
}

async fn manifest(argocd: &ArgoCd, cache: PathBuf) -> Result<Manifest, GateError> {
    let spec = ManifestSpec {
        version: argocd.version.clone(),
        flavor: argocd.flavor,
        location: argocd.manifest.clone(),
        sha256: argocd.manifest_sha256.clone(),
        cache,
    };
    Ok(Manifest::load(&spec).await?)
}

/// The manifests repository that `slipway.hcl` names, at the branch that Argo CD follows.
pub fn repository_spec(argocd: &ArgoCd) -> Option<RepositorySpec> {
    let repository = argocd.repository.as_ref()?;
    let branch =
        argocd.root.as_ref().map(|root| root.revision.as_str()).filter(|revision| *revision != "HEAD");
    Some(RepositorySpec {
        url: repository.url.clone(),
        branch: branch.map(str::to_owned),
        username: repository.username.clone(),
        credentials: repository.credentials.clone(),
        author: None,
    })
}

impl From<GitOpsError> for GateError {
    fn from(error: GitOpsError) -> Self {
        Self::Repository(Box::new(error))
    }
}

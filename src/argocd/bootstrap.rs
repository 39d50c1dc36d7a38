//! Installs Argo CD and connects the manifests repository; a second time changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tokio::time::Instant;

use super::ArgoCdError;
use super::clusters::OtherCluster;
use super::error::did_not_answer;
use super::installation::{Installation, bound_to, installations};
use super::leftover::{Reach, leftover};
use super::manifest::Manifest;
use super::objects::{Change, Changes, Objects, kind, label};
use super::rehearsed::{Step, rehearsed};
use super::resources::{self, is_own_namespace};
use super::upgrade::{Upgrade, between, version_of};
use super::{clusters, notifications, repositories};
use crate::project::{Notifications, Repository, RootApplication, Source};
use crate::support::progress::Said;

/// How long custom resource definitions may take to be served.
const ESTABLISH: Duration = Duration::from_mins(1);
/// How long a namespace that is being deleted may take to go.
const GONE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(300);

/// What Argo CD is to be.
#[derive(Clone, Debug)]
pub struct BootstrapSpec {
    /// The namespace it goes into.
    pub namespace: String,
    /// What is installed.
    pub manifest: Manifest,
    /// The repository it is connected to.
    pub repository: Option<Repository>,
    /// The Application that holds the others; needs the repository.
    pub root: Option<RootApplication>,
    /// Further repositories and logins.
    pub sources: Vec<Source>,
    /// What is said to the forge of the commits that are synced.
    pub notifications: Option<Notifications>,
    /// Keys of hosts that are reached by SSH, beside those of the manifest.
    pub ssh_known_hosts: Option<String>,
    /// Labels of the cluster's secret.
    pub labels: BTreeMap<String, String>,
    /// The other clusters that it deploys to.
    pub clusters: Vec<OtherCluster>,
    /// The cluster's name, as Applications may call it.
    pub cluster: String,
    /// The infrastructure's outputs, as annotations on the cluster's secret (names begin with `slipway/`); `None`
    /// keeps those that are there.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Whether fields that someone else manages are taken over.
    pub force: bool,
    /// Whether a newer version may be replaced by an older one.
    pub downgrade: bool,
}

/// What a bootstrap would do.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Each object, in its order.
    pub steps: Vec<Step>,
    /// What an earlier bootstrap applied and nobody wants any more.
    pub leftover: Vec<DynamicObject>,
    /// The change of versions, where there is one.
    pub upgrade: Option<Upgrade>,
}

impl Rehearsal {
    /// Kind and name of what would be removed.
    pub fn removed(&self) -> impl Iterator<Item = String> {
        self.leftover.iter().map(label)
    }
}

/// Listens to what is being done.
pub type Progress<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Applies everything, in the order in which each needs the one before. What stands in the way is found before anything is
/// changed.
pub async fn bootstrap(
    client: Client,
    spec: &BootstrapSpec,
    progress: Progress<'_>,
) -> Result<Changes, ArgoCdError> {
    let objects = Objects::new(client.clone(), &spec.namespace);
    not_on_its_way_out(&objects, spec, progress).await?;
    progress(format!("looking at {} objects", spec.manifest.objects.len()));
    let Rehearsal { steps, leftover, upgrade } = rehearse(client, spec).await?;
    upgrade.iter().flat_map(Upgrade::lines).for_each(progress);
    for step in &steps {
        if let Some(by_hand) = &step.by_hand {
            progress(format!("{} was changed by hand, which is put right: {by_hand}", step.label()));
        }
    }
    let mut changes = Changes::default();
    progress(format!("applying {} objects", spec.manifest.objects.len()));
    let definitions: Vec<_> =
        steps.iter().map(|step| &step.object).filter(|object| is_definition(object)).collect();
    let mut are_established = false;
    let mut is_connecting = false;
    for Step { object, change, by_hand, .. } in &steps {
        let is_early = is_definition(object) || kind(object).kind == "Namespace";
        if !is_early && !are_established {
            established(&objects, &definitions).await?;
            are_established = true;
        }
        if kind(object).kind == "AppProject" && !is_connecting {
            progress("connecting the repositories".to_owned());
            is_connecting = true;
        }
        if *change == Change::Unchanged {
            changes.count(Change::Unchanged);
        } else {
            changes.count(objects.apply(object, spec.force || by_hand.is_some()).await?);
            changes.put_right += usize::from(by_hand.is_some());
        }
    }
    // Last: what is new does not need it, and what was cut off before is gone on with from here.
    for object in &leftover {
        progress(format!("removing {}, which nothing names any more", label(object)));
        changes.removed += usize::from(objects.delete(object).await?);
    }
    changes.from = upgrade.map(|upgrade| upgrade.from);
    Ok(changes)
}

/// Waits for a namespace to go that is being deleted, since nothing can be made in it: an uninstall that was cut off, or
/// somebody else's command, may have just begun to.
async fn not_on_its_way_out(
    objects: &Objects,
    spec: &BootstrapSpec,
    progress: Progress<'_>,
) -> Result<(), ArgoCdError> {
    let namespace = built(resources::namespace(&spec.namespace))?;
    let begun = Instant::now();
    let mut said = Said::default();
    loop {
        let existing = objects.get(&kind(&namespace), None, &spec.namespace).await?;
        if existing.is_none_or(|existing| existing.metadata.deletion_timestamp.is_none()) {
            return Ok(());
        }
        let reason =
            format!("{} is being deleted, and has to be gone before it is made again", label(&namespace));
        if begun.elapsed() > GONE {
            return Err(ArgoCdError::Timeout { after: GONE, reasons: vec![reason] });
        }
        said.tell(reason, progress);
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a bootstrap would do, each object in its order; nothing is changed.
pub async fn rehearse(client: Client, spec: &BootstrapSpec) -> Result<Rehearsal, ArgoCdError> {
    let objects = Objects::new(client, &spec.namespace);
    let found = installations(&objects).await?;
    refuse_others(&objects, spec, &found).await?;
    let (here, others): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.namespace == spec.namespace);
    let live = here.first().and_then(|here| here.version.as_deref());
    let upgrade = between(live, version_of(&spec.manifest.objects).as_deref());
    if let Some(Upgrade { from, to, .. }) = upgrade.as_ref().filter(|upgrade| upgrade.is_downgrade())
        && !spec.downgrade
    {
        return Err(ArgoCdError::Downgrade { from: from.clone(), to: to.clone() });
    }
    let wanted = wanted(&objects, spec).await?;
    let reach = Reach { shared: others.is_empty(), definitions: false };
    let mut leftover = leftover(&objects, &wanted, reach).await?;
    // A cluster that cannot be looked at now is still one of ours.
    let kept = spec.clusters.iter().filter(|cluster| cluster.access.is_none());
    let kept: Vec<String> = kept.map(|cluster| clusters::name_of(&cluster.label)).collect();
    leftover.retain(|object| !kept.contains(&object.name_any()));
    Ok(Rehearsal { steps: rehearsed(&objects, wanted, spec.force).await?, leftover, upgrade })
}

/// All objects as they are to be, without those that are the user's own.
async fn wanted(objects: &Objects, spec: &BootstrapSpec) -> Result<Vec<DynamicObject>, ArgoCdError> {
    let mut manifest = in_namespace(&spec.manifest.objects, &spec.namespace);
    if let Some(hosts) = &spec.ssh_known_hosts {
        add_known_hosts(&mut manifest, hosts);
    }
    if let Some(notifications) = &spec.notifications {
        let (repository, origin) = (spec.repository.as_ref(), &spec.manifest.origin);
        notifications::connect(objects, notifications, repository, origin, &mut manifest).await?;
    }
    let (definitions, rest): (Vec<_>, Vec<_>) = manifest.into_iter().partition(is_definition);
    let namespace = built(resources::namespace(&spec.namespace))?;
    // One that was there before us is left as it is, now and at the end.
    let existing = objects.get(&kind(&namespace), None, &spec.namespace).await?;
    let is_theirs = existing.is_some_and(|existing| !is_own_namespace(&existing));
    let mut all: Vec<DynamicObject> = Vec::new();
    all.extend((!is_theirs).then_some(namespace));
    all.extend(definitions);
    all.extend(rest);
    // Where a project is there already it is the user's.
    let project = built(resources::default_project(&spec.namespace))?;
    let existing = if objects.knows(&kind(&project)).await? {
        objects.get(&kind(&project), None, "default").await?
    } else {
        None
    };
    if existing.as_ref().is_none_or(is_ours) {
        all.push(project);
    }
    all.push(cluster_secret(objects, spec).await?);
    for cluster in &spec.clusters {
        if let Some(access) = &cluster.access {
            all.push(built(clusters::other(&spec.namespace, &cluster.label, access))?);
        }
    }
    for source in &spec.sources {
        all.push(built(repositories::source(&spec.namespace, source))?);
    }
    if let Some(repository) = &spec.repository {
        all.push(built(repositories::repository(&spec.namespace, repository))?);
        if let Some(root) = &spec.root {
            all.push(built(resources::root_application(&spec.namespace, repository, root))?);
        }
    }
    Ok(all)
}

/// An Argo CD that is there already is not taken over, and none is put beside it, unless that is asked for.
async fn refuse_others(
    objects: &Objects,
    spec: &BootstrapSpec,
    found: &[Installation],
) -> Result<(), ArgoCdError> {
    if spec.force {
        return Ok(());
    }
    let (here, others): (Vec<_>, Vec<_>) =
        found.iter().cloned().partition(|one| one.namespace == spec.namespace);
    if let Some(theirs) = here.into_iter().find(|one| !one.is_ours) {
        let way_out = "go on with what installed it, or take it over with --force";
        return Err(ArgoCdError::NotOurs { namespace: theirs.namespace, by: theirs.by, way_out });
    }
    let mut others: Vec<String> = others.iter().map(ToString::to_string).collect();
    // What a binding is for has a controller, or had one.
    for binding in spec.manifest.objects.iter().filter(|object| kind(object).kind == "ClusterRoleBinding") {
        let live = objects.get(&kind(binding), None, &binding.name_any()).await?;
        if let Some(other) = live.as_ref().and_then(bound_to).filter(|other| *other != spec.namespace)
            && !others.iter().any(|known| known.starts_with(&format!("{other} ")) || *known == other)
        {
            others.push(other);
        }
    }
    if others.is_empty() { Ok(()) } else { Err(ArgoCdError::Another { others }) }
}

async fn cluster_secret(objects: &Objects, spec: &BootstrapSpec) -> Result<DynamicObject, ArgoCdError> {
    let build = |outputs: &BTreeMap<_, _>| {
        built(clusters::own(&spec.namespace, &spec.cluster, &spec.labels, outputs))
    };
    if let Some(outputs) = &spec.annotations {
        return build(outputs);
    }
    let bare = build(&BTreeMap::new())?;
    let existing = objects.get(&kind(&bare), None, &bare.name_any()).await?;
    existing.map_or(Ok(bare), |existing| build(&resources::outputs_of(&existing)))
}

/// Waits until the Deployments and `StatefulSet`s of the manifest are available.
pub async fn wait_available(
    client: Client,
    namespace: &str,
    manifest: &Manifest,
    timeout: Duration,
    progress: Progress<'_>,
) -> Result<(), ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let begun = Instant::now();
    let workloads: Vec<_> = manifest
        .objects
        .iter()
        .filter(|object| matches!(kind(object).kind.as_str(), "Deployment" | "StatefulSet"))
        .collect();
    let mut said = Said::default();
    loop {
        let mut missing = Vec::new();
        for workload in &workloads {
            match objects.get(&kind(workload), None, &workload.name_any()).await {
                Ok(Some(found)) if is_available(&found) => {}
                Ok(_) => missing.push(label(workload)),
                // It may answer the next time.
                Err(ArgoCdError::Unreachable(cause)) => {
                    missing.push(format!("{} ({})", label(workload), did_not_answer(&cause)));
                }
                Err(error) => return Err(error),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > timeout {
            return Err(ArgoCdError::Timeout { after: timeout, reasons: missing });
        }
        let line = format!("waiting for {}", missing.join(", "));
        said.tell(line, progress);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The manifest says no namespace, and binds roles to accounts in `argocd`.
pub(super) fn in_namespace(objects: &[DynamicObject], namespace: &str) -> Vec<DynamicObject> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        if !kind(object).kind.ends_with("RoleBinding") {
            continue;
        }
        for subject in object.data.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
            if subject.get("namespace").is_some() {
                subject["namespace"] = Value::from(namespace);
            }
        }
    }
    objects
}

/// Argo CD takes the keys of all hosts from one map.
fn add_known_hosts(objects: &mut [DynamicObject], hosts: &str) {
    let is_map = |object: &&mut DynamicObject| {
        kind(object).kind == "ConfigMap" && object.name_any() == "argocd-ssh-known-hosts-cm"
    };
    let map = objects.iter_mut().find(is_map);
    if let Some(Value::String(text)) = map.and_then(|map| map.data.pointer_mut("/data/ssh_known_hosts")) {
        *text = format!("{}\n{}\n", text.trim_end(), hosts.trim());
    }
}

pub(super) fn is_definition(object: &DynamicObject) -> bool {
    kind(object).kind == "CustomResourceDefinition"
}

/// Whether the last one to apply an object was a bootstrap.
fn is_ours(object: &DynamicObject) -> bool {
    object
        .managed_fields()
        .iter()
        .any(|entry| entry.manager.as_deref() == Some(super::objects::FIELD_MANAGER))
}

fn is_available(workload: &DynamicObject) -> bool {
    let number = |pointer: &str| workload.data.pointer(pointer).and_then(Value::as_i64);
    let seen = number("/status/observedGeneration") >= workload.metadata.generation;
    let wanted = number("/spec/replicas").unwrap_or(1);
    let ready = number("/status/readyReplicas").unwrap_or(0);
    let updated = number("/status/updatedReplicas").unwrap_or(0);
    seen && ready >= wanted && updated >= wanted
}

async fn established(objects: &Objects, definitions: &[&DynamicObject]) -> Result<(), ArgoCdError> {
    let begun = Instant::now();
    for definition in definitions {
        let served = served_kind(definition);
        while !objects.knows(&served).await? {
            if begun.elapsed() > ESTABLISH {
                return Err(ArgoCdError::Timeout { after: ESTABLISH, reasons: vec![label(definition)] });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// The kind that a definition defines, in its first version.
fn served_kind(definition: &DynamicObject) -> GroupVersionKind {
    let text = |pointer: &str| definition.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    GroupVersionKind::gvk(text("/spec/group"), text("/spec/versions/0/name"), text("/spec/names/kind"))
}

/// Our own objects are made of constants and text; they always are objects.
fn built(object: Result<DynamicObject, serde_json::Error>) -> Result<DynamicObject, ArgoCdError> {
    object.map_err(|error| ArgoCdError::Refused {
        action: "building",
        object: "an object".to_owned(),
        cause: error.to_string(),
    })
}

//! The `argocd` block of a cluster: which release, what it follows, and which other clusters it looks after.

use std::collections::BTreeMap;
use std::time::Duration;

use super::decode::Decode;
use super::fields::text;
use super::left_out::LeftOut;
use super::notifications::{self, Notifications};
use super::repositories::{self, REPO_CREDS, REPOSITORY, Repository, SOURCE, Source};
use crate::hcl::ast::Block;
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::suggest;
use crate::hcl::value::{Fields, Value};
use crate::support::address::Address;
use crate::terragrunt::Document;
use crate::terragrunt::schema::{Kind, Spec, optional, required};

const ARGOCD: &[Spec] = &[
    required("version", Kind::String),
    optional("flavor", Kind::String),
    optional("namespace", Kind::String),
    optional("manifest", Kind::String),
    optional("manifest_sha256", Kind::String),
    optional("labels", Kind::StringMap),
    optional("leave_out", Kind::Strings),
    optional("ssh_known_hosts", Kind::String),
    optional("install_timeout", Kind::String),
    optional("sync_timeout", Kind::String),
    optional("removal_timeout", Kind::String),
];
/// A `repository` without a label is that of the manifests; others have one.
const ARGOCD_BLOCKS: &[(&str, usize)] = &[
    ("cluster", 1),
    ("notifications", 0),
    ("repo_creds", 1),
    ("repository", 0),
    ("repository", 1),
    ("root", 0),
];
const REPEATED: &[&str] = &["cluster", "repo_creds", "repository"];
const ROOT: &[Spec] = &[
    required("path", Kind::String),
    optional("revision", Kind::String),
    optional("name", Kind::String),
    optional("clusters", Kind::StringMap),
    optional("namespace", Kind::String),
];
const REGISTERED: &[Spec] = &[
    optional("role_arn", Kind::String),
    optional("labels", Kind::StringMap),
    optional("namespaces", Kind::Strings),
    optional("project", Kind::String),
];

/// `argocd`.
#[derive(Clone, Debug)]
pub struct ArgoCd {
    /// The release, such as `v3.6.1`.
    pub version: String,
    /// Which of its install manifests.
    pub flavor: Flavor,
    /// The namespace; `argocd` unless said otherwise.
    pub namespace: String,
    /// Path or URL of the install manifest, instead of the release's own.
    pub manifest: Option<Address>,
    /// The manifest's SHA-256, in hexadecimal.
    pub manifest_sha256: Option<String>,
    /// The repository with the manifests.
    pub repository: Option<Repository>,
    /// Further repositories, and logins for all whose addresses begin alike.
    pub sources: Vec<Source>,
    /// What it says to the forge of the commits that it syncs.
    pub notifications: Option<Notifications>,
    /// Keys of hosts that are reached by SSH, one a line as in `known_hosts`, beside those that the release brings.
    pub ssh_known_hosts: Option<String>,
    /// The application that holds the others.
    pub root: Option<RootApplication>,
    /// Labels of the secret for the cluster that it is on, for generators to choose by.
    pub labels: BTreeMap<String, String>,
    /// The other clusters that it deploys to.
    pub clusters: Vec<Registered>,
    /// The applications that nobody waits for.
    pub leave_out: LeftOut,
    /// How long Argo CD's own workloads may take; 5 minutes unless said otherwise.
    pub install_timeout: Option<Duration>,
    /// How long the applications may take; 10 minutes unless said otherwise.
    pub sync_timeout: Option<Duration>,
    /// How long everything may take to go; 10 minutes unless said otherwise.
    pub removal_timeout: Option<Duration>,
}

/// Argo CD's install manifests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Without its own user interface and accounts.
    #[default]
    Core,
    /// The whole.
    Standard,
    /// The whole, highly available.
    Ha,
}

/// `root`: the application that holds the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootApplication {
    /// Its folder in the repository.
    pub path: String,
    /// Branch, tag or commit; `HEAD` unless said otherwise.
    pub revision: String,
    /// Its name; `root` unless said otherwise.
    pub name: String,
    /// Where there is one Application for each cluster instead: the labels that those clusters have, empty for all.
    pub clusters: Option<BTreeMap<String, String>>,
    /// The namespace for what says none, on each of those clusters; `default` unless said otherwise.
    pub namespace: Option<String>,
}

/// `cluster` in an `argocd` block: another cluster that it deploys to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The label of its own block.
    pub label: String,
    /// The role that Argo CD takes to come in; its own where there is none.
    pub role_arn: Option<String>,
    /// Labels of its secret.
    pub labels: BTreeMap<String, String>,
    /// The namespaces that Argo CD looks after there; empty for all.
    pub namespaces: Vec<String>,
    /// The one project that may deploy to it.
    pub project: Option<String>,
}

/// What is wrong with the block whatever it evaluates to.
pub(super) fn check(document: &Document, block: &Block, errors: &mut Vec<Diagnostic>) {
    document.check(&block.body, "argocd", ARGOCD, ARGOCD_BLOCKS, REPEATED, errors);
    for inner in &block.body.blocks {
        let (what, specs) = match &*inner.kind.name {
            "repository" if inner.labels.is_empty() => ("repository", REPOSITORY),
            "repository" => ("repository \"…\"", SOURCE),
            "repo_creds" => ("repo_creds", REPO_CREDS),
            "root" => ("root", ROOT),
            "cluster" => ("cluster", REGISTERED),
            "notifications" => {
                notifications::check(document, block, inner, errors);
                continue;
            }
            _ => continue,
        };
        document.check(&inner.body, what, specs, &[], &[], errors);
        repositories::check(document, inner, errors);
    }
    for registered in block.body.blocks("cluster") {
        let Some(label) = registered.labels.first() else { continue };
        let known = || document.body().blocks("cluster").filter_map(|cluster| cluster.labels.first());
        if known().any(|known| known.name == label.name) {
            let named = |cluster: &&Block| cluster.labels.first().is_some_and(|one| one.name == label.name);
            let by_context = document.body().blocks("cluster").find(named);
            if by_context.is_some_and(|cluster| cluster.body.attribute("context").is_some()) {
                let message = format!(
                    "argocd looks after cluster \"{}\", which is reached by a context of your kubeconfig, and Argo CD has none",
                    label.name
                );
                let error = Diagnostic::error("project::cluster", message).at(document.location(label.span));
                errors
                    .push(error.help("Argo CD reaches clusters of EKS: name it there, without a `context`"));
            }
            continue;
        }
        let message =
            format!("argocd looks after cluster \"{}\", which slipway.hcl does not have", label.name);
        let error = Diagnostic::error("project::cluster", message).at(document.location(label.span));
        let near = suggest::nearest(&label.name, known().map(|known| &*known.name));
        errors.push(match near {
            Some(near) => error.help(format!("did you mean \"{near}\"?")),
            None => error.help(format!("write a block cluster \"{}\" {{ … }} of its own for it", label.name)),
        });
    }
}

/// Evaluates the block. Where it is not `whole`, only for the manifests repository: other logins and clusters are left out.
pub(super) fn argocd(decode: &Decode<'_>, block: &Block, whole: bool) -> Result<ArgoCd, Box<Diagnostic>> {
    // What may rest on outputs, or on keys that not everybody has, is not asked for where nobody needs it.
    let asked: Vec<Spec> = ARGOCD
        .iter()
        .filter(|spec| whole || !matches!(spec.name, "labels" | "ssh_known_hosts"))
        .copied()
        .collect();
    let fields = decode.fields(block, "argocd", &asked)?;
    let blocks = |kind: &'static str| block.body.blocks(kind);
    let repository = blocks("repository")
        .find(|block| block.labels.is_empty())
        .map(|block| repositories::manifests(decode, block, whole))
        .transpose()?;
    let root = blocks("root").next().map(|block| root(decode, block)).transpose()?;
    let flavor = match text(&fields, "flavor").as_deref() {
        None | Some("core") => Flavor::Core,
        Some("standard") => Flavor::Standard,
        Some("ha") => Flavor::Ha,
        Some(other) => {
            let diagnostic = decode.error(&format!("there is no flavor \"{other}\" of Argo CD"));
            return Err(Box::new(diagnostic.help("use core, standard or ha")));
        }
    };
    let leave_out = texts(&fields, "leave_out");
    let leave_out: Vec<&str> = leave_out.iter().map(String::as_str).collect();
    let leave_out =
        LeftOut::parse(&leave_out).map_err(|wrong| Box::new(decode.error(&format!("leave_out: {wrong}"))))?;
    let mut argocd = ArgoCd {
        leave_out,
        install_timeout: decode.duration(&fields, "install_timeout")?,
        sync_timeout: decode.duration(&fields, "sync_timeout")?,
        removal_timeout: decode.duration(&fields, "removal_timeout")?,
        version: text(&fields, "version").unwrap_or_default(),
        flavor,
        namespace: text(&fields, "namespace").unwrap_or_else(|| "argocd".to_owned()),
        manifest: text(&fields, "manifest").map(|manifest| decode.located(manifest).into()),
        manifest_sha256: text(&fields, "manifest_sha256"),
        ssh_known_hosts: text(&fields, "ssh_known_hosts"),
        labels: map(&fields, "labels").unwrap_or_default(),
        repository,
        root,
        notifications: None,
        sources: Vec::new(),
        clusters: Vec::new(),
    };
    if whole {
        if let Some(block) = blocks("notifications").next() {
            // Whether a manifest of somebody's own has it is seen when it is read.
            let has_controller = flavor != Flavor::Core || argocd.manifest.is_some();
            argocd.notifications = Some(notifications::notifications(decode, block, has_controller)?);
        }
        argocd.sources = repositories::sources(decode, block, argocd.repository.as_ref())?;
        for block in blocks("cluster") {
            let fields = decode.fields(block, "cluster", REGISTERED)?;
            argocd.clusters.push(Registered {
                label: block.labels.first().map(|label| label.name.to_string()).unwrap_or_default(),
                role_arn: text(&fields, "role_arn"),
                labels: map(&fields, "labels").unwrap_or_default(),
                namespaces: texts(&fields, "namespaces"),
                project: text(&fields, "project"),
            });
        }
    }
    Ok(argocd)
}

fn root(decode: &Decode<'_>, block: &Block) -> Result<RootApplication, Box<Diagnostic>> {
    let fields = decode.fields(block, "root", ROOT)?;
    Ok(RootApplication {
        path: text(&fields, "path").unwrap_or_default(),
        revision: text(&fields, "revision").unwrap_or_else(|| "HEAD".to_owned()),
        name: text(&fields, "name").unwrap_or_else(|| "root".to_owned()),
        clusters: map(&fields, "clusters"),
        namespace: text(&fields, "namespace"),
    })
}

fn texts(fields: &Fields, name: &str) -> Vec<String> {
    let elements = fields.get(name).and_then(Value::as_elements).unwrap_or_default();
    elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Texts by name; none where the attribute is not there.
fn map(fields: &Fields, name: &str) -> Option<BTreeMap<String, String>> {
    let Some(Value::Object(object)) = fields.get(name) else { return None };
    let texts =
        object.iter().filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())));
    Some(texts.collect())
}

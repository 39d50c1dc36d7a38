//! `cluster` blocks of `slipway.hcl`. What they say may come from the outputs of the cluster's unit, so they
//! are checked when the file is read and evaluated when they are needed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::needs::Sections;
use crate::hcl::ast::{Block, Body};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{Location, Span};
use crate::hcl::value::{Fields, Value};
use crate::support::address::Address;
use crate::support::git::GitRemote;
use crate::support::secret::Secret;
use crate::terragrunt::outputs::Outputs;
use crate::terragrunt::schema::{Kind, Spec, optional, required};
use crate::terragrunt::{Document, paths};

const CLUSTER: &[Spec] =
    &[optional("unit", Kind::String), required("name", Kind::String), optional("region", Kind::String)];
const UNIT: &[Spec] = &[optional("unit", Kind::String)];
const CLUSTER_BLOCKS: &[(&str, usize)] = &[("argocd", 0), ("verify", 0)];
const VERIFY: &[Spec] = &[
    optional("version", Kind::String),
    optional("min_ready_nodes", Kind::Number),
    optional("addons", Kind::Strings),
    optional("timeout", Kind::String),
];
const ARGOCD: &[Spec] = &[
    required("version", Kind::String),
    optional("flavor", Kind::String),
    optional("namespace", Kind::String),
    optional("manifest", Kind::String),
    optional("manifest_sha256", Kind::String),
];
const ARGOCD_BLOCKS: &[(&str, usize)] = &[("repository", 0), ("root", 0)];
const REPOSITORY: &[Spec] = &[
    required("url", Kind::String),
    optional("username", Kind::String),
    optional("credentials", Kind::String),
    optional("forge", Kind::String),
    optional("api", Kind::String),
];
const ROOT: &[Spec] =
    &[required("path", Kind::String), optional("revision", Kind::String), optional("name", Kind::String)];

/// A `cluster` block.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The label.
    pub label: String,
    /// The unit that makes it, relative to the estate's root; none where it comes from elsewhere.
    pub unit: Option<PathBuf>,
    /// Where the block stands.
    pub location: Location,
    /// Where its `unit` stands; none where it has none.
    pub unit_location: Option<Location>,
    document: Arc<Document>,
    /// Which of the file's `cluster` blocks it is.
    number: usize,
}

/// Where a cluster is to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// Its name in EKS; none where it rests on a program that was not started.
    pub name: Option<String>,
    /// Its region; that of the environment where none is given.
    pub region: Option<String>,
}

/// A cluster with everything evaluated.
#[derive(Clone, Debug)]
pub struct ResolvedCluster {
    /// The label.
    pub label: String,
    /// The unit that makes it, relative to the estate's root; none where it comes from elsewhere.
    pub unit: Option<PathBuf>,
    /// The cluster's name in EKS.
    pub name: String,
    /// The AWS region; that of the environment where none is given.
    pub region: Option<String>,
    /// What makes it usable.
    pub verify: Verify,
    /// The Argo CD on it, where one is wanted.
    pub argocd: Option<ArgoCd>,
}

/// `verify`: what makes a cluster usable, beyond being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify {
    /// The Kubernetes version it has to have, such as `1.33`.
    pub version: Option<String>,
    /// How many nodes have to be ready.
    pub min_ready_nodes: Option<u32>,
    /// The add-ons that have to be active.
    pub addons: Vec<String>,
    /// How long an `up` waits for what may still come; 20 minutes unless said otherwise.
    pub timeout: Option<Duration>,
}

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
    /// The application that holds the others.
    pub root: Option<RootApplication>,
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

/// `repository`.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where it is.
    pub url: Address,
    /// As whom it is read.
    pub username: Option<String>,
    /// The token or password; none where it is empty.
    pub credentials: Option<Secret>,
    /// Which forge has it: `github` or `gitlab`; none where its address tells.
    pub forge: Option<String>,
    /// The address of the forge's API; none where it is the usual one.
    pub api: Option<String>,
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
}

/// The clusters of a file, checked.
pub(super) fn all(sections: &Sections, needed: bool, errors: &mut Vec<Diagnostic>) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    let document = sections.look();
    for (number, block) in document.body().blocks("cluster").enumerate() {
        let Some(label) = block.labels.first() else { continue };
        check(document, block, errors);
        let what = format!("cluster \"{}\"", label.name);
        let unit = Body {
            attributes: block.body.attribute("unit").cloned().into_iter().collect(),
            blocks: Vec::new(),
            span: block.body.span,
        };
        let place = block.kind.span;
        let location = document.location(block.kind.span.to(label.span));
        let unit_location = block.body.attribute("unit").map(|unit| document.location(unit.expr.span));
        let fields = sections.get(needed, (&what, place), |document| {
            document.attributes(&unit, place, &what, UNIT, &Fields::new())
        });
        match fields.map(Option::unwrap_or_default) {
            Ok(fields) => clusters.push(Cluster {
                label: label.name.to_string(),
                unit: text(&fields, "unit").map(|unit| paths::clean(unit.as_ref())),
                location,
                unit_location,
                document: Arc::clone(sections.later()),
                number,
            }),
            Err(found) => errors.extend(found),
        }
    }
    clusters
}

fn check(document: &Document, block: &Block, errors: &mut Vec<Diagnostic>) {
    document.check(&block.body, "cluster", CLUSTER, CLUSTER_BLOCKS, &[], errors);
    for verify in block.body.blocks("verify") {
        document.check(&verify.body, "verify", VERIFY, &[], &[], errors);
    }
    for argocd in block.body.blocks("argocd") {
        document.check(&argocd.body, "argocd", ARGOCD, ARGOCD_BLOCKS, &[], errors);
        for repository in argocd.body.blocks("repository") {
            document.check(&repository.body, "repository", REPOSITORY, &[], &[], errors);
        }
        for root in argocd.body.blocks("root") {
            document.check(&root.body, "root", ROOT, &[], &[], errors);
        }
    }
}

impl Cluster {
    /// Its name and its region, as far as they are known with the outputs of its unit, or without: what rests on a program
    /// that is not started is not. Nothing else of the block is evaluated.
    pub fn whereabouts(&self, outputs: Option<&Outputs>) -> Result<Whereabouts, Box<Diagnostic>> {
        let variables = variables(outputs);
        let decode = Decode { document: &self.document, variables: &variables };
        let Some(block) = self.block() else { return Err(Box::new(self.error("the block is gone"))) };
        let fields = decode.fields(&block.body, block.kind.span, "cluster", CLUSTER);
        let fields = fields.map_err(|diagnostic| self.without_outputs(diagnostic, outputs))?;
        Ok(Whereabouts { name: text(&fields, "name"), region: text(&fields, "region") })
    }

    /// Evaluates the block with the outputs of its unit; none are known before the unit was applied, and then
    /// only blocks that use none can be resolved.
    pub fn resolve(&self, outputs: Option<&Outputs>) -> Result<ResolvedCluster, Box<Diagnostic>> {
        self.evaluate(&variables(outputs)).map_err(|diagnostic| self.without_outputs(diagnostic, outputs))
    }

    /// That the outputs are missing is told as what that means.
    fn without_outputs(&self, mut diagnostic: Box<Diagnostic>, outputs: Option<&Outputs>) -> Box<Diagnostic> {
        let are_missing = outputs.is_none_or(Outputs::is_empty);
        if are_missing
            && diagnostic.code == "hcl::unknown_variable"
            && diagnostic.message.contains("`outputs`")
        {
            match self.unit.as_ref().map(|unit| unit.display()) {
                Some(unit) => {
                    diagnostic.message = format!("the outputs of {unit} are not known yet");
                    diagnostic.help = Some(format!("apply {unit} first"));
                }
                None => diagnostic.help = Some("`outputs` needs the cluster's `unit`".to_owned()),
            }
        }
        diagnostic
    }

    fn block(&self) -> Option<&Block> {
        self.document.body().blocks("cluster").nth(self.number)
    }

    /// Whether the cluster gets an Argo CD.
    pub fn has_argocd(&self) -> bool {
        self.block().is_some_and(|block| block.body.blocks("argocd").next().is_some())
    }

    /// What the `argocd` block says without the outputs of the unit: enough for the manifests repository.
    pub fn argocd_without_outputs(&self) -> Result<Option<ArgoCd>, Box<Diagnostic>> {
        let Some(block) = self.block() else { return Ok(None) };
        let variables = Fields::new();
        let decode = Decode { document: &self.document, variables: &variables };
        block.body.blocks("argocd").next().map(|argocd| self.argocd(&decode, argocd)).transpose()
    }

    fn evaluate(&self, variables: &Fields) -> Result<ResolvedCluster, Box<Diagnostic>> {
        let Some(block) = self.block() else { return Err(Box::new(self.error("the block is gone"))) };
        let decode = Decode { document: &self.document, variables };
        let fields = decode.fields(&block.body, block.kind.span, "cluster", CLUSTER)?;
        let verify = match block.body.blocks("verify").next() {
            Some(verify) => {
                self.verify(&decode.fields(&verify.body, verify.kind.span, "verify", VERIFY)?)?
            }
            None => Verify::default(),
        };
        let argocd = match block.body.blocks("argocd").next() {
            Some(argocd) => Some(self.argocd(&decode, argocd)?),
            None => None,
        };
        Ok(ResolvedCluster {
            label: self.label.clone(),
            unit: self.unit.clone(),
            name: text(&fields, "name").ok_or_else(|| Box::new(self.error("name is empty")))?,
            region: text(&fields, "region"),
            verify,
            argocd,
        })
    }

    fn verify(&self, fields: &Fields) -> Result<Verify, Box<Diagnostic>> {
        let min_ready_nodes = match &fields["min_ready_nodes"] {
            Value::Number(number) => {
                let nodes = number.as_i64().and_then(|nodes| u32::try_from(nodes).ok());
                let message = format!("min_ready_nodes cannot be {number}");
                Some(nodes.ok_or_else(|| Box::new(self.error(&message)))?)
            }
            _ => None,
        };
        let addons = fields["addons"].as_elements().unwrap_or_default();
        let timeout = match text(fields, "timeout") {
            Some(text) => Some(duration(&text).ok_or_else(|| {
                let error = self.error(&format!("timeout cannot be \"{text}\""));
                Box::new(error.help("write it like \"90s\" or \"20m\""))
            })?),
            None => None,
        };
        Ok(Verify {
            timeout,
            version: text(fields, "version"),
            min_ready_nodes,
            addons: addons.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    fn argocd(&self, decode: &Decode<'_>, block: &Block) -> Result<ArgoCd, Box<Diagnostic>> {
        let fields = decode.fields(&block.body, block.kind.span, "argocd", ARGOCD)?;
        let repository = match block.body.blocks("repository").next() {
            Some(block) => {
                let fields = decode.fields(&block.body, block.kind.span, "repository", REPOSITORY)?;
                let url = Address::new(text(&fields, "url").unwrap_or_default());
                if let Err(problem) = GitRemote::new(&url, "") {
                    return Err(Box::new(
                        self.error(&format!("the repository {url} cannot be used: {problem}")),
                    ));
                }
                Some(Repository {
                    url,
                    username: text(&fields, "username"),
                    credentials: text(&fields, "credentials").map(Secret::new),
                    forge: text(&fields, "forge"),
                    api: text(&fields, "api"),
                })
            }
            None => None,
        };
        let root = match block.body.blocks("root").next() {
            Some(block) => {
                let fields = decode.fields(&block.body, block.kind.span, "root", ROOT)?;
                Some(RootApplication {
                    path: text(&fields, "path").unwrap_or_default(),
                    revision: text(&fields, "revision").unwrap_or_else(|| "HEAD".to_owned()),
                    name: text(&fields, "name").unwrap_or_else(|| "root".to_owned()),
                })
            }
            None => None,
        };
        let flavor = match text(&fields, "flavor").as_deref() {
            None | Some("core") => Flavor::Core,
            Some("standard") => Flavor::Standard,
            Some("ha") => Flavor::Ha,
            Some(other) => {
                let diagnostic = self.error(&format!("there is no flavor \"{other}\" of Argo CD"));
                return Err(Box::new(diagnostic.help("use core, standard or ha")));
            }
        };
        Ok(ArgoCd {
            version: text(&fields, "version").unwrap_or_default(),
            flavor,
            namespace: text(&fields, "namespace").unwrap_or_else(|| "argocd".to_owned()),
            manifest: text(&fields, "manifest").map(|manifest| self.located(manifest).into()),
            manifest_sha256: text(&fields, "manifest_sha256"),
            repository,
            root,
        })
    }

    /// A path of the file counts from the file; an address stays.
    fn located(&self, manifest: String) -> String {
        if manifest.contains("://") {
            return manifest;
        }
        let dir = paths::folder(self.location.file.path());
        paths::join(dir, manifest).display().to_string()
    }

    fn error(&self, message: &str) -> Diagnostic {
        let message = format!("cluster \"{}\": {message}", self.label);
        Diagnostic::error("project::cluster", message).at(self.location.clone())
    }
}

/// The names that a block may use: the outputs of its unit, where there are any.
fn variables(outputs: Option<&Outputs>) -> Fields {
    let outputs = outputs.filter(|outputs| !outputs.is_empty());
    outputs
        .map(|outputs| (Arc::from("outputs"), Value::Object(Arc::new(outputs.clone()))))
        .into_iter()
        .collect()
}

/// One evaluation of a block.
struct Decode<'a> {
    document: &'a Document,
    variables: &'a Fields,
}

impl Decode<'_> {
    fn fields(
        &self,
        body: &Body,
        place: Span,
        what: &str,
        specs: &[Spec],
    ) -> Result<Fields, Box<Diagnostic>> {
        self.document.attributes(body, place, what, specs, self.variables).map_err(|errors| {
            let first = errors.into_iter().next();
            Box::new(first.unwrap_or_else(|| Diagnostic::error("project::cluster", "cannot be evaluated")))
        })
    }
}

/// `90s`, `20m`, `1h 30m`.
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| duration.try_into().ok())
}

/// A string that is set and not empty.
fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

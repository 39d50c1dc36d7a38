//! `cluster` blocks of `slipway.hcl`. What they say may come from the outputs of the cluster's unit, so they
//! are checked when the file is read and evaluated when they are needed.

use std::path::PathBuf;
use std::sync::Arc;

use super::argocd::{self, ArgoCd};
use super::decode::Decode;
use super::fields::text;
use super::needs::Sections;
use super::verify::{VERIFY, Verify, verify};
use crate::hcl::ast::{Block, Body};
use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::Location;
use crate::hcl::value::{Fields, Value};
use crate::terragrunt::outputs::Outputs;
use crate::terragrunt::schema::{Kind, Spec, optional, required};
use crate::terragrunt::{Document, paths, strings};

const CLUSTER: &[Spec] = &[
    optional("unit", Kind::String),
    optional("after", Kind::Strings),
    required("name", Kind::String),
    optional("region", Kind::String),
    optional("context", Kind::String),
    optional("kubeconfig", Kind::String),
];
/// What the graph of a run needs, before there are outputs.
const UNIT: &[Spec] = &[optional("unit", Kind::String), optional("after", Kind::Strings)];
const CLUSTER_BLOCKS: &[(&str, usize)] = &[("argocd", 0), ("verify", 0)];

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
    /// The labels of the clusters whose applications have to be green before anything of this one is changed.
    pub after: Vec<String>,
    /// Where its `after` stands; none where it has none.
    pub after_location: Option<Location>,
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

/// A context of a kubeconfig: another way to a cluster than by EKS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeContext {
    /// What it is called.
    pub name: String,
    /// The file; that of the environment where none is named.
    pub file: Option<PathBuf>,
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
    /// The context that it is reached by; EKS is asked where there is none.
    pub context: Option<KubeContext>,
    /// What makes it usable.
    pub verify: Verify,
    /// The Argo CD on it, where one is wanted.
    pub argocd: Option<ArgoCd>,
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
            attributes: UNIT.iter().filter_map(|spec| block.body.attribute(spec.name)).cloned().collect(),
            blocks: Vec::new(),
            span: block.body.span,
        };
        let place = block.kind.span;
        let location = document.location(block.kind.span.to(label.span));
        let place_of =
            |name: &str| block.body.attribute(name).map(|attribute| document.location(attribute.expr.span));
        let (unit_location, after_location) = (place_of("unit"), place_of("after"));
        let fields = sections.get(needed, (&what, place), |document| {
            document.attributes(&unit, place, &what, UNIT, &Fields::new())
        });
        match fields.map(Option::unwrap_or_default) {
            Ok(fields) => clusters.push(Cluster {
                label: label.name.to_string(),
                unit: text(&fields, "unit").map(|unit| paths::clean(unit.as_ref())),
                location,
                unit_location,
                after: strings(fields.get("after")),
                after_location,
                document: Arc::clone(sections.later()),
                number,
            }),
            Err(found) => errors.extend(found),
        }
    }
    clusters
}

fn check(document: &Document, block: &Block, errors: &mut Vec<Diagnostic>) {
    document.check(&block.body, "cluster", &specs(block), CLUSTER_BLOCKS, &[], errors);
    if let Some(file) = block.body.attribute("kubeconfig").filter(|_| !has_context(block)) {
        let message = "a `kubeconfig` without a `context`: which one is current there, anybody may change";
        let error = Diagnostic::error("project::cluster", message).at(document.location(file.expr.span));
        errors.push(error.help("name the context, as `kubectl config get-contexts` lists them"));
    }
    for verify in block.body.blocks("verify") {
        document.check(&verify.body, "verify", VERIFY, &[], &[], errors);
    }
    for argocd in block.body.blocks("argocd") {
        argocd::check(document, argocd, errors);
    }
}

/// What the block may hold: the name in EKS has to be there, but where EKS is not asked.
fn specs(block: &Block) -> Vec<Spec> {
    let has_context = has_context(block);
    let spec = |spec: &Spec| Spec { required: spec.required && !has_context, ..*spec };
    CLUSTER.iter().map(spec).collect()
}

pub(super) fn has_context(block: &Block) -> bool {
    block.body.attribute("context").is_some()
}

impl Cluster {
    /// Whether it is reached by a context of a kubeconfig, and EKS is not asked for it.
    pub fn has_context(&self) -> bool {
        self.block().is_some_and(has_context)
    }

    /// Its name and its region, as far as they are known with the outputs of its unit, or without: what rests on a program
    /// that is not started is not. Nothing else of the block is evaluated.
    pub fn whereabouts(&self, outputs: Option<&Outputs>) -> Result<Whereabouts, Box<Diagnostic>> {
        let variables = variables(outputs);
        let decode = self.decode(&variables);
        let Some(block) = self.block() else { return Err(Box::new(self.error("the block is gone"))) };
        let fields = decode.fields(block, "cluster", &specs(block));
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

    /// Whether its Argo CD follows a repository: without one its applications are green at no commit.
    pub(super) fn follows_git(&self) -> bool {
        let mut argocd = self.block().into_iter().flat_map(|block| block.body.blocks("argocd"));
        argocd.any(|argocd| {
            let has_repository = argocd.body.blocks("repository").any(|block| block.labels.is_empty());
            has_repository && argocd.body.blocks("root").next().is_some()
        })
    }

    /// Whether its Argo CD deploys to the cluster of a label as well.
    pub fn registers(&self, label: &str) -> bool {
        let argocd = self.block().into_iter().flat_map(|block| block.body.blocks("argocd"));
        let mut registered = argocd.flat_map(|argocd| argocd.body.blocks("cluster"));
        registered.any(|block| block.labels.first().is_some_and(|named| &*named.name == label))
    }

    /// What the `argocd` block says without the outputs of the unit: enough for the manifests repository.
    pub fn argocd_without_outputs(&self) -> Result<Option<ArgoCd>, Box<Diagnostic>> {
        let Some(block) = self.block() else { return Ok(None) };
        let variables = Fields::new();
        let decode = self.decode(&variables);
        block.body.blocks("argocd").next().map(|block| argocd::argocd(&decode, block, false)).transpose()
    }

    fn evaluate(&self, variables: &Fields) -> Result<ResolvedCluster, Box<Diagnostic>> {
        let Some(block) = self.block() else { return Err(Box::new(self.error("the block is gone"))) };
        let decode = self.decode(variables);
        let fields = decode.fields(block, "cluster", &specs(block))?;
        let context = text(&fields, "context").map(|name| {
            let file = text(&fields, "kubeconfig").map(|file| decode.located(file).into());
            KubeContext { name, file }
        });
        let verify = match block.body.blocks("verify").next() {
            Some(verify) => self.verify(&decode.fields(verify, "verify", VERIFY)?)?,
            None => Verify::default(),
        };
        let argocd = match block.body.blocks("argocd").next() {
            Some(block) => Some(argocd::argocd(&decode, block, true)?),
            None => None,
        };
        Ok(ResolvedCluster {
            label: self.label.clone(),
            unit: self.unit.clone(),
            name: text(&fields, "name")
                .or_else(|| Some(context.as_ref()?.name.clone()))
                .ok_or_else(|| Box::new(self.error("name is empty")))?,
            region: text(&fields, "region"),
            context,
            verify,
            argocd,
        })
    }

    fn verify(&self, fields: &Fields) -> Result<Verify, Box<Diagnostic>> {
        verify(fields).map_err(|(message, help)| {
            let error = self.error(&message);
            Box::new(match help {
                Some(help) => error.help(help),
                None => error,
            })
        })
    }

    fn decode<'a>(&'a self, variables: &'a Fields) -> Decode<'a> {
        Decode { document: &self.document, variables, label: &self.label, location: &self.location }
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

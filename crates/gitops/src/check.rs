//! What is wrong with manifests, seen before a change of them is pushed.
//!
//! Argo CD ignores a file silently in which no `kind` is said, and what it does not find in Git any more it may delete. So the
//! objects of the files that are edited are held to rules here, and to the schema of whoever has one ([`JudgeManifests`]).

mod kinds;
mod rules;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub(super) use self::rules::{Examined, Layout, examine, objects_in};
use super::error::GitOpsError;
use super::find::objects_of;
use super::manifest::{ManifestFile, Node};

/// What it means that manifests are wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CheckLevel {
    /// In a file that is edited it refuses the change, unless that takes another one back; elsewhere it is a warning, and what
    /// could not be held to a schema is one.
    #[default]
    Warn,
    /// All of it refuses the change.
    Require,
    /// Nothing is looked at.
    Off,
}

/// What manifests are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManifestRule {
    /// The file is YAML.
    Readable,
    /// What looks like an object says its `apiVersion` and its `kind`.
    Kind,
    /// It has a name.
    Name,
    /// There is such a kind.
    Known,
    /// No other object of the application has the same kind, name and namespace.
    Once,
    /// No key is there twice.
    Keys,
    /// It has no fields that its kind does not know.
    Fields,
    /// Its fields are as the schema of its kind wants them.
    Schema,
    /// There is a schema to hold it to.
    Held,
}

impl ManifestRule {
    /// Its name, which stays the same.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Kind => "kind",
            Self::Name => "name",
            Self::Known => "known",
            Self::Once => "once",
            Self::Keys => "keys",
            Self::Fields => "fields",
            Self::Schema => "schema",
            Self::Held => "held",
        }
    }

    /// The code by which it is explained.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Readable => "manifests::readable",
            Self::Kind => "manifests::kind",
            Self::Name => "manifests::name",
            Self::Known => "manifests::known",
            Self::Once => "manifests::once",
            Self::Keys => "manifests::keys",
            Self::Fields => "manifests::fields",
            Self::Schema => "manifests::schema",
            Self::Held => "manifests::held",
        }
    }
}

/// Something that is wrong in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is held to.
    pub rule: ManifestRule,
    /// The file, relative to the repository's root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and the way out.
    pub problem: String,
    /// Whether it is surely wrong, however Argo CD is told to read the files.
    pub is_certain: bool,
}

impl Finding {
    /// The same with the code by which it is explained.
    pub fn told(&self) -> String {
        format!("{self} [{}]", self.rule.code())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

/// An object of the manifests.
#[derive(Debug, Clone)]
pub struct ManifestObject {
    /// Its file, relative to the repository's root.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, empty where it says none.
    pub namespace: String,
    /// Its name, empty where the cluster makes one up.
    pub name: String,
    /// Whether its file is edited.
    pub is_edited: bool,
    /// Whether this is all of it: Kustomize may add to what it builds on.
    pub is_whole: bool,
    pub(super) node: Node,
    /// The document that it stands in, which has what its aliases mean.
    pub(super) document: std::sync::Arc<Node>,
}

impl ManifestObject {
    /// Whether it is of a kind that Kubernetes itself has, or Argo CD.
    pub(super) fn is_of_kubernetes(&self) -> bool {
        kinds::is_own(&self.api_version, &self.kind)
    }

    /// Whether it defines a kind.
    pub(super) fn is_definition(&self) -> bool {
        self.kind == "CustomResourceDefinition"
    }
}

/// What was found by somebody with a schema.
#[derive(Debug, Default)]
pub struct Judged {
    /// What is wrong, or not known.
    pub findings: Vec<Finding>,
    /// The kinds that there are, each with its `apiVersion`, whatever is thought of them here.
    pub known: BTreeSet<(String, String)>,
}

/// A judgement that is yet to come.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Judged> + Send + 'a>>;

/// Whoever has the schemas of kinds.
pub trait JudgeManifests: Send + Sync + fmt::Debug {
    /// Holds objects to the schemas of their kinds. Of files that are not edited only the kinds are of interest.
    fn judge<'a>(&'a self, objects: &'a [ManifestObject]) -> Judging<'a>;
}

/// What an object is called; of one whose name the cluster makes up, the beginning.
type Identity = (String, String, String, String);

fn identity(object: &Node, api_version: String, kind: String) -> Identity {
    let of_metadata = |key: &str| {
        let value = object.get("metadata").and_then(|metadata| metadata.get(key));
        value.and_then(Node::text).unwrap_or_default().to_owned()
    };
    let name = Some(of_metadata("name")).filter(|name| !name.is_empty());
    (api_version, kind, of_metadata("namespace"), name.unwrap_or_else(|| of_metadata("generateName")))
}

/// Refuses an edit after which a file holds other objects: what is gone, Argo CD may delete. `documents` is what it was read to.
pub(super) fn check_same_objects(
    before: &ManifestFile,
    after: &ManifestFile,
    documents: &[Node],
) -> Result<(), GitOpsError> {
    let identities = |documents: &[Node]| -> Vec<Identity> {
        let objects = documents.iter().flat_map(objects_of);
        objects.map(|(object, api_version, kind)| identity(object, api_version, kind)).collect()
    };
    if identities(&before.documents()?) == identities(documents) {
        return Ok(());
    }
    Err(after.error(1, "the edit would change which objects this file holds; please report it"))
}

//! Where images stand in the files of an application, and what hides some of them.

mod argocd;
mod helm;
mod kinds;
mod kustomization;
mod object;
mod path;

use std::sync::Arc;

use super::error::GitOpsError;
use super::image::ImageReference;
use super::layout::{is_kustomization, is_override};
use super::manifest::{FileIndex, Files, ManifestFile, Node};
use super::nested;
use super::partly::documents_about;
use super::rules::Rules;
use super::written::{Spot, Written};

pub(super) use self::helm::{charts, is_values};
pub(super) use self::object::{is_object, objects_of};
pub(super) use self::path::reached_by;

/// An image in a file.
#[derive(Debug, Clone)]
pub(super) struct FoundImage {
    /// The index of its file among the files searched.
    pub file: FileIndex,
    /// The workload's kind, as written; of what is no object what it is: `Values`, `Kustomization`.
    pub kind: String,
    /// The workload's name, or what it begins with where the cluster makes one up.
    pub workload: String,
    /// Whether the cluster makes up the rest of the name.
    pub generated: bool,
    /// The container's name, or the path of a value.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// The way to it in its object: `spec`, `template`, …, `containers`, `0`, `image`.
    pub pointer: Vec<String>,
    /// How it is written.
    pub written: Written,
    /// Who reads it.
    pub role: Role,
    /// The names of the containers of its list, in order.
    pub siblings: Arc<[String]>,
    /// The object's `apiVersion`.
    pub api_version: String,
    /// Its namespace, empty where it says none.
    pub namespace: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
}

/// Who reads an image, and so what can decide it instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// The cluster: it is a field of an object.
    Object,
    /// Kustomize: an entry of a kustomization gives it to what is called so.
    Kustomization {
        /// The name, which may be a regular expression.
        name: String,
        /// The line on which the entry begins.
        line: usize,
    },
    /// Kustomize: a patch that is written in a kustomization sets it.
    Patch,
    /// Helm: it is a value.
    Value {
        /// The values that say it, each by its way from the root.
        paths: Vec<String>,
        /// Which of several places that give values: the higher one decides.
        level: Level,
    },
    /// Argo CD: an entry of `kustomize.images`.
    Argo,
}

/// Where a value comes from; the later ones decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A file of values.
    File,
    /// Values or parameters of an Application.
    Application,
    /// Parameters in a file beside the chart.
    Beside,
}

impl FoundImage {
    /// The image, as text; of one that is written in parts, these put together.
    pub fn text(&self) -> String {
        self.written.text(None)
    }

    /// The image as text, where what is written does not say which image it is a version of: of the one with this name.
    pub fn text_of(&self, name: &str) -> String {
        self.written.text(Some(name))
    }

    /// The line that tells the version.
    pub fn line(&self) -> usize {
        self.written.line()
    }

    /// `Deployment/app-a/web`: unique in a namespace, since init containers share the names of the others.
    pub fn identity(&self) -> String {
        format!("{}/{}/{}", self.kind, self.workload, self.container)
    }

    /// Whether it is a container of a pod, which is found again in the cluster.
    pub fn is_container(&self) -> bool {
        let pods: [&[&str]; 3] =
            [&["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"], &["spec"]];
        let list = self.pointer.get(..self.pointer.len().saturating_sub(2)).unwrap_or_default();
        let Some((list, pod)) = list.split_last() else { return false };
        matches!(list.as_str(), "containers" | "initContainers") && pods.iter().any(|known| pod == *known)
    }

    /// Whether it runs an image of that name.
    pub fn runs(&self, name: &str) -> bool {
        self.text().parse::<ImageReference>().is_ok_and(|current| current.name == name)
    }
}

/// Something on the way to an image that makes it unsafe to say which bytes decide it.
#[derive(Debug, Clone)]
pub(super) struct Obstacle {
    file: FileIndex,
    /// All that the object says in which it stands; none where that is no object, and so may be about anything.
    said: Option<String>,
    /// The workload's kind.
    pub kind: String,
    /// The workload's name.
    pub workload: String,
    line: usize,
    problem: String,
}

/// The images of some files, and what stood in the way.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub found: Vec<FoundImage>,
    pub obstacles: Vec<Obstacle>,
    /// Files that cannot be read, and so are left out.
    pub unreadable: Vec<GitOpsError>,
    /// The documents of each file, where they were to be kept.
    trees: Vec<(FileIndex, Vec<Node>)>,
}

impl Obstacle {
    /// Whether it may be about what a word says: its object says it too.
    pub fn may_be_about(&self, word: &str) -> bool {
        self.said.as_ref().is_none_or(|said| said.contains(word))
    }

    /// As an error with file and line.
    pub fn error(&self, files: &Files) -> GitOpsError {
        files[self.file].error(self.line, &self.problem)
    }
}

impl Images {
    /// Finds every image in some files. One that cannot be read hides its own only.
    pub fn of(files: &Files, rules: &Rules) -> Self {
        Self::read(files, rules, false, None)
    }

    /// Every image, with what the files were read to: an edit needs it again.
    pub fn keeping_trees(files: &Files, rules: &Rules) -> Self {
        Self::read(files, rules, true, None)
    }

    /// The images of what says one of some words, and of all that may; with what that was read to.
    pub fn about(files: &Files, rules: &Rules, words: &[&str]) -> Self {
        Self::read(files, rules, true, Some(words))
    }

    fn read(files: &Files, rules: &Rules, keeps_trees: bool, words: Option<&[&str]>) -> Self {
        let mut images = Self::default();
        let charts = charts(files);
        for (index, file) in files.pairs() {
            match words.map_or_else(|| file.documents(), |words| about(file, &charts, words)) {
                Ok(documents) => {
                    Finder::of(index, file, rules, &charts, &mut images).find(&documents);
                    images.trees.extend(keeps_trees.then_some((index, documents)));
                }
                // Templates of a chart are no manifests.
                Err(_) if helm::is_template(&charts, &file.path) => {}
                Err(error) => images.unreadable.push(error),
            }
        }
        images
    }

    /// The documents of a file, where they were kept.
    pub fn tree(&self, file: FileIndex) -> Option<&[Node]> {
        self.trees.iter().find(|(index, _)| *index == file).map(|(_, documents)| &**documents)
    }
}

/// What a file says of some words. What tells by its name what it is, or by all that is in it, is read as a whole.
fn about(file: &ManifestFile, charts: &[String], words: &[&str]) -> Result<Vec<Node>, GitOpsError> {
    let is_whole =
        is_kustomization(&file.path) || is_override(&file.path) || helm::may_be_values(charts, &file.path);
    let some = if is_whole { None } else { documents_about(file.text()?, words) };
    some.map_or_else(|| file.documents(), Ok)
}

/// Looks for the images of one file.
struct Finder<'a> {
    index: FileIndex,
    file: &'a ManifestFile,
    rules: &'a Rules,
    /// The folders of charts.
    charts: &'a [String],
    images: &'a mut Images,
    /// The block of text that is looked at, with a YAML text of its own in it.
    block: Option<Arc<Node>>,
    /// The document that is looked at.
    document: Option<&'a Node>,
}

impl<'a> Finder<'a> {
    fn of(
        index: FileIndex,
        file: &'a ManifestFile,
        rules: &'a Rules,
        charts: &'a [String],
        images: &'a mut Images,
    ) -> Self {
        Self { index, file, rules, charts, images, block: None, document: None }
    }

    fn find(&mut self, documents: &'a [Node]) {
        let path = self.file.path.as_str();
        let (look, is_of_objects): (fn(&mut Self, &Node), bool) = if is_kustomization(path) {
            (Self::find_in_kustomization, false)
        } else if is_override(path) {
            (Self::find_in_override, false)
        } else if is_values(self.charts, path, documents) {
            (Self::find_in_values_file, false)
        } else {
            (Self::find_in_document, true)
        };
        for document in documents {
            self.document = Some(document).filter(|_| is_of_objects);
            look(self, document);
        }
    }
}

impl Finder<'_> {
    fn find_in_document(&mut self, document: &Node) {
        if let Some(operations) = kustomization::operations(document) {
            return self.find_in_operations(operations);
        }
        object::each(document, &mut |object, inherited| self.find_in_object(object, inherited));
    }

    /// Looks at the documents of a block of text. What cannot be edited there is told.
    fn within(&mut self, owner: (&str, &str), block: &Node, look: &mut dyn FnMut(&mut Self, &Node)) {
        let documents = if nested::is_literal(block) {
            nested::documents_in(self.file, block).map_err(|error| match error {
                GitOpsError::Manifest { line, problem, .. } => (line, problem),
                other => (block.line, other.to_string()),
            })
        } else if block.text().is_some_and(|text| text.contains("image") || text.contains("tag")) {
            Err((block.line, NOT_LITERAL.to_owned()))
        } else {
            return;
        };
        match documents {
            Ok(documents) => {
                let outer = self.block.replace(Arc::new(block.clone()));
                for document in &documents {
                    look(self, document);
                }
                self.block = outer;
            }
            Err((line, problem)) => self.hinder(owner, line, problem),
        }
    }

    /// A value of the file, with the block that it stands in.
    fn spot(&self, node: &Node) -> Spot {
        let is_inside =
            |block: &&Arc<Node>| block.span.start <= node.span.start && node.span.end <= block.span.end;
        Spot { node: node.clone(), block: self.block.as_ref().filter(is_inside).cloned() }
    }

    fn hinder(&mut self, (kind, workload): (&str, &str), line: usize, problem: impl Into<String>) {
        self.images.obstacles.push(Obstacle {
            file: self.index,
            kind: kind.to_owned(),
            workload: workload.to_owned(),
            line,
            problem: problem.into(),
            said: self.document.map(|document| object::said_around(document, line)),
        });
    }

    /// An image of what is no object of the cluster's.
    fn add(&mut self, (kind, workload): (&str, &str), container: String, written: Written, role: Role) {
        self.images.found.push(FoundImage {
            file: self.index,
            kind: kind.to_owned(),
            workload: workload.to_owned(),
            generated: false,
            container,
            init: false,
            pointer: Vec::new(),
            written,
            role,
            siblings: Arc::default(),
            api_version: String::new(),
            namespace: String::new(),
            labels: Vec::new(),
            annotations: Vec::new(),
        });
    }
}

const NOT_LITERAL: &str = "images in this text are edited where it is a block of lines only; write it with |";

#[cfg(test)]
mod tests;

//! Manifests that a change edits are held to rules before it is pushed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::landing::Snapshot;
use super::{Change, Repository, folder_of};
use crate::check::{
    CheckLevel, Examined, Finding, JudgeManifests, Layout, ManifestObject, ManifestRule, check_same_objects,
    examine, objects_in,
};
use crate::error::GitOpsError;
use crate::find::{charts, is_values};
use crate::layout::{self, is_kustomization, is_override, within};
use crate::listing::app_hint;
use crate::manifest::{Files, ManifestFile, Node};

/// So many are told in an error.
const SHOWN: usize = 10;

/// How manifests are held to rules, and what the last change showed.
#[derive(Debug, Default)]
pub(super) struct Checks {
    level: CheckLevel,
    judge: Option<Arc<dyn JudgeManifests>>,
    last: Vec<Finding>,
}

impl Repository {
    /// Says what it means from now on that manifests are wrong, and who has schemas to hold them to.
    pub fn check_manifests(&mut self, level: CheckLevel, judge: Option<Arc<dyn JudgeManifests>>) {
        self.checks = Checks { level, judge, last: Vec::new() };
    }

    /// What was found wrong at the last change, and did not refuse it.
    pub fn findings(&self) -> &[Finding] {
        &self.checks.last
    }

    /// Refuses a change of manifests that are wrong.
    pub(super) async fn check(&mut self, snapshot: &Snapshot, change: &Change) -> Result<(), GitOpsError> {
        self.checks.last.clear();
        // What is edited may be large, and is read once.
        let mut read = Read::new();
        for after in &change.files {
            let mut known = snapshot.folders.values().flat_map(|files| files.iter());
            if let Some(before) = known.find(|before| before.path == after.path) {
                let documents = after.documents()?;
                check_same_objects(before, after, &documents)?;
                read.insert(&after.path, documents);
            }
        }
        let level = self.checks.level;
        if level == CheckLevel::Off || change.files.is_empty() {
            return Ok(());
        }
        let mut findings = self.found_in(snapshot, files(snapshot, change, read)).await?;
        let edited: BTreeSet<&str> = change.files.iter().map(|file| file.path.as_str()).collect();
        let refuses = |one: &&Finding| match level {
            CheckLevel::Require => true,
            CheckLevel::Warn => {
                let is_theirs = change.takes_back || !edited.contains(one.file.as_str());
                one.is_certain && one.rule != ManifestRule::Held && !is_theirs
            }
            CheckLevel::Off => false,
        };
        let refusing: Vec<&Finding> = findings.iter().filter(refuses).collect();
        let wrong: Vec<&Finding> =
            refusing.iter().copied().filter(|one| one.rule != ManifestRule::Held).collect();
        if !wrong.is_empty() {
            return Err(GitOpsError::Manifests { problems: told(&wrong) });
        }
        if !refusing.is_empty() {
            return Err(GitOpsError::ManifestsNotHeld { problems: told(&refusing) });
        }
        // A file that cannot be read is told as one that is left out.
        findings.retain(|one| one.rule != ManifestRule::Readable);
        self.checks.last = findings;
        Ok(())
    }
}

/// What is wrong with the manifests of applications at the tip, each held to all rules; of every application where none is named.
pub async fn check_manifests(
    repository: &Repository,
    root: &str,
    apps: &[String],
) -> Result<Vec<Finding>, GitOpsError> {
    let all = [String::new()];
    let apps = if apps.is_empty() { &all } else { apps };
    let folders: Vec<String> = apps.iter().map(|app| folder_of(root, app)).collect::<Result<_, _>>()?;
    let snapshot = repository.snapshot(&folders).await?;
    for folder in &folders {
        if snapshot.folders.get(folder).is_none_or(Files::is_empty) {
            let hint = app_hint(repository, root).await?;
            return Err(GitOpsError::NoApp { folder: folder.clone(), hint });
        }
    }
    let mut files = examined(&snapshot, snapshot.folders.values(), &|_| None, Read::new());
    for file in &mut files {
        file.is_edited = true;
    }
    repository.found_in(&snapshot, files).await
}

impl Repository {
    /// What is wrong with files, by all rules, in their order.
    async fn found_in(
        &self,
        snapshot: &Snapshot,
        files: Vec<Examined<'_>>,
    ) -> Result<Vec<Finding>, GitOpsError> {
        let known: BTreeSet<&str> = files.iter().map(|examined| examined.file.path.as_str()).collect();
        let (mut findings, mut objects) = examine(files);
        if let Some(judge) = &self.checks.judge {
            let is_foreign = |object: &ManifestObject| object.is_edited && !object.is_of_kubernetes();
            if objects.iter().any(is_foreign) {
                let definitions = self.definitions(snapshot, &known).await?;
                objects.extend(definitions.iter().flat_map(objects_in).filter(ManifestObject::is_definition));
            }
            let judged = judge.judge(&objects).await;
            let known = |one: &Finding| {
                let is_known = objects.iter().any(|object| {
                    (&object.file, object.line_of(["kind"])) == (&one.file, one.line)
                        && judged.known.contains(&(object.api_version.clone(), object.kind.clone()))
                });
                let is_told = |other: &Finding| {
                    (&other.file, other.line, other.rule) == (&one.file, one.line, one.rule)
                };
                is_known || judged.findings.iter().any(is_told)
            };
            findings.retain(|one| one.rule != ManifestRule::Known || !known(one));
            findings.extend(judged.findings);
        }
        findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Ok(findings)
    }

    /// Files that define kinds, wherever they are. Git looks for their word in all files, which is faster than to read them.
    async fn definitions(
        &self,
        snapshot: &Snapshot,
        known: &BTreeSet<&str>,
    ) -> Result<Vec<ManifestFile>, GitOpsError> {
        let mut paths = self.files_with(&["-F", "-e", "CustomResourceDefinition"]).await?;
        paths.retain(|path| !known.contains(path.as_str()));
        self.read(snapshot.tree.listed(&paths)).await
    }
}

fn told(findings: &[&Finding]) -> String {
    let (shown, more) = findings.split_at(findings.len().min(SHOWN));
    let mut problems: Vec<String> = shown.iter().map(|one| one.told()).collect();
    problems.extend((!more.is_empty()).then(|| format!("and {} more", more.len())));
    problems.join("; ")
}

/// The documents of files that were read already, by their paths.
type Read<'a> = BTreeMap<&'a str, Vec<Node>>;

/// The manifests of the applications that a change edits, as they would be.
fn files<'a>(snapshot: &'a Snapshot, change: &'a Change, read: Read<'_>) -> Vec<Examined<'a>> {
    let edited = |path: &str| change.files.iter().find(|file| file.path == path);
    let is_touched = |files: &&Files| files.iter().any(|file| edited(&file.path).is_some());
    examined(snapshot, snapshot.folders.values().filter(is_touched), &edited, read)
}

/// The files of some folders, those that are edited as they would be.
fn examined<'a>(
    snapshot: &Snapshot,
    folders: impl Iterator<Item = &'a Files>,
    edited: &dyn Fn(&str) -> Option<&'a ManifestFile>,
    mut read: Read<'_>,
) -> Vec<Examined<'a>> {
    let mut examined: Vec<Examined<'a>> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for files in folders {
        let charts = charts(files);
        for file in files.iter().filter(|file| seen.insert(&file.path)) {
            let (file, is_edited) = edited(&file.path).map_or((file, false), |edited| (edited, true));
            if is_none_by_name(&charts, &file.path) {
                continue;
            }
            let documents = read.remove(file.path.as_str()).map_or_else(|| file.documents(), Ok);
            if documents.as_ref().is_ok_and(|documents| is_values(&charts, &file.path, documents)) {
                continue;
            }
            let is_built = snapshot.kustomizations.may_build_on(&file.path);
            let layout = if is_built { Layout::Kustomized } else { Layout::Plain };
            examined.push(Examined { file, layout, is_edited, documents });
        }
    }
    examined
}

/// Whether a file is no manifest by its name.
fn is_none_by_name(charts: &[String], path: &str) -> bool {
    let is_of_chart = charts.iter().any(|chart| within(layout::folder_of(path), chart));
    is_of_chart || is_kustomization(path) || is_override(path)
}

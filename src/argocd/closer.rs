//! A closer look at what stays as it is: why containers do not run, what denies a sync, and whether it is suspended by choice.
//!
//! Said while it is waited for, not only at the end. A few Applications are looked at, each some times a minute.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::Value;
use tokio::time::Instant;

use super::ArgoCdError;
use super::application::{ApplicationStatus, ResourceKey};
use super::last_words::last_words;
use super::objects::Objects;
use super::told::Lacking;
use super::watched::Known;
use super::windows::{denied, project_kind};

/// So many Applications are looked at.
const MOST: usize = 3;
/// So many of what is found is told of each.
const LINES: usize = 2;
/// How often.
const AGAIN: Duration = Duration::from_secs(5);
/// What has just come to be as it is may not stay so.
const STAYS: Duration = Duration::from_secs(1);
/// The kinds that a manifest can suspend, each with the field. What others pause at, they chose themselves.
const SUSPENDED: [(&str, &str, &str); 3] = [
    ("batch", "CronJob", "/spec/suspend"),
    ("batch", "Job", "/spec/suspend"),
    ("apps", "Deployment", "/spec/paused"),
];
/// Kinds of these groups pause by themselves, and wait for somebody.
const PAUSING: [&str; 2] = ["argoproj.io", "flagger.app"];

/// What was seen.
#[derive(Default)]
pub(super) struct Closer {
    seen: HashMap<String, (Instant, String)>,
    first: HashMap<String, Instant>,
    suspended: HashMap<String, (Instant, bool)>,
    projects: HashMap<String, (Instant, Option<DynamicObject>)>,
}

impl Closer {
    /// Adds to what is lacking what a closer look at it says.
    pub async fn look(&mut self, objects: &Objects, known: &Known, lacking: &mut [Lacking]) {
        self.first.retain(|name, _| lacking.iter().any(|one| one.name == *name));
        let mut looked = 0;
        for one in lacking.iter_mut() {
            let Some(application) = known.get(&one.name) else { continue };
            if !stays(application) || looked == MOST {
                continue;
            }
            let since = *self.first.entry(one.name.clone()).or_insert_with(Instant::now);
            if since.elapsed() < STAYS {
                continue;
            }
            looked += 1;
            let said = match self.seen.get(&one.name) {
                Some((at, said)) if at.elapsed() < AGAIN => said.clone(),
                _ => {
                    let said = self.said(objects, application).await;
                    self.seen.insert(one.name.clone(), (Instant::now(), said.clone()));
                    said
                }
            };
            if !said.is_empty() {
                one.text = format!("{}; {said}", one.text);
                one.is_trouble = true;
            }
        }
    }

    async fn said(&mut self, objects: &Objects, application: &ApplicationStatus) -> String {
        if application.sync == "Synced" {
            let words = last_words(objects, &[application]).await;
            return words.into_iter().take(LINES).collect::<Vec<_>>().join("; ");
        }
        self.window(objects, application).await.unwrap_or_default()
    }

    /// What denies the sync of an Application, if anything does.
    pub async fn window(&mut self, objects: &Objects, application: &ApplicationStatus) -> Option<String> {
        let name = &application.facts.project;
        if self.projects.get(name).is_none_or(|(at, _)| at.elapsed() > AGAIN) {
            let project = objects.get(&project_kind(), None, name).await.ok().flatten();
            self.projects.insert(name.clone(), (Instant::now(), project));
        }
        denied(self.projects.get(name)?.1.as_ref()?, application, Timestamp::now())
    }

    /// Whether an Application is Suspended because its manifests say so.
    pub async fn is_suspended_by_choice(
        &mut self,
        objects: &Objects,
        application: &ApplicationStatus,
    ) -> Result<bool, ArgoCdError> {
        if let Some((at, chosen)) = self.suspended.get(&application.name)
            && at.elapsed() < AGAIN
        {
            return Ok(*chosen);
        }
        let chosen = by_choice(objects, &application.resources).await?;
        self.suspended.insert(application.name.clone(), (Instant::now(), chosen));
        Ok(chosen)
    }
}

/// Whether nothing is on its way that could change it by itself.
fn stays(application: &ApplicationStatus) -> bool {
    let ended = matches!(application.operation.as_str(), "Succeeded" | "" | "Failed" | "Error");
    match application.sync.as_str() {
        "Synced" => application.health != "Healthy",
        "OutOfSync" => ended && application.facts.is_automated,
        _ => false,
    }
}

async fn by_choice(objects: &Objects, resources: &[ResourceKey]) -> Result<bool, ArgoCdError> {
    if resources.iter().any(|key| PAUSING.contains(&key.group.as_str()) && key.kind != "Application") {
        return Ok(false);
    }
    for key in resources {
        let field = SUSPENDED.iter().find(|(group, kind, _)| (*group, *kind) == (&key.group, &key.kind));
        let Some((_, _, field)) = field else { continue };
        let kind = GroupVersionKind::gvk(&key.group, &key.version, &key.kind);
        let live = objects.get(&kind, Some(&key.namespace), &key.name).await?;
        if live.is_some_and(|live| live.data.pointer(field).and_then(Value::as_bool) == Some(true)) {
            return Ok(true);
        }
    }
    Ok(false)
}

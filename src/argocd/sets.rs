//! `ApplicationSet`s: whether all Applications are there that they make of what is in Git now.
//!
//! A set whose Applications do not exist yet has none that could be waited for. So its controller is asked to generate
//! them, and is believed once it has taken the request away: it does that after it has made them. With the request it writes
//! out what the definition leaves empty, so that an Application which keeps the set finds it changed: that is put back.

use std::collections::HashMap;
use std::time::Duration;

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ArgoCdError;
use super::objects::Objects;
use super::resources::application_set_kind;
use super::sources::said;
use super::told::Lacking;
use super::wanted::Wanted;
use super::watched::Known;
use crate::project::Traits;

/// Asks the controller to generate; it takes the annotation away when it has.
const REFRESH: &str = "argocd.argoproj.io/application-set-refresh";
/// How often they are looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without an answer the controller is asked after.
const PATIENCE: Duration = Duration::from_secs(15);

/// A set that was asked to generate.
struct Asked {
    /// Its definition, as it was written, and what that says.
    definition: Value,
    says: Value,
    at: Instant,
    is_answered: bool,
}

/// What is known of the sets.
#[derive(Default)]
pub(super) struct Sets {
    looked: Option<Instant>,
    found: Vec<Lacking>,
    asked: HashMap<String, Asked>,
    /// Why they cannot be looked at, if so.
    pub unseen: Option<String>,
}

impl Sets {
    /// What they lack. They are looked at anew where that was some time ago, or where it is the `last` look: what was made
    /// a moment ago counts.
    pub async fn lacking(
        &mut self,
        objects: &Objects,
        known: &Known,
        wanted: &Wanted<'_>,
        last: bool,
    ) -> Result<Vec<Lacking>, ArgoCdError> {
        let is_fresh = self.looked.is_some_and(|looked| looked.elapsed() < PAUSE);
        if is_fresh && !last {
            return Ok(self.found.clone());
        }
        let sets = match objects.list(&application_set_kind()).await {
            Ok(sets) => sets,
            // Who may not read them has none that could be told.
            Err(ArgoCdError::Refused { cause, .. }) => {
                self.unseen = Some(cause);
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for set in sets.iter().filter(|set| counts(set, known, wanted)) {
            self.ask(objects, set).await?;
            let text = self.lacks(set, known);
            let name = format!("ApplicationSet {}", set.name_any());
            found.extend(text.map(|(text, is_trouble)| Lacking { name, text, is_trouble }));
        }
        self.looked = Some(Instant::now());
        self.found.clone_from(&found);
        Ok(found)
    }

    /// Asks it to generate, once for each of its definitions.
    async fn ask(&mut self, objects: &Objects, set: &DynamicObject) -> Result<(), ArgoCdError> {
        let name = set.name_any();
        let definition = set.data.get("spec").cloned().unwrap_or_default();
        let says = said(&definition);
        if let Some(asked) = self.asked.get_mut(&name).filter(|asked| asked.says == says) {
            if asked.is_answered || set.annotations().contains_key(REFRESH) {
                return Ok(());
            }
            asked.is_answered = true;
            if asked.definition != definition {
                // Whoever was quicker has put it back, or changed it for good.
                let _too_late = objects.replace_spec(set, asked.definition.clone()).await;
            }
            return Ok(());
        }
        let patch = json!({ "annotations": { REFRESH: "true" } });
        let mut is_answered = false;
        match objects.patch_metadata(&application_set_kind(), &name, patch).await {
            Ok(()) => {}
            Err(ArgoCdError::Refused { cause, .. }) => {
                // As well as it can be known by who may only look.
                self.unseen = Some(cause);
                is_answered = true;
            }
            Err(error) => return Err(error),
        }
        self.asked.insert(name, Asked { definition, says, at: Instant::now(), is_answered });
        Ok(())
    }

    fn lacks(&self, set: &DynamicObject, known: &Known) -> Option<(String, bool)> {
        if let Some(error) = error(set) {
            return Some((error, true));
        }
        let name = set.name_any();
        if let Some(asked) = self.asked.get(&name).filter(|asked| !asked.is_answered) {
            let waits = asked.at.elapsed();
            let text = "what it generates is not known yet".to_owned();
            let is_late = waits > PATIENCE;
            let doubt = if is_late { "; does the applicationset-controller run?" } else { "" };
            return Some((format!("{text}{doubt}"), is_late));
        }
        let resources = set.data.pointer("/status/resources").and_then(Value::as_array);
        let names = resources.into_iter().flatten().filter_map(|resource| resource.get("name")?.as_str());
        let missing: Vec<&str> = names.filter(|name| known.get(name).is_none()).collect();
        if !missing.is_empty() {
            return Some((format!("its Applications are not there yet: {}", missing.join(", ")), false));
        }
        // The list of them is cut off where it is long; the number is not.
        let wanted = set.data.pointer("/status/resourcesCount").and_then(Value::as_u64).unwrap_or_default();
        let there = known.all().filter(|one| one.facts.set.as_ref() == Some(&name)).count() as u64;
        (there < wanted).then(|| (format!("{there} of its {wanted} Applications are there"), false))
    }
}

/// Whether a set matters for what is waited for.
fn counts(set: &DynamicObject, known: &Known, wanted: &Wanted<'_>) -> bool {
    let name = set.name_any();
    if !wanted.applications.is_empty() {
        let mut named = wanted.applications.iter().filter_map(|application| known.get(application));
        return named.any(|application| application.facts.set.as_ref() == Some(&name));
    }
    let text = |pointer: &str| set.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let traits = Traits {
        name: &name,
        project: text("/spec/template/spec/project"),
        namespace: text("/spec/template/spec/destination/namespace"),
        labels: set.labels(),
    };
    !wanted.left_out.has(&traits)
}

/// The condition of an error, as its controller says it.
fn error(set: &DynamicObject) -> Option<String> {
    let conditions = set.data.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find_map(|condition| {
        let text = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_error = text("type") == "ErrorOccurred" && text("status") == "True";
        is_error.then(|| format!("{}: {}", text("reason"), text("message")))
    })
}

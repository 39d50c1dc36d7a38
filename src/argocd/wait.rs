//! Waits until Applications are green at a commit, and says of each why it is not.

use std::collections::HashMap;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::bootstrap::Progress;
use super::closer::Closer;
use super::error::did_not_answer;
use super::facts::REFRESH;
use super::followed::{followed, follows, lacks};
use super::images::wrong_images;
use super::installation::has_controller;
use super::last_words::last_words;
use super::objects::Objects;
use super::resources::application_kind;
use super::sets::Sets;
use super::told::{Lacking, Telling, last};
use super::wanted::{Ancestry, Wanted};
use super::watched::{Known, Watched};
use crate::support::address::Address;
use crate::support::progress::Said;

/// It is looked again at the latest after this: workloads and sets are not watched, and somebody else's push is not seen here.
const PAUSE: Duration = Duration::from_secs(1);
/// Nothing is said oftener than this.
const TELL: Duration = Duration::from_secs(1);
/// A refresh that was lost (a controller that restarted) is asked for again.
const AGAIN: Duration = Duration::from_secs(10);
/// So often it is begun: what never answers is not waited for.
const BEGINNINGS: usize = 3;
/// Asks for the manifests to be hydrated, where they are.
const HYDRATE: &str = "argocd.argoproj.io/hydrate";
/// So many requests are under way at once.
const AT_ONCE: usize = 8;

/// Waits, and returns the Applications as they are then.
pub async fn wait_green(
    client: Client,
    namespace: &str,
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
    progress: Progress<'_>,
) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let until = Instant::now() + wanted.timeout;
    let mut watched = begun(&objects, until, progress).await?;
    if watched.known.all().next().is_none() && !has_controller(&objects, namespace).await {
        return Err(ArgoCdError::NotInstalled { namespace: namespace.to_owned() });
    }
    let mut wait = Wait::new(objects, wanted, ancestry);
    let (mut telling, mut said, mut told) = (Telling::default(), Said::default(), None::<Instant>);
    loop {
        if watched.trouble.is_some() {
            match Watched::open(&wait.objects).await {
                Ok(anew) => watched = anew,
                Err(ArgoCdError::Unreachable(cause)) => watched.trouble = Some(cause),
                Err(error) => return Err(error),
            }
        }
        let mut found = wait.look(&watched.known).await?;
        let unanswered = watched.trouble.clone().or(found.unanswered.take());
        if found.lacking.is_empty() && unanswered.is_none() {
            return Ok(watched.known.into_all());
        }
        found.lacking.extend(unanswered.as_deref().map(unheard));
        if Instant::now() >= until {
            let reasons = wait.last_reasons(&watched.known, &found.lacking).await;
            return Err(ArgoCdError::Timeout { after: wanted.timeout, reasons });
        }
        let unanswered = wait.ask(&watched.known, &found.behind).await?;
        found.lacking.extend(unanswered.as_deref().map(unheard));
        if told.is_none_or(|told| told.elapsed() >= TELL) {
            wait.closer.look(&wait.objects, &watched.known, &mut found.lacking).await;
            let unseen = wait.sets.unseen.as_ref().map(|cause| {
                format!("; ApplicationSets may not be looked at ({cause}), what they will generate is not waited for")
            });
            let line = telling.line(found.count, &found.lacking);
            said.tell(format!("{line}{}", unseen.unwrap_or_default()), progress);
            told = Some(Instant::now());
        }
        watched.changed(until.min(Instant::now() + PAUSE)).await?;
    }
}

/// Begins to watch. An answer that does not come is asked for again, as it is later on; but where none has ever come, there is
/// nothing that could become green.
async fn begun(objects: &Objects, until: Instant, progress: Progress<'_>) -> Result<Watched, ArgoCdError> {
    for _ in 1..BEGINNINGS {
        match Watched::open(objects).await {
            Err(ArgoCdError::Unreachable(cause)) if Instant::now() < until => {
                progress(did_not_answer(&cause));
                tokio::time::sleep(PAUSE).await;
            }
            begun => return begun,
        }
    }
    Watched::open(objects).await
}

fn unheard(cause: &str) -> Lacking {
    Lacking { name: String::new(), text: did_not_answer(cause), is_trouble: true }
}

/// Why the Applications are not green as they are now, each with its name, or do not run the images; nothing where they are and
/// do. Argo CD is asked for nothing, so that what an `ApplicationSet` will make yet is not seen.
pub async fn not_green(
    client: Client,
    namespace: &str,
    wanted: &Wanted<'_>,
    ancestry: &dyn Ancestry,
) -> Result<Vec<String>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    let known = Watched::open(&objects).await?.known;
    let mut wait = Wait::new(objects, wanted, ancestry);
    let mut found = wait.look_at_applications(&known).await?;
    wait.look_at_images(&known, &mut found).await?;
    if let Some(cause) = found.unanswered {
        return Err(ArgoCdError::Unreachable(cause));
    }
    let told =
        |one: Lacking| if one.name.is_empty() { one.text } else { format!("{}: {}", one.name, one.text) };
    Ok(found.lacking.into_iter().map(told).collect())
}

/// All Applications of a namespace.
pub async fn status(client: Client, namespace: &str) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let objects = Objects::new(client, namespace);
    if !objects.knows(&application_kind()).await? {
        return Err(ArgoCdError::NotInstalled { namespace: namespace.to_owned() });
    }
    applications(&objects).await
}

/// Those of these names; all of them where none is named.
pub async fn status_of(
    client: Client,
    namespace: &str,
    names: &[String],
) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let mut found = status(client, namespace).await?;
    if let Some(missing) = names.iter().find(|name| !found.iter().any(|one| one.name == **name)) {
        return Err(ArgoCdError::no_application(missing, namespace, found.iter()));
    }
    found.retain(|one| names.is_empty() || names.contains(&one.name));
    Ok(found)
}

pub(super) async fn applications(objects: &Objects) -> Result<Vec<ApplicationStatus>, ArgoCdError> {
    let mut statuses: Vec<_> =
        objects.list(&application_kind()).await?.iter().map(ApplicationStatus::of).collect();
    statuses.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(statuses)
}

/// What is known while it is waited.
struct Wait<'a> {
    objects: Objects,
    wanted: &'a Wanted<'a>,
    ancestry: &'a dyn Ancestry,
    sets: Sets,
    closer: Closer,
    /// When each Application was asked to be compared.
    asked: HashMap<String, Instant>,
    /// When the operation of each was ended.
    ended: HashMap<String, Instant>,
}

/// What a look at everything says.
#[derive(Default)]
struct Found {
    /// How many are waited for.
    count: usize,
    lacking: Vec<Lacking>,
    /// The Applications that a comparison with Git could change.
    behind: Vec<String>,
    /// Why the cluster did not answer what was asked beside them, if so.
    unanswered: Option<String>,
}

impl Found {
    /// An answer. One that did not come may come to the next look.
    fn heard<T>(&mut self, answer: Result<T, ArgoCdError>) -> Result<Option<T>, ArgoCdError> {
        match answer {
            Err(ArgoCdError::Unreachable(cause)) => {
                self.unanswered = Some(cause);
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }
}

impl<'a> Wait<'a> {
    fn new(objects: Objects, wanted: &'a Wanted<'a>, ancestry: &'a dyn Ancestry) -> Self {
        Self {
            objects,
            wanted,
            ancestry,
            sets: Sets::default(),
            closer: Closer::default(),
            asked: HashMap::new(),
            ended: HashMap::new(),
        }
    }

    async fn look(&mut self, known: &Known) -> Result<Found, ArgoCdError> {
        let wanted = self.wanted;
        let mut found = self.look_at_applications(known).await?;
        let is_last = found.lacking.is_empty();
        let sets = self.sets.lacking(&self.objects, known, wanted, is_last).await;
        let sets = found.heard(sets)?;
        found.lacking.extend(sets.into_iter().flatten());
        self.look_at_images(known, &mut found).await?;
        Ok(found)
    }

    /// What runs is looked at last, where all else is as it should be.
    async fn look_at_images(&self, known: &Known, found: &mut Found) -> Result<(), ArgoCdError> {
        if !found.lacking.is_empty() || found.unanswered.is_some() {
            return Ok(());
        }
        let images = found.heard(wrong_images(&self.objects, known.all(), self.wanted).await)?;
        let lacking = |text| Lacking { name: String::new(), text, is_trouble: false };
        found.lacking.extend(images.into_iter().flatten().map(lacking));
        Ok(())
    }

    async fn look_at_applications(&mut self, known: &Known) -> Result<Found, ArgoCdError> {
        let wanted = self.wanted;
        let mut found = Found::default();
        for application in known.all().filter(|one| wanted.has(one)) {
            found.count += 1;
            let lacks = lacks(application, wanted, self.ancestry).await;
            let Some(reason) = application.reason(lacks.as_deref()) else { continue };
            if reason.text == "Suspended" {
                let by_choice = self.closer.is_suspended_by_choice(&self.objects, application).await;
                if found.heard(by_choice)? == Some(true) {
                    continue;
                }
            }
            if reason.wants_look {
                found.behind.push(application.name.clone());
            }
            let (text, is_trouble) = (reason.text, reason.is_trouble);
            found.lacking.push(Lacking { name: application.name.clone(), text, is_trouble });
        }
        let missing = wanted.applications.iter().filter(|name| known.get(name).is_none());
        found.lacking.extend(missing.map(|name| Lacking {
            name: name.clone(),
            text: "there is no such Application".to_owned(),
            is_trouble: true,
        }));
        let mut general = |text: String| {
            found.lacking.push(Lacking { name: String::new(), text, is_trouble: true });
        };
        if known.all().next().is_none() {
            general("there are no Applications".to_owned());
        } else if wanted.applications.is_empty() && !known.all().any(|one| follows(one, wanted)) {
            let (repository, others) = (Address::new(wanted.repository), followed(known.all()));
            general(format!("no Application follows {repository}; they follow {others}"));
        }
        Ok(found)
    }

    /// Asks Argo CD to compare what is behind, and ends old operations where that is wanted. Where the cluster does not answer,
    /// says why, and the next time asks again.
    async fn ask<'b>(&mut self, known: &Known, behind: &'b [String]) -> Result<Option<String>, ArgoCdError> {
        let kind = application_kind();
        let begun = Instant::now();
        let mut patches = Vec::new();
        for name in behind {
            let Some(application) = known.get(name) else { continue };
            let is_due = |times: &HashMap<String, Instant>| {
                times.get(name).is_none_or(|asked| asked.elapsed() > AGAIN)
            };
            if self.wanted.ends_old_syncs && application.facts.is_held_up && is_due(&self.ended) {
                self.ended.insert(name.clone(), Instant::now());
                patches.push((name, json!({ "status": { "operationState": { "phase": "Terminating" } } })));
            }
            // One that is asked already will be looked at.
            if !application.facts.is_asked && is_due(&self.asked) {
                self.asked.insert(name.clone(), Instant::now());
                let annotations = if application.facts.hydrates {
                    json!({ REFRESH: "normal", HYDRATE: "normal" })
                } else {
                    json!({ REFRESH: "normal" })
                };
                patches.push((name, json!({ "metadata": { "annotations": annotations } })));
            }
        }
        let objects = &self.objects;
        let asking = |(name, patch): (&'b String, Value)| {
            objects.patch(&kind, name, patch).map(move |answer| (name, answer))
        };
        let sent: Vec<_> = patches.into_iter().map(asking).collect();
        let answers: Vec<(&String, _)> = stream::iter(sent).buffer_unordered(AT_ONCE).collect().await;
        let mut unanswered = None;
        for (name, answer) in answers {
            match answer {
                Err(ArgoCdError::Unreachable(cause)) => {
                    self.asked.remove(name);
                    self.ended.remove(name);
                    unanswered = Some(cause);
                }
                answer => answer?,
            }
        }
        // Asking hundreds takes a while itself, and so does hearing that each is asked.
        let answered = Instant::now();
        self.asked.values_mut().filter(|asked| **asked >= begun).for_each(|asked| *asked = answered);
        Ok(unanswered)
    }

    /// What is missing where it is waited for no longer.
    async fn last_reasons(&mut self, known: &Known, lacking: &[Lacking]) -> Vec<String> {
        let mut lacking = lacking.to_vec();
        let mut broken = Vec::new();
        for one in &mut lacking {
            let Some(application) = known.get(&one.name) else { continue };
            if application.health != "Healthy" {
                broken.push(application);
            }
            let is_idle = matches!(application.operation.as_str(), "Succeeded" | "");
            if application.sync == "OutOfSync"
                && application.facts.is_automated
                && is_idle
                && let Some(denied) = self.closer.window(&self.objects, application).await
            {
                one.text = format!("{}; {denied}", one.text);
            }
        }
        let mut reasons = last(&lacking);
        reasons.extend(last_words(&self.objects, &broken).await);
        reasons
    }
}

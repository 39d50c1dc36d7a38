//! The Applications of a namespace as they are now: one list, and one watch for whatever comes after it.
//!
//! Of each only what decides is kept, and it is reduced as it is read, one after another: a list of hundreds is megabytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::{DynamicObject, DynamicResourceScope};
use kube::discovery::ApiResource;
use kube::runtime::{WatchStreamExt, watcher};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::objects::Objects;
use super::resources::application_kind;
use crate::support::causes::innermost;

/// Changes come together: of hundreds of Applications that are synced at once, each makes some.
const TOGETHER: Duration = Duration::from_millis(100);
/// The API server ends a watch after so many seconds, and another one goes on where it ended: a connection on which nothing comes
/// for longer is taken for dead.
const WATCH_SECONDS: u32 = 25;

/// What is known of the Applications.
pub(super) struct Watched {
    events: BoxStream<'static, watcher::Result<watcher::Event<Seen>>>,
    namespace: String,
    /// What is known now.
    pub known: Known,
    /// A list that is coming in.
    arriving: Option<BTreeMap<String, ApplicationStatus>>,
    /// Why nothing new is known, if so.
    pub trouble: Option<String>,
}

/// The Applications by name.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, ApplicationStatus>);

impl Known {
    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &ApplicationStatus> {
        self.0.values()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&ApplicationStatus> {
        self.0.get(name)
    }

    /// All of them, to keep.
    pub fn into_all(self) -> Vec<ApplicationStatus> {
        self.0.into_values().collect()
    }
}

impl Watched {
    /// Lists them. An error says that there is no Argo CD, or that it may not be asked.
    pub async fn open(objects: &Objects) -> Result<Self, ArgoCdError> {
        let kind = application_kind();
        let not_installed = || ArgoCdError::NotInstalled { namespace: objects.namespace().to_owned() };
        if !objects.knows(&kind).await? {
            return Err(not_installed());
        }
        let config = watcher::Config::default().timeout(WATCH_SECONDS);
        let events = watcher(objects.watched::<Seen>(&kind).await?, config).default_backoff().boxed();
        let namespace = objects.namespace().to_owned();
        let (known, arriving) = (Known::default(), Some(BTreeMap::new()));
        let mut watched = Self { events, namespace, known, arriving, trouble: None };
        while watched.arriving.is_some() {
            let event = watched.events.next().await;
            watched.take(event)?;
            // What cannot be asked at all is not waited for.
            if let Some(trouble) = watched.trouble {
                return Err(ArgoCdError::Unreachable(trouble));
            }
        }
        Ok(watched)
    }

    /// Waits for changes, and takes in those that come together; at the latest until a time.
    pub async fn changed(&mut self, until: Instant) -> Result<(), ArgoCdError> {
        let Ok(event) = tokio::time::timeout_at(until, self.events.next()).await else { return Ok(()) };
        self.take(event)?;
        tokio::time::sleep(TOGETHER).await;
        while let Some(event) = self.events.next().now_or_never() {
            self.take(event)?;
        }
        Ok(())
    }

    fn take(&mut self, event: Option<watcher::Result<watcher::Event<Seen>>>) -> Result<(), ArgoCdError> {
        let event = match event {
            Some(Ok(event)) => event,
            Some(Err(error)) => return self.hear(&error),
            None => return Err(ArgoCdError::Unreachable("the watch of Applications has ended".to_owned())),
        };
        match event {
            watcher::Event::Init => self.arriving = Some(BTreeMap::new()),
            watcher::Event::InitApply(seen) => {
                let seen = self.remembering(seen);
                self.arriving.get_or_insert_default().insert(seen.name.clone(), seen);
            }
            watcher::Event::InitDone => {
                self.known = Known(self.arriving.take().unwrap_or_default());
                self.trouble = None;
            }
            watcher::Event::Apply(seen) => {
                let seen = self.remembering(seen);
                self.known.0.insert(seen.name.clone(), seen);
                self.trouble = None;
            }
            watcher::Event::Delete(seen) => {
                self.known.0.remove(&seen.status.name);
                self.trouble = None;
            }
        }
        Ok(())
    }

    fn remembering(&self, seen: Seen) -> ApplicationStatus {
        let mut status = seen.status;
        if let Some(before) = self.known.get(&status.name) {
            let message = status.message.clone();
            status.facts.remember(&message, (&before.facts, &before.message));
        }
        status
    }

    /// What may not be asked, and what is gone, ends the watch; for the rest another attempt is on its way.
    fn hear(&mut self, error: &watcher::Error) -> Result<(), ArgoCdError> {
        let (code, said) = match error {
            // A connection that broke off: another watch goes on at once, and says so where it cannot.
            watcher::Error::WatchFailed(_) => return Ok(()),
            watcher::Error::InitialListFailed(kube::Error::Api(status))
            | watcher::Error::WatchStartFailed(kube::Error::Api(status))
            | watcher::Error::WatchError(status) => (status.code, status.message.clone()),
            other => (0, innermost(other)),
        };
        match code {
            // What it stood at is forgotten; it is listed anew.
            410 => Ok(()),
            404 => Err(ArgoCdError::NotInstalled { namespace: self.namespace.clone() }),
            401 | 403 => Err(ArgoCdError::Refused {
                action: "watch",
                object: "Applications".to_owned(),
                cause: format!("{said} ({code})"),
            }),
            _ => {
                self.trouble = Some(said);
                Ok(())
            }
        }
    }
}

/// An Application, reduced.
#[derive(Clone, Debug)]
struct Seen {
    metadata: ObjectMeta,
    status: ApplicationStatus,
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = DynamicObject::deserialize(deserializer)?;
        let status = ApplicationStatus::of(&object);
        let metadata = ObjectMeta {
            name: object.metadata.name,
            namespace: object.metadata.namespace,
            resource_version: object.metadata.resource_version,
            // By its annotations the client knows where a list that is streamed ends.
            annotations: object.metadata.annotations,
            ..ObjectMeta::default()
        };
        Ok(Self { metadata, status })
    }
}

impl Resource for Seen {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

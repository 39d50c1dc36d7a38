//! What the cluster would get of a revision that nobody has merged yet: Applications rendered twice by Argo CD's own repo-server, and
//! compared.
//!
//! Nothing is asked of Argo CD's API server, which the core installation has not, and nothing is written into the cluster. The
//! repo-server renders by itself what it is asked ([`server`], [`grpc`]); with the question comes what Argo CD's controller would send
//! ([`settings`], [`logins`]). An Application that another one brings is rendered as that one would have it.

mod compare;
mod definition;
mod grpc;
mod hidden;
mod logins;
mod messages;
mod server;
mod settings;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::compare::{Fate, ObjectChange};
use self::definition::{At, Definition, text};
use self::grpc::{CallError, Connection};
use self::logins::Logins;
use super::ArgoCdError;
use super::application::ApplicationStatus;
use super::objects::Objects;
use super::resources::application_kind;

const RENDER: &str = "/repository.RepoServerService/GenerateManifest";
/// So many renderings are under way at once: the repo-server takes turns by itself.
const AT_ONCE: usize = 4;
/// Applications of Applications, so deep.
const DEPTH: usize = 5;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct PreviewSpec<'a> {
    /// The namespace of Argo CD.
    pub namespace: &'a str,
    /// The address of the manifests repository.
    pub repository: &'a str,
    /// The branch of it that the Applications follow.
    pub branch: &'a str,
    /// The branch, tag or commit that is compared with it.
    pub revision: &'a str,
    /// The Applications by name; where none is named, all that follow the branch.
    pub applications: &'a [String],
}

/// What becomes of an Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The cluster would get something else.
    Changed,
    /// The cluster would get the same.
    Same,
    /// Another Application brings it.
    New,
    /// The Application that has it would have it no more.
    Removed,
    /// It cannot be rendered.
    Failed,
}

/// An Application, rendered twice.
#[derive(Clone, Debug, Serialize)]
pub struct Previewed {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub state: State,
    /// The revisions of its sources now.
    pub now: Vec<String>,
    /// The revisions of its sources at the revision that was asked for.
    pub then: Vec<String>,
    /// Why it cannot be rendered, in the repo-server's words.
    pub error: Option<String>,
    /// What one has to know to read the differences.
    pub notes: Vec<String>,
    /// The objects that differ.
    pub objects: Vec<ObjectChange>,
}

/// What a revision would do.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The revision that was asked for.
    pub revision: String,
    /// The branch that it is compared with.
    pub branch: String,
    /// Every Application that was rendered, by name.
    pub applications: Vec<Previewed>,
    /// Those that follow the repository on another branch, or a tag, each with what it follows.
    pub elsewhere: BTreeMap<String, Vec<String>>,
}

/// An Application as it is, and as it would be; nothing of what is not there.
type Pair = (Option<Definition>, Option<Definition>);

/// What was rendered of an Application.
struct Rendered {
    objects: Vec<Value>,
    revisions: Vec<String>,
}

/// Renders Applications as they are and as a revision would have them.
pub async fn preview(client: Client, spec: &PreviewSpec<'_>) -> Result<Preview, ArgoCdError> {
    let objects = Objects::new(client.clone(), spec.namespace);
    let live = objects.list(&application_kind()).await?;
    let known: Vec<ApplicationStatus> = live.iter().map(ApplicationStatus::of).collect();
    let live: Vec<Value> = live.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect();
    let definitions: BTreeMap<String, Definition> =
        live.iter().filter_map(Definition::of).map(|one| (one.name.clone(), one)).collect();
    let (common, is_plain) = settings::read(&client, spec.namespace).await?;
    let renderer = Renderer {
        common,
        logins: Logins::read(&client, spec.namespace).await?,
        connection: server::connect(&client, spec.namespace, is_plain).await?,
    };
    let at = |name: &String| At {
        repository: spec.repository,
        revision: spec.revision,
        branch: (!spec.applications.contains(name)).then_some(spec.branch),
    };
    let named = with_keepers(&live, spec.applications);
    // Of one that is not there yet nobody knows who will bring it.
    let looks_at_all = spec.applications.iter().any(|name| !definitions.contains_key(name));
    let is_meant = |name: &String| spec.applications.is_empty() || looks_at_all || named.contains(name);
    let mut due: BTreeMap<String, Pair> = BTreeMap::new();
    let mut elsewhere = BTreeMap::new();
    for (name, definition) in definitions.iter().filter(|(name, _)| is_meant(name)) {
        let branches = definition.branches(spec.repository);
        if definition.follows(at(name)) || spec.applications.contains(name) {
            due.insert(name.clone(), (Some(definition.clone()), Some(definition.clone())));
        } else if !branches.is_empty() {
            elsewhere.insert(name.clone(), branches.into_iter().map(str::to_owned).collect());
        }
    }
    let mut done: BTreeMap<String, (Previewed, Pair)> = BTreeMap::new();
    for _ in 0..DEPTH {
        let looks: Vec<_> = std::mem::take(&mut due)
            .into_iter()
            .map(|(name, pair)| {
                let (at, renderer) = (at(&name), &renderer);
                async move { renderer.both(name, pair, at).await }
            })
            .collect();
        let round: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        for (previewed, pair, children) in round {
            done.insert(previewed.name.clone(), (previewed, pair));
            for (name, child) in children {
                let is_other = done.get(&name).is_none_or(|(_, seen)| *seen != child);
                if is_other && (spec.applications.is_empty() || spec.applications.contains(&name)) {
                    due.insert(name, child);
                }
            }
        }
        if due.is_empty() {
            break;
        }
    }
    if let Some(name) = spec.applications.iter().find(|name| !done.contains_key(*name)) {
        return Err(ArgoCdError::no_application(name, spec.namespace, known.iter()));
    }
    // Who keeps a named one was only asked what it makes of it.
    done.retain(|name, _| spec.applications.is_empty() || spec.applications.contains(name));
    elsewhere.retain(|name, _| !done.contains_key(name));
    Ok(Preview {
        revision: spec.revision.to_owned(),
        branch: spec.branch.to_owned(),
        applications: done.into_values().map(|(previewed, _)| previewed).collect(),
        elsewhere,
    })
}

/// The named Applications, and those that keep them as objects of theirs.
fn with_keepers(live: &[Value], named: &[String]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = named.iter().cloned().collect();
    for _ in 0..DEPTH {
        let keepers = live.iter().filter(|one| {
            let name = one.pointer("/metadata/name").and_then(Value::as_str);
            name.is_some_and(|name| all.contains(name))
        });
        let keepers: Vec<String> = keepers.filter_map(keeper).collect();
        all.extend(keepers);
    }
    all
}

/// The Application that keeps an object, as Argo CD notes it on the object.
fn keeper(object: &Value) -> Option<String> {
    let metadata = object.get("metadata")?;
    let tracked = metadata.pointer("/annotations/argocd.argoproj.io~1tracking-id").and_then(Value::as_str);
    let labelled = metadata.pointer("/labels/app.kubernetes.io~1instance").and_then(Value::as_str);
    let name = tracked.and_then(|id| id.split(':').next()).or(labelled)?;
    Some(name.rsplit('_').next().unwrap_or(name).to_owned())
}

struct Renderer {
    common: Map<String, Value>,
    logins: Logins,
    connection: Connection,
}

/// An Application looked at, what it was taken for, and what it makes of Applications.
type Looked = (Previewed, Pair, Vec<(String, Pair)>);

impl Renderer {
    /// Renders an Application as it is, and as it would be.
    async fn both(&self, name: String, pair: Pair, at: At<'_>) -> Result<Looked, ArgoCdError> {
        let (before, after) = (&pair.0, pair.1.as_ref().map(|after| after.at(at)));
        let was = self.rendered(before.as_ref()).await?;
        let is = self.rendered(after.as_ref()).await?;
        let mut notes = Vec::new();
        if [before, &after].into_iter().flatten().any(|one| !one.is_here) {
            notes.push("it deploys to another cluster; charts that ask what a cluster can do are told of the one with Argo CD".to_owned());
        }
        let mut previewed = Previewed {
            name,
            state: State::Same,
            now: Vec::new(),
            then: Vec::new(),
            error: None,
            notes,
            objects: Vec::new(),
        };
        let is = match is {
            Ok(is) => is,
            Err(error) => {
                previewed.state = State::Failed;
                previewed.error = Some(error);
                return Ok((previewed, pair, Vec::new()));
            }
        };
        let is_repaired = was.is_err();
        let was = was.unwrap_or_else(|error| {
            previewed.notes.push(format!(
                "what Git says now cannot be rendered, so everything counts as added: {error}"
            ));
            Rendered { objects: Vec::new(), revisions: Vec::new() }
        });
        previewed.objects = compare::compare(&was.objects, &is.objects);
        previewed.state = match &pair {
            (None, _) => State::New,
            (_, None) => State::Removed,
            _ if previewed.objects.is_empty() => State::Same,
            _ => State::Changed,
        };
        let children = if is_repaired { Vec::new() } else { children(&was.objects, &is.objects) };
        (previewed.now, previewed.then) = (was.revisions, is.revisions);
        Ok((previewed, pair, children))
    }

    /// What the repo-server makes of an Application, or its words where it cannot.
    async fn rendered(
        &self,
        definition: Option<&Definition>,
    ) -> Result<Result<Rendered, String>, ArgoCdError> {
        let mut rendered = Rendered { objects: Vec::new(), revisions: Vec::new() };
        let Some(definition) = definition else { return Ok(Ok(rendered)) };
        let project = &definition.project;
        let login = |url: &str| self.logins.repository(url, project);
        for source in &definition.sources {
            // Others find files there, and nothing is made of it.
            if !text(source, "ref").is_empty()
                && ["path", "chart"].iter().all(|name| text(source, name).is_empty())
            {
                continue;
            }
            let mut request = self.common.clone();
            request.extend([
                ("repo".to_owned(), login(text(source, "repoURL"))),
                ("revision".to_owned(), json!(text(source, "targetRevision"))),
                ("appName".to_owned(), json!(definition.name)),
                ("namespace".to_owned(), json!(definition.namespace)),
                ("applicationSource".to_owned(), source.clone()),
                ("repos".to_owned(), self.logins.charts(project)),
                ("helmRepoCreds".to_owned(), self.logins.chart_logins()),
                ("hasMultipleSources".to_owned(), json!(definition.has_many)),
                ("refSources".to_owned(), definition.referred(login)),
                ("projectName".to_owned(), json!(project)),
                ("annotationManifestGeneratePaths".to_owned(), json!(definition.paths)),
            ]);
            let message = match wire::written(&Value::Object(request), messages::REQUEST) {
                Ok(message) => message,
                Err(unfit) => return Ok(Err(unfit.to_string())),
            };
            let answer = match self.connection.call(RENDER, &message).await {
                Ok(answer) => answer,
                Err(CallError::Refused(words)) => return Ok(Err(words)),
                Err(CallError::Broken(cause)) => {
                    return Err(ArgoCdError::RepoServer { pod: "its repo-server".to_owned(), cause });
                }
            };
            for (number, text) in wire::texts(&answer).unwrap_or_default() {
                match number {
                    1 => match serde_json::from_str::<Value>(&text) {
                        Ok(Value::Null) => {}
                        Ok(object) => rendered.objects.push(object),
                        Err(error) => return Ok(Err(format!("what it rendered is no JSON: {error}"))),
                    },
                    4 => rendered.revisions.push(text),
                    _ => {}
                }
            }
        }
        Ok(Ok(rendered))
    }
}

/// The Applications that come, go or become others by what two renderings have.
fn children(before: &[Value], after: &[Value]) -> Vec<(String, Pair)> {
    let applications = |objects: &[Value]| -> BTreeMap<String, Definition> {
        let is_one = |object: &&Value| {
            object["kind"] == "Application"
                && object["apiVersion"].as_str().is_some_and(|version| version.starts_with("argoproj.io/"))
        };
        let found = objects.iter().filter(is_one).filter_map(Definition::of);
        found.map(|one| (one.name.clone(), one)).collect()
    };
    let (before, after) = (applications(before), applications(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing.map(|name| (name.clone(), (before.get(name).cloned(), after.get(name).cloned()))).collect()
}

//! Statuses of commits: what Argo CD's notifications controller is told, so that the forge shows which commit runs where.
//!
//! All of it lies in the release's own `ConfigMap` and `Secret`, under names that begin with ours. What else is in them is the
//! user's. Conditions are in the language of `expr-lang/expr`, texts in that of Go's templates; both come to the controller as
//! JSON, which is YAML.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::ResourceExt;
use kube::core::{DynamicObject, GroupVersionKind};
use serde_json::{Map, Value, json};

use super::ArgoCdError;
use super::objects::{FIELD_MANAGER, Objects, kind};
use super::resources::encoded;
use crate::forge::{Kind, Place};
use crate::project::{Notifications, Part, Repository, StatusLogin};
use crate::support::address::Address;

const CONTROLLER: &str = "argocd-notifications-controller";
const MAP: &str = "argocd-notifications-cm";
const SECRET: &str = "argocd-notifications-secret";
/// The service that sends, and the trigger that says when.
const SERVICE: &str = "slipway";
const TRIGGER: &str = "slipway-commit-status";
/// The keys in the secret.
const TOKEN: &str = "slipway-status-token";
const APP_KEY: &str = "slipway-status-app-key";
/// A commit, of either kind of hash: neither a branch nor a chart's version.
const COMMIT: &str = "^([0-9a-f]{40}|[0-9a-f]{64})$";
/// So long may the text beside a status of GitHub's be; GitLab takes more.
const LONGEST: usize = 140;

/// How a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Success,
    Failure,
}

impl State {
    const ALL: [Self; 3] = [Self::Pending, Self::Success, Self::Failure];

    fn template(self) -> String {
        format!("slipway-{}", self.name(Kind::GitHub))
    }

    /// As the forge calls it.
    fn name(self, forge: Kind) -> &'static str {
        match (self, forge) {
            (Self::Pending, _) => "pending",
            (Self::Success, _) => "success",
            (Self::Failure, Kind::GitHub) => "failure",
            (Self::Failure, Kind::GitLab) => "failed",
        }
    }
}

/// Adds what the controller has to know to the objects of the release.
pub(super) async fn connect(
    objects: &Objects,
    notifications: &Notifications,
    repository: Option<&Repository>,
    origin: &Address,
    release: &mut Vec<DynamicObject>,
) -> Result<(), ArgoCdError> {
    let location = notifications.location.to_string();
    let has_controller =
        |object: &DynamicObject| kind(object).kind == "Deployment" && object.name_any() == CONTROLLER;
    if !release.iter().any(has_controller) {
        return Err(ArgoCdError::NoNotifications { location, origin: origin.clone() });
    }
    let wrong = |cause: String| ArgoCdError::NoStatuses { location: location.clone(), cause };
    let repository = repository.ok_or_else(|| wrong("argocd names no repository".to_owned()))?;
    let place = place(repository).map_err(&wrong)?;
    if place.kind == Kind::GitLab && matches!(notifications.login, StatusLogin::GithubApp { .. }) {
        return Err(wrong("GitLab knows no GitHub App; write a token as credentials".to_owned()));
    }
    let mut texts = texts(notifications, &place);
    let map = objects.get(&GroupVersionKind::gvk("", "v1", "ConfigMap"), None, MAP).await?;
    if let Some((by, theirs)) = map.as_ref().and_then(subscriptions_of_others) {
        // The one key that has everybody's. Whoever keeps it has to name ours in it.
        if !theirs.contains(TRIGGER) {
            return Err(ArgoCdError::Subscriptions { by, ours: subscriptions() });
        }
    } else {
        texts.insert("subscriptions".to_owned(), subscriptions());
    }
    let (name, secret) = match &notifications.login {
        StatusLogin::Token(token) => (TOKEN, token),
        StatusLogin::GithubApp { key, .. } => (APP_KEY, key),
    };
    put(release, ("ConfigMap", MAP), texts)?;
    put(release, ("Secret", SECRET), BTreeMap::from([(name.to_owned(), encoded(secret.expose()))]))
}

/// Where the manifests repository is on its forge.
fn place(repository: &Repository) -> Result<Place, String> {
    let kind = repository.forge.as_deref().map(str::parse::<Kind>).transpose()?;
    // What a pipeline says of itself has no say: another bootstrap would say otherwise.
    Place::of(repository.url.expose(), kind, repository.api.as_deref(), &|_| None)
        .map_err(|error| error.to_string())
}

/// Who keeps `subscriptions`, where that is not us, and what they say.
fn subscriptions_of_others(map: &DynamicObject) -> Option<(String, String)> {
    let theirs = map.data.pointer("/data/subscriptions")?.as_str()?;
    let keeps = |entry: &&ManagedFieldsEntry| {
        let fields = entry.fields_v1.as_ref();
        fields.is_some_and(|fields| fields.0.pointer("/f:data/f:subscriptions").is_some())
    };
    let mut managers =
        map.managed_fields().iter().filter(keeps).map(|entry| entry.manager.as_deref().unwrap_or("somebody"));
    let by = managers.find(|manager| *manager != FIELD_MANAGER)?;
    Some((by.to_owned(), theirs.to_owned()))
}

/// Puts entries into an object of the release.
fn put(
    release: &mut Vec<DynamicObject>,
    (of, name): (&str, &str),
    entries: BTreeMap<String, String>,
) -> Result<(), ArgoCdError> {
    let is_it = |object: &DynamicObject| kind(object).kind == of && object.name_any() == name;
    let entries: Map<String, Value> = entries.into_iter().map(|(name, text)| (name, text.into())).collect();
    if let Some(object) = release.iter_mut().find(|object| is_it(object)) {
        if let Some(fields) = object.data.as_object_mut() {
            let data = fields.entry("data").or_insert_with(|| json!({}));
            if let Some(data) = data.as_object_mut() {
                data.extend(entries);
            }
        }
        return Ok(());
    }
    let object = json!({
        "apiVersion": "v1", "kind": of, "data": entries,
        // By this the next bootstrap without it finds it.
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "argocd" } },
    });
    let object = serde_json::from_value(object).map_err(|error| ArgoCdError::Refused {
        action: "building",
        object: format!("{of} {name}"),
        cause: error.to_string(),
    })?;
    release.push(object);
    Ok(())
}

/// All Applications are listened to; those of other repositories are told apart by the trigger.
fn subscriptions() -> String {
    format!("- {{recipients: [{SERVICE}], triggers: [{TRIGGER}]}}\n")
}

/// What the `ConfigMap` has of ours, without the subscriptions.
fn texts(notifications: &Notifications, place: &Place) -> BTreeMap<String, String> {
    let (of, service) = service(&notifications.login, place);
    let mut texts =
        BTreeMap::from([(format!("service.{of}.{SERVICE}"), text(&service)), trigger(&pattern(place))]);
    for state in State::ALL {
        let template = match of {
            "github" => by_app(state, notifications, place),
            _ => by_request(state, notifications, place),
        };
        texts.insert(format!("template.{}", state.template()), text(&template));
    }
    texts
}

fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Who sends: the kind of service, and what it is told.
fn service(login: &StatusLogin, place: &Place) -> (&'static str, Value) {
    let api = place.api.as_str().trim_end_matches('/');
    let header = |name: &str, value: String| json!({ "name": name, "value": value });
    let headers = match (login, place.kind) {
        (StatusLogin::GithubApp { id, installation, .. }, _) => {
            let mut service =
                json!({ "appID": id, "installationID": installation, "privateKey": format!("${APP_KEY}") });
            if api != "https://api.github.com"
                && let Some(fields) = service.as_object_mut()
            {
                fields.insert("enterpriseBaseURL".to_owned(), Value::from(api));
            }
            return ("github", service);
        }
        (StatusLogin::Token(_), Kind::GitHub) => vec![
            header("Authorization", format!("Bearer ${TOKEN}")),
            header("Accept", "application/vnd.github+json".to_owned()),
        ],
        (StatusLogin::Token(_), Kind::GitLab) => vec![header("PRIVATE-TOKEN", format!("${TOKEN}"))],
    };
    let json = header("Content-Type", "application/json".to_owned());
    ("webhook", json!({ "url": api, "headers": headers.into_iter().chain([json]).collect::<Vec<_>>() }))
}

/// Addresses of the repository, however an Application writes them. Nothing in it means anything in a quoted text.
fn pattern(place: &Place) -> String {
    let literal = |text: &str| -> String {
        let one = |c: char| match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '~') => c.to_string(),
            '.' | '+' | '%' | '@' | ':' => format!("[{c}]"),
            _ => ".".to_owned(),
        };
        text.chars().map(one).collect()
    };
    let host = place.host.rsplit_once(':').map_or(place.host.as_str(), |(host, _)| host);
    let host = match host {
        "github.com" | "ssh.github.com" => "(ssh[.])?github[.]com".to_owned(),
        "gitlab.com" | "altssh.gitlab.com" => "(altssh[.])?gitlab[.]com".to_owned(),
        host => literal(host),
    };
    format!("(?i)^([a-z+]+://)?([^/@]*@)?{host}(:[0-9]+)?[:/]+{}([.]git)?/*$", literal(&place.path))
}

/// When what is said: each condition excludes the others.
fn trigger(pattern: &str) -> (String, String) {
    const OPERATION: &str = "app.status?.operationState";
    let result = format!("{OPERATION}?.syncResult");
    // Of one source, or of one of several.
    let ours = format!(
        "app.metadata?.deletionTimestamp == nil and (((({result}?.source?.repoURL ?? '') matches '{pattern}') and \
         (({result}?.revision ?? '') matches '{COMMIT}')) or any({result}?.sources ?? [], {{(#?.repoURL ?? '') matches '{pattern}'}}))"
    );
    let is_synced = format!("({OPERATION}?.phase == 'Succeeded' and app.status?.sync?.status == 'Synced')");
    // An attempt that failed, with another one to come, has ended and runs.
    let has_failed = format!("{OPERATION}?.finishedAt != nil");
    let health = "(app.status?.health?.status ?? '')";
    let when = |state: State| match state {
        State::Pending => format!(
            "({OPERATION}?.phase == 'Running' and not ({has_failed})) or ({is_synced} and not ({health} in ['Healthy', 'Degraded']))"
        ),
        State::Success => format!("{is_synced} and {health} == 'Healthy'"),
        State::Failure => format!(
            "{OPERATION}?.phase in ['Failed', 'Error'] or ({OPERATION}?.phase == 'Running' and {has_failed}) or \
             ({is_synced} and {health} == 'Degraded')"
        ),
    };
    // Once a commit it is begun. How it ended is said again where that has changed since: after another sync of it, or after it
    // was broken for a while.
    let commit = format!("{result}?.revision, {result}?.revisions");
    let since = "app.status?.health?.lastTransitionTime";
    let once = |state: State| match state {
        State::Pending => format!("[{commit}]"),
        State::Success => format!("[{commit}, {OPERATION}?.startedAt, {since}]"),
        State::Failure => format!(
            "[{commit}, {OPERATION}?.startedAt, {OPERATION}?.phase, {OPERATION}?.phase == 'Succeeded' ? {since} : nil]"
        ),
    };
    let conditions = State::ALL.map(|state| {
        json!({ "when": format!("{ours} and ({})", when(state)), "oncePer": once(state), "send": [state.template()] })
    });
    (format!("trigger.{TRIGGER}"), text(&Value::from(conditions.to_vec())))
}

/// Sets `$revision` to the commit that was synced: that of the source which is our repository, where there are several.
fn revision(pattern: &str) -> String {
    let result = "$.app.status.operationState.syncResult";
    format!(
        "{{{{- $revision := {result}.revision -}}}}{{{{- range $number, $source := {result}.sources -}}}}\
         {{{{- if regexMatch `{pattern}` $source.repoURL -}}}}{{{{- $revision = index {result}.revisions $number -}}}}{{{{- end -}}}}\
         {{{{- end -}}}}"
    )
}

/// Sets `$said` to what is said beside the state.
fn said(state: State) -> String {
    let operation = "$.app.status.operationState";
    let is_over = format!("eq {operation}.phase `Succeeded`");
    let (over, before) = match state {
        State::Pending => {
            ("(print `synced and ` $.app.status.health.status)".to_owned(), "`is being synced`".to_owned())
        }
        State::Success => ("`synced and Healthy`".to_owned(), "``".to_owned()),
        State::Failure => (
            "`synced and Degraded`".to_owned(),
            format!("(print `its sync fails: ` (default `` {operation}.message))"),
        ),
    };
    format!("{{{{- $said := ternary {over} {before} ({is_over}) -}}}}")
}

/// What is said, short and in one line.
fn description() -> String {
    format!("(trunc {LONGEST} (regexReplaceAll `[[:space:]]+` $said ` `))")
}

/// A text of `slipway.hcl`, as an expression of a template.
fn expression(parts: &[Part]) -> String {
    let part = |part: &Part| match part {
        // A text of JSON is one of Go.
        Part::Text(text) => Value::from(text.as_str()).to_string(),
        Part::Application => "$.app.metadata.name".to_owned(),
        Part::Namespace => "$.app.metadata.namespace".to_owned(),
        Part::Project => "$.app.spec.project".to_owned(),
        Part::Revision => "$revision".to_owned(),
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("(print {})", parts.join(" "))
}

/// By the controller's own service for GitHub Apps.
fn by_app(state: State, notifications: &Notifications, place: &Place) -> Value {
    let revision = revision(&pattern(place));
    let shown = |expression: &str| format!("{revision}{{{{ {expression} }}}}");
    // An empty address is none for GitHub, so that the commit's own stands in for one.
    let web = place.api.scheme();
    let commit = [Part::Text(format!("{web}://{}/{}/commit/", place.host, place.path)), Part::Revision];
    let target = notifications.target.as_deref().unwrap_or(&commit);
    json!({
        "message": format!("{}{{{{ {} }}}}", said(state), description()),
        "github": {
            "repoURLPath": format!("{web}://{}/{}", place.host, place.path),
            "revisionPath": shown("$revision"),
            "status": {
                "state": state.name(place.kind),
                "label": shown(&expression(&notifications.context)),
                "targetURL": shown(&expression(target)),
            },
        },
    })
}

/// By a request with a token.
fn by_request(state: State, notifications: &Notifications, place: &Place) -> Value {
    let (project, name) = match place.kind {
        Kind::GitHub => (format!("repos/{}", place.path), "context"),
        Kind::GitLab => (format!("projects/{}", place.path.replace('/', "%2F")), "name"),
    };
    let revision = revision(&pattern(place));
    let field = |name: &str, expression: &str| format!(", \"{name}\": {{{{ toJson {expression} }}}}");
    let mut fields = format!("\"state\": \"{}\"", state.name(place.kind));
    fields.push_str(&field(name, &expression(&notifications.context)));
    fields.push_str(&field("description", &description()));
    if let Some(target) = &notifications.target {
        fields.push_str(&field("target_url", &expression(target)));
    }
    json!({
        "webhook": { SERVICE: {
            "method": "POST",
            "path": format!("{revision}/{project}/statuses/{{{{ $revision }}}}"),
            "body": format!("{revision}{}{{{fields}}}", said(state)),
        } },
    })
}

#[cfg(test)]
mod tests;

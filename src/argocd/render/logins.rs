//! The logins of Argo CD for its repositories, as it reads them out of its secrets: one for an address, or for all that begin alike.
//!
//! The repo-server has none itself: whoever asks it to render brings what it needs, as Argo CD's controller does.

use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ListParams};
use serde_json::{Map, Value, json};

use super::messages::{CREDENTIALS, REPOSITORY};
use super::wire::{Kind, Shape};
use crate::argocd::ArgoCdError;
use crate::support::redact;

const LABEL: &str = "argocd.argoproj.io/secret-type";
/// What of a secret is one.
const SECRET: [&str; 7] = [
    "password",
    "sshPrivateKey",
    "bearerToken",
    "tlsClientCertKey",
    "githubAppPrivateKey",
    "gcpServiceAccountKey",
    "azureServicePrincipalClientSecret",
];
/// With one of these a repository needs no login of others.
const LOGIN: [&str; 8] = [
    "username",
    "password",
    "bearerToken",
    "sshPrivateKey",
    "tlsClientCertData",
    "githubAppPrivateKey",
    "useAzureWorkloadIdentity",
    "azureServicePrincipalClientSecret",
];

type Fields = Map<String, Value>;

/// All of them. It shows itself nowhere.
#[derive(Default)]
pub(super) struct Logins {
    repositories: Vec<Fields>,
    prefixes: Vec<Fields>,
}

impl Logins {
    /// Reads the secrets of a namespace.
    pub(super) async fn read(client: &Client, namespace: &str) -> Result<Self, ArgoCdError> {
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let wanted = ListParams::default().labels(&format!("{LABEL} in (repository,repo-creds)"));
        let found = secrets.list(&wanted).await.map_err(ArgoCdError::at("list", "Secret"))?;
        let mut logins = Self::default();
        for secret in found {
            let kind = secret.metadata.labels.iter().flatten().find(|(name, _)| *name == LABEL);
            if kind.is_some_and(|(_, kind)| kind == "repository") {
                logins.repositories.push(fields(&secret, REPOSITORY));
            } else {
                logins.prefixes.push(fields(&secret, CREDENTIALS));
            }
        }
        Ok(logins)
    }

    /// A repository as a project of Argo CD may reach it.
    pub(super) fn repository(&self, url: &str, project: &str) -> Value {
        let same = |of: &&Fields| normal(text(of, "repo")) == normal(url);
        let mut known: Vec<&Fields> = self.repositories.iter().filter(same).collect();
        // That of the project goes before that of all.
        known.retain(|of| ["", project].contains(&text(of, "project")));
        known.sort_by_key(|of| text(of, "project").is_empty());
        let known = known.first().map(|of| (*of).clone());
        let mut repository = known.unwrap_or_else(|| Map::from_iter([("repo".to_owned(), Value::from(url))]));
        self.enrich(&mut repository, url);
        Value::Object(repository)
    }

    fn enrich(&self, repository: &mut Fields, url: &str) {
        if LOGIN.iter().any(|name| repository.contains_key(*name)) {
            return;
        }
        let begins = |of: &&Fields| normal(url).starts_with(&normal(text(of, "url")));
        let longest = self.prefixes.iter().filter(begins).max_by_key(|of| normal(text(of, "url")).len());
        let Some(login) = longest else { return };
        for (name, value) in login {
            if !["url", "name"].contains(&name.as_str()) && !repository.contains_key(name) {
                repository.insert(name.clone(), value.clone());
            }
        }
        repository.insert("inheritedCreds".to_owned(), Value::Bool(true));
    }

    /// The registries of charts that a project may use, for what its charts depend on.
    pub(super) fn charts(&self, project: &str) -> Value {
        let is_one = |of: &&Fields| {
            let is_open = ["", project].contains(&text(of, "project"));
            is_open && text(of, "type") == "helm" && !text(of, "name").is_empty()
        };
        let enriched = |of: &Fields| {
            let mut repository = of.clone();
            self.enrich(&mut repository, text(of, "repo"));
            Value::Object(repository)
        };
        self.repositories.iter().filter(is_one).map(enriched).collect()
    }

    /// The logins for registries of charts.
    pub(super) fn chart_logins(&self) -> Value {
        let charts = self.prefixes.iter().filter(|of| text(of, "type") == "helm");
        charts.map(|of| json!(of)).collect()
    }
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What a secret says, as the fields of a message. What is secret in it is shown nowhere from now on.
fn fields(secret: &Secret, shape: Shape) -> Fields {
    let mut fields = Fields::new();
    for (name, _, kind) in shape {
        let key = if *name == "repo" { "url" } else { name };
        let Some(value) = secret.data.as_ref().and_then(|data| data.get(key)) else { continue };
        let Ok(value) = std::str::from_utf8(&value.0) else { continue };
        if SECRET.contains(name) {
            redact::known().add(value);
        }
        let value = match kind {
            Kind::Flag => (value == "true").then_some(Value::Bool(true)),
            Kind::Number => value.parse::<i64>().ok().map(Value::from),
            _ => (!value.is_empty()).then(|| Value::from(value)),
        };
        fields.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    fields
}

/// An address as Argo CD compares it.
pub(super) fn normal(url: &str) -> String {
    let mut url = url.trim().to_lowercase();
    if !url.contains("://") && url.contains('@') && url.contains(':') {
        url = format!("ssh://{}", url.replacen(':', "/", 1));
    }
    let url = url.strip_suffix(".git").unwrap_or(&url);
    url.strip_prefix("ssh://").unwrap_or(url).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &Value) -> Fields {
        fields.as_object().unwrap().clone()
    }

    #[test]
    fn a_repository_has_its_own_login_or_that_of_the_longest_beginning() {
        let logins = Logins {
            repositories: vec![
                of(&json!({ "repo": "https://git.example/team/Own.git", "password": "own" })),
                of(&json!({ "repo": "https://git.example/team/bare", "insecure": true })),
                of(&json!({ "repo": "https://git.example/team/own", "project": "web", "password": "webs" })),
                of(&json!({ "repo": "https://charts.example", "type": "helm", "name": "charts" })),
            ],
            prefixes: vec![
                of(&json!({ "url": "https://git.example", "password": "host" })),
                of(&json!({ "url": "https://git.example/team", "password": "team", "username": "u" })),
                of(&json!({ "url": "https://charts.example", "type": "helm", "password": "charts" })),
            ],
        };
        let password = |url: &str, project: &str| {
            logins.repository(url, project)["password"].as_str().map(str::to_owned)
        };
        assert_eq!(password("https://git.example/team/own", "default").as_deref(), Some("own"));
        assert_eq!(password("https://git.example/team/own.git", "web").as_deref(), Some("webs"));
        assert_eq!(password("https://git.example/other", "web").as_deref(), Some("host"));
        assert_eq!(password("https://elsewhere.example/x", "web"), None);
        let bare = logins.repository("https://git.example/team/bare", "web");
        assert_eq!((&bare["password"], &bare["insecure"]), (&json!("team"), &json!(true)));
        assert_eq!(logins.charts("web")[0]["password"], "charts");
        assert_eq!(logins.chart_logins().as_array().unwrap().len(), 1);
    }

    #[test]
    fn addresses_are_compared_as_argo_cd_does() {
        assert_eq!(normal("git@Git.example:team/a.git"), normal("ssh://git@git.example/team/a"));
        assert_ne!(normal("https://git.example/team/a"), normal("ssh://git.example/team/a"));
    }
}

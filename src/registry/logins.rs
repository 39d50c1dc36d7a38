//! Logins for registries, as Docker and Podman keep them.
//!
//! Looked through are, in this order: the variable `DOCKER_AUTH_CONFIG`, the file `REGISTRY_AUTH_FILE`, Docker's `config.json` in
//! `DOCKER_CONFIG`, Podman's `containers/auth.json` in `XDG_RUNTIME_DIR` and in the user's configuration, and `~/.docker/config.json`.
//! The first that has one for the registry is taken.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::error::RegistryError;
use super::helper;
use super::login::{Login, LoginKind};
use super::place::Place;
use crate::support::environment::variable;
use crate::support::fs::read_regular;
use crate::support::secret::Secret;

/// The name of Docker's variable with a whole configuration in it.
const IN_VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// Where logins are kept on a machine.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// A configuration that a variable holds.
    given: Option<Secret>,
    /// Files, the first that knows the registry counts.
    files: Vec<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default, alias = "identityToken")]
    identitytoken: String,
    #[serde(default, alias = "registryToken")]
    registrytoken: String,
}

impl Logins {
    /// Those of this machine's user.
    pub fn of_machine() -> Self {
        Self::named_by(variable)
    }

    /// Those that variables lead to.
    pub fn named_by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let path = |name: &str, below: &str| variable(name).map(|folder| PathBuf::from(folder).join(below));
        let auth_file = variable("REGISTRY_AUTH_FILE").map(PathBuf::from);
        let mut files: Vec<Option<PathBuf>> = vec![auth_file.clone(), path("DOCKER_CONFIG", "config.json")];
        if auth_file.is_none() {
            files.push(path("XDG_RUNTIME_DIR", "containers/auth.json"));
            let own = path("XDG_CONFIG_HOME", "containers/auth.json");
            files.push(own.or_else(|| path("HOME", ".config/containers/auth.json")));
        }
        if variable("DOCKER_CONFIG").is_none() {
            files.push(path("HOME", ".docker/config.json"));
        }
        Self { given: variable(IN_VARIABLE).map(Secret::new), files: files.into_iter().flatten().collect() }
    }

    /// The login for a registry; none where none is kept.
    pub(super) async fn of(&self, place: &Place) -> Result<Option<Login>, RegistryError> {
        let (logins, place) = (self.clone(), place.clone());
        let registry = place.registry.clone();
        // Files of a home may be on a network, and helpers are programs.
        let found = tokio::task::spawn_blocking(move || logins.find(&place)).await;
        found.unwrap_or_else(|error| {
            Err(RegistryError::Login { registry, from: "its helper".to_owned(), cause: error.to_string() })
        })
    }

    fn find(&self, place: &Place) -> Result<Option<Login>, RegistryError> {
        let wrong = |from: &str, cause: String| RegistryError::Login {
            registry: place.registry.clone(),
            from: from.to_owned(),
            cause,
        };
        if let Some(text) = &self.given {
            let found = in_configuration(text.expose().as_bytes(), IN_VARIABLE, place);
            if let Some(login) = found.map_err(|(from, cause)| wrong(&from, cause))? {
                return Ok(Some(login));
            }
        }
        for file in &self.files {
            let from = file.display().to_string();
            let bytes = match read_regular(file) {
                Ok(bytes) => bytes,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(wrong(&from, format!("{error}; make it readable"))),
            };
            let found =
                in_configuration(&bytes, &from, place).map_err(|(from, cause)| wrong(&from, cause))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The login that a configuration has for a registry. The error is where it was looked for, and why it is not had.
fn in_configuration(bytes: &[u8], from: &str, place: &Place) -> Result<Option<Login>, (String, String)> {
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| {
        // Where it is said, and not what: that may be a password.
        let at = format!("line {}, column {}", error.line(), error.column());
        (from.to_owned(), format!("it is not as Docker writes it ({at}); correct it"))
    })?;
    let names = place.names();
    let ask = |helper: &str| {
        let server = names.first().copied().unwrap_or_default();
        helper::ask(helper, server).map_err(|cause| (format!("docker-credential-{helper}"), cause))
    };
    if let Some(helper) = names.iter().find_map(|name| kept.cred_helpers.get(*name)) {
        return ask(helper);
    }
    let login = longest(&kept.auths, place).map(|entry| entry.login(from)).transpose();
    if let Some(login) = login.map_err(|cause| (from.to_owned(), cause))?.flatten() {
        return Ok(Some(login));
    }
    kept.creds_store.as_deref().filter(|store| !store.is_empty()).map_or(Ok(None), ask)
}

/// The entry that says the most of a place: Podman keeps logins for a part of a registry, too.
fn longest<'a>(auths: &'a BTreeMap<String, Entry>, place: &Place) -> Option<&'a Entry> {
    let names = place.names();
    let mut best: Option<(usize, &Entry)> = None;
    for (key, entry) in auths {
        let length = if names.contains(&key.as_str()) {
            Some(0)
        } else {
            let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
            let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
            let path = path.trim_end_matches('/');
            let path = if matches!(path, "v1" | "v2") { "" } else { path };
            let is_within = path.is_empty()
                || place.repository == path
                || place.repository.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            (names.iter().any(|name| name.eq_ignore_ascii_case(host)) && is_within).then_some(path.len())
        };
        if let Some(length) = length.filter(|length| best.is_none_or(|(known, _)| *length >= known)) {
            best = Some((length, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

impl Entry {
    /// What it holds; nothing where the login is with a helper.
    fn login(&self, from: &str) -> Result<Option<Login>, String> {
        let login = |kind| Ok(Some(Login { kind, from: from.to_owned() }));
        if !self.registrytoken.is_empty() {
            return login(LoginKind::Token(Secret::new(&*self.registrytoken)));
        }
        if !self.identitytoken.is_empty() {
            return login(LoginKind::Identity(Secret::new(&*self.identitytoken)));
        }
        if !self.auth.is_empty() {
            let encoded = Secret::new(&*self.auth);
            let bytes = STANDARD.decode(encoded.expose().trim());
            let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or("its auth is no Base64 of user:password; log in again")?;
            let (user, password) =
                text.split_once(':').ok_or("its auth is no Base64 of user:password; log in again")?;
            // Docker has ended old passwords with zeros.
            let password = Secret::new(password.trim_end_matches('\0'));
            return login(LoginKind::Password { user: user.to_owned(), password });
        }
        if !self.username.is_empty() && !self.password.is_empty() {
            let password = Secret::new(&*self.password);
            return login(LoginKind::Password { user: self.username.clone(), password });
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(configuration: &str, image: &str) -> Option<String> {
        let login = in_configuration(configuration.as_bytes(), "config.json", &Place::of(image)).unwrap()?;
        Some(match login.kind {
            LoginKind::Password { user, password } => format!("{user}:{}", password.expose()),
            LoginKind::Identity(token) => format!("identity {}", token.expose()),
            LoginKind::Token(token) => format!("token {}", token.expose()),
        })
    }

    fn auth(login: &str) -> String {
        format!(r#"{{"auth": "{}"}}"#, STANDARD.encode(login))
    }

    #[test]
    fn a_login_is_found_by_every_name_that_its_registry_is_kept_by() {
        for (key, image) in [
            ("https://index.docker.io/v1/", "nginx"),
            ("docker.io", "org/app"),
            ("index.docker.io", "nginx"),
            ("ghcr.io", "ghcr.io/org/app"),
            ("https://ghcr.io", "ghcr.io/org/app"),
            ("https://ghcr.io/v2/", "ghcr.io/org/app"),
            ("registry.example:5000", "registry.example:5000/a"),
            ("quay.io/org", "quay.io/org/app"),
        ] {
            let configuration = format!(r#"{{"auths": {{"{key}": {}}}}}"#, auth("u:p:w"));
            assert_eq!(found(&configuration, image).as_deref(), Some("u:p:w"), "{key}, {image}");
        }
        for (key, image) in [
            ("ghcr.io", "ghcr.io.example/a"),
            ("registry.example", "registry.example:5000/a"),
            ("quay.io/org", "quay.io/organisation/app"),
            ("docker.io", "ghcr.io/a/b"),
        ] {
            let configuration = format!(r#"{{"auths": {{"{key}": {}}}}}"#, auth("u:p"));
            assert_eq!(found(&configuration, image), None, "{key}, {image}");
        }
    }

    #[test]
    fn the_entry_that_says_the_most_counts() {
        let configuration = format!(
            r#"{{"auths": {{"quay.io": {}, "quay.io/org/app": {}, "quay.io/org": {}}}}}"#,
            auth("a:a"),
            auth("b:b"),
            auth("c:c")
        );
        assert_eq!(found(&configuration, "quay.io/org/app").as_deref(), Some("b:b"));
        assert_eq!(found(&configuration, "quay.io/org/app2").as_deref(), Some("c:c"));
        assert_eq!(found(&configuration, "quay.io/x").as_deref(), Some("a:a"));
    }

    #[test]
    fn a_login_may_be_written_in_several_ways() {
        let entry = |entry: &str| found(&format!(r#"{{"auths": {{"r.io": {entry}}}}}"#), "r.io/a");
        assert_eq!(entry(r#"{"username": "u", "password": "p"}"#).as_deref(), Some("u:p"));
        assert_eq!(entry(r#"{"auth": "dTpw", "identitytoken": "long"}"#).as_deref(), Some("identity long"));
        assert_eq!(entry(r#"{"registrytoken": "t"}"#).as_deref(), Some("token t"));
        assert_eq!(entry("{}"), None);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_without_what_it_holds() {
        for text in [r#"{"auths": {"r.io": {"auth": "canary-%%%"}}}"#, r#"{"auths": "canary-word"}"#] {
            let (from, cause) =
                in_configuration(text.as_bytes(), "config.json", &Place::of("r.io/a")).unwrap_err();
            assert!(from == "config.json" && !cause.contains("canary"), "{cause}");
        }
        let helper = r#"{"credHelpers": {"r.io": "../../bin/sh"}}"#;
        let (_, cause) =
            in_configuration(helper.as_bytes(), "config.json", &Place::of("r.io/a")).unwrap_err();
        assert!(cause.contains("no name of a helper"), "{cause}");
    }

    #[test]
    fn variables_lead_to_the_files_in_their_order() {
        let files = |variables: &[(&str, &str)]| {
            let of = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let files = Logins::named_by(of).files;
            files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            files(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/u")]),
            ["/run/u/containers/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json"]
        );
        assert_eq!(
            files(&[("HOME", "/h"), ("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/a.json")]),
            ["/a.json", "/d/config.json"]
        );
    }
}

//! The secrets by which Argo CD comes to repositories: one for each address, or for all that begin alike.

use std::collections::BTreeMap;

use kube::core::DynamicObject;

use super::resources::{encoded, reached, secret, secret_name};
use crate::project::{Key, Repository, Source, SourceKind};
use crate::support::git::GitRemote;
use crate::support::secret::Secret;

type Data = BTreeMap<&'static str, String>;

/// The credentials of the manifests repository alone, never of a whole host.
pub(super) fn repository(
    namespace: &str,
    repository: &Repository,
) -> Result<DynamicObject, serde_json::Error> {
    let (remote, url) = reached(repository)?;
    let mut data = Data::from([("type", encoded("git")), ("url", encoded(&url))]);
    let in_address = remote.credentials();
    let password = repository.credentials.as_ref().or(in_address.map(|login| &login.password));
    let named = repository.username.as_deref().or(in_address.map(|login| login.username.as_str()));
    if let Some(key) = &repository.key {
        data.extend(of_key(key, repository.api.as_deref()));
    } else if let Some(password) = password {
        data.extend(of_password(named.or(remote.user().map(Secret::expose)), password));
    }
    if repository.insecure {
        data.insert("insecure", encoded("true"));
    }
    secret(namespace, &secret_name("repo", &url), "repository", &BTreeMap::new(), &data)
}

/// Of another repository, or of all whose addresses begin alike.
pub(super) fn source(namespace: &str, source: &Source) -> Result<DynamicObject, serde_json::Error> {
    let kind = match source.kind {
        SourceKind::Git => "git",
        SourceKind::Helm | SourceKind::HelmOci => "helm",
        SourceKind::Oci => "oci",
    };
    let url = source.url.expose();
    let mut data = Data::from([("type", encoded(kind)), ("url", encoded(url))]);
    if source.kind == SourceKind::HelmOci {
        data.insert("enableOCI", encoded("true"));
    }
    if !source.is_prefix {
        // Charts are named by it; of others it is what people see.
        data.insert("name", encoded(&source.name));
    }
    if let Some(key) = &source.key {
        data.extend(of_key(key, source.api.as_deref()));
    } else if let Some(password) = &source.credentials {
        let remote = GitRemote::new(&source.url, "").ok();
        let user = remote.as_ref().and_then(GitRemote::user).map(Secret::expose);
        data.extend(of_password(source.username.as_deref().or(user), password));
    }
    let flags = [("insecure", source.insecure), ("insecureOCIForceHttp", source.plain_http)];
    data.extend(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (name, encoded("true"))));
    data.extend(source.project.as_deref().map(|project| ("project", encoded(project))));
    let (kind, of) = if source.is_prefix { ("creds", "repo-creds") } else { ("repo", "repository") };
    secret(namespace, &secret_name(kind, url), of, &BTreeMap::new(), &data)
}

/// Hosts that take tokens want a name beside them, and do not care which.
fn of_password(username: Option<&str>, password: &Secret) -> Data {
    let username = username.unwrap_or("slipway");
    Data::from([("username", encoded(username)), ("password", encoded(password.expose()))])
}

fn of_key(key: &Key, api: Option<&str>) -> Data {
    match key {
        Key::Ssh(key) => Data::from([("sshPrivateKey", encoded(key.expose()))]),
        Key::GithubApp { id, installation, key } => {
            let mut data = Data::from([
                ("githubAppID", encoded(&id.to_string())),
                ("githubAppPrivateKey", encoded(key.expose())),
            ]);
            let number = installation.map(|number| ("githubAppInstallationID", encoded(&number.to_string())));
            data.extend(number);
            data.extend(api.map(|api| ("githubAppEnterpriseBaseUrl", encoded(api))));
            data
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Repository {
        Repository {
            url: "https://git.example/m.git".into(),
            username: None,
            credentials: None,
            key: None,
            insecure: false,
            forge: None,
            api: None,
        }
    }

    #[test]
    fn credentials_are_for_one_repository_and_absent_where_there_are_none() {
        let secret = repository("argocd", &open()).unwrap();
        assert_eq!(secret.metadata.labels.unwrap()["argocd.argoproj.io/secret-type"], "repository");
        assert!(secret.data["data"].get("password").is_none());
        let closed = Repository { credentials: Some(Secret::new("t0ken")), ..open() };
        let secret = repository("argocd", &closed).unwrap();
        assert_eq!(secret.data["data"]["password"], encoded("t0ken"));
    }

    #[test]
    fn every_kind_of_login_is_in_the_fields_that_argo_cd_reads() {
        let app = Key::GithubApp { id: 7, installation: Some(9), key: Secret::new("-----BEGIN A\n") };
        let with = |key: Key| Repository { key: Some(key), ..open() };
        let secret = repository("argocd", &with(app)).unwrap();
        let data = &secret.data["data"];
        assert_eq!(
            (&data["githubAppID"], &data["githubAppInstallationID"], &data["githubAppPrivateKey"]),
            (&encoded("7").into(), &encoded("9").into(), &encoded("-----BEGIN A\n").into())
        );
        let charts = Source {
            name: "charts".to_owned(),
            url: "registry.example/charts".into(),
            is_prefix: false,
            kind: SourceKind::HelmOci,
            username: Some("puller".to_owned()),
            credentials: Some(Secret::new("canary-pull")),
            key: None,
            insecure: false,
            plain_http: true,
            project: None,
            api: None,
        };
        let object = source("argocd", &charts).unwrap();
        let data = &object.data["data"];
        for (name, value) in
            [("type", "helm"), ("enableOCI", "true"), ("name", "charts"), ("insecureOCIForceHttp", "true")]
        {
            assert_eq!(data[name], encoded(value), "{name}");
        }
        let all =
            Source { is_prefix: true, kind: SourceKind::Git, url: "git@git.example:acme".into(), ..charts };
        let all = Source { key: Some(Key::Ssh(Secret::new("-----BEGIN S\n"))), credentials: None, ..all };
        let object = source("argocd", &all).unwrap();
        assert_eq!(object.metadata.labels.unwrap()["argocd.argoproj.io/secret-type"], "repo-creds");
        let data = &object.data["data"];
        assert_eq!((&data["sshPrivateKey"], data.get("password")), (&encoded("-----BEGIN S\n").into(), None));
    }
}

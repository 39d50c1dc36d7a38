//! The pieces of an address: what is before a `::`, behind a `//`, behind a `?`, and what is not for everybody's eyes.

use std::path::{Path, PathBuf};

use url::Url;

use super::login::Login;
use crate::engine::source::SourceError;
use crate::support::paths::clean;
use crate::support::secret::Secret;

/// Getters that only Terragrunt has.
const NOT_OURS: &[(&str, &str)] = &[
    ("gcs", "Google Cloud Storage"),
    ("hg", "Mercurial"),
    ("smb", "SMB shares"),
    ("oci", "OCI registries"),
    ("cas", "Terragrunt's own store"),
];

/// `s3` is the oldest region, `s3-eu-west-1` another one.
pub(super) fn region_of(label: &str) -> Option<&str> {
    match label.strip_prefix("s3") {
        Some("") => Some("us-east-1"),
        Some(rest) => rest.strip_prefix('-').filter(|region| !region.is_empty()),
        None => None,
    }
}

/// The parameters of an address, in order.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub fn read(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    pub fn without(&self, names: &[&str]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())));
        query.finish()
    }
}

/// `https://github.com/…` is read as `github.com/…` would be.
pub(super) fn without_scheme(text: &str) -> &str {
    let without = |scheme: &str| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    ["https://", "http://"].into_iter().find_map(without).unwrap_or(text)
}

/// `github.com/org/repo/sub`, `gitlab.com/…`, `bitbucket.org/…` and `git@host:org/repo` as full addresses.
pub(super) fn shorthand(text: &str) -> Result<Option<String>, SourceError> {
    for host in ["github.com", "gitlab.com", "bitbucket.org"] {
        let Some(rest) = text.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let (rest, module) = split_module(rest);
        let (rest, query) = rest.split_once('?').unwrap_or((&rest, ""));
        let parts: Vec<&str> = rest.split('/').collect();
        let [organisation, repository, folders @ ..] = parts.as_slice() else {
            return Err(SourceError::Invalid {
                source_text: text.into(),
                cause: format!("write {host}/ORGANISATION/REPOSITORY"),
            });
        };
        let repository = repository.strip_suffix(".git").unwrap_or(repository);
        let folders = folders.iter().copied().chain([module.as_str()]).filter(|part| !part.is_empty());
        let folder = folders.collect::<Vec<_>>().join("/");
        let slashes = if folder.is_empty() { "" } else { "//" };
        let mark = if query.is_empty() { "" } else { "?" };
        return Ok(Some(format!(
            "git::https://{host}/{organisation}/{repository}.git{slashes}{folder}{mark}{query}"
        )));
    }
    if text.starts_with("git@") {
        let (path, module) = split_module(text);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let slashes = if module.is_empty() { "" } else { "//" };
        let mark = if query.is_empty() { "" } else { "?" };
        return Ok(scp(path).map(|url| format!("git::{url}{slashes}{module}{mark}{query}")));
    }
    Ok(None)
}

/// `user@host:path` as an address with a scheme.
pub(super) fn scp(text: &str) -> Option<String> {
    let (user, rest) = text.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let plain = |part: &str| !part.is_empty() && !part.contains('/');
    (plain(user) && plain(host) && !path.is_empty())
        .then(|| format!("ssh://{user}@{host}/{}", path.trim_start_matches('/')))
}

/// `git::rest` as (`git`, rest).
pub(super) fn split_forced(text: &str) -> (Option<&str>, &str) {
    match text.split_once("::") {
        Some((kind, rest))
            if !kind.is_empty() && kind.bytes().all(|letter| letter.is_ascii_alphanumeric()) =>
        {
            (Some(kind), rest)
        }
        _ => (None, text),
    }
}

pub(super) fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"+.-".contains(&letter))
    })
}

/// Takes what stands behind `//` out of an address; the parameters stay with the address.
pub fn split_module(text: &str) -> (String, String) {
    let stop = text.find('?').unwrap_or(text.len());
    let (address, query) = text.split_at(stop);
    let start = address.find("://").map_or(0, |index| index + 3);
    let (scheme, rest) = address.split_at(start);
    match rest.split_once("//") {
        Some((root, module)) => (format!("{scheme}{root}{query}"), module.to_owned()),
        None => (text.to_owned(), String::new()),
    }
}

/// The folder behind `//`, which has to stay inside.
pub(super) fn module_folder(module: &str, text: &str) -> Result<PathBuf, SourceError> {
    let folder = clean(Path::new(module.trim_matches('/')));
    if folder.starts_with("..") {
        return Err(SourceError::Invalid {
            source_text: text.into(),
            cause: "what stands behind // leads out of the source".to_owned(),
        });
    }
    Ok(folder)
}

pub(super) fn parse(address: &str, text: &str) -> Result<Url, SourceError> {
    Url::parse(address)
        .map_err(|error| SourceError::Invalid { source_text: text.into(), cause: error.to_string() })
}

pub(super) fn take_login(url: &mut Url) -> Option<Login> {
    let decode = |text: &str| {
        let pair = format!("k={}", text.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let user = decode(url.username()).unwrap_or_default();
    let password = url.password().and_then(decode);
    // A user name alone may be the token itself.
    let login = match password {
        Some(password) => Login { user, password: Secret::new(password) },
        None if !user.is_empty() => Login { user, password: Secret::new("") },
        None => return None,
    };
    // Neither fails on an address with a host, which http has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(login)
}

pub(super) fn bad_port(address: &str) -> bool {
    let host = address.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let port = if host.starts_with('[') { host.rsplit_once("]:") } else { host.split_once(':') };
    port.is_some_and(|(_, port)| port.parse::<u16>().is_err())
}

pub(super) fn unsupported(text: &str, kind: &str) -> SourceError {
    let known = NOT_OURS.iter().find(|(name, _)| *name == kind).map(|(_, words)| *words);
    SourceError::Unsupported {
        source_text: text.into(),
        kind: known.map_or_else(|| format!("{kind}://"), str::to_owned),
    }
}

//! Where an image is: which registry, which repository in it, and how that registry is spoken to.

use std::net::IpAddr;

use url::Url;

use super::RegistryError;

/// The registry of images whose name says none.
const DOCKER_HUB: &str = "docker.io";
/// Where its images are; its web pages are elsewhere.
const API_OF_DOCKER_HUB: &str = "registry-1.docker.io";

/// A repository in a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Host and port, as images name it: `docker.io`, `registry.example:5000`.
    pub registry: String,
    /// The path of the repository: `library/nginx`.
    pub repository: String,
}

impl Place {
    /// Where an image of this name is. As Docker reads it: the first part is a registry where it looks like a host, and what
    /// has none is in Docker Hub.
    pub fn of(name: &str) -> Self {
        let is_host = |first: &str| {
            first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase())
        };
        let (registry, repository) = match name.split_once('/') {
            Some(("index.docker.io", rest)) => (DOCKER_HUB, rest),
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => (DOCKER_HUB, name),
        };
        let is_official = registry == DOCKER_HUB && !repository.contains('/');
        let repository = if is_official { format!("library/{repository}") } else { repository.to_owned() };
        Self { registry: registry.to_ascii_lowercase(), repository }
    }

    /// Whether it is on this machine, and so may be spoken to without encryption.
    pub fn is_loopback(&self) -> bool {
        let host = self.registry.rsplit_once(':').map_or(self.registry.as_str(), |(host, _)| host);
        is_loopback(host)
    }

    /// The address of something in the repository: `manifests/v2`, `blobs/sha256:…`.
    pub(super) fn url(&self, what: &str) -> Result<Url, RegistryError> {
        let scheme = if self.is_loopback() { "http" } else { "https" };
        let host = if self.registry == DOCKER_HUB { API_OF_DOCKER_HUB } else { &self.registry };
        let text = format!("{scheme}://{host}/v2/{}/{what}", self.repository);
        let unusable = |error: url::ParseError| RegistryError::Name {
            registry: self.registry.clone(),
            cause: error.to_string(),
        };
        Url::parse(&text).map_err(unusable)
    }

    /// The names under which logins for it may be kept.
    pub(super) fn names(&self) -> Vec<&str> {
        if self.registry == DOCKER_HUB {
            // By its first name Docker itself keeps it, until today.
            vec!["https://index.docker.io/v1/", "docker.io", "index.docker.io", API_OF_DOCKER_HUB]
        } else {
            vec![&self.registry]
        }
    }
}

/// Whether a host is this machine itself: by a name or a number that nobody else can have.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_registry_is_in_docker_hub() {
        for (name, registry, repository) in [
            ("nginx", "docker.io", "library/nginx"),
            ("docker.io/nginx", "docker.io", "library/nginx"),
            ("index.docker.io/org/app", "docker.io", "org/app"),
            ("org/app", "docker.io", "org/app"),
            ("ghcr.io/org/team/app", "ghcr.io", "org/team/app"),
            ("localhost/app", "localhost", "app"),
            ("registry:5000/app", "registry:5000", "app"),
        ] {
            let place = Place::of(name);
            assert_eq!((place.registry.as_str(), place.repository.as_str()), (registry, repository));
        }
        let url = Place::of("nginx").url("manifests/1.27").unwrap();
        assert_eq!(url.as_str(), "https://registry-1.docker.io/v2/library/nginx/manifests/1.27");
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_encryption() {
        for name in ["localhost/a", "localhost:5000/a", "127.0.0.1:5000/a", "127.3.2.1/a"] {
            assert_eq!(Place::of(name).url("manifests/v1").unwrap().scheme(), "http", "{name}");
        }
        for name in ["localhost.example/a", "127.0.0.1.example/a", "10.0.0.1:5000/a", "registry:5000/a"] {
            assert_eq!(Place::of(name).url("manifests/v1").unwrap().scheme(), "https", "{name}");
        }
    }
}

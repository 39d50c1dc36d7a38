//! Which forge has a repository: read from its address, said by somebody, or known from the pipeline that runs us.

use url::Url;

use super::error::ForgeError;
use crate::support::address::Address;

/// The kinds of forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GitHub, and GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

impl Kind {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "github" => Ok(Self::GitHub),
            "gitlab" => Ok(Self::GitLab),
            _ => Err(format!("{text:?} is no forge that is known here; it is github or gitlab")),
        }
    }
}

/// Where a repository is on its forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which kind.
    pub kind: Kind,
    /// The host of the repository, with its port where it has one.
    pub host: String,
    /// `owner/name`; on GitLab with all groups.
    pub path: String,
    /// Where its API is.
    pub api: Url,
}

impl Place {
    /// The place of a repository. `kind` and `api` are what somebody said of it; what `variable` reads of the environment of a
    /// pipeline counts for the pipeline's own forge only.
    pub fn of(
        repository: &str,
        kind: Option<Kind>,
        api: Option<&str>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ForgeError> {
        let (scheme, host, path) = split(repository)
            .ok_or_else(|| ForgeError::NoForge { url: Address::new(repository).to_string() })?;
        let known = |name: &str| variable(name).filter(|value| !value.is_empty());
        let at = |name: &str| known(name).as_deref().and_then(authority).is_some_and(|its| its == host);
        let (on_github, on_gitlab) = (
            at("GITHUB_SERVER_URL"),
            at("CI_SERVER_URL") || known("CI_SERVER_HOST").as_deref() == Some(&host),
        );
        let kind = match (kind, host.as_str()) {
            (Some(kind), _) => kind,
            (None, "github.com" | "ssh.github.com") => Kind::GitHub,
            (None, "gitlab.com" | "altssh.gitlab.com") => Kind::GitLab,
            (None, host) if host.ends_with(".ghe.com") => Kind::GitHub,
            _ if on_github => Kind::GitHub,
            _ if on_gitlab => Kind::GitLab,
            _ => return Err(ForgeError::Unknown { host }),
        };
        if path.split('/').count() < 2 || (kind == Kind::GitHub && path.split('/').count() != 2) {
            return Err(ForgeError::NoForge { url: Address::new(repository).to_string() });
        }
        let named = api.map(str::to_owned).or_else(|| match kind {
            Kind::GitHub if on_github => known("GITHUB_API_URL"),
            Kind::GitLab if on_gitlab => known("CI_API_V4_URL"),
            _ => None,
        });
        let written = named.unwrap_or_else(|| match (kind, host.as_str()) {
            (Kind::GitHub, "github.com" | "ssh.github.com") => "https://api.github.com".to_owned(),
            (Kind::GitHub, host) if host.ends_with(".ghe.com") => format!("https://api.{host}"),
            (Kind::GitHub, host) => format!("{scheme}://{host}/api/v3"),
            (Kind::GitLab, "altssh.gitlab.com") => "https://gitlab.com/api/v4".to_owned(),
            (Kind::GitLab, host) => format!("{scheme}://{host}/api/v4"),
        });
        let wrong = |problem| ForgeError::Api { url: Address::new(written.as_str()), problem };
        let api =
            Url::parse(&written).map_err(|_| wrong("it is no address; write it like https://HOST/api/v3"))?;
        if !api.username().is_empty() || api.password().is_some() {
            return Err(wrong("it holds a login; the token is told beside it"));
        }
        // A token goes there: in the clear only to where the repository itself is spoken to so.
        if api.scheme() != "https"
            && !(api.scheme() == "http" && scheme == "http" && authority(&written) == Some(host.clone()))
        {
            return Err(wrong("a token is sent by https only"));
        }
        Ok(Self { kind, host, path, api })
    }
}

impl Place {
    /// Whether a server's address is that of the repository's host.
    pub fn is_at(&self, server: &str) -> bool {
        authority(server).is_some_and(|its| its == self.host)
    }
}

/// Scheme of the API (`https` of everything but `http`), host with port, and path of a repository's address.
fn split(repository: &str) -> Option<(&'static str, String, String)> {
    let (scheme, host, path) = if let Ok(url) = Url::parse(repository).map_err(drop)
        && url.has_host()
    {
        let scheme = match url.scheme() {
            "http" => "http",
            "https" | "ssh" | "git+ssh" => "https",
            _ => return None,
        };
        let host = url.host_str()?.to_owned();
        // The port of ssh says nothing about the API's.
        let port = url.port().filter(|_| matches!(url.scheme(), "http" | "https"));
        (scheme, port.map_or(host.clone(), |port| format!("{host}:{port}")), url.path().to_owned())
    } else {
        let (host, path) = repository
            .split_once(':')
            .filter(|(host, path)| !host.contains('/') && !path.starts_with("//"))?;
        ("https", host.rsplit('@').next().unwrap_or(host).to_owned(), path.to_owned())
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    (!path.is_empty() && !host.is_empty()).then(|| (scheme, host.to_lowercase(), path.to_owned()))
}

/// Host and port of an address.
fn authority(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, variables: &[(&str, &str)]) -> Result<Place, ForgeError> {
        Place::of(url, None, None, &|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_repository_is_found_by_its_address_however_it_is_written() {
        for url in [
            "https://github.com/org/manifests.git",
            "https://github.com/org/manifests/",
            "git@github.com:org/manifests.git",
            "ssh://git@ssh.github.com:443/org/manifests.git",
        ] {
            let place = place(url, &[]).unwrap();
            assert_eq!((place.kind, place.path.as_str()), (Kind::GitHub, "org/manifests"), "{url}");
            assert_eq!(place.api.as_str(), "https://api.github.com/");
        }
        let gitlab = place("git@gitlab.com:group/sub/manifests.git", &[]).unwrap();
        assert_eq!(
            (gitlab.path.as_str(), gitlab.api.as_str()),
            ("group/sub/manifests", "https://gitlab.com/api/v4")
        );
        for none in [
            "/srv/manifests.git",
            "file:///srv/manifests.git",
            "https://github.com/org",
            "https://github.com/a/b/c",
        ] {
            assert!(matches!(place(none, &[]), Err(ForgeError::NoForge { .. })), "{none}");
        }
        assert!(matches!(place("https://git.example.com/a/b", &[]), Err(ForgeError::Unknown { .. })));
    }

    #[test]
    fn what_a_pipeline_says_counts_for_its_own_host_only() {
        let there = [
            ("GITHUB_SERVER_URL", "https://ghe.example.com"),
            ("GITHUB_API_URL", "https://ghe.example.com/api/v3"),
        ];
        assert_eq!(place("https://ghe.example.com/a/b", &there).unwrap().kind, Kind::GitHub);
        assert_eq!(place("https://github.com/a/b", &there).unwrap().api.as_str(), "https://api.github.com/");
        let gitlab = [
            ("CI_SERVER_URL", "https://git.example.com"),
            ("CI_API_V4_URL", "https://git.example.com/lab/api/v4"),
        ];
        let place_ = place("https://git.example.com/a/b", &gitlab).unwrap();
        assert_eq!((place_.kind, place_.api.path()), (Kind::GitLab, "/lab/api/v4"));
        assert!(place("https://other.example.com/a/b", &gitlab).is_err());
    }

    #[test]
    fn a_token_goes_nowhere_in_the_clear_but_where_git_does_so_too() {
        let of = |url: &str, api: &str| Place::of(url, Some(Kind::GitHub), Some(api), &|_| None);
        assert!(of("https://ghe.example.com/a/b", "http://ghe.example.com/api/v3").is_err());
        assert!(of("http://127.0.0.1:8080/a/b", "http://127.0.0.1:8080/api/v3").is_ok());
        assert!(of("http://127.0.0.1:8080/a/b", "http://other.example.com/api/v3").is_err());
        let error =
            of("https://ghe.example.com/a/b", "https://u:canary-api-word@ghe.example.com/").unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

//! Whether two addresses mean one repository, however they are spelled.

use super::percent_decode;

/// Hosts that are another by the port that firewalls let through.
const DOORS: &[(&str, &str)] = &[
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// What two addresses say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// They mean one repository.
    Same,
    /// They mean two.
    Different,
    /// The repository is called the same, and only what is in it can tell: a mirror, or another door to one server.
    Unsure,
}

/// Compares the addresses of two repositories as Argo CD does (`.git`, letter case, `git@host:path` for
/// `ssh://git@host/path`), and beyond that by what cannot make a difference: logins, default ports, escapes, slashes,
/// and whether a server is spoken to by https or by ssh.
pub fn sameness(one: &str, other: &str) -> Sameness {
    let (one, other) = (Place::of(one), Place::of(other));
    let same_door = one.transport == other.transport;
    if one.host == other.host && one.path == other.path && (!same_door || one.port == other.port) {
        return Sameness::Same;
    }
    let name = |place: &Place| place.path.rsplit('/').next().unwrap_or_default().to_owned();
    if name(&one) != name(&other) || (same_door && one.host == other.host && one.port == other.port) {
        return Sameness::Different;
    }
    Sameness::Unsure
}

#[derive(Debug, PartialEq, Eq)]
enum Transport {
    Web,
    Ssh,
    Local,
    Other(String),
}

#[derive(Debug)]
struct Place {
    transport: Transport,
    host: String,
    /// None where it is the transport's own.
    port: Option<String>,
    path: String,
}

impl Place {
    fn of(address: &str) -> Self {
        let address = address.trim().to_lowercase();
        let Some((scheme, rest)) = address.split_once("://") else {
            return match scp(&address) {
                Some((host, path)) => Self::at(Transport::Ssh, host, None, path),
                None => Self::at(Transport::Local, "", None, &address),
            };
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
        // The colons of an IPv6 address are in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (authority, ""),
        };
        let (transport, default) = match scheme {
            "https" => (Transport::Web, "443"),
            "http" => (Transport::Web, "80"),
            "ssh" | "git+ssh" | "ssh+git" => (Transport::Ssh, "22"),
            "file" => (Transport::Local, ""),
            "git" => (Transport::Other(scheme.to_owned()), "9418"),
            other => (Transport::Other(other.to_owned()), ""),
        };
        let host = if transport == Transport::Local && host == "localhost" { "" } else { host };
        Self::at(transport, host, Some(port).filter(|port| !port.is_empty() && *port != default), path)
    }

    fn at(transport: Transport, host: &str, port: Option<&str>, path: &str) -> Self {
        let host = percent_decode(host.trim_end_matches('.'));
        // Names in other letters have a form of their own in ASCII.
        let host = url::Host::parse(&host).map_or(host, |host| host.to_string());
        let door = DOORS.iter().find(|(door, _)| *door == host);
        let path = percent_decode(path).to_lowercase();
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        let mut path = parts.collect::<Vec<_>>().join("/");
        if let Some(bare) = path.strip_suffix(".git") {
            path.truncate(bare.trim_end_matches('/').len());
        }
        Self {
            transport,
            host: door.map_or(host, |(_, house)| (*house).to_owned()),
            port: port.filter(|_| door.is_none()).map(str::to_owned),
            path,
        }
    }
}

/// The host and the path of `user@host:path`; a colon behind a slash is part of a path.
fn scp(address: &str) -> Option<(&str, &str)> {
    let start = address.split_once('@').filter(|(user, _)| !user.contains(['/', ':']));
    let rest = start.map_or(address, |(_, rest)| rest);
    let (host, path) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, path)) => (rest.get(..host.len() + 2)?, path),
        None => rest.split_once(':')?,
    };
    (!host.contains('/') && !host.is_empty()).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_in_many_spellings_is_one() {
        let spellings = [
            "https://git.example.com/org/m%20anifests.git",
            "https://git.example.com/org/m anifests",
            "https://GIT.example.com/Org/m%20Anifests.git/",
            "https://user@git.example.com:443/org//m%20anifests.git",
            "https://user:pa%40ss@git.example.com./org/m%20anifests",
            "http://git.example.com:80/org/m%20anifests",
            "git@git.example.com:org/m anifests.git",
            "deploy@git.example.com:/org/m%20anifests",
            "ssh://git@git.example.com/org/m%20anifests.git",
            "ssh://git.example.com:22/org/m%20anifests.git",
            "  git.example.com:org/m anifests.git ",
        ];
        for one in spellings {
            for other in spellings {
                assert_eq!(sameness(one, other), Sameness::Same, "{one} and {other}");
            }
        }
    }

    #[test]
    fn folders_hosts_in_other_letters_and_doors_through_a_firewall_are_known() {
        for (one, other) in [
            ("file:///srv/m.git", "/srv/m"),
            ("file://localhost/srv/m.git", "file:///srv/./m.git/"),
            ("https://bücher.example/m", "https://xn--bcher-kva.example/m.git"),
            ("ssh://git@ssh.github.com:443/org/m.git", "git@github.com:org/m.git"),
            ("ssh://git@ssh.github.com:443/org/m.git", "https://github.com/org/m"),
            ("ssh://[::1]:22/m", "git@[::1]:m.git"),
        ] {
            assert_eq!(sameness(one, other), Sameness::Same, "{one} and {other}");
        }
    }

    #[test]
    fn others_are_others_and_what_only_the_content_can_tell_is_not_guessed() {
        for (one, other) in [
            ("https://git.example.com/org/m", "https://git.example.com/org/n"),
            ("https://git.example.com/org/m", "https://git.example.com/other/m"),
            ("https://git.example.com/org/m", "https://mirror.example.com/org/charts"),
            ("/srv/a/m", "/srv/b/m"),
            ("/srv/a:b/m", "/srv/a:c/m"),
        ] {
            assert_eq!(sameness(one, other), Sameness::Different, "{one} and {other}");
        }
        for (one, other) in [
            ("https://git.example.com/org/m", "https://mirror.example.com/org/m"),
            ("https://bitbucket.example.com/scm/org/m.git", "ssh://git@bitbucket.example.com:7999/org/m.git"),
            ("https://dev.azure.com/org/p/_git/m", "git@ssh.dev.azure.com:v3/org/p/m"),
            ("https://git.example.com/org/m", "https://git.example.com:8443/org/m"),
        ] {
            assert_eq!(sameness(one, other), Sameness::Unsure, "{one} and {other}");
        }
    }
}

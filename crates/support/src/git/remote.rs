//! A remote repository: what of its address git is told in arguments, and what in the environment of one command.

use std::borrow::Cow;
use std::ops::Range;

use url::Url;

use crate::address::Address;
use crate::address::spans::{in_address, percent_decode};
use crate::secret::Secret;

/// The user name sent with a token where none is given: GitHub's for its app tokens; other forges take any.
const TOKEN_USER: &str = "x-access-token";

/// A user name that is longer, with no password, is a token.
const SHORTEST_TOKEN: usize = 20;

/// A user name and a token for one repository.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Forges that read a token as the password take any name here.
    pub username: String,
    /// The password or token.
    pub password: Secret,
}

/// A remote repository's branch, and how to be let in.
#[derive(Debug, Clone)]
pub struct GitRemote {
    /// As it was written.
    address: Address,
    /// What git is told: no part of it is secret.
    url: String,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// None leaves it to the user's own Git configuration.
    credentials: Option<Credentials>,
    /// The name to be let in by, whose password the user's own Git configuration knows.
    user: Option<Secret>,
}

impl GitRemote {
    /// Takes the login out of an address. A user name without a password is left to the user's own credential helper,
    /// unless it can only be a token. Refuses, with the reason, what git could be told in its arguments only.
    pub fn new(address: &Address, branch: impl Into<String>) -> Result<Self, &'static str> {
        let written = address.expose();
        let mut remote = Self {
            address: address.clone(),
            url: written.to_owned(),
            branch: branch.into(),
            credentials: None,
            user: None,
        };
        match Url::parse(written) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => remote.take_login(url),
            // SSH takes keys, and would show the password to everybody.
            _ => remote.url = without_password(written).into_owned(),
        }
        // A user name alone has to be told; anything else that is hidden would be there for everybody to read.
        let is_user = |range: &Range<usize>| {
            range.start == 0 || remote.url.get(..range.start).is_some_and(|before| before.ends_with('/'))
        };
        if !in_address(&remote.url).iter().all(is_user) {
            return Err("git would show a part of it to every user of this machine; write a token as \
                        https://TOKEN@HOST/…, or leave it to a credential helper");
        }
        let one_line = |text: &str| !text.contains(['\n', '\r', '\0']);
        let login = remote.credentials.as_ref().is_none_or(|credentials| {
            one_line(&credentials.username) && one_line(credentials.password.expose())
        });
        let user = remote.user.as_ref().is_none_or(|user| one_line(user.expose()));
        if login && user {
            Ok(remote)
        } else {
            Err("its user name or password holds a line break; remove it")
        }
    }

    fn take_login(&mut self, mut url: Url) {
        let user = percent_decode(url.username());
        let password = url.password().map(percent_decode).filter(|password| !password.is_empty());
        // Both fail on addresses that cannot hold a login, which are none with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        self.url = url.to_string();
        match password {
            Some(password) => self.log_in(Some(user).filter(|user| !user.is_empty()), Secret::new(password)),
            None if user.is_empty() => {}
            None if user.len() < SHORTEST_TOKEN => self.user = Some(Secret::new(user)),
            // Forges take a token as the password of anybody.
            None => self.log_in(None, Secret::new(user)),
        }
    }

    fn log_in(&mut self, username: Option<String>, password: Secret) {
        let username = username.unwrap_or_else(|| TOKEN_USER.to_owned());
        self.credentials = Some(Credentials { username, password });
    }

    /// A remote with a login that was given beside the address, which comes before one in it. Only `http` and `https`
    /// take one.
    pub fn with_login(
        mut self,
        username: Option<String>,
        password: Option<Secret>,
    ) -> Result<Self, &'static str> {
        let password = password.filter(|password| !password.is_empty());
        let is_web = self.url.starts_with("http://") || self.url.starts_with("https://");
        if !is_web {
            if password.is_some() && self.speaks_ssh() {
                return Err(
                    "a token serves an https address only; write one, or leave the token out and use a key",
                );
            }
            return Ok(self);
        }
        let one_line = |text: &str| !text.contains(['\n', '\r', '\0']);
        if !password.as_ref().is_none_or(|password| one_line(password.expose()))
            || !username.as_deref().is_none_or(one_line)
        {
            return Err("the user name or the token holds a line break; remove it");
        }
        let (in_address, found) = match (self.credentials.take(), self.user.take()) {
            (Some(credentials), _) => (Some(credentials.username), Some(credentials.password)),
            (None, user) => (user.map(|user| user.expose().to_owned()), None),
        };
        let username = username.or(in_address);
        match password.or(found) {
            Some(password) => self.log_in(username, password),
            None => self.user = username.map(Secret::new),
        }
        Ok(self)
    }

    /// This repository where its server says that it is; none where that is another server, which the login is not for.
    pub fn redirected(&self, to: &str) -> Option<Self> {
        let (from, to) = (Url::parse(&self.url).ok()?, Url::parse(to).ok()?);
        let is_up =
            from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
        let same_server = from.host_str().is_some()
            && from.host_str() == to.host_str()
            && (is_up || (from.scheme() == to.scheme() && from.port() == to.port()));
        let is_plain = to.username().is_empty() && to.password().is_none() && to.query().is_none();
        let moved = same_server && is_plain && from != to;
        moved.then(|| Self { url: to.to_string(), ..self.clone() })
    }

    /// What git is told: no part of it is secret.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What git answers with where the remote asks.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Whose password the user's own configuration is asked for.
    pub fn user(&self) -> Option<&Secret> {
        self.user.as_ref()
    }

    /// What a command said, without the secrets of this remote.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = self.address.redact(text).into_owned();
        match &self.credentials {
            Some(credentials) => credentials.password.redact(&text),
            None => text,
        }
    }

    pub(super) fn speaks_ssh(&self) -> bool {
        self.url.starts_with("ssh://") || (!self.url.contains("://") && self.url.contains(':'))
    }
}

/// `ssh://user:password@host` and `user:password@host:path` with the user only.
fn without_password(written: &str) -> Cow<'_, str> {
    let start = written.find("://").map_or(0, |index| index + 3);
    let end =
        written.get(start..).and_then(|rest| rest.find('/')).map_or(written.len(), |index| start + index);
    let authority = written.get(start..end).unwrap_or_default();
    let Some((login, host)) = authority.rsplit_once('@') else { return Cow::Borrowed(written) };
    let Some((user, _)) = login.split_once(':') else { return Cow::Borrowed(written) };
    let (before, behind) = (written.get(..start).unwrap_or_default(), written.get(end..).unwrap_or_default());
    Cow::Owned(format!("{before}{user}@{host}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What git is told, the user name and the password that it answers with, and the name it asks a password for.
    fn taken(address: &str) -> (String, Option<(String, String)>, Option<String>) {
        let remote = GitRemote::new(&Address::new(address), "main").unwrap();
        let login =
            remote.credentials().map(|login| (login.username.clone(), login.password.expose().to_owned()));
        (remote.url().to_owned(), login, remote.user().map(|user| user.expose().to_owned()))
    }

    #[test]
    fn logins_are_taken_out_of_what_git_is_told() {
        let url = || "https://h.example.com/m.git".to_owned();
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(taken("https://ci:p%40ss@h.example.com/m.git"), (url(), login("ci", "p@ss"), None));
        assert_eq!(taken("https://:t@h.example.com/m.git"), (url(), login(TOKEN_USER, "t"), None));
        let token = "hunter2-hunter2-hunter2";
        assert_eq!(
            taken(&format!("https://{token}@h.example.com/m.git")),
            (url(), login(TOKEN_USER, token), None)
        );
        // It may be a token as well, or the name that the user's helper knows the password to.
        assert_eq!(taken("https://bob@h.example.com/m.git"), (url(), None, Some("bob".to_owned())));
        assert_eq!(taken("https://h.example.com/m.git"), (url(), None, None));
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_server_only() {
        let moved = |from: &str, to: &str| {
            let remote = GitRemote::new(&Address::new(from), "main").unwrap();
            remote.redirected(to).map(|remote| remote.url().to_owned())
        };
        let from = "https://ci:hunter2@h.example.com/m";
        assert_eq!(moved(from, "https://h.example.com/new.git").unwrap(), "https://h.example.com/new.git");
        assert!(moved("http://h.example.com/m", "https://h.example.com/m").is_some());
        for to in [
            "https://other.example.com/m.git",
            "https://h.example.com:8443/m.git",
            "http://h.example.com/m.git",
            "https://h.example.com/m",
            "https://x@h.example.com/m.git",
            "https://h.example.com/m.git?token=1",
            "ssh://h.example.com/m.git",
            "nowhere",
        ] {
            assert_eq!(moved(from, to), None, "{to}");
        }
        assert_eq!(moved("git@h.example.com:m", "https://h.example.com/m.git"), None);
    }

    #[test]
    fn ssh_is_told_no_password() {
        assert_eq!(taken("ssh://git:hunter2@h:22/m.git").0, "ssh://git@h:22/m.git");
        assert_eq!(taken("git:hunter2@h:org/m.git").0, "git@h:org/m.git");
        assert_eq!(taken("git@h:org/m.git").0, "git@h:org/m.git");
        assert_eq!(taken("file:///srv/a@b:c/m.git").0, "file:///srv/a@b:c/m.git");
    }

    #[test]
    fn a_parameter_that_may_be_secret_is_refused_and_not_shown() {
        for address in [
            "https://h/m.git?access_token=hunter2",
            "ssh://git@h/m.git?x=hunter2",
            "https://h/m#t=hunter2",
            "ssh://git:hun/ter2@h/m",
        ] {
            let refused = GitRemote::new(&Address::new(address), "main").unwrap_err();
            assert!(refused.contains("credential helper") && !refused.contains("hunter2"));
        }
        assert_eq!(taken("https://h/m.git?version=1").0, "https://h/m.git?version=1");
    }

    #[test]
    fn a_login_beside_the_address_comes_before_the_one_in_it() {
        let with = |address: &str, user: Option<&str>, password: Option<&str>| {
            let remote = GitRemote::new(&Address::new(address), "main").unwrap();
            let remote = remote.with_login(user.map(str::to_owned), password.map(Secret::new))?;
            Ok::<_, &str>((
                remote
                    .credentials()
                    .map(|login| (login.username.clone(), login.password.expose().to_owned())),
                remote.user().map(|user| user.expose().to_owned()),
            ))
        };
        let login = |user: &str, password: &str| Ok((Some((user.to_owned(), password.to_owned())), None));
        assert_eq!(with("https://ci:old@h/m.git", None, Some("new")), login("ci", "new"));
        assert_eq!(with("https://ci:old@h/m.git", Some("me"), None), login("me", "old"));
        assert_eq!(with("https://bob@h/m.git", None, Some("t")), login("bob", "t"));
        assert_eq!(with("https://h/m.git", None, Some("t")), login(TOKEN_USER, "t"));
        assert_eq!(with("https://h/m.git", Some("me"), None), Ok((None, Some("me".to_owned()))));
        assert_eq!(with("https://h/m.git", None, Some("")), Ok((None, None)));
        for address in ["git@github.com:org/m.git", "ssh://git@github.com/org/m.git"] {
            assert!(with(address, None, Some("hunter2")).unwrap_err().contains("https"));
        }
        assert!(with("https://h/m.git", None, Some("a\nb")).is_err());
    }
}

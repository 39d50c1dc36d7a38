//! Where in an address the secrets are.

use std::ops::Range;

/// What stands where a secret of an address was.
pub const HIDDEN: &str = "…";

/// Parameters that are shown with their values: they say what is fetched.
const SHOWN: &[&str] = &[
    "archive",
    "aws_profile",
    "branch",
    "checksum",
    "depth",
    "digest",
    "filename",
    "ref",
    "region",
    "rev",
    "tag",
    "terraform-get",
    "version",
];

/// User names that are the same for everybody, and so tell nothing.
pub(super) const EVERYBODY: &[&str] = &[
    "forgejo",
    "git",
    "gitea",
    "gitlab",
    "gitlab-ci-token",
    "gogs",
    "hg",
    "oauth2",
    "svn",
    "x-access-token",
    "x-token-auth",
];

/// The parts of an address that are not shown, in their order.
pub fn in_address(text: &str) -> Vec<Range<usize>> {
    // Most are paths.
    if !text.contains(['@', '?', '#', '=']) {
        return Vec::new();
    }
    let mut start = 0;
    while let Some(rest) = text.get(start..)
        && let Some((forced, _)) = rest.split_once("::")
        && !forced.is_empty()
        && forced.bytes().all(|letter| letter.is_ascii_alphanumeric())
    {
        start += forced.len() + 2;
    }
    let scheme = text.get(start..).and_then(|rest| rest.find("://"));
    let scheme =
        scheme.filter(|end| !text.get(start..start + end).unwrap_or_default().contains(['/', '?', '@', '#']));
    let from = scheme.map_or(start, |end| start + end + 3);
    let rest = text.get(from..).unwrap_or_default();
    let mut found = Vec::new();
    let login = login(rest, scheme.is_some()).or_else(|| digits(rest, scheme.is_some()));
    found.extend(login.iter().flat_map(|end| of_login(rest, *end)));
    let behind = login.unwrap_or_default();
    let query = rest.get(behind..).and_then(|rest| rest.find(['?', '#'])).map(|index| behind + index);
    if let Some(query) = query {
        found.extend(of_parameters(rest, query, |name, value| !SHOWN.contains(&name) || holds_more(value)));
    }
    found.into_iter().map(|range| range.start + from..range.end + from).collect()
}

/// The secrets of an address that is met within a text, from behind its `://`. Whoever reads the text wants to know as much of
/// it as may be: of parameters only those are hidden whose names say that they are secrets.
pub fn in_text(rest: &str) -> Vec<Range<usize>> {
    let end = rest
        .find(|letter: char| letter.is_whitespace() || letter.is_control() || "\"'`<>\\|".contains(letter));
    let rest = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let login = login(rest, true).or_else(|| digits(rest, true).filter(|_| !names_a_host(rest)));
    let mut found: Vec<_> = login.iter().flat_map(|end| of_login(rest, *end)).collect();
    let behind = login.unwrap_or_default();
    let query = rest.get(behind..).and_then(|rest| rest.find(['?', '#'])).map(|index| behind + index);
    if let Some(query) = query {
        found.extend(of_parameters(rest, query, |name, value| is_secret(name) || holds_more(value)));
    }
    found
}

/// Where the `@` behind user name and password is, if there is one.
fn login(rest: &str, has_scheme: bool) -> Option<usize> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    if let Some(at) = authority.rfind('@') {
        let (user, host) = (authority.get(..at)?, authority.get(at + 1..)?);
        // A folder may be called `modules@v1`.
        let is_login = !user.starts_with('.') && (user.contains(':') || host.contains(':'));
        return (has_scheme || is_login).then_some(at);
    }
    // A password with a `/` in it ends the authority too early: what is behind the colon is no port then.
    let (host, port) = authority.rsplit_once(':')?;
    let is_host = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
    let is_port = (port.is_empty() || port.parse::<u16>().is_ok()) && is_host || authority.ends_with(']');
    if is_port || !has_scheme { None } else { rest.rfind('@') }
}

/// The end of a password that begins with digits and has a `/` in it, so that they read as a port:
/// `user:1234/56@host.example`. What is behind the `@` has to have the form of a host.
fn digits(rest: &str, has_scheme: bool) -> Option<usize> {
    let end = rest.find(['/', '?', '#']).filter(|_| has_scheme)?;
    let (authority, behind) = rest.split_at_checked(end)?;
    let (user, port) = authority.rsplit_once(':')?;
    let at = behind.rfind('@')?;
    let before = behind.get(1..at)?;
    let host = behind.get(at + 1..)?;
    let host = host.get(..host.find(['/', '?', '#']).unwrap_or(host.len()))?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-.:_".contains(letter);
    let is_host = host.chars().all(plain) && (host.contains(['.', ':']) || host == "localhost");
    let is_login = is_doubtful(port) && !user.is_empty() && !user.ends_with(']');
    // Behind a `/` it begins a name: `host:8443/@scope/package`.
    (is_login && is_host && !before.is_empty() && !before.ends_with('/')).then_some(end + at)
}

/// Whether what stands before a port may well be a host, as it is in most texts.
fn names_a_host(rest: &str) -> bool {
    let host = rest.split(':').next().unwrap_or_default();
    host.contains('.') || host == "localhost"
}

/// Whether what is taken for a password begins as a port would.
pub fn is_doubtful(password: &str) -> bool {
    password.split(['/', '?', '#']).next().is_some_and(|port| port.parse::<u16>().is_ok())
}

/// What of `user:password` is hidden.
fn of_login(rest: &str, at: usize) -> Vec<Range<usize>> {
    let login = rest.get(..at).unwrap_or_default();
    let (user, password) = match login.find(':') {
        Some(colon) => (0..colon, colon + 1..at),
        None => (0..at, at..at),
    };
    let name = rest.get(user.clone()).unwrap_or_default();
    let user = (!name.is_empty() && !EVERYBODY.contains(&name)).then_some(user);
    user.into_iter().chain((!password.is_empty()).then_some(password)).collect()
}

/// The values of parameters that are to be hidden; what separates parameters is not told by every server alike.
fn of_parameters(rest: &str, from: usize, is_hidden: impl Fn(&str, &str) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = from + 1;
    for part in rest.get(start..).unwrap_or_default().split(['?', '&', ';', '#']) {
        let end = start + part.len();
        match part.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_hidden(&percent_decode(name), value) => {
                found.push(end - value.len()..end);
            }
            // A word alone has no name that would say what it is; short ones are switches.
            None if part.len() > 12 && !SHOWN.contains(&part) => found.push(start..end),
            _ => {}
        }
        start = end + 1;
    }
    found
}

/// Whether a value is an address with secrets of its own, such as `checksum=file:https://…`.
fn holds_more(value: &str) -> bool {
    let value = percent_decode(value);
    let inner = value.strip_prefix("file:").unwrap_or(&value);
    inner.contains("://") && !in_address(inner).is_empty()
}

/// Whether the name of a parameter says that its value is for nobody's eyes.
pub fn is_secret(name: &str) -> bool {
    const WITHIN: &[&str] = &["token", "secret", "passw", "signature", "credential", "sshkey"];
    const WHOLE: &[&str] = &["sig", "key", "apikey", "auth", "pwd", "pass", "jwt", "code"];
    let name = name.to_ascii_lowercase().replace('-', "_");
    WITHIN.iter().any(|part| name.contains(part))
        || WHOLE.contains(&name.as_str())
        || name.ends_with("_key")
        || name.ends_with("accesskeyid")
}

/// `%40` is `@`; what is no valid escape stays as it is.
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = (first == b'%').then(|| tail.split_at_checked(2)).flatten();
        let escaped = digits.and_then(|(digits, behind)| {
            let plain = digits.iter().all(u8::is_ascii_hexdigit);
            let digits = std::str::from_utf8(digits).ok().filter(|_| plain)?;
            Some((u8::from_str_radix(digits, 16).ok()?, behind))
        });
        let (byte, behind) = escaped.unwrap_or((first, tail));
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! HTTP for sources: redirects, proxies, logins, and files that are written as they come.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;
use url::Url;

use super::SourceError;
use super::address::Login;
use super::named::url_refusal;
use crate::support::confined::Root;
use crate::support::fs::{FileError, read_text};
use crate::support::paths::folder;
use crate::support::secret::Secret;

/// How long a server may take to begin its answer, or to go on with it.
const SILENCE: Duration = Duration::from_mins(1);
const CONNECT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 10;
/// Answers that are read into memory: those of registries.
const MOST_TEXT: usize = 8 << 20;
/// Archives larger than this are no modules.
pub(super) const MOST_FILE: u64 = 1 << 30;

/// Credentials of one request.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    Basic(Login),
    Bearer(Secret),
}

impl Authorization {
    fn header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Basic(login) => {
                format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password.expose())))
            }
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// An answer whose body is yet to come.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Where the redirects ended.
    pub url: Url,
    body: Incoming,
}

impl Answer {
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// The whole body as text.
    pub async fn text(mut self) -> Result<String, SourceError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_TEXT {
                return Err(answer(&self.url, "it is far too long"));
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes the body into a file.
    pub async fn save(mut self, path: &Path) -> Result<(), SourceError> {
        let mut file = Root::at(folder(path))?.create_new(path)?;
        let mut length = 0_u64;
        while let Some(chunk) = self.chunk().await? {
            length += chunk.len() as u64;
            if length > MOST_FILE {
                return Err(answer(&self.url, &format!("it is larger than {} GiB", MOST_FILE >> 30)));
            }
            file.write_all(&chunk).map_err(FileError::on("write", path))?;
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            let frame = tokio::time::timeout(SILENCE, self.body.frame()).await;
            let frame = frame.map_err(|_| unreachable(&self.url, "it fell silent"))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(unreachable(&self.url, &chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

type Direct = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// The way to web servers.
#[derive(Debug, Default)]
pub(super) struct Web {
    direct: OnceCell<Direct>,
}

impl Web {
    /// Gets an address, following redirects; credentials go to the address's own host and to no other.
    pub async fn get(
        &self,
        url: &Url,
        authorization: Option<&Authorization>,
        extra: &[(header::HeaderName, String)],
    ) -> Result<Answer, SourceError> {
        let mut current = url.clone();
        for _ in 0..MOST_REDIRECTS {
            let same_host = current.origin() == url.origin();
            let mut request = Request::get(current.as_str()).header(header::USER_AGENT, "slipway");
            for (name, value) in extra {
                request = request.header(name, value);
            }
            if let Some(value) = authorization.filter(|_| same_host).and_then(Authorization::header) {
                request = request.header(header::AUTHORIZATION, value);
            }
            let request = request.body(Empty::new()).map_err(|error| answer(&current, &error.to_string()))?;
            let response = tokio::time::timeout(SILENCE, self.send(request)).await;
            let response = response
                .map_err(|_| unreachable(&current, "it does not answer"))?
                .map_err(|cause| unreachable(&current, &cause))?;
            let (parts, body) = response.into_parts();
            let location = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| is_redirect(parts.status)) else {
                return Ok(Answer { status: parts.status, headers: parts.headers, url: current, body });
            };
            let next = current.join(location).map_err(|error| answer(&current, &error.to_string()))?;
            if let Some(cause) = url_refusal(&next, &current) {
                return Err(answer(&current, cause));
            }
            current = next;
        }
        Err(answer(url, "it leads on and on"))
    }

    async fn send(&self, request: Request<Empty<Bytes>>) -> Result<http::Response<Incoming>, String> {
        let uri = request.uri().clone();
        if let Some(proxy) = Matcher::from_env().intercept(&uri) {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), connector());
            if let Some(login) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(login.clone());
            }
            let client = Client::builder(TokioExecutor::new()).build(secured(tunnel)?);
            return client.request(request).await.map_err(|error| chain(&error));
        }
        let direct =
            async { Ok::<_, String>(Client::builder(TokioExecutor::new()).build(secured(connector())?)) };
        self.direct.get_or_try_init(|| direct).await?.request(request).await.map_err(|error| chain(&error))
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT));
    connector
}

/// TLS with the certificates that the machine trusts (`SSL_CERT_FILE` names others).
fn secured<C>(connector: C) -> Result<HttpsConnector<C>, String> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .map_err(|error| format!("the machine's certificates cannot be read: {error}"))?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// An error with its causes: the outermost of hyper's says very little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

fn unreachable(url: &Url, cause: &str) -> SourceError {
    SourceError::Unreachable { url: url.into(), cause: cause.to_owned() }
}

pub(super) fn answer(url: &Url, cause: &str) -> SourceError {
    SourceError::Answer { url: url.into(), cause: cause.to_owned() }
}

/// The login that `~/.netrc`, or the file that `NETRC` names, has for a host.
pub(super) fn netrc_login(host: &str) -> Option<Login> {
    let named = std::env::var_os("NETRC").filter(|name| !name.is_empty()).map(std::path::PathBuf::from);
    let path = named.or_else(|| Some(std::env::home_dir()?.join(".netrc")))?;
    login_in(&read_text(&path).ok()?, host)
}

fn login_in(text: &str, host: &str) -> Option<Login> {
    // Macros run to the next empty line and may hold any words.
    let mut in_macro = false;
    let lines = text.lines().filter(|line| {
        in_macro = (in_macro && !line.trim().is_empty()) || line.trim_start().starts_with("macdef");
        !in_macro && !line.trim_start().starts_with('#')
    });
    let joined = lines.collect::<Vec<_>>().join("\n");
    let mut words = joined.split_whitespace();
    let (mut ours, mut user, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" => {
                if ours {
                    break;
                }
                ours = word == "default" || words.next() == Some(host);
            }
            "login" if ours => user = words.next(),
            "password" if ours => password = words.next(),
            "login" | "password" | "account" => {
                words.next();
            }
            _ => {}
        }
    }
    ours.then(|| Login {
        user: user.unwrap_or_default().to_owned(),
        password: Secret::new(password.unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_by_its_host_and_by_no_other() {
        let text = "machine a.example.com login ann password one\n# machine b.example.com\n\
                    macdef init\nmachine b.example.com login no password no\n\nmachine b.example.com\n  login bob\n  password two\n";
        let bob = login_in(text, "b.example.com").unwrap();
        assert_eq!((bob.user.as_str(), bob.password.expose()), ("bob", "two"));
        assert!(login_in(text, "c.example.com").is_none());
        assert_eq!(
            login_in(&format!("{text}default login any password three"), "c.example.com").unwrap().user,
            "any"
        );
    }
}

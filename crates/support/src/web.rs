//! The way to web servers: one client for everything that is fetched over HTTP.
//!
//! Proxies come from the usual variables (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), trust from the machine's
//! certificates (`SSL_CERT_FILE` names others). Every answer is bounded in size and time. Credentials go to the host they
//! are for and to no other, and neither they nor a proxy's password are in an error.

mod answer;
mod error;
mod proxy;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

pub use self::answer::Answer;
pub use self::error::WebError;
use self::proxy::Proxy;
use crate::address::percent_decode;
use crate::secret::Secret;

const MOST_REDIRECTS: usize = 10;

/// Credentials of one request.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// A user and a password.
    Basic {
        /// Who asks.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
}

impl Authorization {
    /// The login that stands in an address.
    fn in_url(url: &Url) -> Option<Self> {
        let (user, password) = (url.username(), url.password());
        (!user.is_empty() || password.is_some()).then(|| Self::Basic {
            user: percent_decode(user),
            password: Secret::new(percent_decode(password.unwrap_or_default())),
        })
    }

    fn header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
            }
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// How long a server is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// For an answer to begin, and for each of its pieces.
    pub silence: Duration,
    /// For the whole answer, redirects included: a server that sends a byte a minute would hold us for ever.
    pub whole: Duration,
}

impl Default for Limits {
    /// 10 s to connect, a minute of silence, an hour in all.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_mins(1),
            whole: Duration::from_hours(1),
        }
    }
}

/// What goes along with a request.
#[derive(Clone, Debug, Default)]
pub struct Asking<'a> {
    /// Credentials for the address's own host. Without any, those that stand in the address are taken.
    pub authorization: Option<&'a Authorization>,
    /// Other headers. They are sent wherever redirects lead, and so hold no secret.
    pub headers: &'a [(header::HeaderName, String)],
}

type Direct = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The way to web servers.
#[derive(Debug, Default)]
pub struct Web {
    limits: Limits,
    direct: OnceCell<Direct>,
}

impl Web {
    /// One that waits no longer than that.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, direct: OnceCell::new() }
    }

    /// Gets an address, following redirects. An answer of any status is one; see [`Answer::successful`].
    pub async fn get(&self, url: &Url, asking: Asking<'_>) -> Result<Answer, WebError> {
        self.get_by(url, asking, &Proxy::of).await
    }

    /// Sends a body by another method than GET. A server that leads elsewhere is followed only where it says that the same is
    /// to be sent there (307, 308), and only on itself.
    pub async fn change(
        &self,
        method: Method,
        url: &Url,
        asking: Asking<'_>,
        body: Vec<u8>,
    ) -> Result<Answer, WebError> {
        self.ask(&method, url, asking, &body.into(), &Proxy::of).await
    }

    async fn get_by(
        &self,
        url: &Url,
        asking: Asking<'_>,
        proxy_of: &(dyn Fn(&Uri) -> Option<Proxy> + Sync),
    ) -> Result<Answer, WebError> {
        self.ask(&Method::GET, url, asking, &Bytes::new(), proxy_of).await
    }

    async fn ask(
        &self,
        method: &Method,
        url: &Url,
        asking: Asking<'_>,
        body: &Bytes,
        proxy_of: &(dyn Fn(&Uri) -> Option<Proxy> + Sync),
    ) -> Result<Answer, WebError> {
        let Limits { silence, whole, .. } = self.limits;
        let until = Instant::now() + whole;
        let in_url = Authorization::in_url(url);
        let authorization = asking.authorization.or(in_url.as_ref()).and_then(Authorization::header);
        let mut current = without_login(url);
        for _ in 0..=MOST_REDIRECTS {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(current.as_str())
                .header(header::USER_AGENT, "slipway");
            for (name, value) in asking.headers {
                request = request.header(name, value);
            }
            if let Some(value) = authorization.as_ref().filter(|_| current.origin() == url.origin()) {
                request = request.header(header::AUTHORIZATION, value);
            }
            let request = request
                .body(Full::new(body.clone()))
                .map_err(|error| WebError::answer(&current, &error.to_string()))?;
            let first = until.min(Instant::now() + silence);
            let proxy = proxy_of(request.uri());
            let response = tokio::time::timeout_at(first, self.send(&current, request, proxy)).await;
            let response = response.map_err(|_| WebError::unreachable(&current, "it does not answer"))??;
            let (parts, incoming) = response.into_parts();
            let location = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| is_redirect(parts.status)) else {
                return Ok(Answer {
                    status: parts.status,
                    headers: parts.headers,
                    url: current,
                    body: incoming,
                    silence,
                    until,
                });
            };
            let next =
                current.join(location).map_err(|error| WebError::answer(&current, &error.to_string()))?;
            if *method != Method::GET && !(sends_on(parts.status) && next.origin() == current.origin()) {
                return Err(WebError::answer(&current, "it leads elsewhere with what was to be changed"));
            }
            if let Some(cause) = refusal(&next, &current) {
                return Err(WebError::answer(&current, cause));
            }
            // A server chooses no login for us.
            current = without_login(&next);
        }
        Err(WebError::answer(url, "it leads on and on"))
    }

    async fn send(
        &self,
        url: &Url,
        mut request: Request<Full<Bytes>>,
        proxy: Option<Proxy>,
    ) -> Result<http::Response<Incoming>, WebError> {
        let unreadable = |error: std::io::Error| {
            WebError::unreachable(url, &format!("the machine's certificates cannot be read: {error}"))
        };
        let Some(proxy) = proxy else {
            let made = || async { Ok(client(secured(self.tcp())?)) };
            let direct = self.direct.get_or_try_init(made).await.map_err(unreadable)?;
            return direct.request(request).await.map_err(|error| WebError::sending(url, None, &error));
        };
        if let Some(cause) = proxy.refusal() {
            return Err(WebError::unreachable(url, &cause));
        }
        // Whoever speaks TLS to the proxy holds it to the same certificates.
        let to_proxy = secured(self.tcp()).map_err(unreadable)?;
        let sent = if url.scheme() == "https" {
            let through = secured(proxy.tunnel(to_proxy)).map_err(unreadable)?;
            client(through).request(request).await
        } else {
            proxy.introduce(request.headers_mut());
            client(proxy.forward(to_proxy)).request(request).await
        };
        sent.map_err(|error| WebError::sending(url, Some(&proxy), &error))
    }

    fn tcp(&self) -> HttpConnector {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(self.limits.connect));
        connector
    }
}

/// The proxy that the environment names for an address, with its login: for clients that go their own way.
pub fn proxy_for(uri: &Uri) -> Option<Uri> {
    Proxy::of(uri)?.address()
}

fn client<C: Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build(connector)
}

/// TLS with the certificates that the machine trusts (`SSL_CERT_FILE` names others).
fn secured<C>(connector: C) -> std::io::Result<HttpsConnector<C>> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether a redirect says that the same is to be sent there.
fn sends_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 307 | 308)
}

/// An address as it is asked for: its login goes in a header, or nowhere.
fn without_login(url: &Url) -> Url {
    let mut url = url.clone();
    // It fails only where there can be no login.
    let (_, _) = (url.set_username(""), url.set_password(None));
    url
}

/// Why an address that the server at `by` named is not gone to; none where it is.
///
/// Whoever asks a server has chosen that server, and not what it leads to: no file of this machine, and no service inside
/// of a network by plain HTTP.
pub fn refusal(url: &Url, by: &Url) -> Option<&'static str> {
    match url.scheme() {
        "https" => None,
        // Whoever asked it without encryption trusts it as far as that goes.
        "http" if url.origin() == by.origin() => None,
        "file" => Some("it leads to a folder of this machine"),
        "http" if by.scheme() == "https" => Some("it leads from https to an address without"),
        _ => Some("it leads elsewhere, and neither over https nor ssh"),
    }
}

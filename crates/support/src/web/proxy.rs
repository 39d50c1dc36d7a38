//! The way through a proxy, as the usual variables name one.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri, header};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower_service::Service;

use crate::address::Address;

/// A proxy on the way to an address. It shows itself without its login.
#[derive(Clone)]
pub(super) struct Proxy(Intercept);

impl Proxy {
    /// The one that the environment names for an address.
    pub fn of(uri: &Uri) -> Option<Self> {
        Matcher::from_env().intercept(uri).map(Self)
    }

    /// One for all addresses, whatever the environment says.
    #[cfg(test)]
    pub fn named(proxy: &str, url: &url::Url) -> Self {
        let matcher = Matcher::builder().all(proxy).build();
        Self(matcher.intercept(&url.as_str().parse().unwrap()).unwrap())
    }

    /// Its address, with its login where it has one.
    pub fn address(&self) -> Option<Uri> {
        let mut url: url::Url = self.0.uri().to_string().parse().ok()?;
        let login = self.0.basic_auth().and_then(|login| login.to_str().ok()?.strip_prefix("Basic "));
        let login = login.and_then(|login| String::from_utf8(STANDARD.decode(login).ok()?).ok());
        if let Some((user, password)) = login.as_deref().and_then(|login| login.split_once(':')) {
            url.set_username(user).and_then(|()| url.set_password(Some(password))).ok()?;
        }
        url.as_str().parse().ok()
    }

    /// Why it cannot be gone through, where its kind is not known.
    pub fn refusal(&self) -> Option<String> {
        let scheme = self.0.uri().scheme_str().unwrap_or("http");
        (!matches!(scheme, "http" | "https")).then(|| {
            format!("the proxy {self} is spoken to by {scheme}, which is not known here; name one by http:// or https://")
        })
    }

    /// The way to a server that is spoken to by TLS: the proxy sees its name only.
    pub fn tunnel<C>(&self, connector: C) -> Tunnel<C> {
        let tunnel = Tunnel::new(self.0.uri().clone(), connector);
        match self.0.basic_auth() {
            Some(login) => tunnel.with_auth(login.clone()),
            None => tunnel,
        }
    }

    /// The way to a server that is spoken to without: the proxy asks in our place.
    pub fn forward<C>(&self, connector: C) -> Forward<C> {
        Forward { proxy: self.0.uri().clone(), connector }
    }

    /// Adds the proxy's login to a request that it sees.
    pub fn introduce(&self, headers: &mut HeaderMap) {
        if let Some(login) = self.0.basic_auth() {
            headers.insert(header::PROXY_AUTHORIZATION, login.clone());
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Address::new(self.0.uri().to_string().trim_end_matches('/')).fmt(f)
    }
}

/// Connects to the proxy, whoever is asked for.
#[derive(Clone)]
pub(super) struct Forward<C> {
    proxy: Uri,
    connector: C,
}

impl<C: Service<Uri>> Service<Uri> for Forward<C>
where
    C::Future: Send + 'static,
{
    type Response = Forwarded<C::Response>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, C::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, _wanted: Uri) -> Self::Future {
        let connecting = self.connector.call(self.proxy.clone());
        Box::pin(async { connecting.await.map(Forwarded) })
    }
}

/// A connection on which whole addresses are asked for.
pub(super) struct Forwarded<T>(T);

impl<T: Connection> Connection for Forwarded<T> {
    fn connected(&self) -> Connected {
        self.0.connected().proxy(true)
    }
}

impl<T: Read + Unpin> Read for Forwarded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for Forwarded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

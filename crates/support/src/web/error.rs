//! Why something could not be had from a web server, and the way out.

use std::error::Error;
use std::io;

use url::Url;

use super::proxy::Proxy;
use crate::address::Address;
use crate::causes::causes;
use crate::fs::FileError;
use crate::redact;

/// Something that could not be had from a web server. Addresses in it are without credentials.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The server was not reached, or the connection broke.
    #[error("{url} was not reached: {cause}")]
    Unreachable {
        /// The address.
        url: Address,
        /// Why.
        cause: String,
    },
    /// There is no secure connection: the server, or somebody on the way, does not show a certificate that is trusted here.
    #[error("{url} was not reached: no secure connection (TLS): {cause}")]
    Insecure {
        /// The address.
        url: Address,
        /// Why.
        cause: String,
    },
    /// The server answered with an error.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address.
        url: Address,
        /// The HTTP status.
        status: u16,
    },
    /// The server answered something else than was asked for.
    #[error("{url} gave no usable answer: {cause}")]
    Answer {
        /// The address.
        url: Address,
        /// Why.
        cause: String,
    },
    /// What was fetched could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl WebError {
    /// An answer that is not what was asked for.
    pub fn answer(url: &Url, cause: &str) -> Self {
        Self::Answer { url: url.into(), cause: cause.to_owned() }
    }

    pub(super) fn unreachable(url: &Url, cause: &str) -> Self {
        Self::Unreachable { url: url.into(), cause: cause.to_owned() }
    }

    /// What went wrong between us and the server, or a proxy before it.
    pub(super) fn sending(url: &Url, proxy: Option<&Proxy>, error: &(dyn Error + 'static)) -> Self {
        let by = proxy.map(|proxy| format!("by the proxy {proxy}: ")).unwrap_or_default();
        let url = url.into();
        match tls_failure(error) {
            Some(failure) => Self::Insecure { url, cause: format!("{by}{failure}") },
            None => Self::Unreachable { url, cause: format!("{by}{}", chain(error)) },
        }
    }

    /// The way out, where one is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } => {
                Some("check the network, a proxy (HTTPS_PROXY, NO_PROXY) and the address")
            }
            Self::Insecure { .. } => Some(
                "name the certificate of your company's own authority with SSL_CERT_FILE, and check this machine's clock",
            ),
            Self::Status { status: 401 | 403, .. } => Some("give it credentials"),
            Self::Status { status: 404, .. } | Self::Answer { .. } => Some("check the address"),
            Self::Status { .. } => Some("try again later, or ask who runs it"),
            Self::File(_) => None,
        }
    }
}

/// What TLS says, where that is what failed.
fn tls_failure(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).into_iter().find_map(|mut cause| {
        // Errors of input and output, also in each other, hide what they were made of from those who ask for the cause.
        while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            cause = inner;
        }
        cause.downcast_ref::<rustls::Error>().map(ToString::to_string)
    })
}

/// An error with its causes: the outermost of hyper's says very little.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let words = cause.to_string();
        if text.is_empty() {
            text = words;
        } else if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
    }
    redact::clean(&text).into_owned()
}

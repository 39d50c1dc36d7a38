//! A Kubernetes client for an EKS cluster: endpoint and CA from EKS, the token from [`TokenSource`].

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tower::BoxError;
use tower::buffer::BufferLayer;
use tower::filter::{AsyncFilterLayer, AsyncPredicate};
use tower::retry::RetryLayer;

use super::ClusterError;
use super::aws::install_tls_provider;
use super::eks::{self, ClusterFacts};
use super::let_in::LetIn;
use super::token::TokenSource;
use crate::support::causes::innermost;
use crate::support::web::proxy_for;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nothing here watches, so an answer that takes longer is none.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests that may wait for the one worker behind which they are ordered.
const QUEUE: usize = 64;

/// A Kubernetes client and the facts of the cluster that it leads to.
#[derive(Clone)]
pub struct Connection {
    /// Client with a token that renews itself.
    pub client: Client,
    /// What EKS says of the cluster.
    pub facts: ClusterFacts,
}

/// A client for the API server of cluster `name`. Must be called within a Tokio runtime; sends nothing to it yet.
pub async fn connect(aws: &SdkConfig, name: &str) -> Result<Connection, ClusterError> {
    let facts = eks::describe(aws, name).await?;
    let client = client_of(aws, &facts)?;
    Ok(Connection { client, facts })
}

pub(super) fn client_of(aws: &SdkConfig, facts: &ClusterFacts) -> Result<Client, ClusterError> {
    if facts.endpoint.is_empty() || facts.certificate_authority.is_empty() {
        return Err(ClusterError::NoEndpoint { name: facts.name.clone(), status: facts.status.clone() });
    }
    let unusable = |what: &'static str, detail: String| ClusterError::BadConnectionData {
        name: facts.name.clone(),
        what,
        detail,
    };
    let credentials = aws
        .credentials_provider()
        .ok_or_else(|| ClusterError::NoCredentials { detail: "no provider is configured".to_owned() })?;
    install_tls_provider();
    let endpoint = facts.endpoint.parse().map_err(|error| unusable("endpoint", innermost(&error)))?;
    let endpoint: http::Uri = endpoint;
    let proxy = proxy_for(&endpoint);
    let mut config = Config::new(endpoint);
    config.proxy_url = proxy;
    config.root_cert = Some(
        certificates(&facts.certificate_authority)
            .map_err(|detail| unusable("certificate authority", detail))?,
    );
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    let source = Arc::new(TokenSource::new(credentials, &facts.region, &facts.name));
    let builder = ClientBuilder::try_from(config).map_err(|error| unusable("endpoint", innermost(&error)))?;
    let builder = builder
        .with_layer(&BufferLayer::new(QUEUE))
        .with_layer(&AsyncFilterLayer::new(Bearer(Arc::clone(&source))))
        .with_layer(&RetryLayer::new(LetIn::new(source)));
    Ok(builder.build())
}

fn certificates(base64_pem: &str) -> Result<Vec<Vec<u8>>, String> {
    let pem = STANDARD.decode(base64_pem).map_err(|error| error.to_string())?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("{error:?}"))?;
    if certificates.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(certificates)
}

/// Gives every request a token that is valid now. kube's own ways to renew one are a program or a file, and a token
/// has no business in a file.
#[derive(Clone)]
struct Bearer(Arc<TokenSource>);

impl AsyncPredicate<Request<Body>> for Bearer {
    type Future = BoxFuture<'static, Result<Request<Body>, BoxError>>;
    type Request = Request<Body>;

    fn check(&mut self, mut request: Request<Body>) -> Self::Future {
        let source = Arc::clone(&self.0);
        async move {
            let token = source.token().await?;
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
            Ok(request)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_authority_that_is_no_pem_is_refused() {
        assert!(certificates("not base64!").is_err());
        assert_eq!(certificates(&STANDARD.encode("hello")).unwrap_err(), "it holds no certificate");
    }
}

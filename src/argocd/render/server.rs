//! The way to Argo CD's repo-server: a port-forward of the Kubernetes API to its pod, and TLS within.
//!
//! Its certificate is one that it has made for itself, which Argo CD's own controllers do not hold it to either. That the other
//! end is the pod is what the API server says, who may be believed: whoever could put another pod there can read the secrets that
//! are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::grpc::Connection;
use crate::argocd::ArgoCdError;
use crate::support::causes::innermost;

/// The label of its Service in every installation, by manifests and by charts.
const COMPONENT: &str = "app.kubernetes.io/component=repo-server";
/// Its name in the manifests.
const NAME: &str = "argocd-repo-server";
/// The port of its Service that renders; the other one has metrics.
const PORT: i32 = 8081;

/// Connects to a pod of the repo-server that is ready.
pub(super) async fn connect(
    client: &Client,
    namespace: &str,
    is_plain: bool,
) -> Result<Connection, ArgoCdError> {
    let (pod, port) = find(client, namespace).await?;
    let unreached = |cause: String| ArgoCdError::RepoServer { pod: pod.clone(), cause };
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let forwarded = pods.portforward(&pod, &[port]).await;
    let mut forwarded = forwarded.map_err(|error| match error {
        kube::Error::UpgradeConnection(error) => {
            unreached(format!("the API server forwards no port: {}", innermost(&error)))
        }
        other => ArgoCdError::at("port-forward", format!("Pod {pod}"))(other),
    })?;
    let stream = forwarded.take_stream(port).ok_or_else(|| unreached("no stream".to_owned()))?;
    let connected = if is_plain {
        Connection::over(stream).await
    } else {
        let name = ServerName::try_from(NAME).map_err(|error| unreached(error.to_string()))?;
        let tls = TlsConnector::from(Arc::new(tls().map_err(|error| unreached(error.to_string()))?));
        match tls.connect(name, stream).await {
            Ok(stream) => Connection::over(stream).await,
            Err(error) => {
                // What the node says of it explains more than a connection that ended.
                let said = match forwarded.take_error(port) {
                    Some(said) => tokio::time::timeout(std::time::Duration::from_secs(1), said).await,
                    None => Ok(None),
                };
                let cause = said.ok().flatten().unwrap_or_else(|| innermost(&error));
                return Err(unreached(cause));
            }
        }
    };
    connected.map_err(|error| unreached(error.to_string()))
}

/// The pod, and the port that it listens on.
async fn find(client: &Client, namespace: &str) -> Result<(String, u16), ArgoCdError> {
    let services: Api<Service> = Api::namespaced(client.clone(), namespace);
    let labelled = services.list(&ListParams::default().labels(COMPONENT)).await;
    let labelled = labelled.map_err(ArgoCdError::at("list", "Service"))?.items;
    let service = match labelled.into_iter().next() {
        Some(service) => Some(service),
        None => services.get_opt(NAME).await.map_err(ArgoCdError::at("read", format!("Service {NAME}")))?,
    };
    let missing = || ArgoCdError::NoRepoServer { namespace: namespace.to_owned() };
    let spec = service.and_then(|service| service.spec).ok_or_else(missing)?;
    let chosen = selector(&spec.selector.unwrap_or_default());
    let ports = spec.ports.unwrap_or_default();
    let port = ports.iter().find(|port| port.port == PORT).or_else(|| ports.first()).ok_or_else(missing)?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = pods.list(&ListParams::default().labels(&chosen)).await;
    let pods = pods.map_err(ArgoCdError::at("list", "Pod"))?.items;
    let pod = pods.into_iter().find(is_ready).ok_or_else(missing)?;
    let port = target(port, &pod).and_then(|port| u16::try_from(port).ok()).ok_or_else(missing)?;
    Ok((pod.name_any(), port))
}

fn selector(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    let mut ready = conditions.filter(|condition| condition.type_ == "Ready");
    pod.metadata.deletion_timestamp.is_none() && ready.any(|condition| condition.status == "True")
}

fn target(port: &ServicePort, pod: &Pod) -> Option<i32> {
    match &port.target_port {
        None => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
            let mut ports = containers.filter_map(|container| container.ports.as_ref()).flatten();
            ports.find(|port| port.name.as_ref() == Some(name)).map(|port| port.container_port)
        }
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OfItsOwn(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Takes the certificate that a server has made for itself, and holds the server to having its key.
#[derive(Debug)]
struct OfItsOwn(Arc<CryptoProvider>);

impl ServerCertVerifier for OfItsOwn {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

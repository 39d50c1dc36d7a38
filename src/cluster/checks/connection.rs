//! Why the API server does not answer: each cause by its own name.

use std::error::Error;
use std::io;

use aws_sdk_eks::types::{Cluster, VpcConfigResponse};
use rustls::CertificateError;

use super::finding::{Finding, Question};
use super::kinds;
use crate::cluster::ClusterError;
use crate::cluster::token::TokenError;
use crate::support::causes::{causes, innermost};

/// The finding for an error of the Kubernetes client.
pub(in crate::cluster) fn refused(question: &Question, error: &kube::Error, cluster: &Cluster) -> Finding {
    match error {
        // Access entries take a moment to reach a new API server.
        kube::Error::Api(status) if status.code == 401 => question.not_yet(
            &kinds::TOKEN_REFUSED,
            "the API server refuses our token (401)",
            "create an access entry for the identity that AWS knows you by (`aws_eks_access_entry`)",
        ),
        kube::Error::Api(status) if status.code == 403 => question.not_yet(
            &kinds::FORBIDDEN,
            format!("forbidden: {}", status.message),
            "associate AmazonEKSClusterAdminPolicy with the caller's access entry",
        ),
        kube::Error::Api(status) => question.not_yet(
            &kinds::API_NOT_READY,
            format!("status {}: {}", status.code, status.message),
            "a new control plane needs a minute; if it stays, look at its health issues",
        ),
        other => no_connection(question, other, cluster),
    }
}

/// Whether the other questions would get the same answer.
pub(in crate::cluster) fn hides_others(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 401,
        _ => true,
    }
}

fn no_connection(question: &Question, error: &(dyn Error + 'static), cluster: &Cluster) -> Finding {
    let host = cluster.endpoint().unwrap_or_default().trim_start_matches("https://").to_owned();
    let said = innermost(error);
    let vpc = cluster.resources_vpc_config();
    let is_private = vpc.is_some_and(|vpc| !vpc.endpoint_public_access());
    if let Some(token) = causes(error).iter().find_map(|cause| cause.downcast_ref::<TokenError>()) {
        return question.fail(&kinds::CREDENTIALS_EXPIRED, token.to_string(), "log in again");
    }
    if let Some(wrong) = causes(error).iter().find_map(|cause| tls_error(*cause)) {
        return tls(question, &host, wrong);
    }
    let unresolved = causes(error).iter().any(|cause| cause.to_string().contains("dns error"));
    match (unresolved, is_private) {
        (_, true) => question
            .fail(
                &kinds::PRIVATE_ENDPOINT,
                format!("{host} is a private endpoint and is not reached from here: {said}"),
                "run this inside of the cluster's VPC, or come into it: a VPN or Direct Connect (with the VPC's DNS), a port \
                 forwarded through a bastion or SSM, or a proxy there (HTTPS_PROXY)",
            ),
        (true, false) => question.not_yet(
            &kinds::UNRESOLVED_ENDPOINT,
            format!("{host} does not resolve: {said}"),
            "the name of a new cluster takes a minute; if it stays, look at this machine's DNS, and behind a proxy set \
             HTTPS_PROXY",
        ),
        (false, false) => question.not_yet(
            &kinds::UNREACHABLE_ENDPOINT,
            format!("no connection to {host}: {said}"),
            ways(vpc),
        ),
    }
}

fn ways(vpc: Option<&VpcConfigResponse>) -> String {
    let ranges = vpc.map(VpcConfigResponse::public_access_cidrs).unwrap_or_default();
    if ranges.is_empty() || ranges.iter().any(|range| range == "0.0.0.0/0") {
        return "the endpoint has to be reachable from here: check VPN, firewalls and proxies (HTTPS_PROXY, NO_PROXY)".to_owned();
    }
    format!(
        "the endpoint lets in {} only: come from there, or add this machine's address to `public_access_cidrs`; or check VPN, \
         firewalls and proxies (HTTPS_PROXY, NO_PROXY)",
        ranges.join(", ")
    )
}

/// The error of TLS in an error, which hides in those of reading and writing.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = cause;
    // One error of reading may be in another, and neither says so as its source.
    while let Some(inside) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inside;
    }
    cause.downcast_ref()
}

fn tls(question: &Question, host: &str, error: &rustls::Error) -> Finding {
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        other => {
            return question.not_yet(
                &kinds::UNREACHABLE_ENDPOINT,
                format!("no TLS with {host}: {other}"),
                "something in between does not speak TLS: check proxies (HTTPS_PROXY, NO_PROXY)",
            );
        }
    };
    let (seen, help) = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            format!("the certificate of {host} has expired"),
            "check this machine's clock; EKS renews its certificates by itself",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (format!("the certificate of {host} is not valid yet"), "this machine's clock is behind: set it")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("the certificate that answers is not for {host}"),
            "somebody else answers under this name: check DNS, and ports that are forwarded",
        ),
        other => (
            format!(
                "the certificate of {host} is not signed by the CA that DescribeCluster gives: {other:?}"
            ),
            "a proxy or firewall that opens TLS stands in between (have it let this host through, or name it in NO_PROXY), or \
             another API server answers there; the network itself is open",
        ),
    };
    question.fail(&kinds::WRONG_CA, seen, help)
}

/// The cluster says that it serves, and no client can be made for it.
pub(in crate::cluster) fn no_client(question: &Question, error: &ClusterError) -> Finding {
    match error {
        ClusterError::NoEndpoint { status, .. } => question.not_yet(
            &kinds::NO_ENDPOINT,
            format!("the cluster is {status}, and DescribeCluster gives no endpoint or no CA"),
            "EKS gives both once the control plane is there: ask again in a minute; if it stays, the endpoint of AWS that is \
             asked (AWS_ENDPOINT_URL) does not know them",
        ),
        ClusterError::BadConnectionData { what, detail, .. } => question.not_yet(
            &kinds::UNUSABLE_CA,
            format!("the {what} that DescribeCluster gives cannot be used: {detail}"),
            "whoever answers for EKS here (AWS_ENDPOINT_URL) invents it",
        ),
        ClusterError::NoCredentials { detail } => {
            question.fail(&kinds::CREDENTIALS_EXPIRED, detail, "log in again")
        }
        other => question.not_yet(&kinds::UNREACHABLE_ENDPOINT, other.to_string(), "run it again"),
    }
}

//! What EKS says of a cluster.

use aws_config::SdkConfig;
use aws_sdk_eks::Client;
use aws_sdk_eks::types::{CapabilityStatus, CapabilityType, Cluster};

use super::ClusterError;
use super::aws::{AwsFailure, FailureKind};

/// The facts of a cluster that others need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Name of the cluster.
    pub name: String,
    /// ARN of the cluster.
    pub arn: String,
    /// Region it is in.
    pub region: String,
    /// `ACTIVE`, `CREATING`, …
    pub status: String,
    /// Kubernetes version, `1.33`.
    pub version: String,
    /// URL of the API server; empty until the control plane is there.
    pub endpoint: String,
    /// PEM of the API server's CA, base64; empty until the control plane is there.
    pub certificate_authority: String,
    /// URL of the OIDC issuer, where there is one.
    pub oidc_issuer: Option<String>,
}

impl ClusterFacts {
    pub(super) fn of(cluster: &Cluster, region: &str) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Self {
            name: text(cluster.name()),
            arn: text(cluster.arn()),
            region: region.to_owned(),
            status: cluster
                .status()
                .map_or_else(|| "UNKNOWN".to_owned(), |status| status.as_str().to_owned()),
            version: text(cluster.version()),
            endpoint: text(cluster.endpoint()),
            certificate_authority: text(cluster.certificate_authority().and_then(|ca| ca.data())),
            oidc_issuer: cluster.identity().and_then(|identity| identity.oidc()?.issuer()).map(str::to_owned),
        }
    }
}

/// The facts of cluster `name` in the region of `aws`.
pub async fn describe(aws: &SdkConfig, name: &str) -> Result<ClusterFacts, ClusterError> {
    let region = region(aws)?;
    let cluster = describe_cluster(&Client::new(aws), name, &region).await?;
    Ok(ClusterFacts::of(&cluster, &region))
}

/// The name of the Argo CD that EKS itself manages on the cluster, where one is ACTIVE.
///
/// An endpoint that does not know capabilities has none. A caller who may not ask gets the error: two Argo CDs on one
/// cluster undo each other's work.
pub async fn managed_argocd(aws: &SdkConfig, name: &str) -> Result<Option<String>, ClusterError> {
    let region = region(aws)?;
    match active_argocd(&Client::new(aws), name).await {
        Ok(found) => Ok(found),
        Err(failure) if failure.kind == FailureKind::NotAnswered => Ok(None),
        Err(failure) => Err(failure.into_error("ListCapabilities", "eks:ListCapabilities", &region)),
    }
}

pub(super) fn region(aws: &SdkConfig) -> Result<String, ClusterError> {
    aws.region().map(|region| region.as_ref().to_owned()).ok_or(ClusterError::NoRegion)
}

pub(super) async fn active_argocd(eks: &Client, name: &str) -> Result<Option<String>, AwsFailure> {
    let mut pages = eks.list_capabilities().cluster_name(name).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page?;
        let found = page.capabilities().iter().find(|capability| {
            capability.r#type() == Some(&CapabilityType::Argocd)
                && capability.status() == Some(&CapabilityStatus::Active)
        });
        if let Some(capability) = found {
            return Ok(Some(capability.capability_name().unwrap_or_default().to_owned()));
        }
    }
    Ok(None)
}

pub(super) async fn describe_cluster(
    eks: &Client,
    name: &str,
    region: &str,
) -> Result<Cluster, ClusterError> {
    match try_describe(eks, name).await {
        Ok(cluster) => Ok(cluster),
        Err(failure) if failure.kind == FailureKind::NotFound => Err(ClusterError::ClusterNotFound {
            name: name.to_owned(),
            region: region.to_owned(),
            existing: cluster_names(eks).await,
        }),
        Err(failure) => Err(failure.into_error("DescribeCluster", "eks:DescribeCluster", region)),
    }
}

async fn try_describe(eks: &Client, name: &str) -> Result<Cluster, AwsFailure> {
    let answer = eks.describe_cluster().name(name).send().await?;
    answer.cluster.ok_or_else(|| AwsFailure {
        kind: FailureKind::Failed,
        detail: "the answer holds no cluster".to_owned(),
    })
}

/// Names for a hint; an error here must not hide the one that asked for it.
async fn cluster_names(eks: &Client) -> Vec<String> {
    eks.list_clusters()
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap_or_default()
}

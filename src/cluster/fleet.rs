//! Clusters that stand in no file: whatever EKS lists, in accounts and regions that somebody names.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::ClusterError;
use super::aws::AwsFailure;
use crate::support::causes::innermost;

const SESSION: &str = "slipway";

/// Where to look.
#[derive(Clone, Debug)]
pub struct Places {
    /// Twelve digits each; empty means the account of the credentials at hand, as they are.
    pub accounts: Vec<String>,
    /// The role that is assumed in each of the accounts: a name, with its path where it has one.
    pub role: Option<String>,
    /// Empty means the region of the environment.
    pub regions: Vec<String>,
    /// How many are asked at once.
    pub at_once: usize,
}

/// A cluster that was found.
#[derive(Clone, Debug)]
pub struct FoundCluster {
    /// Its name in EKS.
    pub name: String,
    /// Its account, where several were looked into.
    pub account: Option<String>,
    /// The way to its AWS.
    pub aws: SdkConfig,
}

/// A place that could not be looked into.
#[derive(Debug)]
pub struct Unlisted {
    /// `111122223333` or nothing.
    pub account: Option<String>,
    /// The region, where it is known.
    pub region: Option<String>,
    /// Why.
    pub error: ClusterError,
}

/// Lists the clusters of all places, in the order of accounts, regions and names. A place that does not answer is told, and hides no
/// other.
pub async fn discover(base: &SdkConfig, places: &Places) -> (Vec<FoundCluster>, Vec<Unlisted>) {
    let (mut ways, mut unlisted) = (Vec::new(), Vec::new());
    let accounts: Vec<Option<&String>> =
        if places.accounts.is_empty() { vec![None] } else { places.accounts.iter().map(Some).collect() };
    let assumed: Vec<BoxFuture<'_, _>> = accounts
        .into_iter()
        .map(|account| {
            async move { (account.cloned(), assumed(base, account, places.role.as_deref()).await) }.boxed()
        })
        .collect();
    let assumed: Vec<_> = futures::stream::iter(assumed).buffered(places.at_once.max(1)).collect().await;
    for (account, aws) in assumed {
        match aws {
            Ok(aws) => {
                ways.extend(regions(&aws, &places.regions).into_iter().map(|aws| (account.clone(), aws)));
            }
            Err(error) => unlisted.push(Unlisted { account, region: None, error }),
        }
    }
    let listed: Vec<BoxFuture<'_, _>> = ways
        .into_iter()
        .map(|(account, aws)| {
            async move {
                let names = list(&aws).await;
                (account, aws, names)
            }
            .boxed()
        })
        .collect();
    let listed: Vec<_> = futures::stream::iter(listed).buffered(places.at_once.max(1)).collect().await;
    let mut found = Vec::new();
    for (account, aws, names) in listed {
        match names {
            Ok(names) => found.extend(names.into_iter().map(|name| FoundCluster {
                name,
                account: account.clone(),
                aws: aws.clone(),
            })),
            Err(error) => {
                let region = aws.region().map(|region| region.as_ref().to_owned());
                unlisted.push(Unlisted { account, region, error });
            }
        }
    }
    (found, unlisted)
}

/// The credentials of the role in an account; those at hand where no account is named.
async fn assumed(
    base: &SdkConfig,
    account: Option<&String>,
    role: Option<&str>,
) -> Result<SdkConfig, ClusterError> {
    let (Some(account), Some(role)) = (account, role) else { return Ok(base.clone()) };
    let partition = match base.region().map(Region::as_ref) {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let arn = format!("arn:{partition}:iam::{account}:role/{}", role.trim_start_matches('/'));
    let provider = AssumeRoleProvider::builder(&arn).session_name(SESSION).configure(base).build().await;
    // Once for all regions of the account.
    let credentials = provider
        .provide_credentials()
        .await
        .map_err(|error| ClusterError::NotAssumed { role: arn.clone(), detail: innermost(&error) })?;
    Ok(base.clone().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build())
}

fn regions(aws: &SdkConfig, regions: &[String]) -> Vec<SdkConfig> {
    if regions.is_empty() {
        return vec![aws.clone()];
    }
    let with = |region: &String| aws.clone().into_builder().region(Region::new(region.clone())).build();
    regions.iter().map(with).collect()
}

async fn list(aws: &SdkConfig) -> Result<Vec<String>, ClusterError> {
    let region = super::eks::region(aws)?;
    let pages = aws_sdk_eks::Client::new(aws).list_clusters().into_paginator();
    let names = pages.items().send().collect::<Result<Vec<String>, _>>().await;
    names.map_err(|error| AwsFailure::from(error).into_error("ListClusters", "eks:ListClusters", &region))
}

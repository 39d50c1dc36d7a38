//! What can go wrong before a cluster can be judged at all.

use crate::cluster::token::TokenError;

/// Why nothing can be said about a cluster. A cluster that is there and not usable is no error but a
/// [`Verification`](super::Verification) with failed checks.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No answer at all: nothing listens, the name does not resolve, or it takes too long.
    #[error(
        "AWS does not answer {operation} in {region}: {detail}; check the network, the region and AWS_ENDPOINT_URL"
    )]
    AwsUnreachable {
        /// API operation that was asked for.
        operation: &'static str,
        /// Region that was asked.
        region: String,
        /// What the connection said.
        detail: String,
    },
    /// No credentials were found in the environment, the profiles, SSO or the instance.
    #[error(
        "no AWS credentials: {detail}; set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with SSO"
    )]
    NoCredentials {
        /// What the providers said.
        detail: String,
    },
    /// The credentials were good, and have ended.
    #[error(
        "the AWS credentials have expired: {detail}; log in again, or renew what AWS_SESSION_TOKEN was set from"
    )]
    Expired {
        /// AWS's own words.
        detail: String,
    },
    /// AWS knows the caller and refuses, or does not know the caller.
    #[error("AWS refuses {operation}: {detail}; check the credentials and that they allow {permission}")]
    AccessDenied {
        /// API operation that was asked for.
        operation: &'static str,
        /// IAM action that the caller needs.
        permission: String,
        /// AWS's own words.
        detail: String,
    },
    /// The role of another account cannot be assumed.
    #[error(
        "the role {role} cannot be assumed: {detail}; it has to be there and to trust you, and sts:AssumeRole on it has to be \
         allowed to you"
    )]
    NotAssumed {
        /// Its ARN.
        role: String,
        /// What STS or the way to it said.
        detail: String,
    },
    /// There is no cluster of that name in that region and account.
    #[error("cluster \"{name}\" does not exist in {region}; {}", existing_clusters(existing))]
    ClusterNotFound {
        /// Name that was asked for.
        name: String,
        /// Region that was asked.
        region: String,
        /// Clusters that do exist there.
        existing: Vec<String>,
    },
    /// AWS has had more requests than it takes, from whomever.
    #[error(
        "AWS throttles {operation} in {region}: {detail}; its limit is of the whole account: run this again in a minute, ask \
         fewer clusters at once, and see who else asks that often"
    )]
    Throttled {
        /// API operation that was asked for.
        operation: &'static str,
        /// Region that was asked.
        region: String,
        /// AWS's own words.
        detail: String,
    },
    /// AWS answered with an error of another kind.
    #[error(
        "AWS failed at {operation}: {detail}; try again, and look at the AWS status of the region if it stays"
    )]
    Aws {
        /// API operation that was asked for.
        operation: &'static str,
        /// AWS's own words.
        detail: String,
    },
    /// The cluster has no endpoint or CA yet, so there is nothing to connect to.
    #[error(
        "cluster \"{name}\" is {status} and DescribeCluster gives no endpoint or no CA yet; `slipway verify --timeout 1200` \
         waits until it is there"
    )]
    NoEndpoint {
        /// The cluster.
        name: String,
        /// Its status.
        status: String,
    },
    /// The SDK configuration names no region.
    #[error("no AWS region; set it in slipway.hcl or in AWS_REGION")]
    NoRegion,
    /// Endpoint or CA as `DescribeCluster` gives them cannot be used.
    #[error("cluster \"{name}\" has an unusable {what}: {detail}; compare with `DescribeCluster`")]
    BadConnectionData {
        /// The cluster.
        name: String,
        /// Which part: `endpoint` or `certificate authority`.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The context that the cluster is reached by leads nowhere.
    #[error(
        "the context \"{context}\" cannot be used: {detail}; `kubectl config get-contexts` lists those that are there, and `kubeconfig` \
         in the cluster's block names another file"
    )]
    Context {
        /// What it is called.
        context: String,
        /// Why.
        detail: String,
    },
    /// What only EKS knows is asked of a cluster that is reached by a context.
    #[error(
        "cluster \"{name}\" is reached by a context of a kubeconfig, and {what} asks EKS; take `context` out of its block where it is a cluster of EKS"
    )]
    NotByEks {
        /// The cluster.
        name: String,
        /// What is asked.
        what: &'static str,
    },
    /// The token could not be minted.
    #[error(transparent)]
    Token(#[from] TokenError),
}

fn existing_clusters(existing: &[String]) -> String {
    if existing.is_empty() {
        "there are no clusters in that region: check the region and the account".to_owned()
    } else {
        format!("there are: {}", existing.join(", "))
    }
}

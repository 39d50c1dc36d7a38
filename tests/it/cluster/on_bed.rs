//! Clusters on the shared bed, made through EKS's own API.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eks::Client;
use aws_sdk_eks::config::Credentials;
use aws_sdk_eks::types::{NodegroupScalingConfig, VpcConfigRequest};

use crate::support::bed::Bed;

const ROLE: &str = "arn:aws:iam::123456789012:role/eks";

/// The SDK's configuration for an endpoint, with credentials that a test makes up and without retries.
pub async fn aws(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "a test"))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .load()
        .await
}

/// A bed's AWS.
pub async fn bed_aws(bed: &Bed) -> SdkConfig {
    slipway::cluster::aws::install_tls_provider();
    aws(bed.text("/aws/endpoint")).await
}

/// The cluster's one node group. Its nodes' names, of both names and the region, have to fit in 63 bytes.
pub fn node_group(cluster: &str) -> String {
    format!("{}-ng", cluster.trim_start_matches("verify-"))
}

/// A cluster with two nodes, CoreDNS, and an OIDC provider in IAM.
pub async fn cluster(aws: &SdkConfig, name: &str) {
    let eks = Client::new(aws);
    let vpc = VpcConfigRequest::builder().subnet_ids("subnet-1").build();
    let request = eks.create_cluster().name(name).version("1.33").role_arn(ROLE).resources_vpc_config(vpc);
    let created = request.send().await.unwrap();
    let scaling = NodegroupScalingConfig::builder().min_size(2).desired_size(2).max_size(2).build();
    let group = eks.create_nodegroup().cluster_name(name).nodegroup_name(node_group(name));
    group.node_role(ROLE).subnets("subnet-1").scaling_config(scaling).send().await.unwrap();
    eks.create_addon().cluster_name(name).addon_name("coredns").send().await.unwrap();
    let issuer = created.cluster().unwrap().identity().unwrap().oidc().unwrap().issuer().unwrap();
    let iam = aws_sdk_iam::Client::new(aws);
    let provider = iam.create_open_id_connect_provider().url(issuer).client_id_list("sts.amazonaws.com");
    provider.thumbprint_list("0".repeat(40)).send().await.unwrap();
}

//! Clusters on the shared bed, made through EKS's own API.

use std::process::Command;

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

/// What a service answers to a form; the emulator verifies no signature.
fn ask(aws: &SdkConfig, service: &str, form: &str) -> String {
    let scope = format!("Credential=test/20260101/eu-west-1/{service}/aws4_request");
    let signed = format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
    let endpoint = aws.endpoint_url().unwrap();
    let output = Command::new("curl").args(["-sSf", "-H", &signed, "-d", form, endpoint]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{form}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Two subnets of the region's own VPC, which every account has; tagged for load balancers.
pub fn subnets(aws: &SdkConfig) -> Vec<String> {
    let ask = |form: &str| ask(aws, "ec2", &format!("Version=2016-11-15&{form}"));
    let listed = ask("Action=DescribeSubnets&Filter.1.Name=default-for-az&Filter.1.Value.1=true");
    let ids = listed.split("<subnetId>").skip(1).filter_map(|rest| rest.split('<').next());
    let ids: Vec<String> = ids.map(str::to_owned).take(2).collect();
    assert_eq!(ids.len(), 2, "{listed}");
    for id in &ids {
        ask(&format!("Action=CreateTags&ResourceId.1={id}&Tag.1.Key=kubernetes.io/role/elb&Tag.1.Value=1"));
    }
    ids
}

/// The cluster's one node group. Its nodes' names, of both names and the region, have to fit in 63 bytes.
pub fn node_group(cluster: &str) -> String {
    format!("{}-ng", cluster.trim_start_matches("verify-"))
}

/// A cluster with two nodes, CoreDNS, and an OIDC provider in IAM.
pub async fn cluster(aws: &SdkConfig, name: &str) {
    let eks = Client::new(aws);
    let subnets = subnets(aws);
    let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(subnets.clone())).build();
    let request = eks.create_cluster().name(name).version("1.33").role_arn(ROLE).resources_vpc_config(vpc);
    let created = request.send().await.unwrap();
    let scaling = NodegroupScalingConfig::builder().min_size(2).desired_size(2).max_size(2).build();
    let group = eks.create_nodegroup().cluster_name(name).nodegroup_name(node_group(name));
    group.node_role(ROLE).set_subnets(Some(subnets)).scaling_config(scaling).send().await.unwrap();
    eks.create_addon().cluster_name(name).addon_name("coredns").send().await.unwrap();
    let issuer = created.cluster().unwrap().identity().unwrap().oidc().unwrap().issuer().unwrap();
    let issuer = issuer.replace(':', "%3A").replace('/', "%2F");
    ask(
        aws,
        "iam",
        &format!(
            "Version=2010-05-08&Action=CreateOpenIDConnectProvider&Url={issuer}&ThumbprintList.member.1={:040}&ClientIDList.member.1=sts.amazonaws.com",
            0
        ),
    );
}

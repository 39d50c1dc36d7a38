//! Who comes in: real tokens at a real API server, whose webhook asks the emulated STS.

use aws_config::SdkConfig;
use aws_sdk_eks::Client;
use aws_sdk_eks::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_eks::types::{
    AccessScope, AccessScopeType, AuthenticationMode, CreateAccessConfigRequest, VpcConfigRequest,
};
use slipway::cluster::{VerifySpec, verify};
use slipway::project::Verify;

use super::on_bed::bed_aws;
use super::world::Found;
use crate::support::bed::Bed;

const ROLE: &str = "arn:aws:iam::123456789012:role/teams/verify-stranger";
const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

/// A session of a role that no cluster knows.
async fn stranger(aws: &SdkConfig) -> SdkConfig {
    let sts = aws_sdk_sts::Client::new(aws);
    let answer = sts.assume_role().role_arn(ROLE).role_session_name("ada").send().await.unwrap();
    let given = answer.credentials().unwrap();
    let (id, secret) = (given.access_key_id(), given.secret_access_key());
    let credentials = Credentials::new(id, secret, Some(given.session_token().to_owned()), None, "a test");
    aws.clone().into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

async fn ask(aws: &SdkConfig, name: &str) -> Found {
    let mut spec = VerifySpec::new(name, Verify::default());
    spec.timeout = std::time::Duration::ZERO;
    Found::of(&verify(&spec, aws, &|_| ()).await.unwrap())
}

async fn create(aws: &SdkConfig, name: &str, mode: AuthenticationMode) {
    let access = CreateAccessConfigRequest::builder().authentication_mode(mode).build();
    let vpc = VpcConfigRequest::builder().subnet_ids("subnet-1").build();
    let request = Client::new(aws).create_cluster().name(name).version("1.33").role_arn(ROLE);
    request.resources_vpc_config(vpc).access_config(access).send().await.unwrap();
}

#[tokio::test]
async fn whoever_is_refused_is_told_by_which_identity_and_how_to_be_let_in() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    let eks = Client::new(&aws);
    create(&aws, "verify-entries", AuthenticationMode::Api).await;
    create(&aws, "verify-map", AuthenticationMode::ConfigMap).await;
    let stranger = stranger(&aws).await;

    let found = ask(&stranger, "verify-map").await;
    let check = found.check("kubernetes.api");
    assert_eq!(check.code, Some("cluster::token_refused"), "{check:?}");
    assert!(check.help.contains("reads the aws-auth ConfigMap only"), "{check:?}");
    assert!(check.help.contains("arn:aws:iam::123456789012:role/verify-stranger"), "{check:?}");

    let found = ask(&stranger, "verify-entries").await;
    let check = found.check("kubernetes.api");
    assert_eq!(check.code, Some("cluster::token_refused"), "{check:?}");
    assert!(check.help.contains("create an access entry for arn:aws:iam::"), "{check:?}");
    assert!(
        check.commands[0].starts_with("aws eks create-access-entry --cluster-name verify-entries"),
        "{check:?}"
    );

    // Known, and allowed to do little: the webhook of the bed knows roles without their paths.
    let principal = "arn:aws:iam::123456789012:role/verify-stranger";
    let entry = eks.create_access_entry().cluster_name("verify-entries").principal_arn(principal);
    entry.send().await.unwrap();
    let associate = async |policy: &str| {
        let scope = AccessScope::builder().r#type(AccessScopeType::Cluster).build();
        let request = eks.associate_access_policy().cluster_name("verify-entries").principal_arn(principal);
        request.policy_arn(policy).access_scope(scope).send().await.unwrap();
    };
    associate(VIEW).await;
    let found = ask(&stranger, "verify-entries").await;
    assert_eq!(found.check("kubernetes.api").code, None, "anybody who is known may ask /readyz");
    let check = found.check("kubernetes.permissions");
    assert_eq!(check.code, Some("cluster::not_admin"), "{check:?}");
    assert!(check.help.contains("which has AmazonEKSViewPolicy"), "{check:?}");
    assert_eq!(found.check("kubernetes.nodes").code, Some("cluster::forbidden"));

    associate(ADMIN).await;
    // The API server keeps what it knows of a token, and a token of the same second is the same one.
    let mut spec = VerifySpec::new("verify-entries", Verify::default());
    spec.wanted.min_ready_nodes = Some(0);
    spec.wanted.oidc_provider = Some(false);
    spec.timeout = std::time::Duration::from_mins(1);
    let verification = verify(&spec, &stranger, &|_| ()).await.unwrap();
    assert_eq!(Found::of(&verification).check("kubernetes.permissions").code, None);
}

//! Clusters on the bed: the API server, the token webhook and the nodes are real, EKS is emulated.

use std::sync::Mutex;
use std::time::Duration;

use aws_config::SdkConfig;
use serde_json::json;
use slipway::cluster::{CheckStatus, ClusterError, Verification, VerifySpec, connect, verify};
use slipway::project::Verify;

use super::on_bed::{bed_aws, cluster, node_group};
use crate::support::bed::Bed;

fn spec(name: &str, timeout: Duration) -> VerifySpec {
    let mut spec = VerifySpec::new(name, Verify::default());
    spec.wanted.version = Some("1.33".to_owned());
    spec.wanted.min_ready_nodes = Some(2);
    spec.wanted.addons = vec!["coredns".to_owned()];
    spec.timeout = timeout;
    spec.poll = Duration::from_millis(200);
    spec
}

async fn ask(aws: &SdkConfig, spec: &VerifySpec) -> Verification {
    verify(spec, aws, &|_| ()).await.unwrap()
}

#[track_caller]
fn assert_check(verification: &Verification, id: &str, status: CheckStatus, detail: &str) {
    let check = verification.checks.iter().find(|check| check.id == id);
    let check = check.unwrap_or_else(|| panic!("no check {id} in {:#?}", verification.checks));
    assert_eq!(check.status, status, "{check:?}");
    assert!(check.detail.contains(detail), "{check:?}");
}

#[tokio::test]
async fn a_usable_cluster_passes_and_its_warnings_are_told() {
    let name = "verify-usable";
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, name).await;
    let verification = ask(&aws, &spec(name, Duration::from_mins(1))).await;
    assert!(verification.passed(), "{}", verification.summary());
    for (id, detail) in [
        ("cluster.status", "ACTIVE"),
        ("cluster.version", "1.33"),
        ("cluster.support", "standard support"),
        ("nodegroup.usable-ng", "ACTIVE"),
        ("addon.coredns", "ACTIVE"),
        ("identity.oidc", "https://oidc.eks.eu-west-1.amazonaws.com/id/"),
        ("kubernetes.api", "/readyz"),
        ("kubernetes.permissions", "allowed"),
        ("cluster.insights", "1 insights pass"),
    ] {
        assert_check(&verification, id, CheckStatus::Pass, detail);
    }
    assert_check(&verification, "cluster.endpoint", CheckStatus::Warn, "0.0.0.0/0");
    assert_check(&verification, "cluster.logging", CheckStatus::Warn, "nothing is logged");
    assert_eq!(verification.managed_argocd, None);
}

#[tokio::test]
async fn what_is_wanted_and_not_there_fails_with_the_way_out() {
    let name = "verify-lacking";
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, name).await;
    let mut spec = spec(name, Duration::from_secs(1));
    spec.wanted.version = Some("1.34".to_owned());
    spec.wanted.addons = vec!["vpc-cni".to_owned()];
    spec.wanted.min_ready_nodes = Some(500);
    let verification = ask(&aws, &spec).await;
    assert!(!verification.passed());
    assert_check(&verification, "cluster.version", CheckStatus::Fail, "version is 1.33, expected 1.34");
    assert_check(&verification, "addon.vpc-cni", CheckStatus::Fail, "not installed");
    assert_check(&verification, "kubernetes.nodes", CheckStatus::Fail, "500 wanted");
    assert!(verification.summary().contains("`verify { addons }`"), "{}", verification.summary());
}

#[tokio::test]
async fn a_cluster_that_stays_in_creation_is_waited_for_and_then_said_to_be() {
    let name = "verify-creating";
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, name).await;
    let issue = json!({ "code": "Ec2SubnetNotFound", "message": "subnet-1 is gone" });
    bed.fault(&json!({
        "kind": "status", "resource": "cluster", "name": name, "status": "CREATING", "issues": [issue],
    }));
    let lines = Mutex::new(Vec::new());
    let progress = |line: String| lines.lock().unwrap().push(line);
    let verification = verify(&spec(name, Duration::from_secs(2)), &aws, &progress).await.unwrap();
    assert!(verification.waited >= Duration::from_secs(2));
    assert_check(&verification, "cluster.status", CheckStatus::Fail, "status is CREATING");
    assert_check(&verification, "cluster.status", CheckStatus::Fail, "subnet-1 is gone");
    assert_check(&verification, "cluster.status", CheckStatus::Fail, "after ");
    assert_eq!(lines.lock().unwrap().len(), 1, "a line comes where it says something new");
    // Nothing to connect to is said as that, and not as a broken address.
    let Err(error) = connect(&aws, name).await else { panic!("a cluster in creation has no endpoint") };
    assert!(matches!(error, ClusterError::NoEndpoint { .. }), "{error}");
}

#[tokio::test]
async fn a_failed_node_group_is_not_waited_for() {
    let name = "verify-failed";
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, name).await;
    let issue = json!({ "code": "AsgInstanceLaunchFailures", "message": "quota exceeded" });
    bed.fault(&json!({
        "kind": "status", "resource": "nodegroup", "name": node_group(name),
        "status": "CREATE_FAILED", "issues": [issue],
    }));
    let verification = ask(&aws, &spec(name, Duration::from_mins(10))).await;
    assert!(verification.waited < Duration::from_mins(1), "{:?}", verification.waited);
    let id = "nodegroup.failed-ng";
    assert_check(&verification, id, CheckStatus::Fail, "AsgInstanceLaunchFailures: quota exceeded");
}

#[tokio::test]
async fn a_cluster_that_does_not_exist_is_answered_with_those_that_do() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "verify-existing").await;
    let spec = spec("verify-exsting", Duration::from_mins(1));
    let error = verify(&spec, &aws, &|_| ()).await.unwrap_err().to_string();
    assert!(error.contains("\"verify-exsting\" does not exist in eu-west-1"), "{error}");
    assert!(error.contains("verify-existing"), "{error}");
}

#[tokio::test]
async fn the_api_server_knows_us_by_our_token() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "verify-token").await;
    let client = connect(&aws, "verify-token").await.unwrap().client;
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let request = http::Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header("Content-Type", "application/json")
        .body(review.to_string().into_bytes())
        .unwrap();
    let answer: serde_json::Value = client.request(request).await.unwrap();
    assert_eq!(answer["status"]["userInfo"]["username"], "eks-admin");
}

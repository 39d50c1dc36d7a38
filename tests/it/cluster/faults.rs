//! Endpoints that do not answer, or not as AWS does.

use std::time::{Duration, Instant};

use aws_config::timeout::TimeoutConfig;
use serde_json::json;
use slipway::cluster::{CheckStatus, VerifySpec, managed_argocd, verify};
use slipway::project::Verify;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::on_bed::aws;

const HTML: &str = "<!doctype html><title>404 Not Found</title>";

fn spec() -> VerifySpec {
    let mut spec = VerifySpec::new("dev", Verify::default());
    spec.timeout = Duration::ZERO;
    spec.poll = Duration::from_millis(50);
    spec
}

async fn error_of(endpoint: &str) -> String {
    verify(&spec(), &aws(endpoint).await, &|_| ()).await.unwrap_err().to_string()
}

/// EKS with one cluster, whose API server nobody can reach; everything else is a page of HTML.
async fn sparse(status: &str) -> MockServer {
    let server = MockServer::start().await;
    let cluster = json!({ "cluster": {
        "name": "dev", "status": status, "version": "1.33", "endpoint": "https://127.0.0.1:1",
        "certificateAuthority": { "data": "bm90IGEgY2VydGlmaWNhdGU=" },
        "identity": { "oidc": { "issuer": "https://oidc.example/id/1" } },
    } });
    let answer = ResponseTemplate::new(200).set_body_json(cluster);
    Mock::given(method("GET")).and(path("/clusters/dev")).respond_with(answer).mount(&server).await;
    let page = ResponseTemplate::new(404).set_body_raw(HTML, "text/html");
    Mock::given(wiremock::matchers::any()).respond_with(page).with_priority(10).mount(&server).await;
    server
}

#[tokio::test]
async fn nobody_listening_is_said_with_what_to_look_at() {
    let error = error_of("http://127.0.0.1:1").await;
    assert!(error.contains("AWS does not answer DescribeCluster in eu-west-1"), "{error}");
    assert!(error.contains("AWS_ENDPOINT_URL"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up_in_bounded_time() {
    let server = MockServer::start().await;
    let never = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    Mock::given(wiremock::matchers::any()).respond_with(never).mount(&server).await;
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(300)).build();
    let aws = aws(&server.uri()).await.into_builder().timeout_config(timeouts).build();
    let begun = Instant::now();
    let error = verify(&spec(), &aws, &|_| ()).await.unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(error.contains("does not answer"), "{error}");
}

#[tokio::test]
async fn a_server_error_and_a_refusal_are_told_apart() {
    let server = MockServer::start().await;
    let broken = ResponseTemplate::new(500)
        .insert_header("x-amzn-ErrorType", "ServerException")
        .set_body_json(json!({ "message": "try later" }));
    Mock::given(wiremock::matchers::any()).respond_with(broken).mount(&server).await;
    let error = error_of(&server.uri()).await;
    assert!(error.contains("AWS failed at DescribeCluster: ServerException: try later"), "{error}");

    let server = MockServer::start().await;
    let refused = ResponseTemplate::new(403)
        .insert_header("x-amzn-ErrorType", "AccessDeniedException")
        .set_body_json(json!({ "message": "not you" }));
    Mock::given(wiremock::matchers::any()).respond_with(refused).mount(&server).await;
    let error = error_of(&server.uri()).await;
    assert!(error.contains("AWS refuses DescribeCluster"), "{error}");
    assert!(error.contains("eks:DescribeCluster"), "{error}");
}

#[tokio::test]
async fn what_an_endpoint_does_not_answer_is_no_pass_and_fails_where_it_is_required() {
    let server = sparse("ACTIVE").await;
    let aws = aws(&server.uri()).await;
    let mut spec = spec();
    spec.wanted.addons = vec!["coredns".to_owned()];
    let verification = verify(&spec, &aws, &|_| ()).await.unwrap();
    let status = |id: &str| verification.checks.iter().find(|check| check.id == id).unwrap().status;
    for optional in ["cluster.support", "identity.pods", "cluster.insights", "capability.argocd"] {
        assert_eq!(status(optional), CheckStatus::NotAnswered, "{optional}");
    }
    assert_eq!(status("addon.coredns"), CheckStatus::Fail, "the configuration asks for it");
    assert_eq!(status("kubernetes.api"), CheckStatus::Fail, "its certificate is none");
    assert_eq!(managed_argocd(&aws, "dev").await.unwrap(), None);
}

#[tokio::test]
async fn a_cluster_that_failed_is_not_waited_for() {
    let server = sparse("FAILED").await;
    let mut spec = spec();
    spec.timeout = Duration::from_mins(10);
    let verification = verify(&spec, &aws(&server.uri()).await, &|_| ()).await.unwrap();
    assert!(verification.waited < Duration::from_secs(20));
    assert!(verification.summary().contains("status is FAILED"), "{}", verification.summary());
}

#[tokio::test]
async fn an_argocd_that_eks_runs_itself_is_found() {
    let server = sparse("ACTIVE").await;
    let capabilities =
        json!({ "capabilities": [{ "capabilityName": "gitops", "type": "ARGOCD", "status": "ACTIVE" }] });
    let answer = ResponseTemplate::new(200).set_body_json(capabilities);
    let asked = Mock::given(method("GET")).and(path("/clusters/dev/capabilities"));
    asked.respond_with(answer).mount(&server).await;
    let aws = aws(&server.uri()).await;
    assert_eq!(managed_argocd(&aws, "dev").await.unwrap().as_deref(), Some("gitops"));
    let verification = verify(&spec(), &aws, &|_| ()).await.unwrap();
    assert_eq!(verification.managed_argocd.as_deref(), Some("gitops"));
}

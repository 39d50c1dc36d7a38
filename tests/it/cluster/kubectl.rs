//! kubectl comes into a cluster by what `slipway kubeconfig` writes; tokens that are not as they have to be do not.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use slipway::cluster::connect;
use slipway::cluster::token::mint;

use super::on_bed::{bed_aws, cluster};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

#[tokio::test]
async fn kubectl_comes_in_by_the_entry_that_is_written() {
    let bed = Bed::shared();
    let name = "verify-kubectl";
    cluster(&bed_aws(&bed).await, name).await;
    let estate = Estate::new();
    estate.write(
        "slipway.hcl",
        &format!("cluster \"dev\" {{\n  name = \"{name}\"\n  region = \"eu-west-1\"\n}}\n"),
    );
    let slipway = || Slipway::new(estate.path(), &tool("tofu")).bed(&bed);
    slipway().run(&["kubeconfig", "dev", "--file", "config", "--format", "json"]).exits(0);
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(tool("kubectl"));
        command.args(["--kubeconfig", "config"]).args(arguments).current_dir(estate.path());
        let output = command.envs(bed.environment()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(kubectl(&["config", "current-context"]).trim(), "dev");
    assert!(kubectl(&["auth", "whoami"]).contains("eks-admin"));
    // A second entry leaves the first as it is; a cluster that is named needs no slipway.hcl.
    std::fs::remove_file(estate.path().join("slipway.hcl")).unwrap();
    let second = [
        "kubeconfig",
        "--name",
        name,
        "--region",
        "eu-west-1",
        "--file",
        "config",
        "--context",
        "other",
        "--keep-context",
    ];
    slipway().run(&second).exits(0);
    assert_eq!(kubectl(&["config", "current-context"]).trim(), "dev");
    assert_eq!(kubectl(&["--context", "other", "get", "--raw", "/readyz"]), "ok");

    let credential = slipway().run(&["token", "--name", name, "--region", "eu-west-1"]).exits(0).json();
    let until: jiff::Timestamp =
        credential["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    let lives = until.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((13 * 60..=14 * 60).contains(&lives), "{lives} s");
}

/// What the API server answers to a token.
fn status(bed: &Bed, token: &str) -> String {
    let server = bed.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let review = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    let output = Command::new("curl")
        .args([
            "-sk",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "Content-Type: application/json",
            "-d",
            review,
        ])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .arg(format!("{server}/apis/authentication.k8s.io/v1/selfsubjectreviews"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn tokens_that_are_too_old_or_say_more_than_they_should_are_refused() {
    let bed = Bed::shared();
    let _aws = bed_aws(&bed).await;
    let credentials = || Credentials::new("test", "test", None, None, "a test");
    let aged = |minutes: u64| {
        let when = SystemTime::now() - Duration::from_mins(minutes);
        mint(credentials(), "eu-west-1", "dev", when).unwrap().reveal().to_owned()
    };
    assert_eq!(status(&bed, &aged(0)), "201");
    assert_eq!(status(&bed, &aged(14)), "201");
    assert_eq!(status(&bed, &aged(16)), "401");
    let token = aged(0);
    let url = URL_SAFE_NO_PAD.decode(token.strip_prefix("k8s-aws-v1.").unwrap()).unwrap();
    let more = format!("{}&Version=2", String::from_utf8(url.clone()).unwrap());
    assert_eq!(status(&bed, &format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(more))), "401");
    let more = format!("{}&x=1", String::from_utf8(url).unwrap());
    assert_eq!(status(&bed, &format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(more))), "401");
}

/// Credentials that are about to end, whenever they are asked for.
#[derive(Debug)]
struct Ending(Arc<AtomicUsize>);

impl ProvideCredentials for Ending {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.fetch_add(1, Ordering::SeqCst);
        let end = SystemTime::now() + Duration::from_secs(30);
        future::ProvideCredentials::ready(Ok(Credentials::new("test", "test", None, Some(end), "a test")))
    }
}

#[tokio::test]
async fn a_token_is_renewed_on_a_live_connection_before_its_credentials_end() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "verify-renewed").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let ending = SharedCredentialsProvider::new(Ending(Arc::clone(&asked)));
    let client = connect(&aws.into_builder().credentials_provider(ending).build(), "verify-renewed")
        .await
        .unwrap()
        .client;
    let before = asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        let request = http::Request::get("/api/v1/nodes").body(Vec::new()).unwrap();
        let answer: Value = client.request(request).await.unwrap();
        assert_eq!(answer["kind"], "NodeList");
    }
    assert_eq!(
        asked.load(Ordering::SeqCst) - before,
        3,
        "credentials in their last minute sign a token a request"
    );
}

//! What the program itself asks AWS for: identity, roles, states, clusters.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use slipway::cluster::managed_argocd;

use super::proxy::{Fault, Proxy, Weather};
use super::runs::make_bucket;
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

/// The first of each of these calls hangs for longer than anybody waits.
fn one_hangs(call: &'static str) -> Weather {
    let hang = Duration::from_mins(5);
    Weather { per_mille: 1000, only: call, kinds: &[Fault::Hang], hang, times: 1, ..Weather::rough(1) }
}

#[test]
fn an_answer_that_never_comes_is_asked_for_again() {
    let bed = Bed::shared();
    let proxy = Proxy::before(bed.text("/aws/endpoint"));
    let estate = Estate::new();
    let bucket = make_bucket(&bed);
    estate.keep_states_in_s3(&bucket);
    estate.unit("a", &[]).unit("b", &["a"]);
    let run = |arguments: &[&str]| {
        let slipway = Slipway::new(estate.path(), &tool("tofu")).bed(&bed);
        slipway.env("AWS_ENDPOINT_URL", proxy.endpoint()).run(arguments)
    };
    run(&["apply", "--yes"]).exits(0).says("applied");
    let begun = Instant::now();
    proxy.set(Some(one_hangs("s3 GET")));
    let outputs = run(&["output", "b", "--format", "json"]).exits(0);
    assert_eq!(outputs.json()["b"]["value"], "b < a");
    assert_eq!(proxy.struck().len(), 1, "{:?}", proxy.struck());

    let file = "live/a/terragrunt.hcl";
    let text = std::fs::read_to_string(estate.path().join(file)).unwrap();
    estate.write(file, &format!("iam_role = \"arn:aws:iam::111111111111:role/deployer\"\n{text}"));
    proxy.set(Some(one_hangs("sts AssumeRole")));
    run(&["plan", "a"]).exits(0).says("nothing to change");
    assert_eq!(proxy.struck().len(), 2, "{:?}", proxy.struck());
    // Ten seconds each, and what a busy machine needs.
    assert!(begun.elapsed() < Duration::from_mins(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn questions_about_clusters_get_their_answer_or_a_cause() {
    let bed = Bed::shared();
    let proxy = Proxy::before(bed.text("/aws/endpoint"));
    let config = through(&proxy);
    let weather = Weather { per_mille: 300, hang: Duration::from_millis(200), ..Weather::rough(7) };
    proxy.set(Some(weather));
    let begun = Instant::now();
    let (mut answers, mut causes) = (0, 0);
    for number in 0..60 {
        // There is no such cluster, and that is an answer.
        match managed_argocd(&config, &format!("none-{number}")).await {
            Ok(_) => answers += 1,
            Err(error) => {
                let text = error.to_string();
                if text.contains("No cluster found") || text.contains("does not exist") {
                    answers += 1;
                } else {
                    let known = ["by the weather", "does not answer", "Throttling", "timed out"];
                    assert!(known.iter().any(|cause| text.contains(cause)), "{text}");
                    causes += 1;
                }
            }
        }
    }
    assert!(proxy.struck().len() > 10, "{:?}", proxy.struck());
    assert!(answers > 50, "{answers} answers and {causes} causes");
    assert!(begun.elapsed() < Duration::from_mins(2), "{:?}", begun.elapsed());
}

/// As the program asks, but of the proxy.
fn through(proxy: &Proxy) -> SdkConfig {
    slipway::cluster::aws::install_tls_provider();
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .endpoint_url(proxy.endpoint())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
            aws_credential_types::Credentials::new("test", "canary-aws", None, None, "tests"),
        ))
        .retry_config(slipway::cluster::patience::Patience::Work.attempts())
        .timeout_config(slipway::cluster::patience::Patience::Work.timeouts())
        .build()
}

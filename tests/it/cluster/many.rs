//! Many clusters in one go, one that comes up, and one that proves itself by a pod.

use serde_json::{Value, json};
use slipway::cluster::{ClusterError, Places, discover};
use wiremock::matchers::{header_regex, method, path};
use wiremock::{Mock, MockServer};

use super::on_bed::{aws, bed_aws, cluster};
use super::world::{error, ok};
use crate::support::bed::Bed;
use crate::support::estate::Estate;
use crate::support::slipway::Slipway;
use crate::support::tool;

fn slipway(estate: &Estate, bed: &Bed) -> Slipway {
    Slipway::new(estate.path(), &tool("tofu")).bed(bed)
}

/// A block of slipway.hcl.
fn block(label: &str, name: &str, verify: &str) -> String {
    format!(
        "cluster \"{label}\" {{\n  name = \"{name}\"\n  region = \"eu-west-1\"\n  verify {{\n{verify}\n  }}\n}}\n"
    )
}

#[tokio::test]
async fn all_clusters_of_the_file_are_one_table() {
    let bed = Bed::shared();
    let aws = bed_aws(&bed).await;
    cluster(&aws, "verify-all-one").await;
    cluster(&aws, "verify-all-two").await;
    let estate = Estate::new();
    let file = [
        block("one", "verify-all-one", "addons = [\"coredns\"]"),
        block("two", "verify-all-two", "addons = [\"vpc-cni\"]"),
        block("gone", "verify-all-gone", ""),
    ];
    estate.write("slipway.hcl", &file.concat());
    let ended = slipway(&estate, &bed).run(&["verify", "--all"]).exits(1);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        lines[1].starts_with("✓ one") && lines[1].contains("eu-west-1") && lines[1].contains("1.33"),
        "{lines:#?}"
    );
    assert!(lines[2].starts_with("✗ two"), "{lines:#?}");
    assert!(lines[3].contains("addon.vpc-cni: not installed [cluster::addon_missing]"), "{lines:#?}");
    assert!(
        lines[4].starts_with("✗ gone") && lines[5].contains("\"verify-all-gone\" does not exist"),
        "{lines:#?}"
    );
    assert!(ended.stderr.contains("1 of 3 clusters are usable"), "{}", ended.stderr);

    let all = slipway(&estate, &bed).run(&["verify", "--all", "--format", "json"]).exits(1).json();
    let labels: Vec<&Value> =
        all["clusters"].as_array().unwrap().iter().map(|cluster| &cluster["label"]).collect();
    assert_eq!(labels, ["one", "two", "gone"]);
    let log = slipway(&estate, &bed).run(&["verify", "two", "--format", "sarif"]).exits(1).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let missing = results.iter().find(|result| result["ruleId"] == "cluster::addon_missing").unwrap();
    let place = &missing["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&json!("slipway.hcl"), &json!(8))
    );
    let ended = slipway(&estate, &bed).run(&["verify", "verify-all-two"]).exits(64);
    assert!(ended.stderr.contains("is what EKS calls cluster \"two\""), "{}", ended.stderr);
}

#[tokio::test]
async fn clusters_of_several_accounts_and_regions_are_found_by_an_assumed_role() {
    let bed = Bed::shared();
    let base = bed_aws(&bed).await;
    let (one, two) = ("111100001111", "222200002222");
    let sts = aws_sdk_sts::Client::new(&base);
    for (account, region, names) in
        [(one, "eu-west-1", ["found-a", "found-b"]), (two, "eu-central-1", ["found-c", "found-d"])]
    {
        let role = format!("arn:aws:iam::{account}:role/audit");
        let answer = sts.assume_role().role_arn(role).role_session_name("a-test").send().await.unwrap();
        let given = answer.credentials().unwrap();
        let token = Some(given.session_token().to_owned());
        let (id, secret) = (given.access_key_id(), given.secret_access_key());
        let credentials = aws_sdk_eks::config::Credentials::new(id, secret, token, None, "a test");
        let builder = base.clone().into_builder().region(aws_config::Region::new(region));
        let provider = aws_sdk_eks::config::SharedCredentialsProvider::new(credentials);
        let eks = aws_sdk_eks::Client::new(&builder.credentials_provider(provider).build());
        for name in names {
            let vpc = aws_sdk_eks::types::VpcConfigRequest::builder().subnet_ids("subnet-1").build();
            let role = "arn:aws:iam::123456789012:role/eks";
            eks.create_cluster().name(name).role_arn(role).resources_vpc_config(vpc).send().await.unwrap();
        }
    }
    let estate = Estate::new();
    let arguments = [
        "verify",
        "--discover",
        "--account",
        "111100001111,222200002222",
        "--role",
        "audit",
        "--region",
        "eu-west-1,eu-central-1",
        "--format",
        "json",
    ];
    let found = slipway(&estate, &bed).run(&arguments).exits(1).json();
    let clusters = found["clusters"].as_array().unwrap();
    let places: Vec<(&str, &str)> = clusters
        .iter()
        .map(|found| (found["label"].as_str().unwrap(), found["cluster"]["region"].as_str().unwrap()))
        .collect();
    let expected = [
        ("111100001111/found-a", "eu-west-1"),
        ("111100001111/found-b", "eu-west-1"),
        ("222200002222/found-c", "eu-central-1"),
        ("222200002222/found-d", "eu-central-1"),
    ];
    assert_eq!(places, expected);
    let arn = clusters[2]["cluster"]["arn"].as_str().unwrap();
    assert_eq!(arn, "arn:aws:eks:eu-central-1:222200002222:cluster/found-c");
}

#[tokio::test]
async fn a_place_that_refuses_is_told_and_hides_no_other() {
    let server = MockServer::start().await;
    let listed = |region: &str| {
        Mock::given(method("GET")).and(path("/clusters")).and(header_regex("authorization", region))
    };
    listed("eu-west-1").respond_with(ok(json!({ "clusters": ["a", "b"] }))).mount(&server).await;
    listed("eu-west-3").respond_with(error(403, "AccessDeniedException")).mount(&server).await;
    let places = Places {
        accounts: Vec::new(),
        role: None,
        regions: vec!["eu-west-3".to_owned(), "eu-west-1".to_owned()],
        at_once: 4,
    };
    let (found, unlisted) = discover(&aws(&server.uri()).await, &places).await;
    assert_eq!(found.iter().map(|cluster| cluster.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(unlisted.len(), 1);
    assert_eq!(unlisted[0].region.as_deref(), Some("eu-west-3"));
    assert!(
        matches!(&unlisted[0].error, ClusterError::AccessDenied { permission, .. } if permission == "eks:ListClusters")
    );
}

#[tokio::test]
async fn a_cluster_that_comes_up_is_watched_until_it_is_usable() {
    let bed = Bed::shared();
    let name = "verify-watched";
    cluster(&bed_aws(&bed).await, name).await;
    // Each round asks for the cluster once.
    bed.fault(
        &json!({ "kind": "status", "resource": "cluster", "name": name, "status": "CREATING", "times": 2 }),
    );
    let estate = Estate::new();
    estate.write("slipway.hcl", &block("dev", name, "addons = [\"coredns\"]"));
    let arguments = ["verify", "dev", "--watch", "--every", "1", "--timeout", "120"];
    let ended = slipway(&estate, &bed).run(&arguments).exits(0);
    let rounds: Vec<&str> = ended.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(rounds.len(), 3, "{}", ended.stdout);
    assert!(rounds[0].contains("CREATING: 1 pass, 0 warn, 1 fail; waiting for cluster.status"), "{rounds:?}");
    assert!(rounds[2].contains("ACTIVE: ") && rounds[2].contains(", 0 fail"), "{rounds:?}");
    assert!(ended.stdout.contains("✓ cluster.status: status is ACTIVE"), "{}", ended.stdout);
    // One that cannot become so by waiting ends at once.
    estate.write("slipway.hcl", &block("dev", name, "addons = [\"vpc-cni\"]"));
    let ended = slipway(&estate, &bed).run(&arguments).exits(1);
    assert!(ended.stderr.contains("is not usable: addon.vpc-cni: not installed"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_pod_proves_the_cluster_and_is_taken_away_whatever_comes_of_it() {
    let bed = Bed::shared();
    let name = "verify-probed";
    cluster(&bed_aws(&bed).await, name).await;
    let estate = Estate::new();
    estate.write("slipway.hcl", &block("dev", name, "probe_image = \"example.com/pause:1\""));
    let proven = slipway(&estate, &bed).run(&["verify", "--probe", "--format", "json"]).exits(0).json();
    let check = |answer: &Value| {
        let checks = answer["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == "kubernetes.probe").unwrap().clone()
    };
    assert!(check(&proven)["detail"].as_str().unwrap().starts_with("ran on "), "{}", check(&proven));
    estate.write(
        "slipway.hcl",
        &block("dev", name, "probe = true\nprobe_image = \"example.com/pause:broken\""),
    );
    let failed = slipway(&estate, &bed).run(&["verify", "--format", "json"]).exits(1).json();
    let failed = check(&failed);
    assert_eq!(failed["code"], "cluster::probe_failed");
    assert!(failed["detail"].as_str().unwrap().contains("its image does not come"), "{failed}");
    let left = bed.kubectl(&["-n", "default", "get", "pods", "-l", "slipway/probe", "-o", "name"]);
    assert_eq!(left, "");
}

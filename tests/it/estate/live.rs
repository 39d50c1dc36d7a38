//! This repository's own estate evaluates, without AWS and without anything applied.

use serde_json::{Value as Json, json};
use slipway::estate::{Estate, Graph};
use slipway::project::Project;
use slipway::terragrunt::config::UnitConfig;
use slipway::terragrunt::outputs::NoOutputs;
use slipway::terragrunt::{Reader, ReaderOptions};
use slipway::view::render_json;

use super::{repository, told};

fn reader(environment: &[(&str, &str)]) -> Reader {
    Reader::new(ReaderOptions::new(repository(), "plan").environment(environment.iter().copied()))
}

fn evaluate(reader: &Reader, unit: &str) -> UnitConfig {
    let file = repository().join("live").join(unit).join("terragrunt.hcl");
    reader.evaluate(&file, &NoOutputs).unwrap_or_else(|errors| panic!("{}", told(&errors)))
}

fn rendered(reader: &Reader, unit: &str) -> Json {
    json!(render_json(&evaluate(reader, unit), true))
}

#[test]
fn networking_comes_before_the_cluster_and_the_cluster_before_what_stands_on_it() {
    let estate = Estate::discover(&repository().join("live"), &reader(&[]));
    assert!(!estate.has_errors(), "{}", told(&estate.diagnostics));
    let graph = Graph::build(&estate).unwrap();
    let waves: Vec<Vec<String>> =
        graph.waves().iter().map(|wave| wave.iter().map(|unit| estate.name(*unit)).collect()).collect();
    assert_eq!(
        waves,
        [
            ["dev/eu-west-1/networking", "prod/eu-central-1/networking"],
            ["dev/eu-west-1/cluster", "prod/eu-central-1/cluster"],
            ["dev/eu-west-1/workload-identity", "prod/eu-central-1/workload-identity"],
        ]
    );
}

#[test]
fn units_know_their_environment_and_take_mocks_for_what_is_not_there_yet() {
    let reader = reader(&[]);
    let cluster = evaluate(&reader, "dev/eu-west-1/cluster");
    assert_eq!(cluster.mocked, ["networking"]);
    assert_eq!(cluster.inputs["name"].as_str(), Some("acme-dev"));
    assert_eq!(cluster.inputs["subnet_ids"].as_elements().map(<[_]>::len), Some(2));
    let identity = evaluate(&reader, "prod/eu-central-1/workload-identity");
    assert_eq!(identity.inputs["name"].as_str(), Some("acme-prod-app-a"));
    let policy: Json = serde_json::from_str(identity.inputs["policy_json"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"][0], json!("arn:aws:s3:::acme-prod-app-a"));
    assert!(evaluate(&reader, "prod/eu-central-1/networking").prevent_destroy);
}

#[test]
fn state_lies_under_the_path_of_the_unit_and_on_the_emulator_where_there_is_one() {
    let on_aws = rendered(&reader(&[]), "dev/eu-west-1/networking");
    let state = &on_aws["remote_state"];
    assert_eq!(state["config"]["key"], json!("dev/eu-west-1/networking/terraform.tfstate"));
    assert_eq!(state["config"]["endpoints"], Json::Null);
    assert!(on_aws["generate"]["provider"]["contents"].as_str().unwrap().contains("allowed_account_ids"));

    let emulated =
        rendered(&reader(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")]), "dev/eu-west-1/networking");
    assert_eq!(emulated["remote_state"]["config"]["endpoints"]["s3"], json!("http://127.0.0.1:5000"));
    assert!(
        emulated["generate"]["provider"]["contents"]
            .as_str()
            .unwrap()
            .contains("ec2            = \"http://127.0.0.1:5000\"")
    );
}

#[test]
fn the_projects_clusters_name_units_that_are_there() {
    let project =
        Project::find(&repository().join("live/dev")).unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(project.estate_root, repository().join("live"));
    assert_eq!(project.clusters.len(), 2);
    for cluster in &project.clusters {
        let dir = project.unit_dir(cluster).unwrap();
        assert!(dir.join("terragrunt.hcl").is_file());
    }
}
